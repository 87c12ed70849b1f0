// SPDX-License-Identifier: Apache-2.0
// One place of the workers' shared memory that all write to and read from: no text is made of two.
#include "source/shared_descriptions.h"

#include <array>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "suite.h"

namespace {

using iiif::source::FileKey;
using iiif::source::SharedDescriptions;

constexpr FileKey kFile{.device = 1, .inode = 2, .size = 3, .mtime_ns = 4};

START_TEST(no_text_is_made_of_two) {
    const auto shared = SharedDescriptions::make(1);
    ck_assert_ptr_nonnull(shared.get());
    struct Thread {
        unsigned found = 0, wrong = 0;
    };
    std::array<Thread, 6> results;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < results.size(); ++i) {
        threads.emplace_back([&, i] {
            Thread& mine = results.at(i);
            std::minstd_rand random(i + 1);
            for (unsigned turn = 0; turn < 4000; ++turn) {
                // Of one file and page, and of another that drives it out.
                const std::uint32_t page = turn % 8 == 0 ? 2 : 1;
                if (i < 3) {
                    const auto letter = static_cast<char>((page == 1 ? 'a' : 'A') + random() % 26);
                    shared->keep(kFile, page, std::string(SharedDescriptions::kMostBytes - random() % 9, letter));
                }
                const auto text = shared->find(kFile, page);
                if (!text) continue;
                ++mine.found;
                const char first = text->front();
                const bool of_this_page = page == 1 ? first >= 'a' : first <= 'Z';
                if (!of_this_page || text->find_first_not_of(first) != std::string::npos) ++mine.wrong;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    unsigned found = 0;
    for (const Thread& one : results) {
        ck_assert_uint_eq(one.wrong, 0);
        found += one.found;
    }
    ck_assert_uint_gt(found, 0);
}
END_TEST

TCase* shared_descriptions_test_case() {
    TCase* tc = tcase_create("shared descriptions");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, no_text_is_made_of_two);
    return tc;
}

const iiif::test::Register kRegister(shared_descriptions_test_case);

}  // namespace
