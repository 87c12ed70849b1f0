// SPDX-License-Identifier: Apache-2.0
// The renderers' sockets and the folder they lie in, made by the server's (often privileged) parent process.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>

#include "protocol/refusal.h"
#include "source/root.h"

namespace iiif::pool {

struct Sockets {
    std::string directory;                      // RUNTIME/iiif-PID-N, mode 0700, the worker user's
    std::array<std::string, 2> paths;           // by lane: DIRECTORY/tiles, DIRECTORY/heavy; mode 0600
    std::array<source::UniqueFd, 2> listeners;  // listening, non-blocking, close-on-exec
};

// "" when sockets can be made beneath `runtime`, else a sentence that names runtime_directory. Changes nothing.
std::string check_runtime_directory(const std::string& runtime);

// Makes `runtime` when only its last component is missing, then the folder and both sockets. When the caller is root
// they become `uid`'s and `gid`'s, so that workers can connect and the renderers can remove them.
Expected<Sockets> listen_beneath(const std::string& runtime, uid_t uid, gid_t gid, int backlog);

// Removes both sockets and the folder; what is already gone is fine.
void remove_sockets(const std::string& directory);

// Removes what renderers that were killed left behind beneath `runtime`: folders of ours on whose sockets nobody
// listens.
void sweep(const std::string& runtime);

}  // namespace iiif::pool
