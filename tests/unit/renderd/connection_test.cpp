// SPDX-License-Identifier: Apache-2.0
#include "renderd/connection.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;
using namespace std::chrono_literals;
using renderd::Connection;
using renderd::Received;

struct Pair {
    Pair() {
        int ends[2];
        ck_assert_int_eq(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        peer = source::UniqueFd(ends[0]);
        ck_assert_int_eq(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
        ours = source::UniqueFd(ends[1]);
    }
    source::UniqueFd peer, ours;
};

delivery::RenderCall a_call() {
    delivery::RenderCall call;
    call.service = 2;
    call.http.method = "GET";
    call.http.raw_uri = "/iiif/3/a%2Fb/full/max/0/default.jpg";
    call.http.base = "https://images.example";
    call.path = "a/b.tif";
    call.page = 7;
    call.key.size = 12345;
    return call;
}

std::span<const std::byte> as_body(const std::string& text) {
    return std::as_bytes(std::span(text));
}

START_TEST(receives_a_call) {
    Pair pair;
    Connection connection(std::move(pair.ours));
    ck_assert(test::write_all(pair.peer.get(), delivery::encode_call(a_call())));
    delivery::RenderCall got;
    ck_assert(connection.receive(got, 1s) == Received::call);
    ck_assert_text(got.path, "a/b.tif");
    ck_assert_text(got.http.raw_uri, "/iiif/3/a%2Fb/full/max/0/default.jpg");
    ck_assert_uint_eq(got.service, 2);
    ck_assert_uint_eq(got.page, 7);
    ck_assert_uint_eq(got.key.size, 12345);
}
END_TEST

START_TEST(receives_a_dribbling_call) {
    Pair pair;
    Connection connection(std::move(pair.ours));
    std::thread dribbler([&pair] {
        for (const char c : delivery::encode_call(a_call())) {
            test::write_all(pair.peer.get(), {&c, 1});
            std::this_thread::sleep_for(200us);
        }
    });
    delivery::RenderCall got;
    const Received received = connection.receive(got, 5s);
    dribbler.join();
    ck_assert(received == Received::call);
    ck_assert_text(got.path, "a/b.tif");
}
END_TEST

START_TEST(time_is_for_the_whole_call) {
    Pair pair;
    Connection connection(std::move(pair.ours));
    // Steady progress, but never an end: a limit per read would wait forever.
    std::thread dribbler([&pair] {
        const std::string call = delivery::encode_call(a_call());
        for (std::size_t i = 0; i < 40; ++i) {
            test::write_all(pair.peer.get(), {&call[i], 1});
            std::this_thread::sleep_for(20ms);
        }
    });
    delivery::RenderCall got;
    const auto begin = std::chrono::steady_clock::now();
    const Received received = connection.receive(got, 200ms);
    const auto took = std::chrono::steady_clock::now() - begin;
    dribbler.join();
    ck_assert(received == Received::late);
    ck_assert(took >= 200ms && took < 700ms);
}
END_TEST

START_TEST(refuses_what_is_no_call) {
    const std::vector<std::string> bad = {
        "GET / HTTP/1.0\r\n\r\n",
        "999999:",
        "65537:",
        "1234567",
        "3:abc,",
        std::string("24:CONTENT_LENGTH\0"
                    "0\0"
                    "SCGI\0"
                    "1\0"
                    ",",
                    28),
        delivery::encode_call(a_call()) + "more",
    };
    for (const std::string& bytes : bad) {
        Pair pair;
        Connection connection(std::move(pair.ours));
        ck_assert(test::write_all(pair.peer.get(), bytes));
        delivery::RenderCall got;
        ck_assert_msg(connection.receive(got, 1s) == Received::bad, "took %s", bytes.c_str());
    }
}
END_TEST

START_TEST(notices_a_peer_that_leaves) {
    Pair pair;
    Connection connection(std::move(pair.ours));
    ck_assert(test::write_all(pair.peer.get(), delivery::encode_call(a_call()).substr(0, 50)));
    pair.peer = source::UniqueFd();
    delivery::RenderCall got;
    ck_assert(connection.receive(got, 1s) == Received::nothing);
}
END_TEST

START_TEST(knows_gone_from_silent) {
    Pair pair;
    const Connection connection(std::move(pair.ours));
    ck_assert(!connection.peer_gone());
    // Will send no more, but waits for the reply.
    ck_assert_int_eq(::shutdown(pair.peer.get(), SHUT_WR), 0);
    ck_assert(!connection.peer_gone());
    pair.peer = source::UniqueFd();
    ck_assert(connection.peer_gone());
}
END_TEST

START_TEST(sends_head_and_large_body) {
    Pair pair;
    Connection connection(std::move(pair.ours));
    std::string body(5'000'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 % 251);
    std::string got;
    std::thread reader([&] { got = test::read_all(pair.peer.get()); });
    bool sent = false;
    {
        Connection ours(std::move(connection));
        sent = ours.send("Status: 200\r\n\r\n", as_body(body), 5s);
    }
    reader.join();
    ck_assert(sent);
    ck_assert(got == "Status: 200\r\n\r\n" + body);
}
END_TEST

START_TEST(drops_a_reader_that_stalls) {
    Pair pair;
    Connection connection(std::move(pair.ours));
    const std::string body(20'000'000, 'x');
    const auto begin = std::chrono::steady_clock::now();
    ck_assert(!connection.send("head", as_body(body), 150ms));
    const auto took = std::chrono::steady_clock::now() - begin;
    ck_assert(took >= 150ms && took < 2s);
}
END_TEST

START_TEST(sending_to_nobody_is_no_signal) {
    Pair pair;
    Connection connection(std::move(pair.ours));
    pair.peer = source::UniqueFd();
    ck_assert(!connection.send("head", as_body("body"), 1s));
}
END_TEST

TCase* connection_test_case() {
    TCase* test_case = tcase_create("connection");
    tcase_set_timeout(test_case, 30);
    tcase_add_test(test_case, receives_a_call);
    tcase_add_test(test_case, receives_a_dribbling_call);
    tcase_add_test(test_case, time_is_for_the_whole_call);
    tcase_add_test(test_case, refuses_what_is_no_call);
    tcase_add_test(test_case, notices_a_peer_that_leaves);
    tcase_add_test(test_case, knows_gone_from_silent);
    tcase_add_test(test_case, sends_head_and_large_body);
    tcase_add_test(test_case, drops_a_reader_that_stalls);
    tcase_add_test(test_case, sending_to_nobody_is_no_signal);
    return test_case;
}
const test::Register registered(connection_test_case);

}  // namespace
