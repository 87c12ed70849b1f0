// SPDX-License-Identifier: Apache-2.0
// What of plain JPEG files is kept, and what is left to the long way.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "render/jpeg_file.h"
#include "render/jpeg_file_engine.h"
#include "render/jpeg_part.h"
#include "render/jpeg_support.h"
#include "render/jpeg_walk.h"
#include "render/jpeg_write.h"
#include "source/root.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Format;
using iiif::source::Description;
using iiif::source::UniqueFd;

UniqueFd opened(const std::string& path) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ck_assert(static_cast<bool>(fd));
    return fd;
}

bool engine_takes(const std::string& path, const Description& description, const Job& job) {
    const UniqueFd fd = opened(path);
    auto engine = JpegFileEngine::open(fd.get(), description, job.region, job.size);
    return engine && engine->scaled(false, {}, nullptr).has_value();
}

START_TEST(what_is_unusual_is_declined) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    const struct {
        const char* name;
        std::function<void(JpegOptions&)> change;
        bool taken;
    } kCases[] = {
        {"usual", [](JpegOptions&) {}, true},
        {"a restart for each row", [](JpegOptions& o) { o.restart_rows = 1; }, true},
        {"restarts within rows", [](JpegOptions& o) { o.restart = 3; }, true},
        {"progressive", [](JpegOptions& o) { o.progressive = true; }, false},
        {"arithmetic", [](JpegOptions& o) { o.arithmetic = true; }, false},
        {"scan by scan", [](JpegOptions& o) { o.separate = true; }, false},
        {"four to one", [](JpegOptions& o) { o.across = 4, o.down = 1; }, false},
        {"RGB in fours", [](JpegOptions& o) { o.colours = JCS_RGB; }, false},
        {"CMYK", [](JpegOptions& o) { o.colours = JCS_CMYK, o.across = o.down = 1; }, false},
    };
    for (const auto& [name, change, expected] : kCases) {
        JpegOptions options;
        change(options);
        const Picture picture = options.colours == JCS_CMYK ? squares(300, 200, 4) : scene(300, 200);
        write_file(path, coded_jpeg(picture, options));
        const Description description = described(path);
        const Job job = part({10, 10, 250, 150}, {120, 70}, Format::jpg);
        ck_assert_msg(engine_takes(path, description, job) == expected, "%s", name);
        ck_assert_msg(try_render(path, description, job).has_value(), "%s", name);
    }
}
END_TEST

START_TEST(profiles_go_along) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    void* bytes = nullptr;
    std::size_t length = 0;
    VipsBlob* blob = nullptr;
    ck_assert_int_eq(vips_profile_load("p3", &blob, nullptr), 0);
    bytes = const_cast<void*>(vips_blob_get(blob, &length));
    JpegOptions options;
    options.profile.assign(static_cast<const char*>(bytes), length);
    vips_area_unref(VIPS_AREA(blob));
    write_file(path, coded_jpeg(scene(300, 200), options));
    const Description description = described(path);
    ck_assert_uint_gt(description.profile_length, 0);
    Job job = part({10, 10, 250, 150}, {120, 70}, Format::jpg);
    ck_assert(engine_takes(path, description, job));
    const double same = psnr(rendered(path, description, job), rendered(path, long_way(description), job));
    ck_assert_msg(same >= 35, "%.1f dB", same);
    job.encode.icc = Profile::embed;
    const auto kept = try_render(path, description, job);
    ck_assert(kept.has_value());
    const std::string answer(reinterpret_cast<const char*>(kept->data()), kept->size());
    ck_assert(answer.find(options.profile) != std::string::npos);
}
END_TEST

START_TEST(the_store_is_bounded) {
    const Folder folder;
    keep_jpeg_files(std::size_t{100} << 10U);
    const std::string bytes = coded_jpeg(scene(300, 200), {});
    for (int i = 0; i < 20; ++i) {
        const std::string path = folder.path(std::to_string(i) + ".jpg");
        write_file(path, bytes);
        settle(path);
        const UniqueFd fd = opened(path);
        const auto file = jpeg_files().get(fd.get());
        ck_assert(file != nullptr && jpeg_files().get(fd.get()) == file);
        ck_assert_uint_gt(file->memory(), 10000);
        ck_assert_uint_le(jpeg_files().memory(), 100U << 10U);
    }
    ck_assert_uint_gt(jpeg_files().memory(), 50U << 10U);
    const UniqueFd first = opened(folder.path("0.jpg"));
    ck_assert_uint_eq(jpeg_files().get(first.get())->known, 0);
    keep_jpeg_files(kJpegFilesBytes);
    // What changed just now may change again.
    const std::string path = folder.path("now.jpg");
    write_file(path, bytes);
    const UniqueFd fd = opened(path);
    ck_assert(jpeg_files().get(fd.get()) != jpeg_files().get(fd.get()));
    ck_assert_uint_eq(jpeg_files().memory(), 0);
}
END_TEST

START_TEST(it_grows_as_it_is_needed) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    write_file(path, coded_jpeg(scene(701, 533), {}));
    settle(path);
    const UniqueFd fd = opened(path);
    const auto file = jpeg_files().get(fd.get());
    ck_assert(walk(fd.get(), *file, 3, nullptr));
    ck_assert_uint_eq(file->known, 3);
    const auto before = file->points;
    ck_assert(walk(fd.get(), *file, 99, nullptr));
    ck_assert_uint_eq(file->known, 34);
    ck_assert_uint_eq(file->points.size(), std::size_t{34} * file->stops);
    // At once, or in pieces.
    const auto other = read_jpeg_file(fd.get(), file->key);
    ck_assert(walk(fd.get(), *other, 34, nullptr));
    for (std::size_t i = 0; i < file->points.size(); ++i) {
        ck_assert_uint_eq(file->points[i].bit, other->points[i].bit);
        ck_assert(file->points[i].dc == other->points[i].dc);
        if (i < before.size()) ck_assert_uint_eq(file->points[i].bit, before[i].bit);
    }
    // The whole as a part of itself: every code as it was.
    const std::string whole = part_of_jpeg(fd.get(), *file, {0, 34, 0, file->stops - 1});
    ck_assert(read_file(path).substr(file->data) == whole.substr(file->tables.size()));
}
END_TEST

