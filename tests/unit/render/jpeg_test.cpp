// SPDX-License-Identifier: Apache-2.0
// The short way for JPEG tiles gives the picture that the long way gives.
#include <algorithm>
#include <functional>

#include "render/jpeg_support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Extent;
using iiif::protocol::Format;
using iiif::protocol::Quality;
using iiif::protocol::Rect;
using iiif::source::Description;

struct Cut {
    Rect region;
    Extent size;
};
// Of 701 by 533: on tiles, off them, at the far edges, reduced by little and by much, by unequal ratios, enlarged.
constexpr Cut kCuts[] = {
    {{0, 0, 701, 533}, {701, 533}},   {{128, 256, 128, 128}, {128, 128}}, {{640, 512, 61, 21}, {61, 21}},
    {{33, 57, 301, 299}, {301, 299}}, {{33, 57, 501, 399}, {150, 119}},   {{200, 1, 501, 532}, {250, 267}},
    {{0, 0, 701, 533}, {100, 76}},    {{0, 0, 701, 533}, {33, 25}},       {{7, 11, 620, 500}, {600, 111}},
    {{100, 100, 97, 75}, {291, 225}}, {{699, 531, 2, 2}, {2, 2}},         {{350, 0, 1, 533}, {1, 400}},
};

START_TEST(pictures_are_exact) {
    const Folder folder;
    for (const Kind& kind : kKinds) {
        for (const std::uint32_t tile : {0U, 128U}) {
            const std::string path = folder.path("a.tif");
            write_tiff(path, options_of(kind, tile), scene(701, 533, kind.samples));
            const Description description = described(path);
            const Picture full = rendered(path, long_way(description), whole(description));
            for (const auto& [region, size] : kCuts) {
                ck_assert_msg(taken(path, description, region, size), "%s declined", kind.name);
                const Picture seen = rendered(path, description, part(region, size));
                const double quality = psnr(seen, reference(full, region, size));
                ck_assert_msg(quality >= 40, "%s, tile %u: %u,%u,%u,%u to %u,%u: %.1f dB", kind.name, tile, region.x,
                              region.y, region.width, region.height, size.width, size.height, quality);
            }
        }
    }
}
END_TEST

START_TEST(coded_as_by_the_long_way) {
    const Folder folder;
    for (const Kind& kind : kKinds) {
        const std::string path = folder.path("a.tif");
        write_tiff(path, options_of(kind, 128), scene(701, 533, kind.samples));
        const Description description = described(path);
        const Picture full = rendered(path, long_way(description), whole(description));
        for (const int quality : {75, 90}) {
            for (const auto& [region, size] : kCuts) {
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
    for (std::uint16_t orientation = 1; orientation <= 8; ++orientation) {
        TiffOptions options = options_of(kKinds[0], 128);
        options.orientation = orientation;
        const std::string path = folder.path("a.tif");
        write_tiff(path, options, scene(401, 333));
        for (const int quality : {89, 98}) assert_turned_as_the_long_way(path, quality, orientation);
    }
}
END_TEST

START_TEST(other_answers_take_the_same_pixels) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    write_tiff(path, options_of(kKinds[0], 128), scene(701, 533));
    const Description description = described(path);
    const std::function<void(Job&)> changes[] = {
        [](Job& job) { job.quality = Quality::gray; },       [](Job& job) { job.quality = Quality::color; },
        [](Job& job) { job.rotation = rotation(33); },       [](Job& job) { job.format = Format::webp; },
        [](Job& job) { job.rotation = rotation(90, true); },
    };
    for (const Format format : {Format::png, Format::jpg}) {
        for (const auto& change : changes) {
            Job job = part({31, 57, 402, 399}, {131, 130}, format);
            change(job);
            const double same = psnr(rendered(path, description, job), rendered(path, long_way(description), job));
            ck_assert_msg(same >= 35, "%.1f dB", same);
        }
    }
}
END_TEST

START_TEST(levels_show_what_the_whole_shows) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    const Picture full = scene(1501, 1101);
    write_with_vips(full, path + "[tile,pyramid,compression=jpeg,Q=95,tile-width=128,tile-height=128]");
    const Description description = described(path);
    ck_assert_uint_ge(description.levels.size(), 4);
    const Cut cuts[] = {
        {{0, 0, 1501, 1101}, {375, 275}},     {{0, 0, 1501, 1101}, {200, 147}},     {{33, 57, 1000, 1000}, {300, 300}},
        {{501, 101, 1000, 1000}, {499, 500}}, {{501, 101, 1000, 1000}, {251, 249}}, {{512, 512, 256, 256}, {128, 128}},
        {{1, 1, 1400, 1000}, {140, 100}},     {{1024, 512, 477, 589}, {239, 295}},
    };
    for (const auto& [region, size] : cuts) {
        ck_assert(taken(path, description, region, size));
        const Picture exact = reference(full, region, size);
        const double seen = psnr(rendered(path, description, part(region, size)), exact);
        const double other = psnr(rendered(path, long_way(description), part(region, size)), exact);
        ck_assert_msg(seen >= 42 && seen >= other - 3, "%u,%u,%u,%u to %u,%u: %.1f dB, not %.1f", region.x, region.y,
                      region.width, region.height, size.width, size.height, seen, other);
    }
}
END_TEST

TCase* jpeg_case() {
    TCase* tests = started_case("jpeg");
    tcase_add_test(tests, pictures_are_exact);
    tcase_add_test(tests, coded_as_by_the_long_way);
    tcase_add_test(tests, turned_pictures_keep_their_colours);
    tcase_add_test(tests, other_answers_take_the_same_pixels);
    tcase_add_test(tests, levels_show_what_the_whole_shows);
    return tests;
}
const iiif::test::Register _(jpeg_case);

}  // namespace
