// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <ctime>
#include <thread>
#include <vector>

#include "source/description.h"
#include "suite.h"

namespace {

using iiif::source::Description;
using iiif::source::DescriptionStore;
using iiif::source::FileKey;

FileKey file(std::uint64_t inode) {
    return {.device = 1, .inode = inode, .size = 100, .mtime_ns = 5};
}

Description image(std::uint32_t width) {
    Description out;
    out.stored = {width, 1};
    out.levels = {{{width, 1}, {}, 0, -1}};
    return out;
}

// 0: not there.
std::uint32_t width_of(DescriptionStore& store, const FileKey& key, std::uint32_t page = 1) {
    const auto found = store.find(key, page);
    return found ? found->stored.width : 0;
}

START_TEST(keeps_by_file_state_and_page) {
    DescriptionStore store(100);
    const FileKey key = file(1);
    store.keep(key, 1, image(10));
    store.keep(key, 2, image(20));
    ck_assert_uint_eq(width_of(store, key, 1), 10);
    ck_assert_uint_eq(width_of(store, key, 2), 20);
    ck_assert_uint_eq(width_of(store, key, 3), 0);
    FileKey other = key;
    other.device = 2;
    ck_assert_uint_eq(width_of(store, other), 0);
    other = key;
    other.inode = 2;
    ck_assert_uint_eq(width_of(store, other), 0);
    other = key;
    other.size = 101;
    ck_assert_uint_eq(width_of(store, other), 0);
    other = key;
    other.mtime_ns = 6;
    ck_assert_uint_eq(width_of(store, other), 0);
    store.keep(key, 1, image(11));
    ck_assert_uint_eq(width_of(store, key, 1), 11);
}
END_TEST

START_TEST(what_changed_just_now_is_not_kept) {
    DescriptionStore store(3);
    timespec now{};
    ck_assert_int_eq(::clock_gettime(CLOCK_REALTIME, &now), 0);
    const std::int64_t ns = static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
    for (const std::int64_t age : {-1, 0, 1}) {
        const FileKey key{.device = 1, .inode = 7, .size = 100, .mtime_ns = ns - age * 500'000'000};
        store.keep(key, 1, image(9));
        ck_assert_uint_eq(width_of(store, key), 0);
    }
    const FileKey old{.device = 1, .inode = 7, .size = 100, .mtime_ns = ns - 10'000'000'000};
    store.keep(old, 1, image(9));
    ck_assert_uint_eq(width_of(store, old), 9);
}
END_TEST

START_TEST(the_least_recently_used_goes_first) {
    DescriptionStore store(3);
    for (const std::uint32_t n : {1U, 2U, 3U}) store.keep(file(n), 1, image(n));
    ck_assert_uint_eq(width_of(store, file(1)), 1);  // used: now 2 is the oldest
    store.keep(file(4), 1, image(4));
    ck_assert_uint_eq(width_of(store, file(2)), 0);
    store.keep(file(3), 1, image(33));  // kept again: now 1 is the oldest
    store.keep(file(5), 1, image(5));
    ck_assert_uint_eq(width_of(store, file(1)), 0);
    ck_assert_uint_eq(width_of(store, file(3)), 33);
    ck_assert_uint_eq(width_of(store, file(4)), 4);
    ck_assert_uint_eq(width_of(store, file(5)), 5);
}
END_TEST

START_TEST(capacity_bounds_it) {
    DescriptionStore one(1);
    one.keep(file(1), 1, image(1));
    one.keep(file(1), 1, image(2));
    ck_assert_uint_eq(width_of(one, file(1)), 2);
    one.keep(file(2), 1, image(3));
    ck_assert_uint_eq(width_of(one, file(1)), 0);
    ck_assert_uint_eq(width_of(one, file(2)), 3);

    DescriptionStore none(0);
    none.keep(file(1), 1, image(1));
    ck_assert_uint_eq(width_of(none, file(1)), 0);

    DescriptionStore store(1000);
    for (std::uint32_t n = 1; n <= 100000; ++n) store.keep(file(n), 1, image(n));
    std::uint32_t kept = 0;
    for (std::uint32_t n = 1; n <= 100000; ++n) {
        const std::uint32_t width = width_of(store, file(n));
        ck_assert(width == (n > 99000 ? n : 0));
        if (width != 0) ++kept;
    }
    ck_assert_uint_eq(kept, 1000);
}
END_TEST

START_TEST(threads_share_it) {
    DescriptionStore store(50);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::uint32_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (std::uint32_t i = 0; i < 20000; ++i) {
                const std::uint32_t n = 1 + (i * 31 + t * 17) % 80;
                const std::uint32_t width = width_of(store, file(n));
                if (width != 0 && width != n) ++wrong;
                if (width == 0) store.keep(file(n), 1, image(n));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    ck_assert_int_eq(wrong, 0);
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("description_store");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_changed_just_now_is_not_kept);
    tcase_add_test(tc, keeps_by_file_state_and_page);
    tcase_add_test(tc, the_least_recently_used_goes_first);
    tcase_add_test(tc, capacity_bounds_it);
    tcase_add_test(tc, threads_share_it);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
