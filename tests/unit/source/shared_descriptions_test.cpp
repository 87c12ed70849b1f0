// SPDX-License-Identifier: Apache-2.0
#include "source/shared_descriptions.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "source/description.h"
#include "suite.h"

namespace {

using namespace iiif::source;

FileKey file(std::uint64_t inode) {
    return {.device = 1, .inode = inode, .size = 100, .mtime_ns = 5};
}

START_TEST(finds_what_was_kept) {
    const auto shared = SharedDescriptions::make(64);
    ck_assert(shared != nullptr);
    ck_assert(!shared->find(file(1), 1));
    shared->keep(file(1), 1, "one");
    ck_assert(shared->find(file(1), 1) == "one");
    ck_assert(!shared->find(file(1), 2));
    ck_assert(!shared->find(file(2), 1));
    FileKey changed = file(1);
    ++changed.mtime_ns;
    ck_assert(!shared->find(changed, 1));
    shared->keep(file(1), 1, "one, again");
    ck_assert(shared->find(file(1), 1) == "one, again");
    const std::string longest(SharedDescriptions::kMostBytes, 'x');
    shared->keep(file(3), 1, longest);
    ck_assert(shared->find(file(3), 1) == longest);
    shared->keep(file(4), 1, longest + 'x');
    ck_assert(!shared->find(file(4), 1));
    shared->keep(file(5), 1, "");
    ck_assert(!shared->find(file(5), 1));
}
END_TEST

START_TEST(one_place_holds_one) {
    const auto shared = SharedDescriptions::make(1);
    for (std::uint64_t i = 1; i < 100; ++i) {
        shared->keep(file(i), 1, std::to_string(i));
        ck_assert(shared->find(file(i), 1) == std::to_string(i));
        ck_assert(!shared->find(file(i - 1), 1));
    }
}
END_TEST

// Processes write and read the same places as fast as they can, and one of them is killed in the midst of it. Whatever
// is found is whole.
START_TEST(processes_share_it) {
    const auto shared = SharedDescriptions::make(4);
    const auto text = [](std::uint64_t inode, char mark) {
        return std::to_string(inode) + std::string(900 + inode * 7, mark);
    };
    pid_t writers[2];
    for (int i = 0; i < 2; ++i) {
        writers[i] = ::fork();
        if (writers[i] != 0) continue;
        for (std::uint64_t n = 0;; ++n) shared->keep(file(n % 16), 1, text(n % 16, static_cast<char>('a' + n % 26)));
    }
    std::size_t found = 0;
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(2500);
    for (std::uint64_t round = 0; found < 5000 && std::chrono::steady_clock::now() < until; ++round) {
        const std::uint64_t inode = round % 16;
        const auto seen = shared->find(file(inode), 1);
        if (!seen) continue;
        ++found;
        ck_assert(*seen == text(inode, seen->back()));
        if (found == 500) (void)::kill(writers[0], SIGKILL);
    }
    for (const pid_t writer : writers) {
        (void)::kill(writer, SIGKILL);
        ck_assert_int_eq(::waitpid(writer, nullptr, 0), writer);
    }
    ck_assert_uint_gt(found, 0);
}
END_TEST

START_TEST(stores_teach_one_another) {
    const auto shared = SharedDescriptions::make(64);
    DescriptionStore one(8, shared.get());
    DescriptionStore other(8, shared.get());
    Description image;
    image.stored = {600, 400};
    image.levels = {{{600, 400}, {256, 256}, 0, -1, 8}};
    one.keep(file(1), 2, image);
    const auto found = other.find(file(1), 2);
    ck_assert(found != nullptr && found->stored == image.stored);
    ck_assert(other.find(file(1), 1) == nullptr);
    // Nonsense of a process gone wrong is nothing.
    shared->keep(file(7), 1, "{\"container\":\"tiff\"");
    ck_assert(other.find(file(7), 1) == nullptr);
}
END_TEST

TCase* shared_descriptions_case() {
    TCase* test_case = tcase_create("shared_descriptions");
    tcase_add_test(test_case, finds_what_was_kept);
    tcase_add_test(test_case, one_place_holds_one);
    tcase_add_test(test_case, processes_share_it);
    tcase_add_test(test_case, stores_teach_one_another);
    return test_case;
}

const iiif::test::Register registered(shared_descriptions_case);

}  // namespace
