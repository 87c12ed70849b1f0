// SPDX-License-Identifier: Apache-2.0
// JPEG 2000 in planes: pictures where they belong, and the same bytes whatever is kept.
#include "render/jp2_engine.h"

#include <fcntl.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "render/jp2.h"
#include "render/jp2_codestream.h"
#include "render/jp2_store.h"
#include "render/jp2_write.h"
#include "render/jpeg_support.h"
#include "source/root.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Extent;
using iiif::protocol::Format;
using iiif::protocol::Quality;
using iiif::protocol::Rect;
using iiif::source::Description;

constexpr const char* kLossless = "[lossless,tile-width=256,tile-height=256]";

iiif::source::UniqueFd opened(const std::string& path) {
    iiif::source::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ck_assert(static_cast<bool>(fd));
    return fd;
}

void write_settled(const Picture& picture, const std::string& path, const std::string& options,
                   VipsInterpretation interpretation = VIPS_INTERPRETATION_sRGB) {
    write_with_vips(picture, path + options, interpretation);
    settle(path);
}

bool engine_takes(const std::string& path, const Job& job) {
    const auto fd = opened(path);
    std::string detail;
    const auto scaled = scaled_jp2(fd.get(), described(path), job.region, job.size, nullptr, detail);
    return scaled.has_value() && scaled->has_value();
}

