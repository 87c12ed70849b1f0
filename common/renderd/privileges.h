// SPDX-License-Identifier: Apache-2.0
// From root to the workers' user.
#pragma once

#include <sys/types.h>

#include "protocol/refusal.h"

namespace iiif::renderd {

// Does nothing unless this process is root and `uid` is not. After success there is no way back. The sentence of a
// refusal is for the error log and the server's start message.
Expected<bool> become(uid_t uid, gid_t gid);

}  // namespace iiif::renderd
