// SPDX-License-Identifier: Apache-2.0
#include "render/levels.h"

#include <check.h>

#include "suite.h"

namespace {

using namespace iiif::render;
using iiif::protocol::Extent;
using iiif::protocol::Rect;
using iiif::source::Level;

struct Point {
    std::uint32_t x, y;
    bool operator==(const Point&) const = default;
};

// What a turn does, pixel by pixel and in the words of its definition.
Point turned(Point p, Turn turn, Extent extent) {
    if (turn.mirror) p.x = extent.width - 1 - p.x;
    for (int i = 0; i < turn.quarters; ++i) {
        p = {extent.height - 1 - p.y, p.x};
        extent = {extent.height, extent.width};
    }
    return p;
}

Extent turned(Extent extent, Turn turn) {
    return turn.swaps_axes() ? Extent{extent.height, extent.width} : extent;
}

START_TEST(exif_orientations_stand_up) {
    // Where EXIF says that the stored first row and first column lie: 0 top, 1 right, 2 bottom, 3 left.
    const struct {
        int first_row, first_column;
    } kSides[] = {{0, 3}, {0, 1}, {2, 1}, {2, 3}, {3, 0}, {1, 0}, {1, 2}, {3, 2}};
    const Extent stored = {5, 3};
    for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
        const Turn turn = upright(orientation);
        const Extent shown = turned(stored, turn);
        const auto side = [&](Point a, Point b) {
            if (a.y == 0 && b.y == 0) return 0;
            if (a.x == shown.width - 1 && b.x == shown.width - 1) return 1;
            if (a.y == shown.height - 1 && b.y == shown.height - 1) return 2;
            return 3;
        };
        const Point corner = turned(Point{0, 0}, turn, stored);
        ck_assert_int_eq(side(corner, turned(Point{4, 0}, turn, stored)), kSides[orientation - 1].first_row);
        ck_assert_int_eq(side(corner, turned(Point{0, 2}, turn, stored)), kSides[orientation - 1].first_column);
    }
    ck_assert(upright(0) == Turn{} && upright(9) == Turn{});
}
END_TEST

START_TEST(turns_compose) {
    const Extent extent = {7, 4};
    for (int a = 0; a < 8; ++a) {
        for (int b = 0; b < 8; ++b) {
            const Turn first{a >= 4, a % 4};
            const Turn second{b >= 4, b % 4};
            const Point start{2, 1};
            const Point twice = turned(turned(start, first, extent), second, turned(extent, first));
            ck_assert(twice == turned(start, then(first, second), extent));
        }
    }
}
END_TEST

START_TEST(regions_are_taken_back) {
    const Extent stored = {9, 6};
    const Rect in_file = {1, 2, 4, 3};
    for (int i = 0; i < 8; ++i) {
        const Turn turn{i >= 4, i % 4};
        const Point a = turned(Point{1, 2}, turn, stored);
        const Point b = turned(Point{4, 4}, turn, stored);
        const Rect shown = {std::min(a.x, b.x), std::min(a.y, b.y), std::max(a.x, b.x) - std::min(a.x, b.x) + 1,
                            std::max(a.y, b.y) - std::min(a.y, b.y) + 1};
        ck_assert(before_turn(shown, turn, stored) == in_file);
    }
}
END_TEST

START_TEST(reductions_are_whole) {
    ck_assert_uint_eq(reduction({1000, 500}, {1000, 500}), 1);
    ck_assert_uint_eq(reduction({1000, 500}, {500, 250}), 2);
    ck_assert_uint_eq(reduction({1001, 501}, {500, 250}), 2);  // rounded down
    ck_assert_uint_eq(reduction({1001, 501}, {501, 251}), 2);  // and up
    ck_assert_uint_eq(reduction({20000, 11500}, {312, 179}), 64);
    ck_assert_uint_eq(reduction({100, 10000}, {2, 157}), 64);
    ck_assert_uint_eq(reduction({900, 600}, {300, 200}), 3);
    ck_assert_uint_eq(reduction({1000, 500}, {667, 333}), 0);
    ck_assert_uint_eq(reduction({1000, 500}, {500, 200}), 0);
    ck_assert_uint_eq(reduction({1000, 500}, {2000, 1000}), 0);
    ck_assert_uint_eq(reduction({1000, 500}, {0, 0}), 0);
}
END_TEST

std::vector<Level> pyramid(Extent extent, bool up) {
    std::vector<Level> levels;
    while (extent.width > 100) {
        levels.push_back({extent, {256, 256}, static_cast<std::int32_t>(levels.size()), -1});
        extent =
            up ? Extent{(extent.width + 1) / 2, (extent.height + 1) / 2} : Extent{extent.width / 2, extent.height / 2};
    }
    return levels;
}

