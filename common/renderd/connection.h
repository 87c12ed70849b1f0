// SPDX-License-Identifier: Apache-2.0
// One connection of a server's worker: a call comes in whole, a reply goes out, nothing may hold the renderer for long.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "delivery/wire.h"
#include "source/root.h"

namespace iiif::renderd {

using Milliseconds = std::chrono::milliseconds;

enum class Received : std::uint8_t {
    call,
    nothing,  // the peer went away, before or within its call
    late,     // not whole within the time
    bad       // not a call, or larger than delivery::kMaxRequestBytes
};

class Connection {
public:
    // `fd` is a connected, non-blocking stream socket.
    explicit Connection(source::UniqueFd fd) : fd_(std::move(fd)) {}

    Received receive(delivery::RenderCall& out, Milliseconds within);

    // The peer has closed its end. A peer that only said that it will send no more (shutdown) is still there to read.
    [[nodiscard]] bool peer_gone() const;

    // Both pieces, one after the other. false: the peer is gone, or took nothing for `stall`.
    bool send(std::string_view head, std::span<const std::byte> body, Milliseconds stall);
    // `length` bytes of `file`, which stays the caller's. false, too, when the file ends before: the peer counts.
    bool send_file(int file, std::uint64_t offset, std::uint64_t length, Milliseconds stall);

private:
    source::UniqueFd fd_;
};

}  // namespace iiif::renderd
