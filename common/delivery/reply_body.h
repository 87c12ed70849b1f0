// SPDX-License-Identifier: Apache-2.0
// The body of a renderer's reply: of the length that its head gave, or, sent while the image was still being encoded,
// in pieces. A piece is four bytes of length, the highest first, and as many bytes; a length of zero is the end. What
// breaks off before is not whole: a renderer that dies must never leave a piece of an image that looks like one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace iiif::delivery {

inline constexpr std::size_t kPieceHeadBytes = 4;
inline constexpr std::uint32_t kMaxPieceBytes = 1U << 20U;

// What stands before a piece of `length` bytes, at most kMaxPieceBytes; 0: the end.
std::array<char, kPieceHeadBytes> piece_head(std::uint32_t length);

// The other end: which bytes that come off the socket are the image's, and whether it is whole.
class ReplyBody {
public:
    // A reply that has no body.
    ReplyBody() = default;
    static ReplyBody of_length(std::uint64_t length);
    static ReplyBody in_pieces();

    struct Step {
        std::size_t skip = 0;  // bytes that are not the image's,
        std::size_t take = 0;  // then bytes that are
    };
    // `bytes`: what has come since the last step. The next one begins behind what was skipped and taken; as long as
    // that is not all of `bytes`, there is a next one. false: longer than announced, or no pieces.
    bool step(std::string_view bytes, Step& out);

    // At least so many bytes are still to come; 0: it is whole.
    [[nodiscard]] std::uint64_t left() const;

private:
    std::uint64_t payload_ = 0;  // left of the body, or of the piece
    std::uint32_t length_ = 0;   // of the piece, as far as its head was read
    std::size_t head_ = 0;       // left of the piece's head
    bool pieces_ = false;        // and the last one has not come yet
};

}  // namespace iiif::delivery
