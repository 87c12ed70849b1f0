// SPDX-License-Identifier: Apache-2.0
// Parts of plain JPEG files: pictures where they belong, and the same bytes whatever is kept.
#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <random>

#include "render/jpeg_file.h"
#include "render/jpeg_file_engine.h"
#include "render/jpeg_support.h"
#include "render/jpeg_write.h"
#include "source/root.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Extent;
using iiif::protocol::Format;
using iiif::protocol::Quality;
using iiif::protocol::Rect;
using iiif::source::Description;

struct Kind {
    const char* name;
    J_COLOR_SPACE colours;
    int across, down;
};
constexpr Kind kKinds[] = {{"4:2:0", JCS_YCbCr, 2, 2}, {"4:2:2", JCS_YCbCr, 2, 1}, {"4:4:4", JCS_YCbCr, 1, 1},
                           {"4:4:0", JCS_YCbCr, 1, 2}, {"RGB", JCS_RGB, 1, 1},     {"gray", JCS_GRAYSCALE, 1, 1}};

JpegOptions options_of(const Kind& kind) {
    JpegOptions options;
    options.colours = kind.colours;
    options.across = kind.across;
    options.down = kind.down;
    return options;
}

std::uint32_t bands_of(const JpegOptions& options) {
    return options.colours == JCS_GRAYSCALE ? 1 : 3;
}

struct Cut {
    Rect region;
    Extent size;
};
// Of 701 by 533: on blocks, off them, at the far edges, by each of libjpeg's fractions, by unequal ratios, enlarged.
constexpr Cut kCuts[] = {
    {{33, 57, 301, 299}, {301, 299}}, {{33, 57, 501, 399}, {150, 119}},   {{200, 1, 501, 532}, {250, 267}},
    {{0, 0, 701, 533}, {701, 533}},   {{0, 0, 701, 533}, {100, 76}},      {{0, 0, 701, 533}, {33, 25}},
    {{7, 11, 620, 500}, {600, 111}},  {{100, 100, 97, 75}, {291, 225}},   {{699, 531, 2, 2}, {2, 2}},
    {{350, 0, 1, 533}, {1, 400}},     {{256, 256, 256, 256}, {256, 256}}, {{512, 256, 189, 256}, {95, 128}},
    {{512, 256, 189, 277}, {24, 35}}, {{256, 0, 256, 256}, {64, 64}},     {{128, 384, 400, 149}, {50, 19}},
    {{0, 0, 701, 533}, {22, 16}},     {{3, 9, 690, 300}, {19, 8}},        {{100, 100, 500, 400}, {15, 12}},
    {{0, 0, 701, 533}, {10, 7}},      {{103, 9, 591, 489}, {8, 7}},
};

bool engine_takes(const std::string& path, const Job& job) {
    const iiif::source::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto engine = JpegFileEngine::open(fd.get(), described(path), job.region, job.size);
    return engine && engine->scaled(false, {}, nullptr).has_value();
}

std::string bytes_of(const std::string& path, const Job& job) {
    const auto bytes = try_render(path, described(path), job);
    ck_assert(bytes.has_value());
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

void write_settled(const std::string& path, const Picture& picture, const JpegOptions& options) {
    write_file(path, coded_jpeg(picture, options));
    settle(path);
}

START_TEST(pictures_are_exact) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    const Kind& kind = kKinds[_i];
    JpegOptions options = options_of(kind);
    const Picture picture = scene(701, 533, bands_of(options));
    options.restart = _i % 3 == 0 ? 0 : 5;
    options.restart_rows = _i % 3 == 2 ? 3 : 0;
    options.optimised = _i % 3 == 0;
    write_settled(path, picture, options);
    const Description description = described(path);
    const Picture full = rendered(path, long_way(description), whole(description));
    for (const auto& [region, size] : kCuts) {
        const Job job = part(region, size);
        ck_assert_msg(engine_takes(path, job), "%s declined", kind.name);
        const double quality = psnr(rendered(path, description, job), reference(full, region, size));
        // A viewer's tile is copied from its level, whose last pixel here stands for five of eight.
        const bool clipped = size.width == 24;
        ck_assert_msg(quality >= (clipped ? 35 : 40), "%s: %u,%u,%u,%u to %u,%u: %.1f dB", kind.name, region.x,
                      region.y, region.width, region.height, size.width, size.height, quality);
    }
}
END_TEST

