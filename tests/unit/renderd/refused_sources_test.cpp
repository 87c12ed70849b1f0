// SPDX-License-Identifier: Apache-2.0
#include "renderd/refused_sources.h"

#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

namespace {

using namespace iiif;
using renderd::RefusedSources;

constexpr std::int64_t kNow = 1'000'000;

START_TEST(for_longer_each_time) {
    RefusedSources sources;
    ck_assert(sources);
    std::int64_t now = kNow;
    ck_assert_int_eq(sources.refused_for(7, now), 0);
    const std::int64_t expected[] = {0,       10'000,  20'000,    40'000,    80'000,    160'000,
                                     320'000, 640'000, 1'280'000, 2'560'000, 3'600'000, 3'600'000};
    unsigned times = 0;
    for (const std::int64_t refused : expected) {
        const auto verdict = sources.blame(7, now);
        ck_assert_uint_eq(verdict.times, ++times);
        ck_assert_int_eq(verdict.refused_for, refused);
        ck_assert_int_eq(sources.refused_for(7, now), refused);
        ck_assert_int_eq(sources.refused_for(8, now), 0);
        now += refused;
        ck_assert_int_eq(sources.refused_for(7, now), 0);
    }
    // Quiet for an hour: what is left of it may have been an accident.
    now += RefusedSources::kLongest;
    ck_assert_uint_eq(sources.blame(7, now).times, 1);
}
END_TEST

START_TEST(nobody_is_blamed) {
    RefusedSources sources;
    for (int i = 0; i < 5; ++i) ck_assert_int_eq(sources.blame(0, kNow).refused_for, 0);
    ck_assert_int_eq(sources.refused_for(0, kNow), 0);
}
END_TEST

START_TEST(the_newest_are_known) {
    RefusedSources sources;
    const auto count = static_cast<std::int64_t>(RefusedSources::kPlaces);
    for (std::int64_t i = 0; i <= count; ++i) {
        (void)sources.blame(static_cast<std::uint64_t>(i + 1), kNow + 2 * i);
        (void)sources.blame(static_cast<std::uint64_t>(i + 1), kNow + 2 * i + 1);
    }
    const std::int64_t now = kNow + 2 * count + 2;
    ck_assert_int_eq(sources.refused_for(1, now), 0);
    for (std::int64_t i = 1; i <= count; ++i) {
        ck_assert_int_gt(sources.refused_for(static_cast<std::uint64_t>(i + 1), now), 0);
    }
}
END_TEST

START_TEST(processes_share_it) {
    RefusedSources sources;
    const pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 300 && sources.refused_for(9, kNow) == 0; ++i) usleep(10'000);
        _exit(sources.refused_for(9, kNow) > 0 ? 0 : 1);
    }
    (void)sources.blame(9, kNow);
    (void)sources.blame(9, kNow);
    int status = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_source_is_a_file_in_its_state) {
    delivery::RenderCall call;
    call.path = "a.tif";
    call.key = {1, 2, 3, 4};
    const std::uint64_t name = RefusedSources::name_of(call);
    ck_assert_uint_ne(name, 0);
    ck_assert_uint_eq(name, RefusedSources::name_of(call));
    for (int change = 0; change < 6; ++change) {
        delivery::RenderCall other = call;
        if (change == 0) other.path = "b.tif";
        if (change == 1) other.page = 2;
        if (change == 2) other.service = 1;
        if (change == 3) other.key.mtime_ns = 5;
        if (change == 4) other.key.size = 4;
        if (change == 5) other.key.inode = 3;
        ck_assert_uint_ne(name, RefusedSources::name_of(other));
    }
    // What is asked of it does not matter.
    call.http.raw_uri = "/iiif/3/a.tif/full/max/0/default.jpg";
    ck_assert_uint_eq(name, RefusedSources::name_of(call));
}
END_TEST

TCase* refused_sources_case() {
    TCase* tests = tcase_create("refused sources");
    tcase_add_test(tests, for_longer_each_time);
    tcase_add_test(tests, nobody_is_blamed);
    tcase_add_test(tests, the_newest_are_known);
    tcase_add_test(tests, processes_share_it);
    tcase_add_test(tests, a_source_is_a_file_in_its_state);
    return tests;
}
const iiif::test::Register _(refused_sources_case);

}  // namespace
