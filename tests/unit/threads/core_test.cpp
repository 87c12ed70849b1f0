// SPDX-License-Identifier: Apache-2.0
// Many threads and one worker, as in httpd's event and worker MPMs; several workers of one generation. Under
// ThreadSanitizer, too: scripts/test --only threads.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "suite.h"
#include "threads/client.h"
#include "threads/world.h"

namespace {

using namespace iiif::threads;

constexpr unsigned kThreads = 8;
constexpr unsigned kRequests = 250;  // rounds of each thread; a tile is three requests

// What all have been sent: one ETag, one body, whoever asked whichever worker.
void check_together(const std::deque<Client>& clients) {
    std::map<std::string, std::string> bodies;
    for (const Client& client : clients) {
        for (const std::string& complaint : client.complaints()) ck_abort_msg("%s", complaint.c_str());
        for (const auto& [tag, body] : client.bodies()) {
            const auto [known, added] = bodies.try_emplace(tag, body);
            ck_assert_msg(added || known->second == body, "two bodies with the ETag %s", tag.c_str());
        }
    }
}

unsigned count(const std::deque<Client>& clients, const std::string& what) {
    unsigned sum = 0;
    for (const Client& client : clients) {
        const auto found = client.counts().find(what);
        if (found != client.counts().end()) sum += found->second;
    }
    return sum;
}

// Runs `beside` again and again, in a thread of its own, for as long as `work` runs in one for each client.
void at_once(std::deque<Client>& clients, const std::function<void(Client&)>& work,
             const std::function<void(unsigned turn)>& beside) {
    std::atomic<bool> ended{false};
    std::thread other([&] {
        for (unsigned turn = 1; !ended.load(std::memory_order_relaxed); ++turn) {
            beside(turn);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    });
    std::deque<std::thread> threads;
    for (Client& client : clients) threads.emplace_back([&] { work(client); });
    for (std::thread& thread : threads) thread.join();
    ended = true;
    other.join();
}

void replace_the_next(const World& world, unsigned turn) {
    const unsigned version = turn / (kPyramids + 1) % kVersions;
    const unsigned file = turn % (kPyramids + 1);
    world.replace(file == kPyramids ? "plain.tif" : "p" + std::to_string(file) + ".tif", version);
}

// One worker has a timer that closes what nobody uses; the other keeps nothing open, as httpd's worker MPM does.
START_TEST(everything_at_once) {
    World world;
    iiif_worker* keeping = world.start_worker(3);
    iiif_worker* closing = world.start_worker(0);
    std::deque<Client> clients;
    for (unsigned i = 0; i < kThreads; ++i) clients.emplace_back(world, i % 4 == 3 ? closing : keeping, i + 1);
    at_once(
        clients, [](Client& client) { client.ask_for_everything(kRequests); },
        [&](unsigned turn) {
            replace_the_next(world, turn);
            (void)iiif_worker_close_unused(keeping);
        });
    check_together(clients);
    for (const char* what : {"file", "memory", "render", "declined", "200", "204", "303", "304", "400", "404", "405",
                             "502", "503", "504"}) {
        ck_assert_msg(count(clients, what) > 0, "no answer was \"%s\"", what);
    }
}
END_TEST

// Each asks for all pages, and again for some that it has just had: the store of one worker is full long before.
START_TEST(a_store_that_is_full) {
    World world(256);
    iiif_worker* worker = world.start_worker(8);
    std::deque<Client> clients;
    for (unsigned i = 0; i < 3; ++i) clients.emplace_back(world, worker, i + 1);
    at_once(
        clients,
        [](Client& client) {
            for (std::uint32_t page = 1; page <= kPages; ++page) {
                client.ask_for_page(page);
                if (page % 4 == 0) client.ask_for_page(page - 3);
            }
            for (std::uint32_t page = 1; page <= 100; ++page) client.ask_for_page(page);
        },
        [](unsigned) {});
    check_together(clients);
    ck_assert_uint_gt(count(clients, "render"), kPages);  // what had gone was asked for again
    ck_assert_uint_gt(count(clients, "memory"), kPages / 4);
}
END_TEST

START_TEST(a_map_that_is_written_anew) {
    World world;
    world.replace("p1.tif", 1);
    world.replace("p2.tif", 2);
    iiif_worker* worker = world.start_worker(8);
    std::deque<Client> clients;
    for (unsigned i = 0; i < kThreads; ++i) clients.emplace_back(world, worker, i + 1);
    at_once(
        clients, [](Client& client) { client.follow_the_map(2); },
        [&](unsigned turn) { world.replace_map(turn / 200 % 2 == 0 ? "p1.tif" : "p2.tif"); });
    check_together(clients);
}
END_TEST

// Processes with threads each, and the memory that their parent made before it forked.
START_TEST(workers_of_one_generation) {
    World world;
    iiif_worker* worker = world.start_worker(8);
    std::vector<pid_t> children;
    for (unsigned process = 0; process < 3; ++process) {
        const pid_t pid = ::fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            std::deque<Client> clients;
            for (unsigned i = 0; i < 3; ++i) clients.emplace_back(world, worker, 100 * process + i);
            at_once(
                clients, [](Client& client) { client.ask_for_everything(kRequests / 2); }, [](unsigned) {});
            bool fine = count(clients, "file") > 0 && count(clients, "memory") > 0;
            for (const Client& client : clients) {
                for (const std::string& complaint : client.complaints()) {
                    (void)std::fprintf(stderr, "%s\n", complaint.c_str());
                    fine = false;
                }
            }
            ::_exit(fine ? 0 : 1);
        }
        children.push_back(pid);
    }
    for (unsigned turn = 1; !children.empty(); ++turn) {
        replace_the_next(world, turn);
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, WNOHANG);
        if (ended == 0) {
            ::usleep(20'000);
            continue;
        }
        ck_assert_int_gt(ended, 0);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process ended with %d", status);
        std::erase(children, ended);
    }
}
END_TEST

TCase* core_test_case() {
    TCase* tc = tcase_create("core");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, everything_at_once);
    tcase_add_test(tc, a_store_that_is_full);
    tcase_add_test(tc, a_map_that_is_written_anew);
    tcase_add_test(tc, workers_of_one_generation);
    return tc;
}

const iiif::test::Register kRegister(core_test_case);

}  // namespace
