// SPDX-License-Identifier: Apache-2.0
// Which system calls this process may make: seccomp(2), by libseccomp.
#pragma once

#include "protocol/refusal.h"

namespace iiif::renderd {

// Whether this kernel has filters, and has those that answer with an error. Never in a build with sanitizers.
bool can_filter_system_calls();

// For good, for all threads of this process: what decoding and encoding take, and what a renderer does on the sockets
// and files it has. Everything else fails with EPERM: execution of programs, processes, sockets, tracing, mounts, keys,
// ... A library that tries has to live without, as on many systems. Needs no_new_privs. The sentence of a refusal is
// for the error log.
Expected<bool> filter_system_calls();

}  // namespace iiif::renderd
