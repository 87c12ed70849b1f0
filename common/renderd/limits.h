// SPDX-License-Identifier: Apache-2.0
// What a renderer may do to the machine.
#pragma once

#include <cstdint>

#include "protocol/refusal.h"

namespace iiif::renderd {

// For the session of the caller, so for the fork server and all whom it forks: on a busy machine the web server, and
// whatever else runs there, goes first. A kernel that cannot do that is left alone.
void stand_back();

// For good, for this process. `renderer_memory` in bytes: what a renderer may keep between jobs; within a job it may
// take twice as much, after which memory is refused to it. `file_bytes`: how large a file it may write, 0 when none.
// The sentence of a refusal is for the error log.
Expected<bool> apply_limits(std::uint64_t renderer_memory, std::uint64_t file_bytes);

// Opens what private_memory() reads, while files can still be opened.
void watch_memory();

// Bytes of memory that are this process's alone: mapped source files, which cost nothing, do not count. 0 without
// watch_memory().
std::uint64_t private_memory();

}  // namespace iiif::renderd
