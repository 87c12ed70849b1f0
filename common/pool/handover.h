// SPDX-License-Identifier: Apache-2.0
// How the server's parent process hands a generation to iiif-renderd: one message on a SOCK_SEQPACKET socket, one byte
// with descriptors (SCM_RIGHTS) and the sender's credentials (SCM_CREDENTIALS), in this order:
//   lifeline, read end · socket of the tile lane · socket of the heavy lane · ready pipe, write end · configuration ·
//   error log
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>

#include "source/root.h"

namespace iiif::pool {

inline constexpr std::size_t kHandedOver = 6;

struct Received {
    std::array<source::UniqueFd, kHandedOver> descriptors;
    pid_t sender = -1;
};
enum class Handover : std::uint8_t { taken, refused, over };

// false: nobody is there to take it. The descriptors stay the caller's.
bool hand_over(int control, const std::array<int, kHandedOver>& descriptors);

// Waits for one. `refused`: not such a message; `over`: the other end is closed. Both ends need SO_PASSCRED from the
// beginning.
Handover take_over(int control, Received& out);

}  // namespace iiif::pool
