// SPDX-License-Identifier: Apache-2.0
// The renderers' shared answers. Their locks are of processes, and ThreadSanitizer sees threads: so the store is locked
// here as shared_answers.h does it, by threads, where everything that finding does is seen beside other finding; and
// the whole runs in processes, of which each gives up from a thread of its own, as an encoder's do.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "renderd/answer_store.h"
#include "renderd/shared_answers.h"
#include "suite.h"

namespace {

using namespace iiif;
using renderd::AnswerStore;
using renderd::SharedAnswers;
using Bytes = AnswerStore::Bytes;

constexpr unsigned kImages = 200;

// Image n: its bytes say which, to the last.
Bytes image_of(unsigned n) {
    std::minstd_rand random(n + 1);
    Bytes out(100 + random() % 20'000);
    for (auto& byte : out) byte = static_cast<std::byte>(random() & 0xFFU);
    return out;
}

std::string key_of(unsigned n) {
    return "image " + std::to_string(n);
}

// The log holds a part of the images, so that they drive one another out all the time.
START_TEST(finding_and_keeping) {
    constexpr std::size_t kLog = 256U << 10U;
    constexpr std::size_t kPlaces = 64;
    std::vector<std::uint64_t> memory(AnswerStore::needed(kLog, kPlaces) / sizeof(std::uint64_t));
    const auto bytes = std::as_writable_bytes(std::span(memory));
    std::shared_mutex mutex;
    struct Thread {
        unsigned wrong = 0, found = 0, kept = 0;
    };
    std::array<Thread, 6> results;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < results.size(); ++i) {
        threads.emplace_back([&, i] {
            Thread& mine = results.at(i);
            // Each process has an object of its own over the same memory.
            AnswerStore store(bytes, kLog, kPlaces);
            std::minstd_rand random(i + 1);
            for (unsigned turn = 0; turn < 1500; ++turn) {
                // A few are asked for more often than the others.
                const unsigned n = static_cast<unsigned>(random() % (turn % 2 == 0 ? 8 : kImages));
                std::optional<Bytes> found;
                {
                    const std::shared_lock lock(mutex);
                    found = store.find(key_of(n));
                }
                const Bytes image = image_of(n);
                if (found) {
                    ++mine.found;
                    if (*found != image) ++mine.wrong;
                    continue;
                }
                const std::unique_lock lock(mutex);
                if (store.keep(key_of(n), image)) ++mine.kept;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    Thread sum;
    for (const Thread& one : results) {
        sum.wrong += one.wrong;
        sum.found += one.found;
        sum.kept += one.kept;
    }
    ck_assert_uint_eq(sum.wrong, 0);
    ck_assert_uint_gt(sum.found, 0);
    ck_assert_uint_gt(sum.kept, kImages);  // some went, and were kept again
}
END_TEST

// 0: every image was what was asked for.
int ask_for_all(SharedAnswers& answers, unsigned seed) {
    std::minstd_rand random(seed);
    unsigned shared = 0;
    for (unsigned turn = 0; turn < 400; ++turn) {
        const unsigned n = static_cast<unsigned>(random() % kImages);
        const Bytes image = image_of(n);
        const bool gives_up = n % 10 == 0;
        const auto out = answers.once(
            key_of(n), [] { return false; },
            [&]() -> Expected<Bytes> {
                if (gives_up) std::thread([&] { answers.give_up(key_of(n)); }).join();
                if (n % 17 == 0) return refuse(500, "damaged");
                return image;
            });
        if (n % 17 == 0) {
            if (out.image || !out.made) return 1;
            continue;
        }
        if (!out.image || *out.image != image) return 2;
        if (!out.made) ++shared;
    }
    return shared > 0 ? 0 : 3;
}

START_TEST(processes_with_threads) {
    const auto answers = SharedAnswers::make({512U << 10U, 16U << 10U, 512U << 10U});
    ck_assert_ptr_nonnull(answers.get());
    std::vector<pid_t> children;
    for (unsigned i = 0; i < 5; ++i) {
        const pid_t pid = ::fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) ::_exit(ask_for_all(*answers, i + 1));
        children.push_back(pid);
    }
    for (const pid_t pid : children) {
        int status = 0;
        ck_assert_int_eq(::waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process ended with %d", status);
    }
}
END_TEST

TCase* answers_test_case() {
    TCase* tc = tcase_create("answers");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, finding_and_keeping);
    tcase_add_test(tc, processes_with_threads);
    return tc;
}

const iiif::test::Register kRegister(answers_test_case);

}  // namespace
