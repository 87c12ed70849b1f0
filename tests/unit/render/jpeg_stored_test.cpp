// SPDX-License-Identifier: Apache-2.0
// Stored tiles are answered without a second loss, and profiles that say nothing are no reason to convert.
#include <algorithm>

#include "render/jpeg_support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Extent;
using iiif::protocol::Format;
using iiif::protocol::Quality;
using iiif::protocol::Rect;
using iiif::source::Description;

std::string profile(const char* name) {
    VipsBlob* blob = nullptr;
    ck_assert_int_eq(vips_profile_load(name, &blob, nullptr), 0);
    std::size_t length = 0;
    const auto* bytes = static_cast<const char*>(vips_blob_get(blob, &length));
    std::string copy(bytes, length);
    vips_area_unref(VIPS_AREA(blob));
    return copy;
}

// Coded anew at this quality, a picture would show it.
Job poor(Rect region, Extent size) {
    Job job = part(region, size, Format::jpg);
    job.encode.jpeg_quality = 10;
    return job;
}

double against_pixels(const std::string& path, const Description& description, Job job) {
    const Picture seen = rendered(path, description, job);
    job.format = Format::png;
    return psnr(seen, rendered(path, long_way(description), job));
}

START_TEST(stored_tiles_are_not_coded_again) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    for (const Kind& kind : kKinds) {
        write_tiff(path, options_of(kind, 128), scene(701, 533, kind.samples));
        const Description description = described(path);
        for (const Rect region : {Rect{128, 256, 128, 128}, {640, 0, 61, 128}, {0, 512, 128, 21}, {640, 512, 61, 21}}) {
            const bool cut = region.width != 128 || region.height != 128;
            Job job = poor(region, {region.width, region.height});
            // Decoders interpolate chroma, which at a cut ends a pixel earlier.
            const double same = against_pixels(path, description, job);
            ck_assert_msg(same >= (cut ? 42 : 50), "%s %u,%u: %.1f dB", kind.name, region.x, region.y, same);
            // One pixel less is another picture.
            job.size.width = --job.region.width;
            ck_assert_double_lt(against_pixels(path, description, job), 38);
        }
    }
}
END_TEST

START_TEST(stored_tiles_are_turned_as_they_are) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    for (const Kind& kind : kKinds) {
        write_tiff(path, options_of(kind, 128), scene(401, 333, kind.samples));
        const Description description = described(path);
        for (const bool mirror : {false, true}) {
            for (const std::uint64_t degrees : {0U, 90U, 180U, 270U}) {
                Job job = poor({128, 128, 128, 128}, {128, 128});
                job.rotation = rotation(degrees, mirror);
                const double same = against_pixels(path, description, job);
                ck_assert_msg(same >= 45, "%s, %lu degrees: %.1f dB", kind.name, degrees, same);
                // Cut at 17 by 77 pixels: only where no turn brings the cut to the near side.
                job = part({384, 256, 17, 77}, {17, 77}, Format::jpg);
                job.rotation = rotation(degrees, mirror);
                job.encode.jpeg_quality = 98;
                const double part = against_pixels(path, description, job);
                ck_assert_msg(part >= 36, "%s, part, %lu degrees: %.1f dB", kind.name, degrees, part);
            }
        }
    }
}
END_TEST

START_TEST(only_the_stored_size_and_colours) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    write_tiff(path, options_of(kKinds[0], 128), scene(401, 333));
    const Description description = described(path);
    Job job = poor({128, 128, 128, 128}, {127, 127});
    ck_assert_double_lt(against_pixels(path, description, job), 38);
    job = poor({127, 128, 128, 128}, {128, 128});
    ck_assert_double_lt(against_pixels(path, description, job), 38);
    job = poor({128, 128, 128, 128}, {128, 128});
    job.quality = Quality::gray;
    ck_assert_uint_eq(rendered(path, description, job).bands, 1);
}
END_TEST

bool holds(const std::vector<std::byte>& bytes, const std::string& text) {
    const auto* from = reinterpret_cast<const char*>(bytes.data());
    return std::search(from, from + bytes.size(), text.begin(), text.end()) != from + bytes.size();
}

START_TEST(profiles_travel_with_tiles) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    for (const char* name : {"srgb", "p3"}) {
        TiffOptions options = options_of(kKinds[0], 128);
        options.profile = profile(name);
        write_tiff(path, options, scene(401, 333));
        const Description description = described(path);
        for (const Rect region : {Rect{128, 128, 128, 128}, {5, 7, 300, 300}}) {
            Job job = part(region, {128, 128}, Format::jpg);
            job.encode.icc = Profile::embed;
            const auto kept = try_render(path, description, job);
            // A stored tile takes it along if it changes anything.
            const bool travels = region.x % 128 != 0 || options.profile != profile("srgb");
            ck_assert(kept.has_value());
            ck_assert_int_eq(holds(*kept, options.profile), travels);
            ck_assert_uint_eq(decoded(*kept, Format::jpg).width, 128);
            job.encode.icc = Profile::srgb;
            const auto converted = try_render(path, description, job);
            ck_assert(converted.has_value() && !holds(*converted, options.profile.substr(0, 100)));
            const Picture seen = decoded(*converted, Format::jpg);
            ck_assert_double_ge(psnr(seen, rendered(path, long_way(description), job)), 36);
        }
    }
}
END_TEST

TCase* jpeg_stored_case() {
    TCase* tests = started_case("jpeg_stored");
    tcase_add_test(tests, stored_tiles_are_not_coded_again);
    tcase_add_test(tests, stored_tiles_are_turned_as_they_are);
    tcase_add_test(tests, only_the_stored_size_and_colours);
    tcase_add_test(tests, profiles_travel_with_tiles);
    return tests;
}
const iiif::test::Register _(jpeg_stored_case);

}  // namespace
