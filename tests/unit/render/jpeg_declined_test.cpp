// SPDX-License-Identifier: Apache-2.0
// What the short way for JPEG tiles keeps, and what it leaves to the long way.
#include <algorithm>
#include <functional>

#include "render/jpeg_support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Format;
using iiif::source::Description;

START_TEST(tiles_are_kept_for_their_file_only) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    Picture picture = scene(401, 333);
    for (int round = 0; round < 2; ++round) {
        write_tiff(path, options_of(kKinds[0], 128), picture);
        const Description description = described(path);
        const Job job = part({0, 0, 401, 333}, {100, 83});
        const auto first = try_render(path, description, job);
        const auto second = try_render(path, description, job);
        ck_assert(first.has_value() && second.has_value() && *first == *second);
        ck_assert_double_ge(psnr(decoded(*first, Format::png), rendered(path, long_way(description), job)), 35);
        for (auto& value : picture.pixels) value = static_cast<std::uint8_t>(255 - value);
    }
}
END_TEST

START_TEST(the_store_is_bounded) {
    TileStore store(10000, 3);
    const auto tile = [](std::uint32_t side) {
        auto made = std::make_shared<DecodedTile>();
        made->planes.extent = {side, side};
        made->planes.plane[0] = Plane({side, side});
        return made;
    };
    const auto key = [](std::uint32_t index) { return TileKey{{1, 2, 3, 4}, 8, index, 1}; };
    for (std::uint32_t i = 0; i < 3; ++i) store.keep(key(i), tile(8));
    ck_assert(store.find(key(0)) != nullptr);
    store.keep(key(3), tile(8));
    ck_assert(store.find(key(1)) == nullptr);  // the one that was not asked for
    ck_assert(store.find(key(0)) != nullptr && store.find(key(3)) != nullptr);
    auto other = key(0);
    other.file.mtime_ns = 5;
    ck_assert(store.find(other) == nullptr);
    store.keep(key(9), tile(64));  // 4096 of 10000 bytes
    ck_assert(store.find(key(9)) == nullptr);
    for (std::uint32_t i = 20; i < 40; ++i) store.keep(key(i), tile(24));
    ck_assert_uint_le(store.bytes(), 10000);
}
END_TEST

START_TEST(what_is_unusual_is_declined) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    const Picture picture = scene(300, 200);
    const struct {
        const char* name;
        std::function<void(TiffOptions&)> change;
        bool taken;
    } kCases[] = {
        {"usual", [](TiffOptions&) {}, true},
        {"LZW",
         [](TiffOptions& o) {
             o.compression = COMPRESSION_LZW;
             o.photometric = PHOTOMETRIC_RGB;
         },
         false},
        {"planes apart",
         [](TiffOptions& o) {
             o.separate = true;
             o.photometric = PHOTOMETRIC_RGB;
         },
         false},
        {"strips of 24 rows",
         [](TiffOptions& o) {
             o.tile = 0;
             o.rows = 24;
             o.photometric = PHOTOMETRIC_RGB;
         },
         false},
        {"one strip",
         [](TiffOptions& o) {
             o.tile = 0;
             o.rows = 200;
         },
         true},
        {"four to one",
         [](TiffOptions& o) {
             o.across = 4;
             o.down = 1;
         },
         false},
        {"CIELAB", [](TiffOptions& o) { o.photometric = PHOTOMETRIC_CIELAB; }, false},
    };
    for (const auto& [name, change, expected] : kCases) {
        TiffOptions options = options_of(kKinds[0], 64);
        change(options);
        write_tiff(path, options, picture);
        const Description description = described(path);
        ck_assert_msg(taken(path, description, {0, 0, 300, 200}, {300, 200}) == expected, "%s", name);
        ck_assert_msg(try_render(path, description, whole(description, Format::jpg)).has_value(), "%s", name);
    }
}
END_TEST

// Every stream in the file that starts with SOI, the tables' included.
std::vector<std::size_t> streams(const std::string& bytes) {
    std::vector<std::size_t> found;
    for (std::size_t at = bytes.find("\xFF\xD8\xFF"); at != std::string::npos;
         at = bytes.find("\xFF\xD8\xFF", at + 1)) {
        found.push_back(at);
    }
    return found;
}

START_TEST(damage_is_left_to_the_long_way) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    write_tiff(path, options_of(kKinds[0], 64), scene(300, 200));
    const Description description = described(path);
    const std::string good = read_file(path);
    const Job job = whole(description, Format::jpg);
    const auto starts = streams(good);
    ck_assert_uint_ge(starts.size(), 20);
    std::uint32_t seed = 1;
    const auto random = [&] { return seed = seed * 1664525 + 1013904223, seed >> 8U; };
    for (int round = 0; round < 150; ++round) {
        std::string bad = good;
        const std::size_t start = starts[random() % starts.size()];
        for (int i = 0; i < 1 + round % 3; ++i) {
            bad[std::min(bad.size() - 1, start + 2 + random() % (round % 2 == 0 ? 60 : 600))] =
                static_cast<char>(random());
        }
        const std::string file = folder.path("bad.tif");
        write_file(file, bad);
        const auto found = try_describe(file);
        if (!found) continue;
        const auto seen = try_render(file, *found, job);
        const auto other = try_render(file, long_way(*found), job);
        // Either way may notice what the other does not; what is refused is refused in the same words.
        if (!seen) ck_assert(!other && seen.error().sentence == other.error().sentence);
    }
    // A frame of another size than the tile, which would leave part of the picture as it was.
    std::string wrong = good;
    const std::size_t frame = wrong.rfind("\xFF\xC0");
    ck_assert(frame != std::string::npos);
    wrong[frame + 6] = 32;
    const std::string file = folder.path("wrong.tif");
    write_file(file, wrong);
    ck_assert(!taken(file, described(file), {0, 0, 300, 200}, {300, 200}));
    // Gone in the middle.
    write_file(file, good.substr(0, starts.back() + 40));
    ck_assert(!taken(file, description, {0, 0, 300, 200}, {300, 200}));
}
END_TEST

START_TEST(giving_up_is_heard) {
    const Folder folder;
    const std::string path = folder.path("a.tif");
    write_tiff(path, options_of(kKinds[0], 64), scene(900, 700));
    const Description description = described(path);
    int asked = 0;
    const auto answer = try_render(path, description, whole(description, Format::jpg), 1, [&] { return asked++ >= 3; });
    ck_assert(!answer.has_value());
    ck_assert_int_eq(answer.error().status, 503);
}
END_TEST

TCase* jpeg_declined_case() {
    TCase* tests = started_case("jpeg_declined");
    tcase_add_test(tests, tiles_are_kept_for_their_file_only);
    tcase_add_test(tests, the_store_is_bounded);
    tcase_add_test(tests, what_is_unusual_is_declined);
    tcase_add_test(tests, damage_is_left_to_the_long_way);
    tcase_add_test(tests, giving_up_is_heard);
    return tests;
}
const iiif::test::Register _(jpeg_declined_case);

}  // namespace
