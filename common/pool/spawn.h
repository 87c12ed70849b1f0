// SPDX-License-Identifier: Apache-2.0
// Starts iiif-renderd so that it is nobody's child and holds nothing of the server but what it is given.
#pragma once

#include <array>
#include <string>

#include "protocol/refusal.h"
#include "source/root.h"

namespace iiif::pool {

struct Spawn {
    std::string program;
    // Become descriptors 3, 4, ... of the program, in this order; closed here afterwards by their owner.
    std::array<int, 2> descriptors{};
    std::size_t failure_descriptor = 1;  // which of them is a pipe that takes the failure line
    int log_fd = -1;                     // stderr and stdout; -1: /dev/null
};

// Returns when the program's first process has been made. That it could not be executed shows on the failure pipe as
// one line, which spawn_failure turns into words.
Expected<bool> spawn_detached(const Spawn&);

// The sentence of a failure line; "" when `line` is none.
std::string spawn_failure(const std::string& program, const std::string& line);

}  // namespace iiif::pool
