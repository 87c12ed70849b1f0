// SPDX-License-Identifier: Apache-2.0
// What travels over the renderer socket: an SCGI request one way, a CGI-style head and a body the other.
// Both ends distrust each other: every length and value is checked. https://python.ca/scgi/protocol.txt
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/answer.h"
#include "delivery/reply_body.h"
#include "delivery/request.h"
#include "source/description.h"

namespace iiif::delivery {

inline constexpr std::size_t kMaxRequestBytes = 64U << 10U;
inline constexpr std::size_t kMaxReplyHeadBytes = 32U << 10U;

struct RenderCall {
    std::uint32_t service = 0;  // index in the pool's list
    HttpRequest http;
    std::string
        path;  // beneath that service's root; "" is the root itself, where a resource of the folder is asked for
    std::uint32_t page = 1;
    source::FileKey key;        // the file as the worker saw it
    std::int64_t asked_ms = 0;  // when, on the monotonic clock, which all processes share; 0: not said
};

std::string encode_call(const RenderCall&);

enum class Parse : std::uint8_t { done, more, bad };
// `bytes` from the first byte on, as much as there is. bad: not a call, or larger than kMaxRequestBytes.
Parse decode_call(std::string_view bytes, RenderCall& out);

struct ReplyHead {
    int status = 0;
    Headers headers;  // private fields removed
    std::int64_t content_length = -1;
    bool pieces = false;                             // private field IIIF-Body: the body comes as ReplyBody::in_pieces
    std::optional<source::Description> description;  // private field IIIF-Description
    std::optional<source::Description> pyramid;      // private field IIIF-Pyramid: of that image's pyramid of ours
    std::string timing;                              // private field IIIF-Timing
};

// The body of `answer` follows the head on the socket; Content-Length is written when known.
std::string encode_reply_head(const Answer&, const source::Description* description, std::string_view timing,
                              const source::Description* pyramid = nullptr);
// The head of an answer whose body follows in pieces. `head` as above, of an answer of no known length.
std::string in_pieces(std::string head);
// done: `head_len` bytes were the head. bad: no head, a header that is not one, larger than kMaxReplyHeadBytes.
Parse decode_reply_head(std::string_view bytes, ReplyHead& out, std::size_t& head_len);

}  // namespace iiif::delivery
