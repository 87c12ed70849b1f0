// SPDX-License-Identifier: Apache-2.0
#include "delivery/reply_body.h"

#include <string>

#include "suite.h"

namespace {

using namespace iiif::delivery;

std::string piece(const std::string& bytes) {
    const auto head = piece_head(static_cast<std::uint32_t>(bytes.size()));
    return std::string(head.data(), head.size()) + bytes;
}

struct Read {
    std::string body;
    bool sound = true;
};

// As glue does: what comes arrives `at_once` bytes at a time.
Read read(ReplyBody& reply, std::string_view bytes, std::size_t at_once) {
    Read out;
    while (!bytes.empty()) {
        std::string_view come = bytes.substr(0, at_once);
        bytes.remove_prefix(come.size());
        while (!come.empty()) {
            ReplyBody::Step step;
            const std::uint64_t before = reply.left();
            if (!reply.step(come, step)) {
                out.sound = false;
                return out;
            }
            ck_assert_uint_gt(step.skip + step.take, 0);
            ck_assert_uint_le(step.skip + step.take, come.size());
            ck_assert_uint_gt(before, 0);
            out.body += come.substr(step.skip, step.take);
            come.remove_prefix(step.skip + step.take);
        }
    }
    return out;
}

START_TEST(a_body_of_a_length) {
    for (std::size_t at_once = 1; at_once < 12; ++at_once) {
        ReplyBody reply = ReplyBody::of_length(10);
        const Read got = read(reply, "0123456789", at_once);
        ck_assert(got.sound && got.body == "0123456789");
        ck_assert_uint_eq(reply.left(), 0);
        ReplyBody longer = ReplyBody::of_length(9);
        ck_assert(!read(longer, "0123456789", at_once).sound);
        ReplyBody shorter = ReplyBody::of_length(11);
        ck_assert(read(shorter, "0123456789", at_once).sound);
        ck_assert_uint_eq(shorter.left(), 1);
    }
    ReplyBody none;
    ck_assert_uint_eq(none.left(), 0);
    ck_assert(!read(none, "0", 1).sound);
}
END_TEST

START_TEST(a_body_in_pieces) {
    const std::string large(300, 'x');
    const std::string bytes = piece("abc") + piece("d") + piece(large) + piece("");
    for (std::size_t at_once = 1; at_once <= bytes.size() + 1; ++at_once) {
        ReplyBody reply = ReplyBody::in_pieces();
        const Read got = read(reply, bytes, at_once);
        ck_assert(got.sound && got.body == "abcd" + large);
        ck_assert_uint_eq(reply.left(), 0);
    }
    // Cut off anywhere, it is not whole; and what is said to be left is left.
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        ReplyBody reply = ReplyBody::in_pieces();
        const Read got = read(reply, bytes.substr(0, length), 7);
        ck_assert(got.sound && ("abcd" + large).starts_with(got.body));
        ck_assert_uint_gt(reply.left(), 0);
        ck_assert_uint_le(reply.left(), bytes.size() - length);
    }
    // Nothing follows the end.
    ReplyBody reply = ReplyBody::in_pieces();
    ck_assert(!read(reply, bytes + "x", 5).sound);
}
END_TEST

START_TEST(pieces_of_no_renderer) {
    using namespace std::string_view_literals;
    for (const std::string_view bytes :
         {"\xFF\xFF\xFF\xFFx"sv, "\0\x10\0\1"sv, "HTTP/1.1 200 OK\r\n"sv, "\x89PNG\r\n\x1A\n"sv}) {
        ReplyBody reply = ReplyBody::in_pieces();
        ck_assert(!read(reply, bytes, bytes.size()).sound);
    }
    ReplyBody reply = ReplyBody::in_pieces();  // the largest
    ck_assert(read(reply, "\0\x10\0\0y"sv, 5).body == "y");
    ck_assert_uint_eq(reply.left(), kMaxPieceBytes - 1 + kPieceHeadBytes);
}
END_TEST

TCase* reply_body_case() {
    TCase* tests = tcase_create("reply body");
    tcase_add_test(tests, a_body_of_a_length);
    tcase_add_test(tests, a_body_in_pieces);
    tcase_add_test(tests, pieces_of_no_renderer);
    return tests;
}
const iiif::test::Register _(reply_body_case);

}  // namespace
