// SPDX-License-Identifier: Apache-2.0
#include "renderd/reply_stream.h"

#include <string>

#include "delivery/reply_body.h"
#include "suite.h"

namespace {

using namespace iiif::renderd;
using iiif::delivery::ReplyBody;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

struct Peer {
    std::string got;
    int sent = 0;
    int most = 1'000'000;  // that it takes

    ReplyStream::Send send() {
        return [this](std::string_view head, std::span<const std::byte> body) {
            got += head;
            got.append(reinterpret_cast<const char*>(body.data()), body.size());
            return ++sent <= most;
        };
    }
    // What the other end makes of it; "" when it is not whole.
    [[nodiscard]] std::string image(std::size_t head_length) const {
        ReplyBody body = ReplyBody::in_pieces();
        std::string out;
        std::string_view rest = std::string_view(got).substr(head_length);
        while (!rest.empty()) {
            ReplyBody::Step step;
            ck_assert(body.step(rest, step));
            out += rest.substr(step.skip, step.take);
            rest.remove_prefix(step.skip + step.take);
        }
        return body.left() == 0 ? out : "";
    }
};

START_TEST(what_is_passed_arrives) {
    for (const std::size_t size : {7UL, 4096UL, 300'000UL, 3'000'000UL}) {
        Peer peer;
        int asked = 0;
        ReplyStream stream(peer.send(), [&] {
            ++asked;
            return std::string("head");
        });
        ck_assert(!stream.begun());
        std::string image;
        while (image.size() < 1'000'000) {
            const std::string part(size, static_cast<char>('a' + image.size() % 26));
            image += part;
            ck_assert(stream.pass(bytes_of(part)));
        }
        ck_assert(stream.begun() && asked == 1);
        ck_assert(peer.image(4).empty());  // not yet
        ck_assert(stream.finish() && !stream.lost());
        ck_assert(peer.got.starts_with("head"));
        ck_assert(peer.image(4) == image);
        ck_assert_int_lt(peer.sent, 30);  // few system calls
    }
}
END_TEST

START_TEST(a_peer_that_goes_is_not_sent_to_again) {
    for (const int most : {0, 1, 3}) {
        Peer peer;
        peer.most = most;
        ReplyStream stream(peer.send(), [] { return std::string("head"); });
        const std::string image(2'000'000, 'x');
        ck_assert(!stream.pass(bytes_of(image)));
        ck_assert(!stream.pass(bytes_of(image)) && stream.lost() && !stream.finish());
        ck_assert_int_eq(peer.sent, most + 1);
    }
}
END_TEST

START_TEST(what_cannot_be_said_is_not_begun) {
    Peer peer;
    ReplyStream stream(peer.send(), []() -> std::string { throw std::bad_alloc(); });
    ck_assert(!stream.pass(bytes_of("x")));
    ck_assert(peer.got.empty());
}
END_TEST

TCase* reply_stream_case() {
    TCase* tests = tcase_create("reply stream");
    tcase_add_test(tests, what_is_passed_arrives);
    tcase_add_test(tests, a_peer_that_goes_is_not_sent_to_again);
    tcase_add_test(tests, what_cannot_be_said_is_not_begun);
    return tests;
}
const iiif::test::Register _(reply_stream_case);

}  // namespace
