// SPDX-License-Identifier: Apache-2.0
// Input: a byte that says what the rest is: a call as a renderer receives it, a reply's head as a web server does, or
// texts for a call of ours. Both ends distrust each other.
#include "delivery/wire.h"

#include "fuzz.h"

using iiif::delivery::Parse;
using iiif::delivery::RenderCall;
using iiif::delivery::ReplyHead;
using iiif::fuzz::claim;

namespace {

void read_call(std::string_view bytes) {
    RenderCall call;
    const Parse parsed = decode_call(bytes, call);
    for (const std::size_t length : {bytes.size() / 2, bytes.size() - std::min<std::size_t>(bytes.size(), 1)}) {
        RenderCall part;
        const Parse of_part = decode_call(bytes.substr(0, length), part);
        if (parsed == Parse::done && length < bytes.size())
            claim(of_part == Parse::more, "a part of a call is no call");
    }
    if (parsed != Parse::done) return;
    claim(!call.http.method.empty() && !call.http.raw_uri.empty() && call.page >= 1, "a call has a request and a page");
    const std::string written = encode_call(call);
    if (written.size() > iiif::delivery::kMaxRequestBytes) return;
    RenderCall again;
    claim(decode_call(written, again) == Parse::done && encode_call(again) == written,
          "a call is read as it was written");
}

void read_reply_head(std::string_view bytes) {
    ReplyHead head;
    std::size_t length = 0;
    if (decode_reply_head(bytes, head, length) != Parse::done) return;
    claim(length >= 4 && length <= bytes.size() && length <= iiif::delivery::kMaxReplyHeadBytes,
          "a head ends within what was given");
    claim(head.status >= 200 && head.status <= 599, "a status is one");
    claim(head.content_length >= -1, "a length is one");
    for (const auto& [name, value] : head.headers) {
        claim(!name.empty() && name.find_first_of("\r\n: ") == std::string::npos, "a header's name is a token");
        claim(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a value stays on its line");
    }
    ReplyHead part;
    std::size_t unused = 0;
    claim(decode_reply_head(bytes.substr(0, length - 1), part, unused) == Parse::more, "a part of a head is no head");

    const iiif::delivery::Answer answer{
        .status = head.status, .headers = head.headers, .content_length = head.content_length};
    const std::string written = encode_reply_head(answer, head.description ? &*head.description : nullptr, head.timing,
                                                  head.pyramid ? &*head.pyramid : nullptr);
    if (written.size() > iiif::delivery::kMaxReplyHeadBytes) return;  // descriptions are written in full
    ReplyHead again;
    claim(decode_reply_head(written, again, length) == Parse::done && length == written.size(),
          "a head can be read again");
    claim(again.status == head.status && again.headers == head.headers && again.timing == head.timing &&
              again.content_length == head.content_length &&
              again.description.has_value() == head.description.has_value(),
          "a head is read as it was written");
}

// Whatever a client sends, it cannot add a field of its own to the call.
void write_call(iiif::fuzz::Input input) {
    RenderCall call;
    call.path = input.line();
    call.http.method = input.line();
    call.http.raw_uri = input.line();
    call.http.base = input.line();
    call.http.accept = input.line();
    call.http.if_none_match = input.line();
    call.http.if_modified_since = input.rest();
    call.service = 7;
    call.page = 3;
    call.key.inode = 42;
    const std::string written = encode_call(call);
    RenderCall again;
    if (decode_call(written, again) != Parse::done) return;
    claim(again.service == 7 && again.page == 3 && again.key == call.key && !again.http.base_is_configured,
          "what a client sends changes nothing else");
    claim(call.path.starts_with(again.path) && call.http.raw_uri.starts_with(again.http.raw_uri) &&
              call.http.base.starts_with(again.http.base),
          "a text arrives as it was sent");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    iiif::fuzz::Input input(data, size);
    switch (input.byte() % 3) {
        case 0: read_call(input.rest()); break;
        case 1: read_reply_head(input.rest()); break;
        default: write_call(input); break;
    }
    return 0;
}