// Large pictures keep less than an eighth: here as if this one were large.
START_TEST(large_pictures_are_exact) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    const Kind& kind = kKinds[_i];
    const JpegOptions options = options_of(kind);
    write_settled(path, scene(701, 533, bands_of(options)), options);
    const Description description = described(path);
    const Picture full = rendered(path, long_way(description), whole(description));
    for (const std::uint64_t pixels : {400U, 1500U}) {
        for (const auto& [region, size] : kCuts) {
            if (region.width < 8 * size.width || region.height < 8 * size.height) continue;
            keep_jpeg_files(kJpegFilesBytes, pixels);
            const double quality = psnr(rendered(path, description, part(region, size)), reference(full, region, size));
            ck_assert_msg(quality >= 40, "%s: %u,%u,%u,%u to %u,%u: %.1f dB", kind.name, region.x, region.y,
                          region.width, region.height, size.width, size.height, quality);
        }
    }
    keep_jpeg_files(kJpegFilesBytes);
}
END_TEST

// Where no chroma is made up, libjpeg has no choice: the same pixels, wherever a part begins and ends.
START_TEST(pixels_are_those_of_the_whole) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    std::mt19937 random(7);
    for (const auto colours : {JCS_YCbCr, JCS_GRAYSCALE}) {
        for (const int quality : {30, 100}) {
            JpegOptions options;
            options.colours = colours;
            options.across = options.down = 1;
            options.quality = quality;
            options.optimised = quality == 30;
            options.restart = quality == 30 ? 8 : colours == JCS_YCbCr ? 0 : 13;
            write_settled(path, scene(701, 533, bands_of(options)), options);
            const Description description = described(path);
            const Picture full = rendered(path, long_way(description), whole(description));
            for (int i = 0; i < 40; ++i) {
                Rect at{static_cast<std::uint32_t>(random() % 701), static_cast<std::uint32_t>(random() % 533), 0, 0};
                at.width = 1 + random() % std::min(701 - at.x, 150U);
                at.height = 1 + random() % std::min(533 - at.y, 150U);
                const Job job = part(at, {at.width, at.height});
                ck_assert(engine_takes(path, job));
                const Picture seen = rendered(path, description, job);
                for (std::uint32_t y = 0; y < at.height; ++y) {
                    const std::size_t row = std::size_t{at.width} * full.bands;
                    const auto* const here = &seen.pixels[y * row];
                    const auto* const there = &full.pixels[(std::size_t{at.y + y} * 701 + at.x) * full.bands];
                    ck_assert_msg(std::equal(here, here + row, there), "quality %d: %u,%u,%u,%u row %u", quality, at.x,
                                  at.y, at.width, at.height, y);
                }
            }
        }
    }
}
END_TEST

START_TEST(coded_as_by_the_long_way) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    for (const Kind& kind : kKinds) {
        const JpegOptions options = options_of(kind);
        write_settled(path, scene(701, 533, bands_of(options)), options);
        const Description description = described(path);
        const Picture full = rendered(path, long_way(description), whole(description));
        for (const int quality : {75, 90}) {
            for (std::size_t i = 0; i < std::size(kCuts); i += 2) {
                const auto& [region, size] = kCuts[i];
                Job job = part(region, size, Format::jpg);
                job.encode.jpeg_quality = quality;
                const Picture exact = reference(full, region, size);
                const double seen = psnr(rendered(path, description, job), exact);
                const double other = psnr(rendered(path, long_way(description), job), exact);
                ck_assert_msg(seen >= std::min(40.0, other - 0.5),
                              "%s, quality %d: %u,%u,%u,%u to %u,%u: %.1f dB, not %.1f", kind.name, quality, region.x,
                              region.y, region.width, region.height, size.width, size.height, seen, other);
            }
        }
    }
}
END_TEST