START_TEST(damage_is_left_to_the_long_way) {
    const Folder folder;
    const std::string path = folder.path("bad.jpg");
    std::uint32_t seed = 1;
    const auto random = [&] { return seed = seed * 1664525 + 1013904223, seed >> 8U; };
    int answered = 0;
    int declined = 0;
    for (int round = 0; round < 300; ++round) {
        JpegOptions options;
        options.restart_rows = round % 3 == 0 ? 1 : 0;
        options.restart = round % 3 == 1 ? 7 : 0;
        options.optimised = round % 4 == 0;
        static std::array<std::string, 12> files;
        std::string& good = files.at(static_cast<std::size_t>(round) % files.size());
        if (good.empty()) good = coded_jpeg(scene(301, 203), options);
        std::string bad = good;
        for (int i = 0; i < 1 + round % 3; ++i) {
            bad[2 + random() % (round % 2 == 0 ? 700 : bad.size() - 2)] = static_cast<char>(random());
        }
        if (round % 7 == 0) bad.resize(random() % bad.size());
        write_file(path, bad);
        const auto found = try_describe(path);
        if (!found) continue;
        const std::uint32_t height = std::min(found->extent().height, 203U);
        const std::uint32_t width = std::min(found->extent().width, 301U);
        const std::uint32_t top = random() % height;
        const std::uint32_t left = random() % width;
        const std::uint32_t shrink = 1U << random() % 4;
        Job job = part({left, top, width - left, height - top},
                       {(width - left - 1) / shrink + 1, (height - top - 1) / shrink + 1}, Format::jpg);
        ++(engine_takes(path, *found, job) ? answered : declined);
        const auto seen = try_render(path, *found, job);
        const auto other = try_render(path, long_way(*found), job);
        // Either way may notice what the other does not; what is refused is refused in the same words.
        if (!seen) ck_assert(!other && seen.error().sentence == other.error().sentence);
    }
    ck_assert_int_gt(answered, 50);
    ck_assert_int_gt(declined, 50);
}
END_TEST

// A file that lost its end, or became another, under the index of what it was.
START_TEST(what_changes_is_no_danger) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    const std::string good = coded_jpeg(scene(701, 533), {});
    write_file(path, good);
    settle(path);
    const Description description = described(path);
    const UniqueFd fd = opened(path);
    const auto file = jpeg_files().get(fd.get());
    ck_assert(walk(fd.get(), *file, 34, nullptr));
    const PartOfScan whole{0, 34, 0, file->stops - 1};
    ck_assert(!part_of_jpeg(fd.get(), *file, whole).empty());
    std::filesystem::resize_file(path, good.size() / 2);
    ck_assert(part_of_jpeg(fd.get(), *file, whole).empty());
    ck_assert(!part_of_jpeg(fd.get(), *file, {0, 3, 1, 3}).empty());
    ck_assert(!walk(fd.get(), *read_jpeg_file(fd.get(), file->key), 34, nullptr));
    auto key = file->key;
    key.size = good.size() / 2;
    const auto fresh = read_jpeg_file(fd.get(), key);
    ck_assert(!walk(fd.get(), *fresh, 34, nullptr));
    ck_assert_uint_gt(fresh->known, 3);
    ck_assert_uint_lt(fresh->known, 30);
    ck_assert_uint_eq(fresh->points.size(), std::size_t{fresh->known} * fresh->stops);
    std::uint32_t seed = 1;
    for (int round = 0; round < 20; ++round) {
        std::string other = good;
        for (std::size_t i = file->data; i < other.size(); ++i) {
            seed = seed * 1664525 + 1013904223;
            other[i] = static_cast<char>(seed >> 24U | (round % 2 == 0 ? 0 : 0xF0));
        }
        write_file(path, other);
        ck_assert_uint_le(part_of_jpeg(fd.get(), *file, {0, 34, 1, 5}).size(), 2 * good.size());
        const auto answer = try_render(path, description, part({30, 30, 300, 300}, {100, 100}));
        ck_assert(answer.has_value() || answer.error().status == 500);
    }
}
END_TEST

START_TEST(giving_up_is_heard) {
    const Folder folder;
    const std::string path = folder.path("a.jpg");
    write_file(path, coded_jpeg(scene(1501, 1401), {}));
    const Description description = described(path);
    for (const int patience : {0, 1, 2}) {
        int asked = 0;
        const auto answer =
            try_render(path, description, whole(description, Format::jpg), 1, [&] { return asked++ >= patience; });
        ck_assert(!answer.has_value());
        ck_assert_int_eq(answer.error().status, 503);
    }
}
END_TEST

TCase* jpeg_file_declined_case() {
    TCase* tests = started_case("jpeg_file_declined");
    tcase_add_test(tests, what_is_unusual_is_declined);
    tcase_add_test(tests, profiles_go_along);
    tcase_add_test(tests, the_store_is_bounded);
    tcase_add_test(tests, it_grows_as_it_is_needed);
    tcase_add_test(tests, damage_is_left_to_the_long_way);
    tcase_add_test(tests, what_changes_is_no_danger);
    tcase_add_test(tests, giving_up_is_heard);
    return tests;
}
const iiif::test::Register _(jpeg_file_declined_case);

}  // namespace
