// SPDX-License-Identifier: Apache-2.0
// What a renderer may do to the machine.
#pragma once

#include <cstdint>

#include "protocol/refusal.h"

namespace iiif::renderd {

// For the session of the caller, so for the fork server and all whom it forks: on a busy machine the web server, and
// whatever else runs there, goes first. A kernel that cannot do that is left alone.
void stand_back();

struct Limits {
    std::uint64_t renderer_memory = 0;  // bytes it may keep between jobs; within one it gets twice as many at most
    std::uint64_t file_bytes = 0;       // how large a file it may write; 0: none
    std::uint64_t job_seconds = 0;      // how long one job can take before the supervisor ends it
};

// For good, for this process. The sentence of a refusal is for the error log.
Expected<bool> apply_limits(const Limits&);

// Between jobs: whether so much processor time is used up that another process should go on. Whoever goes on regardless
// is ended by the kernel a job later: the supervisor's deadline is for those who say that they are at work.
bool is_out_of_time();

// Opens what private_memory() reads, while files can still be opened.
void watch_memory();

// Bytes of memory that are this process's alone: mapped source files, which cost nothing, do not count. 0 without
// watch_memory().
std::uint64_t private_memory();

}  // namespace iiif::renderd
