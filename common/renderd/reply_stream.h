// SPDX-License-Identifier: Apache-2.0
// A reply whose image is sent while it is still being encoded: what is too large to be held.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace iiif::renderd {

class ReplyStream {
public:
    // One after the other. false: the peer is gone, or takes nothing.
    using Send = std::function<bool(std::string_view head, std::span<const std::byte> body)>;
    using Head = std::function<std::string()>;

    // `head` is asked once, before the first byte is sent.
    ReplyStream(Send send, Head head) : send_(std::move(send)), head_(std::move(head)) {}

    // Sends the head before the first bytes; a render::Output::Pass. false: as Send, or no memory.
    bool pass(std::span<const std::byte> bytes) noexcept;
    // Says that the image is whole. Without it the peer knows that it is not.
    bool finish();
    [[nodiscard]] bool begun() const { return begun_; }
    // Sending failed.
    [[nodiscard]] bool lost() const { return lost_; }

private:
    bool send(std::string_view head, std::span<const std::byte> body);
    bool send_piece(std::span<const std::byte> bytes);
    bool send_gathered();

    Send send_;
    Head head_;
    std::vector<std::byte> gathered_;  // encoders write a few kilobytes at a time
    bool begun_ = false, lost_ = false;
};

}  // namespace iiif::renderd
