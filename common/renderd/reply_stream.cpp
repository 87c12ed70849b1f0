// SPDX-License-Identifier: Apache-2.0
#include "renderd/reply_stream.h"

#include <algorithm>
#include <exception>

#include "delivery/reply_body.h"

namespace iiif::renderd {
namespace {

constexpr std::size_t kPieceBytes = 256U << 10U;
static_assert(kPieceBytes <= delivery::kMaxPieceBytes);

}  // namespace

bool ReplyStream::send(std::string_view head, std::span<const std::byte> body) {
    if (!lost_) lost_ = !send_(head, body);
    return !lost_;
}

bool ReplyStream::send_piece(std::span<const std::byte> bytes) {
    const auto head = delivery::piece_head(static_cast<std::uint32_t>(bytes.size()));
    return send({head.data(), head.size()}, bytes);
}

bool ReplyStream::send_gathered() {
    if (gathered_.empty()) return true;
    const bool sent = send_piece(gathered_);
    gathered_.clear();
    return sent;
}

bool ReplyStream::pass(std::span<const std::byte> bytes) noexcept {
    try {
        if (!begun_) {
            begun_ = true;
            gathered_.reserve(kPieceBytes);
            if (!send(head_(), {})) return false;
        }
        while (!bytes.empty()) {
            const std::size_t taken = std::min(bytes.size(), kPieceBytes - gathered_.size());
            if (taken == kPieceBytes) {
                if (!send_piece(bytes.first(taken))) return false;
            } else {
                gathered_.insert(gathered_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
                if (gathered_.size() == kPieceBytes && !send_gathered()) return false;
            }
            bytes = bytes.subspan(taken);
        }
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

bool ReplyStream::finish() {
    return send_gathered() && send_piece({});
}

}  // namespace iiif::renderd
