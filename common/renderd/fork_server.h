// SPDX-License-Identifier: Apache-2.0
// The first process of iiif-renderd. It has loaded what renderers need, which takes far longer than a reload may, and
// makes a supervisor of itself for each generation of the server: a fork, a few milliseconds. It also replaces a
// supervisor that was killed. It never meets an image or a client.
#pragma once

#include <cstdint>
#include <string>

#include "source/root.h"

namespace iiif::renderd {

// What a generation of the server hands over: see pool/handover.h.
struct Generation {
    source::UniqueFd lifeline, tiles, heavy;
    source::UniqueFd ready;          // empty when a killed supervisor is replaced
    source::UniqueFd configuration;  // read from its beginning
    source::UniqueFd log;
    std::string log_path;  // when it was handed over; "": no file
};

// What a supervisor process does with its generation, which it owns. Returns its exit status.
using SupervisorMain = int (*)(Generation&);

// Takes generations from `control`, a socket of the server's parent process, until that is closed and all supervisors
// have ended. A message counts only if it comes from the process that sent the first one, as the kernel says: workers
// of the server inherit the socket for a moment. Single-threaded. Returns the exit status.
int serve_generations(source::UniqueFd control, SupervisorMain);

}  // namespace iiif::renderd
