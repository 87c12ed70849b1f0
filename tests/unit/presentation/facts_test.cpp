// SPDX-License-Identifier: Apache-2.0
// What is remembered of files, and that it does not become more and more.
#include "presentation/facts.h"

#include <ctime>
#include <string>

#include "suite.h"

namespace iiif::test {
namespace {

using presentation::Facts;
using presentation::FactStore;

source::FileKey file(std::uint64_t inode) {
    return {.device = 1, .inode = inode, .size = 100, .mtime_ns = 1};
}

Facts facts(std::uint32_t width, std::size_t text = 0) {
    Facts out;
    out.extent = {width, 10};
    out.embedded.copyright = std::string(text, 'x');
    return out;
}

START_TEST(files_are_told_apart_by_state_and_page) {
    FactStore store(1U << 20U);
    store.keep(file(1), 1, facts(11));
    store.keep(file(1), 2, facts(12));
    ck_assert_uint_eq(store.find(file(1), 1)->extent.width, 11);
    ck_assert_uint_eq(store.find(file(1), 2)->extent.width, 12);
    ck_assert(store.find(file(2), 1) == nullptr);
    auto later = file(1);
    ++later.mtime_ns;
    ck_assert(store.find(later, 1) == nullptr);
}
END_TEST

START_TEST(what_changed_just_now_is_not_kept) {
    FactStore store(1U << 20U);
    timespec now{};
    ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &now), 0);
    auto fresh = file(1);
    fresh.mtime_ns = static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
    ck_assert_uint_eq(store.keep(fresh, 1, facts(11))->extent.width, 11);
    ck_assert_uint_eq(store.size(), 0);
}
END_TEST

// Bytes are what counts: of files that say much, fewer are remembered.
START_TEST(what_was_not_asked_for_goes_first) {
    FactStore small(100'000);
    FactStore large(100'000);
    for (std::uint64_t inode = 1; inode <= 1000; ++inode) {
        small.keep(file(inode), 1, facts(1));
        large.keep(file(inode), 1, facts(1, 4096));
        ck_assert(small.find(file(1), 1) != nullptr);  // asked for again and again
    }
    ck_assert_uint_gt(small.size(), 100);
    ck_assert_uint_lt(small.size(), 400);
    ck_assert_uint_gt(large.size(), 10);
    ck_assert_uint_lt(large.size(), 25);
    ck_assert(small.find(file(2), 1) == nullptr && small.find(file(1000), 1) != nullptr);
    ck_assert(large.find(file(1), 1) == nullptr && large.find(file(1000), 1) != nullptr);
}
END_TEST

START_TEST(what_is_larger_than_all_is_not_kept) {
    FactStore store(10'000);
    store.keep(file(1), 1, facts(1));
    ck_assert_uint_eq(store.keep(file(2), 1, facts(2, 20'000))->extent.width, 2);
    ck_assert(store.find(file(2), 1) == nullptr && store.find(file(1), 1) != nullptr);
    FactStore none(0);
    none.keep(file(1), 1, facts(1));
    ck_assert_uint_eq(none.size(), 0);
}
END_TEST

TCase* facts_case() {
    TCase* tests = tcase_create("facts");
    tcase_add_test(tests, files_are_told_apart_by_state_and_page);
    tcase_add_test(tests, what_changed_just_now_is_not_kept);
    tcase_add_test(tests, what_was_not_asked_for_goes_first);
    tcase_add_test(tests, what_is_larger_than_all_is_not_kept);
    return tests;
}
const Register registered(facts_case);

}  // namespace
}  // namespace iiif::test
