// SPDX-License-Identifier: Apache-2.0
// Processes that ask the same at the same time: one makes it, whatever becomes of it.
#include "renderd/shared_answers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "renderd/limits.h"
#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;
using renderd::SharedAnswers;
using Bytes = SharedAnswers::Bytes;

constexpr std::size_t kLargest = 1U << 20U;
const SharedAnswers::Sizes kSizes{1U << 20U, 64U << 10U, kLargest};

Bytes image_of(std::size_t length, unsigned seed = 1) {
    Bytes out(length);
    for (std::size_t i = 0; i < length; ++i) out[i] = static_cast<std::byte>((i * 31 + i / 251 + seed) % 256);
    return out;
}

// What the processes of a test tell one another.
struct Board {
    std::atomic<int> entered{0}, made{0}, shared{0}, refused{0}, wrong{0};
};

bool until(const std::function<bool()>& condition) {
    return test::eventually(condition, 3);
}

struct House {
    House() : answers(SharedAnswers::make(kSizes)) {
        ck_assert_msg(answers != nullptr, "no shared memory");
        void* memory = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ck_assert(memory != MAP_FAILED);
        board = new (memory) Board;
    }
    ~House() {
        for (const pid_t pid : children) (void)::kill(pid, SIGKILL);
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
        (void)::munmap(board, sizeof(Board));
    }
    House(const House&) = delete;
    House& operator=(const House&) = delete;

    // Asks, and writes on the board what came of it.
    SharedAnswers::Outcome ask(std::string_view key, const Bytes& wanted, const SharedAnswers::Make& make) const {
        auto out = answers->once(
            key, [] { return false; }, make);
        if (!out.image) {
            ++board->refused;
        } else {
            ++(out.made ? board->made : board->shared);
            if (*out.image != wanted) ++board->wrong;
        }
        return out;
    }
    pid_t start(const std::function<void()>& what) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            what();
            ::_exit(0);
        }
        children.push_back(pid);
        return pid;
    }
    void wait_for_all() {
        for (const pid_t pid : children) {
            ck_assert_msg(until([pid] { return ::waitpid(pid, nullptr, WNOHANG) == pid; }), "a process hangs");
        }
        children.clear();
    }

    std::unique_ptr<SharedAnswers> answers;
    Board* board = nullptr;
    std::vector<pid_t> children;
};