START_TEST(turned_pictures_keep_their_colours) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    for (int orientation = 1; orientation <= 8; ++orientation) {
        JpegOptions options;
        options.orientation = orientation;
        write_settled(path, scene(401, 333), options);
        ck_assert_int_eq(described(path).orientation, orientation);
        assert_turned_as_the_long_way(path, iiif::render::EncodeOptions().jpeg_quality, orientation);
    }
}
END_TEST

START_TEST(other_answers_take_the_same_pixels) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    write_settled(path, scene(701, 533), {});
    const Description description = described(path);
    const std::function<void(Job&)> changes[] = {
        [](Job& job) { job.quality = Quality::gray; },
        [](Job& job) { job.quality = Quality::color; },
        [](Job& job) { job.format = Format::webp; },
    };
    for (const auto& change : changes) {
        Job job = part({31, 57, 402, 399}, {131, 130}, Format::jpg);
        change(job);
        const double same = psnr(rendered(path, description, job), rendered(path, long_way(description), job));
        ck_assert_msg(same >= 35, "%.1f dB", same);
    }
}
END_TEST

// What lies beyond a region counts at its edges: neighbours are as one picture.
START_TEST(neighbours_join) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    JpegOptions options;
    options.colours = JCS_GRAYSCALE;
    options.across = options.down = 1;
    write_settled(path, scene(701, 533, 1), options);
    assert_neighbours_join(path);
}
END_TEST

// One ETag, one body: what was asked before, and what of it is still there, does not show.
START_TEST(what_is_kept_changes_no_byte) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    JpegOptions options;
    options.restart = _i == 1 ? 9 : 0;
    const std::uint64_t pixels = _i == 2 ? 400 : kKeptPixels;
    write_settled(path, scene(701, 533), options);
    const auto answer = [&](std::size_t which) {
        const auto& [region, size] = kCuts[which / 2];
        return bytes_of(path, part(region, size, which % 2 == 0 ? Format::jpg : Format::png));
    };
    std::vector<std::string> fresh;
    for (std::size_t i = 0; i < 2 * std::size(kCuts); ++i) {
        keep_jpeg_files(kJpegFilesBytes, pixels);
        fresh.push_back(answer(i));
    }
    for (const std::size_t room : {kJpegFilesBytes, std::size_t{0}}) {
        keep_jpeg_files(room, pixels);
        for (std::size_t i = 0; i < 2 * fresh.size(); ++i) {
            const std::size_t which = i * 7 % fresh.size();
            ck_assert_msg(answer(which) == fresh[which], "cut %zu, %zu bytes", which, room);
        }
        ck_assert(room == 0 ? jpeg_files().memory() == 0 : jpeg_files().memory() > 10000);
    }
    keep_jpeg_files(kJpegFilesBytes);
}
END_TEST

TCase* jpeg_file_case() {
    TCase* tests = started_case("jpeg_file");
    tcase_add_loop_test(tests, pictures_are_exact, 0, static_cast<int>(std::size(kKinds)));
    tcase_add_loop_test(tests, large_pictures_are_exact, 0, static_cast<int>(std::size(kKinds)));
    tcase_add_test(tests, pixels_are_those_of_the_whole);
    tcase_add_test(tests, coded_as_by_the_long_way);
    tcase_add_test(tests, turned_pictures_keep_their_colours);
    tcase_add_test(tests, other_answers_take_the_same_pixels);
    tcase_add_test(tests, neighbours_join);
    tcase_add_loop_test(tests, what_is_kept_changes_no_byte, 0, 3);
    return tests;
}
const iiif::test::Register _(jpeg_file_case);

}  // namespace
