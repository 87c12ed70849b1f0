// SPDX-License-Identifier: Apache-2.0
#include "delivery/reply_body.h"

#include <algorithm>

namespace iiif::delivery {

std::array<char, kPieceHeadBytes> piece_head(std::uint32_t length) {
    std::array<char, kPieceHeadBytes> head{};
    for (std::size_t i = 0; i < head.size(); ++i) {
        head.at(i) = static_cast<char>(static_cast<unsigned char>(length >> (8 * (head.size() - 1 - i))));
    }
    return head;
}

ReplyBody ReplyBody::of_length(std::uint64_t length) {
    ReplyBody body;
    body.payload_ = length;
    return body;
}

ReplyBody ReplyBody::in_pieces() {
    ReplyBody body;
    body.pieces_ = true;
    body.head_ = kPieceHeadBytes;
    return body;
}

bool ReplyBody::step(std::string_view bytes, Step& out) {
    out = {};
    if (payload_ == 0 && pieces_) {
        for (; head_ > 0 && out.skip < bytes.size(); --head_, ++out.skip) {
            length_ = length_ << 8U | static_cast<unsigned char>(bytes[out.skip]);
        }
        if (head_ > 0) return true;
        if (length_ > kMaxPieceBytes) return false;
        pieces_ = length_ > 0;
        payload_ = length_;
        length_ = 0;
        head_ = pieces_ ? kPieceHeadBytes : 0;
    }
    bytes.remove_prefix(out.skip);
    out.take = static_cast<std::size_t>(std::min<std::uint64_t>(payload_, bytes.size()));
    payload_ -= out.take;
    return out.skip + out.take > 0 || bytes.empty();
}

std::uint64_t ReplyBody::left() const {
    return payload_ + head_;
}

}  // namespace iiif::delivery
