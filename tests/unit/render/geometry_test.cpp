// SPDX-License-Identifier: Apache-2.0
// Region, size and rotation, in pixels whose colour is known.
#include "render/support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Extent;
using iiif::protocol::Rect;

constexpr std::uint32_t kWidth = 600, kHeight = 400;

std::string source(const Folder& folder) {
    std::string path = folder.path("squares.png");
    write_with_vips(squares(kWidth, kHeight), path);
    return path;
}

void assert_extent(const Picture& picture, Extent expected) {
    ck_assert_uint_eq(picture.width, expected.width);
    ck_assert_uint_eq(picture.height, expected.height);
}

START_TEST(regions_are_exact) {
    const Folder folder;
    const std::string path = source(folder);
    const auto description = described(path);
    const Picture picture = rendered(path, description, part({199, 99, 3, 3}, {3, 3}));
    assert_pixel(picture, 0, 0, square_colour(1, 0), 3, 0, "left of the corner");
    assert_pixel(picture, 1, 1, square_colour(2, 1), 3, 0, "the corner");
    assert_pixel(rendered(path, description, part({599, 399, 1, 1}, {1, 1})), 0, 0, square_colour(5, 3), 3, 0, "last");
}
END_TEST

START_TEST(sizes_are_exact) {
    const Folder folder;
    const std::string path = source(folder);
    const auto description = described(path);
    for (const Extent size : {Extent{1, 1},
                              {1, 400},
                              {600, 1},
                              {299, 201},
                              {59, 41},
                              {7, 5},
                              {601, 399},
                              {450, 777},
                              {1201, 803},
                              {599, 400},
                              {3, 900}}) {
        assert_extent(rendered(path, description, part({0, 0, kWidth, kHeight}, size)), size);
        assert_extent(rendered(path, description, part({7, 3, 501, 333}, size)), size);
    }
}
END_TEST

START_TEST(scaling_keeps_squares_in_place) {
    const Folder folder;
    const std::string path = source(folder);
    const auto description = described(path);
    for (const Extent size : {Extent{300, 200}, {60, 40}, {90, 60}, {1200, 800}, {900, 300}}) {
        const Picture picture = rendered(path, description, part({0, 0, kWidth, kHeight}, size));
        for (std::uint32_t row = 0; row < 4; ++row) {
            for (std::uint32_t column = 0; column < 6; ++column) {
                assert_pixel(picture, (column * 2 + 1) * size.width / 12, (row * 2 + 1) * size.height / 8,
                             square_colour(column, row), 3, 3, "middle of a square");
            }
        }
    }
    // Twice the size: the border between squares does not move.
    const Picture large = rendered(path, description, part({0, 0, kWidth, kHeight}, {1200, 800}));
    assert_pixel(large, 195, 100, square_colour(0, 0), 3, 12, "left of a border");
    assert_pixel(large, 204, 100, square_colour(1, 0), 3, 12, "right of a border");
}
END_TEST

// The square at a corner of the answer, each corner 20 pixels in.
void assert_corners(const Picture& picture, std::array<Colour, 4> clockwise, const char* what) {
    const std::uint32_t right = picture.width - 20;
    const std::uint32_t bottom = picture.height - 20;
    assert_pixel(picture, 20, 20, clockwise[0], 3, 0, what);
    assert_pixel(picture, right, 20, clockwise[1], 3, 0, what);
    assert_pixel(picture, right, bottom, clockwise[2], 3, 0, what);
    assert_pixel(picture, 20, bottom, clockwise[3], 3, 0, what);
}

START_TEST(quarter_turns_and_mirrors) {
    const Folder folder;
    const std::string path = source(folder);
    const auto description = described(path);
    const Colour a = square_colour(0, 0);
    const Colour b = square_colour(5, 0);
    const Colour c = square_colour(5, 3);
    const Colour d = square_colour(0, 3);
    const struct {
        std::uint64_t degrees;
        bool mirror;
        std::array<Colour, 4> corners;
    } kCases[] = {
        {0, false, {a, b, c, d}},   {90, false, {d, a, b, c}},  {180, false, {c, d, a, b}},
        {270, false, {b, c, d, a}}, {360, false, {a, b, c, d}}, {0, true, {b, a, d, c}},
        {90, true, {c, b, a, d}},   {180, true, {d, c, b, a}},  {270, true, {a, d, c, b}},
    };
    for (const auto& [degrees, mirror, corners] : kCases) {
        Job job = whole(description);
        job.rotation = rotation(degrees, mirror);
        const Picture picture = rendered(path, description, job);
        assert_extent(picture, degrees % 180 == 90 ? Extent{kHeight, kWidth} : Extent{kWidth, kHeight});
        assert_corners(picture, corners, "turned");
    }
}
END_TEST