std::string bytes_of(const std::string& path, const Job& job) {
    const auto fd = opened(path);
    std::string detail;
    const auto bytes = render(fd.get(), 1, described(path), job, nullptr, detail);
    ck_assert_msg(bytes.has_value(), "%s", detail.c_str());
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

struct Cut {
    Rect region;
    Extent size;
};
// Of 701 by 533: off the grid and on it, at the edges, at each resolution, by unequal ratios, not scaled, enlarged.
constexpr Cut kCuts[] = {
    {{33, 57, 301, 299}, {301, 299}}, {{33, 57, 501, 399}, {149, 119}},   {{201, 1, 500, 532}, {249, 265}},
    {{0, 0, 701, 533}, {100, 76}},    {{0, 0, 701, 533}, {300, 228}},     {{7, 11, 620, 500}, {600, 111}},
    {{101, 99, 97, 75}, {291, 225}},  {{255, 255, 258, 259}, {100, 101}}, {{699, 531, 2, 2}, {2, 2}},
    {{301, 203, 400, 330}, {97, 80}}, {{511, 0, 190, 533}, {41, 119}},    {{64, 64, 256, 256}, {256, 256}},
};

// A level of wavelets lies off the grid of whole blocks by up to half of its pixel: whoever overlooks that has 30 dB.
void check_pictures(const std::string& path, const Picture& full, double least) {
    for (const auto& [region, size] : kCuts) {
        const Rect inside = {region.x, region.y, std::min(region.width, full.width - region.x),
                             std::min(region.height, full.height - region.y)};
        const Job job = part(inside, size);
        ck_assert(engine_takes(path, job));
        const double quality = psnr(rendered(path, described(path), job), reference(full, inside, size));
        ck_assert_msg(quality >= least, "%u,%u,%u,%u to %u,%u: %.1f dB", inside.x, inside.y, inside.width,
                      inside.height, size.width, size.height, quality);
    }
}

START_TEST(pictures_are_exact) {
    const Folder folder;
    for (const std::uint32_t bands : {1U, 3U}) {
        const Picture full = scene(701, 533, bands);
        const std::string path = folder.path("a.jp2");
        write_settled(full, path, kLossless, bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
        check_pictures(path, full, 40);
    }
}
END_TEST

// The image need not begin at the origin of the reference grid, on which the samples of each level lie.
START_TEST(images_off_the_origin) {
    const Folder folder;
    const std::string path = folder.path("a.jp2");
    const Picture all = scene(2 * 731, 2 * 555);
    write_settled(all, path, "[lossless,tile-width=731,tile-height=555]");
    std::string bytes;
    {
        const std::string file = read_file(path);
        const auto fd = opened(path);
        const Codestream stream = Codestream::read(fd.get(), file.size());
        ck_assert(stream.indexed());
        for (const Piece& piece : stream.tile(1, 1)) {
            if (piece.bytes.empty()) {
                bytes += file.substr(piece.offset, piece.length);
            } else {
                bytes.append(piece.bytes.begin(), piece.bytes.end());
            }
        }
    }
    const std::string cut = folder.path("cut.jp2");
    write_file(cut, bytes);
    settle(cut);
    Picture full{731, 555, 3, {}};
    for (std::uint32_t y = 0; y < full.height; ++y) {
        const auto row = all.pixels.begin() + static_cast<std::ptrdiff_t>((std::size_t{y + 555} * all.width + 731) * 3);
        full.pixels.insert(full.pixels.end(), row, row + std::ptrdiff_t{731} * 3);
    }
    check_pictures(cut, full, 40);
}
END_TEST

// What lies beyond a region counts at its edges: neighbours are as one picture, although colours change where they
// meet.
START_TEST(neighbours_join) {
    const Folder folder;
    const std::string path = folder.path("a.jp2");
    write_settled(squares(701, 533), path, kLossless);
    assert_neighbours_join(path);
}
END_TEST

START_TEST(coded_as_by_the_long_way) {
    const Folder folder;
    const Picture full = scene(701, 533);
    const std::string path = folder.path("a.jp2");
    write_settled(full, path, kLossless);
    for (const int quality : {75, 90}) {
        for (const bool mirror : {false, true}) {
            for (const std::uint64_t degrees : {0U, 90U, 180U, 270U}) {
                Job job = part({33, 57, 501, 399}, {151, 119}, Format::jpg);
                job.encode.jpeg_quality = quality;
                job.rotation = rotation(degrees, mirror);
                const Picture seen = rendered(path, described(path), job);
                const double same = psnr(seen, rendered(path, long_way(described(path)), job));
                ck_assert_msg(same >= 34, "quality %d, %lu degrees: %.1f dB", quality, degrees, same);
            }
        }
    }
    Job job = part({33, 57, 501, 399}, {151, 119});
    for (const Quality quality : {Quality::gray, Quality::color}) {
        job.quality = quality;
        const double same = psnr(rendered(path, described(path), job), rendered(path, long_way(described(path)), job));
        ck_assert_msg(same >= 36, "%.1f dB", same);
    }
}
END_TEST

// One ETag, one body: what was asked before, and what of it is still there, does not show.
START_TEST(kept_pixels_change_no_byte) {
    const Folder folder;
    const Picture full = scene(701, 533);
    for (const std::uint32_t tile : {256U, 1024U}) {
        const std::string path = folder.path("a.jp2");
        write_subsampled_jp2(full, path, tile, tile);
        settle(path);
        keep_jp2(0);
        std::vector<std::string> fresh;
        for (const auto& [region, size] : kCuts) fresh.push_back(bytes_of(path, part(region, size, Format::jpg)));
        for (const std::size_t room : {kJp2StoreBytes, std::size_t{300} << 10U}) {
            keep_jp2(room);
            for (std::size_t i = 0; i < 3 * fresh.size(); ++i) {
                const std::size_t which = i * 5 % fresh.size();
                const auto& [region, size] = kCuts[which];
                ck_assert_msg(bytes_of(path, part(region, size, Format::jpg)) == fresh[which],
                              "tiles of %u: cut %zu, %zu bytes", tile, which, room);
            }
            ck_assert_uint_gt(jp2_store().memory(), 100000);
        }
        keep_jp2(kJp2StoreBytes);
    }
}
END_TEST

START_TEST(the_unusual_is_declined) {
    const Folder folder;
    const std::string path = folder.path("a.jp2");
    const Job job = part({33, 57, 301, 299}, {149, 119});
    for (const std::uint32_t bands : {2U, 4U}) {
        write_settled(squares(701, 533, bands), path, kLossless,
                      bands == 2 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
        ck_assert(!engine_takes(path, job));
        ck_assert_uint_eq(rendered(path, described(path), job).bands, bands);
    }
    // Kept under the wrong description: the pixels have the last word.
    Description description = described(path);
    description.alpha = false;
    const auto fd = opened(path);
    std::string detail;
    for (int round = 0; round < 2; ++round) {
        const auto scaled = scaled_jp2(fd.get(), description, job.region, job.size, nullptr, detail);
        ck_assert(scaled.has_value() && !scaled->has_value());
    }
}
END_TEST

START_TEST(given_up_and_damaged) {
    const Folder folder;
    const std::string path = folder.path("a.jp2");
    write_settled(scene(701, 533), path, kLossless);
    const Description description = described(path);
    const Job job = part({33, 57, 501, 399}, {149, 119}, Format::jpg);
    std::string detail;
    {
        const auto fd = opened(path);
        const auto answer = scaled_jp2(
            fd.get(), description, job.region, job.size, [] { return true; }, detail);
        ck_assert(!answer.has_value());
        ck_assert_int_eq(answer.error().status, 503);
    }
    const std::string good = read_file(path);
    write_file(path, good.substr(0, good.size() / 2));
    const auto fd = opened(path);
    const auto answer = scaled_jp2(fd.get(), description, job.region, job.size, nullptr, detail);
    ck_assert(!answer.has_value());
    ck_assert_int_eq(answer.error().status, 500);
}
END_TEST

TCase* jp2_engine_case() {
    TCase* tests = started_case("jp2_engine");
    tcase_add_test(tests, pictures_are_exact);
    tcase_add_test(tests, images_off_the_origin);
    tcase_add_test(tests, neighbours_join);
    tcase_add_test(tests, coded_as_by_the_long_way);
    tcase_add_test(tests, kept_pixels_change_no_byte);
    tcase_add_test(tests, the_unusual_is_declined);
    tcase_add_test(tests, given_up_and_damaged);
    return tests;
}
const iiif::test::Register _(jp2_engine_case);

}  // namespace
