// SPDX-License-Identifier: Apache-2.0
// Which files this process may touch: Landlock, https://docs.kernel.org/userspace-api/landlock.html
#pragma once

#include <string>
#include <vector>

#include "protocol/refusal.h"

namespace iiif::renderd {

struct FileRules {
    std::vector<std::string> readable;  // folders and files, with all beneath; what does not exist is left out
    std::vector<std::string> writable;  // folders: beneath these, files may be made, written, renamed and removed too
};

// 0: this kernel has none, or lets nobody use it.
int landlock_version();

// For good, for this thread and what it starts: nothing but `rules`, no program is executed, no TCP connection is made
// or accepted (since version 4), no signal leaves and no abstract socket is reached (since 6). Needs no_new_privs.
// The sentence of a refusal is for the error log.
Expected<bool> restrict_files(const FileRules& rules);

}  // namespace iiif::renderd