void assert_window(const std::vector<Level>& levels, Rect region, Extent size, std::size_t level, Rect area) {
    const Window window = choose_window(levels, region, size);
    ck_assert_uint_eq(window.level, level);
    ck_assert_msg(window.area == area, "%u,%u,%u,%u", window.area.x, window.area.y, window.area.width,
                  window.area.height);
}

START_TEST(tiles_come_from_their_own_level) {
    for (const bool up : {false, true}) {
        const auto levels = pyramid({4001, 3001}, up);
        assert_window(levels, {0, 0, 256, 256}, {256, 256}, 0, {0, 0, 256, 256});
        assert_window(levels, {1024, 512, 512, 512}, {256, 256}, 1, {512, 256, 256, 256});
        assert_window(levels, {2048, 0, 1024, 1024}, {256, 256}, 2, {512, 0, 256, 256});
        // The last column: 4001 - 3072 = 929 pixels, a quarter of which is 233 rounded up.
        const std::uint32_t last = up ? 233 : 232;
        assert_window(levels, {3072, 0, 929, 1024}, {233, 256}, 2, {768, 0, last, 256});
        const Extent third = levels[3].extent;
        assert_window(levels, {0, 0, 4001, 3001}, {400, 300}, 3, {0, 0, third.width, third.height});
    }
}
END_TEST

START_TEST(odd_regions_take_finer_levels) {
    const auto levels = pyramid({4096, 4096}, false);
    // Off the pixels of a level by one: four of its pixels to one of the answer are needed.
    assert_window(levels, {1, 0, 2048, 2048}, {256, 256}, 1, {1, 0, 1024, 1024});
    assert_window(levels, {1, 0, 512, 512}, {256, 256}, 0, {1, 0, 512, 512});
    // Never less than a pixel for a pixel.
    assert_window(levels, {0, 0, 4096, 4096}, {1025, 1025}, 1, {0, 0, 2048, 2048});
    assert_window(levels, {0, 0, 4096, 4096}, {1024, 1024}, 2, {0, 0, 1024, 1024});
    assert_window(levels, {0, 0, 4096, 4096}, {8192, 8192}, 0, {0, 0, 4096, 4096});
    assert_window(levels, {4000, 4000, 96, 96}, {1, 1}, 5, {125, 125, 3, 3});
}
END_TEST

void assert_exact(const std::vector<Level>& levels, Rect region, Extent size, std::size_t level, Interval x,
                  Interval y) {
    const ExactWindow window = choose_exact_window(levels, region, size);
    ck_assert_uint_eq(window.level, level);
    ck_assert_msg(window.x == x && window.y == y, "%f+%f,%f+%f", window.x.start, window.x.length, window.y.start,
                  window.y.length);
}

START_TEST(exact_windows_begin_within_pixels) {
    for (const bool up : {false, true}) {
        const auto levels = pyramid({4001, 3001}, up);
        // A level's own tiles are whole pixels of it, up to the last, dropped by the writer or not.
        assert_exact(levels, {0, 0, 256, 256}, {256, 256}, 0, {0, 256}, {0, 256});
        assert_exact(levels, {1024, 512, 512, 512}, {256, 256}, 1, {512, 256}, {256, 256});
        assert_exact(levels, {3072, 0, 929, 1024}, {233, 256}, 2, {768, 233}, {0, 256});
        // All else is where it is.
        assert_exact(levels, {1, 3, 512, 512}, {256, 256}, 1, {0.5, 256}, {1.5, 256});
        assert_exact(levels, {1, 3, 2000, 2000}, {250, 250}, 3, {0.125, 250}, {0.375, 250});
        assert_exact(levels, {1, 3, 2000, 2000}, {251, 250}, 2, {0.25, 500}, {0.75, 500});
        assert_exact(levels, {0, 0, 4001, 3001}, {400, 300}, 3, {0, 500.125}, {0, 375.125});
        assert_exact(levels, {10, 10, 20, 20}, {40, 40}, 0, {10, 20}, {10, 20});
    }
}
END_TEST

TCase* levels_case() {
    TCase* tests = tcase_create("levels");
    tcase_add_test(tests, exif_orientations_stand_up);
    tcase_add_test(tests, turns_compose);
    tcase_add_test(tests, regions_are_taken_back);
    tcase_add_test(tests, reductions_are_whole);
    tcase_add_test(tests, tiles_come_from_their_own_level);
    tcase_add_test(tests, odd_regions_take_finer_levels);
    tcase_add_test(tests, exact_windows_begin_within_pixels);
    return tests;
}
const iiif::test::Register _(levels_case);

}  // namespace