START_TEST(any_angle) {
    const Folder folder;
    const std::string path = source(folder);
    const auto description = described(path);
    for (const std::uint64_t degrees : {1U, 22U, 45U, 135U, 200U, 359U}) {
        Job job = whole(description);
        job.rotation = rotation(degrees);
        const Picture picture = rendered(path, description, job);
        assert_extent(picture, iiif::protocol::rotated_extent(job.size, job.rotation));
        ck_assert_uint_eq(picture.bands, 4);
    }
    Job job = whole(description);
    job.rotation = rotation(45);
    const Picture tilted = rendered(path, description, job);
    ck_assert_uint_eq(tilted.at(0, 0, 3), 0);  // corners are transparent
    ck_assert_uint_eq(tilted.at(tilted.width - 1, tilted.height - 1, 3), 0);
    // The middle of square 4,2 (450, 250), turned about the middle of the image (300, 200).
    const double from_x = 150;
    const double from_y = 50;
    const auto x = static_cast<std::uint32_t>(tilted.width / 2.0 + (from_x - from_y) * 0.70711);
    const auto y = static_cast<std::uint32_t>(tilted.height / 2.0 + (from_x + from_y) * 0.70711);
    Colour expected = square_colour(4, 2);
    expected[3] = 255;
    assert_pixel(tilted, x, y, expected, 4, 2, "45 degrees");
    // Without transparency the corners show the background.
    job.format = iiif::protocol::Format::jpg;
    job.encode.background = {200, 100, 50};
    assert_pixel(rendered(path, description, job), 4, 4, {200, 100, 50, 0}, 3, 4, "background");
    // Mirrored first, then turned.
    job = whole(description);
    job.rotation = rotation(45, true);
    const auto mirrored_x = static_cast<std::uint32_t>(tilted.width / 2.0 + (-from_x - from_y) * 0.70711);
    const auto mirrored_y = static_cast<std::uint32_t>(tilted.height / 2.0 + (-from_x + from_y) * 0.70711);
    assert_pixel(rendered(path, description, job), mirrored_x, mirrored_y, expected, 4, 2, "mirrored, 45 degrees");
}
END_TEST

START_TEST(orientation_is_applied_once) {
    const Folder folder;
    const Colour a = square_colour(0, 0);
    const Colour b = square_colour(5, 0);
    const Colour c = square_colour(5, 3);
    const Colour d = square_colour(0, 3);
    const std::array<std::array<Colour, 4>, 8> kShown = {{{a, b, c, d},
                                                          {b, a, d, c},
                                                          {c, d, a, b},
                                                          {d, c, b, a},
                                                          {a, d, c, b},
                                                          {d, a, b, c},
                                                          {c, b, a, d},
                                                          {b, c, d, a}}};
    for (std::uint16_t orientation = 1; orientation <= 8; ++orientation) {
        for (const std::uint32_t tile : {0U, 128U}) {
            TiffOptions options;
            options.orientation = orientation;
            options.tile = tile;
            const std::string path = folder.path("o.tif");
            write_tiff(path, options, squares(kWidth, kHeight));
            const auto description = described(path);
            ck_assert_uint_eq(description.orientation, orientation);
            ck_assert((description.stored == Extent{kWidth, kHeight}));
            const Extent shown = orientation >= 5 ? Extent{kHeight, kWidth} : Extent{kWidth, kHeight};
            ck_assert(description.extent() == shown);
            const Picture picture = rendered(path, description, whole(description));
            assert_extent(picture, shown);
            assert_corners(picture, kShown.at(orientation - 1U), "oriented");
            // Regions are of the image as it stands: its top right corner.
            const Picture corner = rendered(path, description, part({shown.width - 50, 0, 50, 30}, {25, 15}));
            assert_pixel(corner, 12, 7, kShown.at(orientation - 1U)[1], 3, 0, "region of an oriented image");
            // And the answer carries no orientation of its own.
            const auto jpeg = try_render(path, description, whole(description, iiif::protocol::Format::jpg));
            ck_assert(jpeg.has_value());
            write_file(folder.path("answer.jpg"), {reinterpret_cast<const char*>(jpeg->data()), jpeg->size()});
            ck_assert_uint_eq(described(folder.path("answer.jpg")).orientation, 1);
        }
    }
}
END_TEST

START_TEST(bad_jobs_are_refused) {
    const Folder folder;
    const std::string path = source(folder);
    const auto description = described(path);
    for (const Rect region :
         {Rect{600, 0, 1, 1}, {0, 0, 601, 400}, {1, 1, 600, 1}, {0, 0, 0, 1}, {4294967295U, 0, 2, 1}}) {
        const auto answer = try_render(path, description, part(region, {10, 10}));
        ck_assert(!answer.has_value());
        ck_assert_int_eq(answer.error().status, 400);
    }
    ck_assert(!try_render(path, description, part({0, 0, 10, 10}, {0, 10})).has_value());
    const auto wide = try_render(path, description, part({0, 0, 600, 1}, {20000, 1}, iiif::protocol::Format::webp));
    ck_assert(!wide.has_value());
    ck_assert_str_eq(wide.error().sentence.c_str(),
                     "An image in format webp can be at most 16383 pixels wide and high; ask for a smaller size or "
                     "another format.");
}
END_TEST

TCase* geometry_case() {
    TCase* tests = started_case("geometry");
    tcase_add_test(tests, regions_are_exact);
    tcase_add_test(tests, sizes_are_exact);
    tcase_add_test(tests, scaling_keeps_squares_in_place);
    tcase_add_test(tests, quarter_turns_and_mirrors);
    tcase_add_test(tests, any_angle);
    tcase_add_test(tests, orientation_is_applied_once);
    tcase_add_test(tests, bad_jobs_are_refused);
    return tests;
}
const iiif::test::Register _(geometry_case);

}  // namespace
