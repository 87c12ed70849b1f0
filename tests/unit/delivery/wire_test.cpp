// SPDX-License-Identifier: Apache-2.0
#include "delivery/wire.h"

#include <string>

#include "suite.h"

namespace {

using namespace iiif::delivery;

RenderCall call() {
    RenderCall out;
    out.service = 3;
    out.http.method = "GET";
    out.http.raw_uri = "/iiif/3/a%2Fb/full/max/0/default.jpg?x";
    out.http.base = "https://example.org";
    out.http.accept = "*/*";
    out.path = "a/b.tif";
    out.page = 7;
    out.key = {1, 2, 3, -4};
    return out;
}

START_TEST(a_call_survives) {
    const std::string bytes = encode_call(call());
    RenderCall back;
    ck_assert(decode_call(bytes, back) == Parse::done);
    ck_assert_uint_eq(back.service, 3);
    ck_assert(back.http.raw_uri == call().http.raw_uri);
    ck_assert_str_eq(back.path.c_str(), "a/b.tif");
    ck_assert_uint_eq(back.page, 7);
    ck_assert(back.key == call().key);
}
END_TEST

START_TEST(a_value_cannot_become_a_field) {
    RenderCall sent = call();
    sent.http.raw_uri += std::string(
        "\0IIIF_PATH\0other.tif\0IIIF_SERVICE\0"
        "9",
        34);
    sent.http.accept = std::string("*/*\0IIIF_PAGE", 13);
    RenderCall back;
    ck_assert(decode_call(encode_call(sent), back) == Parse::done);
    ck_assert_str_eq(back.path.c_str(), "a/b.tif");
    ck_assert_uint_eq(back.service, 3);
    ck_assert(back.http.raw_uri == call().http.raw_uri);
    ck_assert(back.http.accept == "*/*");
}
END_TEST

START_TEST(every_prefix_of_a_call_wants_more) {
    const std::string bytes = encode_call(call());
    RenderCall back;
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        ck_assert_msg(decode_call(std::string_view(bytes).substr(0, n), back) == Parse::more, "at %zu", n);
    }
}
END_TEST

using namespace std::string_view_literals;

const std::string_view kBadCalls[] = {
    "x"sv,
    ":"sv,
    "9999999:"sv,
    "-1:,"sv,
    "12:CONTENT_LENG,"sv,
    "99999:"sv,
    "0:,"sv,
    "3:abc,"sv,
    "24:CONTENT_LENGTH\0000\0SCGI\0001\0,"sv,  // no method, URI or path
    "7:SCGI\0001\0,"sv,                        // CONTENT_LENGTH is not first
    "GET / HTTP/1.1\r\n"sv,
};

START_TEST(bad_calls_are_refused) {
    RenderCall back;
    ck_assert_msg(decode_call(kBadCalls[_i], back) == Parse::bad, "%d", _i);
}
END_TEST

START_TEST(a_flipped_byte_never_crashes) {
    const std::string good = encode_call(call());
    RenderCall back;
    for (std::size_t n = 0; n < good.size(); ++n) {
        for (const char byte : {'\0', ':', ',', '9', '\xff'}) {
            std::string bytes = good;
            bytes[n] = byte;
            const Parse parsed = decode_call(bytes, back);
            ck_assert(parsed == Parse::done || parsed == Parse::more || parsed == Parse::bad);
        }
    }
}
END_TEST

START_TEST(a_reply_head_survives) {
    Answer answer;
    answer.status = 200;
    answer.headers = {{"Content-Type", "image/jpeg"}, {"Link", "<x>;rel=\"profile\""}};
    answer.content_length = 12345;
    iiif::source::Description description;
    description.stored = {600, 400};
    description.levels = {{{600, 400}, {256, 256}, 0, -1}};
    iiif::source::Description pyramid = description;
    pyramid.levels.push_back({{300, 200}, {256, 256}, 1, -1});
    const std::string head = encode_reply_head(answer, &description, "open=1 render=2", &pyramid);
    ReplyHead back;
    std::size_t length = 0;
    ck_assert(decode_reply_head(head + "BODY", back, length) == Parse::done);
    ck_assert_uint_eq(length, head.size());
    ck_assert_int_eq(back.status, 200);
    ck_assert_int_eq(static_cast<int>(back.content_length), 12345);
    ck_assert_uint_eq(back.headers.size(), 2);  // the private fields are gone
    ck_assert(back.description.has_value());
    ck_assert(back.description->stored == description.stored);
    ck_assert(back.pyramid.has_value() && back.pyramid->levels.size() == 2);
    ck_assert_str_eq(back.timing.c_str(), "open=1 render=2");
    for (std::size_t n = 0; n < head.size(); ++n) {
        ck_assert(decode_reply_head(std::string_view(head).substr(0, n), back, length) == Parse::more);
    }
}
END_TEST

START_TEST(a_header_value_cannot_end_the_head) {
    Answer answer;
    answer.headers = {{"Location", "x\r\nSet-Cookie: stolen=1"}, {"ETag", "\"1\""}};
    const std::string head = encode_reply_head(answer, nullptr, "");
    ck_assert(head.find("Set-Cookie") == std::string::npos);
    ck_assert(head.find("ETag") != std::string::npos);
}
END_TEST

const char* const kBadHeads[] = {
    "\r\n\r\n",
    "Content-Type: text/plain\r\n\r\n",
    "Status: 99\r\n\r\n",
    "Status: abc\r\n\r\n",
    "Status: 200\r\nno colon\r\n\r\n",
    "Status: 200\r\nbad name: x\r\n\r\n",
    "Status: 200\r\nSet-Cookie: session=1\r\n\r\n",
    "Status: 200\r\nX-Accel-Redirect: /private\r\n\r\n",
    "Status: 200\r\nContent-Length: -1\r\n\r\n",
    "Status: 200\r\nContent-Length: 1x\r\n\r\n",
    "Status: 200\r\nIIIF-Description: {}\r\n\r\n",
    "Status: 200\r\nIIIF-Pyramid: {}\r\n\r\n",
};

START_TEST(bad_heads_are_refused) {
    ReplyHead back;
    std::size_t length = 0;
    ck_assert_msg(decode_reply_head(kBadHeads[_i], back, length) == Parse::bad, "%s", kBadHeads[_i]);
}
END_TEST

START_TEST(an_endless_head_is_refused) {
    const std::string endless = "Status: 200\r\n" + std::string(kMaxReplyHeadBytes, 'x');
    ReplyHead back;
    std::size_t length = 0;
    ck_assert(decode_reply_head(endless, back, length) == Parse::bad);
}
END_TEST

TCase* wire_test_case() {
    TCase* tc = tcase_create("wire");
    tcase_add_test(tc, a_call_survives);
    tcase_add_test(tc, a_value_cannot_become_a_field);
    tcase_add_test(tc, every_prefix_of_a_call_wants_more);
    tcase_add_loop_test(tc, bad_calls_are_refused, 0, static_cast<int>(std::size(kBadCalls)));
    tcase_add_test(tc, a_flipped_byte_never_crashes);
    tcase_add_test(tc, a_reply_head_survives);
    tcase_add_test(tc, a_header_value_cannot_end_the_head);
    tcase_add_loop_test(tc, bad_heads_are_refused, 0, static_cast<int>(std::size(kBadHeads)));
    tcase_add_test(tc, an_endless_head_is_refused);
    return tc;
}

const iiif::test::Register kRegister(wire_test_case);

}  // namespace