START_TEST(one_of_eight_makes_it) {
    House house;
    const Bytes image = image_of(20'000);
    for (int i = 0; i < 8; ++i) {
        house.start([&] {
            ++house.board->entered;
            until([&] { return house.board->entered == 8; });
            house.ask("key", image, [&]() -> Expected<Bytes> {
                ::usleep(100'000);
                return image;
            });
        });
    }
    house.wait_for_all();
    ck_assert_int_eq(house.board->made, 1);
    ck_assert_int_eq(house.board->shared, 7);
    ck_assert_int_eq(house.board->wrong, 0);
}
END_TEST

START_TEST(one_after_another) {
    House house;
    const Bytes small = image_of(1000);
    const Bytes large = image_of(kLargest / 2, 7);
    const auto never = []() -> Expected<Bytes> { return refuse(500, "asked again"); };
    ck_assert(house.ask("small", small, [&] { return Expected<Bytes>(small); }).made);
    ck_assert(house.ask("large", large, [&] { return Expected<Bytes>(large); }).made);
    house.start([&] {
        house.ask("small", small, never);
        house.ask("large", large, never);
    });
    house.wait_for_all();
    // Large ones drive out large ones.
    for (unsigned i = 0; i < 8; ++i) {
        const Bytes other = image_of(kLargest / 2, i + 10);
        house.ask("large " + std::to_string(i), other, [&] { return Expected<Bytes>(other); });
    }
    ck_assert(!house.ask("small", small, never).made);
    ck_assert(house.ask("large", large, [&] { return Expected<Bytes>(large); }).made);
    ck_assert_int_eq(house.board->shared, 3);
    ck_assert_int_eq(house.board->wrong, 0);
    ck_assert_int_eq(house.board->refused, 0);
}
END_TEST

// Each is inside until both are.
START_TEST(different_images_at_the_same_time) {
    House house;
    const Bytes image = image_of(100);
    for (const char* key : {"one", "two"}) {
        house.start([&, key] {
            house.ask(key, image, [&]() -> Expected<Bytes> {
                ++house.board->entered;
                if (!until([&] { return house.board->entered == 2; })) return refuse(500, "alone");
                return image;
            });
        });
    }
    house.wait_for_all();
    ck_assert_int_eq(house.board->made, 2);
}
END_TEST

START_TEST(without_a_key_nothing_is_shared) {
    House house;
    const Bytes image = image_of(100);
    for (int i = 0; i < 2; ++i) house.ask("", image, [&] { return Expected<Bytes>(image); });
    ck_assert_int_eq(house.board->made, 2);
}
END_TEST

START_TEST(a_dead_process_holds_nothing) {
    House house;
    const Bytes image = image_of(5000);
    const pid_t first = house.start([&] {
        house.ask("key", image, [&]() -> Expected<Bytes> {
            ++house.board->entered;
            ::pause();
            return image;
        });
    });
    ck_assert(until([&] { return house.board->entered == 1; }));
    for (int i = 0; i < 3; ++i) {
        house.start([&] {
            ++house.board->entered;
            house.ask("key", image, [&] { return Expected<Bytes>(image); });
        });
    }
    ck_assert(until([&] { return house.board->entered == 4; }));
    ::usleep(100'000);
    ck_assert_int_eq(house.board->made + house.board->shared, 0);
    ck_assert_int_eq(::kill(first, SIGKILL), 0);
    house.wait_for_all();
    ck_assert_int_eq(house.board->made, 1);
    ck_assert_int_eq(house.board->shared, 2);
    ck_assert_int_eq(house.board->wrong, 0);
}
END_TEST

// Ended at any moment, keeping included: the others get right answers.
START_TEST(killed_at_any_moment) {
    House house;
    const Bytes image = image_of(60'000);
    for (int turn = 0; turn < 60; ++turn) {
        const pid_t busy = house.start([&] {
            for (int i = 0;; ++i) {
                house.ask(std::to_string(turn) + '/' + std::to_string(i), image,
                          [&] { return Expected<Bytes>(image); });
            }
        });
        ::usleep(static_cast<useconds_t>(2000 + turn * 137 % 1000));
        (void)::kill(busy, SIGKILL);
        (void)::waitpid(busy, nullptr, 0);
        house.children.clear();
        for (int i = 0; i < 20; ++i) {
            house.ask(std::to_string(turn) + '/' + std::to_string(i), image, [&] { return Expected<Bytes>(image); });
        }
    }
    ck_assert_int_eq(house.board->wrong, 0);
    ck_assert_int_eq(house.board->refused, 0);
    ck_assert_int_gt(house.board->made, 60);
}
END_TEST

START_TEST(a_refusal_is_not_kept) {
    House house;
    const Bytes image = image_of(100);
    house.start([&] {
        house.ask("key", image, [&]() -> Expected<Bytes> {
            ++house.board->entered;
            until([&] { return house.board->entered == 2; });
            ::usleep(50'000);
            return refuse(500, "damaged");
        });
    });
    ck_assert(until([&] { return house.board->entered == 1; }));
    house.start([&] {
        ++house.board->entered;
        house.ask("key", image, [&] { return Expected<Bytes>(image); });
    });
    house.wait_for_all();
    ck_assert_int_eq(house.board->refused, 1);
    ck_assert_int_eq(house.board->made, 1);
    ck_assert_int_eq(house.board->wrong, 0);
}
END_TEST

START_TEST(an_exception_ends_the_claim) {
    House house;
    const Bytes image = image_of(100);
    bool thrown = false;
    try {
        house.ask("key", image, [&]() -> Expected<Bytes> { throw std::runtime_error("no"); });
    } catch (const std::runtime_error&) {
        thrown = true;
    }
    ck_assert(thrown);
    house.start([&] { house.ask("key", image, [&] { return Expected<Bytes>(image); }); });
    house.wait_for_all();
    ck_assert_int_eq(house.board->made, 1);
}
END_TEST

START_TEST(waiting_is_cancelled) {
    House house;
    const Bytes image = image_of(100);
    house.start([&] {
        house.ask("key", image, [&]() -> Expected<Bytes> {
            ++house.board->entered;
            ::pause();
            return image;
        });
    });
    ck_assert(until([&] { return house.board->entered == 1; }));
    int asked = 0;
    const auto out = house.answers->once(
        "key", [&] { return ++asked == 3; }, [&] { return Expected<Bytes>(image); });
    ck_assert(!out.image && !out.made);
    ck_assert_int_eq(asked, 3);
}
END_TEST

// Made once while others wait; then each makes it, and none waits for another.
START_TEST(too_large_to_keep) {
    House house;
    const Bytes image = image_of(kLargest + 1);
    house.ask("key", image, [&] { return Expected<Bytes>(image); });
    for (int i = 0; i < 2; ++i) {
        house.start([&] {
            house.ask("key", image, [&]() -> Expected<Bytes> {
                ++house.board->entered;
                if (!until([&] { return house.board->entered == 2; })) return refuse(500, "alone");
                return image;
            });
        });
    }
    house.wait_for_all();
    ck_assert_int_eq(house.board->made, 3);
    ck_assert_int_eq(house.board->wrong, 0);
}
END_TEST

// A renderer is not replaced for what all share, and its limits do not keep it from sharing.
START_TEST(limits_of_renderers) {
    const SharedAnswers::Sizes sizes{};
    const auto answers = SharedAnswers::make(sizes);
    ck_assert(answers != nullptr);
    const Bytes image = image_of(sizes.large_log - 4096);
    const pid_t pid = ::fork();
    if (pid == 0) {
        if (!renderd::apply_limits({.renderer_memory = 1ULL << 30U})) ::_exit(1);
        Bytes made = image;
        const auto before = renderd::private_memory();
        const auto out = answers->once(
            "key", [] { return false; }, [&] { return Expected<Bytes>(std::move(made)); });
        if (!out.image || !out.made || *out.image != image) ::_exit(2);
        ::_exit(renderd::private_memory() < before + (8U << 20U) ? 0 : 3);
    }
    int status = 0;
    ck_assert_int_eq(::waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
    const auto out = answers->once(
        "key", [] { return false; }, [] { return Expected<Bytes>(refuse(500, "not kept")); });
    ck_assert(out.image && !out.made);
    ck_assert(*out.image == image);
}
END_TEST

START_TEST(what_a_renderer_gone_wrong_can_do) {
    House house;
    const Bytes image = image_of(100);
    ck_assert(house.ask("key", image, [&] { return Expected<Bytes>(image); }).made);
    ck_assert_int_ne(::ftruncate(house.answers->fd(), 0), 0);
    ck_assert_int_ne(::ftruncate(house.answers->fd(), 1 << 30), 0);
    // Locked for good: the others do without.
    house.start([&] {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_len = 16;
        if (::fcntl(house.answers->fd(), F_SETLK, &lock) != 0) ++house.board->wrong;
        ++house.board->entered;
        ::pause();
    });
    ck_assert(until([&] { return house.board->entered == 1; }));
    ck_assert(house.ask("key", image, [&] { return Expected<Bytes>(image); }).made);
    ck_assert_int_eq(house.board->wrong, 0);
}
END_TEST

TCase* shared_answers_test_case() {
    TCase* test_case = tcase_create("shared answers");
    tcase_set_timeout(test_case, 30);
    tcase_add_test(test_case, one_of_eight_makes_it);
    tcase_add_test(test_case, one_after_another);
    tcase_add_test(test_case, different_images_at_the_same_time);
    tcase_add_test(test_case, without_a_key_nothing_is_shared);
    tcase_add_test(test_case, a_dead_process_holds_nothing);
    tcase_add_test(test_case, killed_at_any_moment);
    tcase_add_test(test_case, a_refusal_is_not_kept);
    tcase_add_test(test_case, an_exception_ends_the_claim);
    tcase_add_test(test_case, waiting_is_cancelled);
    tcase_add_test(test_case, too_large_to_keep);
    tcase_add_test(test_case, limits_of_renderers);
    tcase_add_test(test_case, what_a_renderer_gone_wrong_can_do);
    return test_case;
}
const test::Register registered(shared_answers_test_case);

}  // namespace
