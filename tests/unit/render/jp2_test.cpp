// SPDX-License-Identifier: Apache-2.0
// JPEG 2000: tiles read by themselves, and pixels kept between requests, are the pixels of the file as it is now.
#include "render/jp2.h"

#include <fcntl.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>

#include "render/jp2_codestream.h"
#include "render/jp2_store.h"
#include "render/jp2_write.h"
#include "render/support.h"
#include "source/root.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Rect;

constexpr std::uint32_t kWidth = 701;
constexpr std::uint32_t kHeight = 503;
constexpr const char* kDamaged = "The image file is damaged or incomplete and could not be read.";

// Slopes and noise: every sample of every band has its own value.
Picture picture(std::uint32_t bands, unsigned seed = 1) {
    std::minstd_rand random(seed);
    Picture out{kWidth, kHeight, bands, {}};
    for (std::uint32_t y = 0; y < kHeight; ++y) {
        for (std::uint32_t x = 0; x < kWidth; ++x) {
            for (std::uint32_t band = 0; band < bands; ++band) {
                out.pixels.push_back(
                    static_cast<std::uint8_t>((x * (band + 1) / 5 + y / (band + 2) + random() % 16) % 256));
            }
        }
    }
    return out;
}

struct Sample {
    const char* name;
    const char* options;  // of libvips; null: chroma is subsampled
    std::uint32_t bands;
    std::uint32_t tile_width = 0, tile_height = 0;  // of those whose chroma is
};
constexpr Sample kLossy = {"lossy.jp2", "[Q=50,subsample-mode=off,tile-width=256,tile-height=256]", 3};
constexpr Sample kSamples[] = {
    {"tiles.jp2", "[lossless,tile-width=128,tile-height=128]", 3},
    {"odd.jp2", "[Q=50,subsample-mode=off,tile-width=100,tile-height=75]", 3},
    {"single.jp2", "[lossless,tile-width=1024,tile-height=1024]", 4},
    {"single-lossy.jp2", "[Q=50,tile-width=1024,tile-height=1024]", 1},
    {"subsampled.jp2", nullptr, 3, 1024, 1024},
    {"subsampled-odd.jp2", nullptr, 3, 300, 200},
};

// What changed just now is not kept.
void settle(const std::string& path, int hours = 1) {
    const auto now = std::filesystem::file_time_type::clock::now();
    std::filesystem::last_write_time(path, now - std::chrono::hours(hours));
}

std::string made(const Folder& folder, const Sample& sample) {
    std::string path = folder.path(sample.name);
    if (sample.options == nullptr) {
        write_subsampled_jp2(picture(sample.bands), path, sample.tile_width, sample.tile_height);
    } else {
        write_with_vips(picture(sample.bands), path + sample.options,
                        sample.bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
    }
    settle(path);
    return path;
}

iiif::source::UniqueFd opened(const std::string& path) {
    iiif::source::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ck_assert(static_cast<bool>(fd));
    return fd;
}

// The bytes of a window, or the refusal's sentence.
iiif::Expected<std::string> window(const std::string& path, std::uint32_t reduction, Rect area) {
    const auto fd = opened(path);
    std::string detail;
    const auto image = read_jp2(fd.get(), reduction, area, nullptr, detail);
    if (!image) return tl::unexpected(image.error());
    ck_assert_int_eq(image->width(), static_cast<int>(area.width));
    ck_assert_int_eq(image->height(), static_cast<int>(area.height));
    return std::string(reinterpret_cast<const char*>(VIPS_IMAGE_ADDR(image->get(), 0, 0)),
                       VIPS_IMAGE_SIZEOF_IMAGE(image->get()));
}

struct Request {
    std::uint32_t reduction;
    Rect area;
};

// Large and small, aligned and not, some of them again.
std::vector<Request> requests(std::size_t resolutions) {
    std::minstd_rand random(3);
    std::vector<Request> list;
    for (int i = 0; i < 12; ++i) {
        const auto reduction = static_cast<std::uint32_t>(random() % resolutions);
        const Box all = halved({0, 0, kWidth, kHeight}, reduction);
        Rect area;
        area.x = random() % all.x1;
        area.y = random() % all.y1;
        if (i % 3 == 0) area.x -= area.x % 64, area.y -= area.y % 64;
        area.width = 1 + random() % (all.x1 - area.x);
        area.height = 1 + random() % (all.y1 - area.y);
        if (i % 5 == 0) area = {0, 0, all.x1, all.y1};
        list.push_back({reduction, area});
        if (i % 4 == 0) list.push_back(list[random() % list.size()]);
    }
    return list;
}

START_TEST(kept_and_fresh_pixels_agree) {
    const Folder folder;
    for (const Sample& sample : kSamples) {
        const std::string path = made(folder, sample);
        const auto list = requests(described(path).levels.size());
        keep_jp2(0);
        std::vector<std::string> fresh;
        for (const Request& request : list) {
            const auto bytes = window(path, request.reduction, request.area);
            ck_assert_msg(bytes.has_value(), "%s", sample.name);
            fresh.push_back(*bytes);
        }
        ck_assert_uint_eq(jp2_store().memory(), 0);
        // The second size keeps some of it only.
        for (const std::size_t bytes : {std::size_t{64} << 20U, std::size_t{300} << 10U}) {
            keep_jp2(bytes);
            for (int round = 0; round < 2; ++round) {
                for (std::size_t i = 0; i < list.size(); ++i) {
                    const auto [reduction, area] = list[i];
                    const auto kept = window(path, reduction, area);
                    ck_assert_msg(kept.has_value() && *kept == fresh[i],
                                  "%s round %d, %zu bytes: 1:%u %u,%u,%u,%u differs", sample.name, round, bytes,
                                  1U << reduction, area.x, area.y, area.width, area.height);
                    ck_assert_uint_le(jp2_store().memory(), bytes);
                }
            }
            ck_assert_uint_gt(jp2_store().memory(), bytes / 4 < 200000 ? bytes / 4 : 200000);
        }
    }
}
END_TEST

// Not only the same everywhere, but right.
START_TEST(windows_show_their_place) {
    const Folder folder;
    const Picture original = picture(3);
    const std::string path = made(folder, kSamples[0]);
    for (const Rect area : {Rect{0, 0, kWidth, kHeight}, {127, 127, 2, 2}, {700, 502, 1, 1}, {50, 300, 400, 70}}) {
        const auto bytes = window(path, 0, area);
        ck_assert(bytes.has_value());
        for (std::uint32_t i = 0; i < area.width * area.height; ++i) {
            ck_assert_uint_eq(static_cast<std::uint8_t>((*bytes)[i * 3 + 1]),
                              original.at(area.x + i % area.width, area.y + i / area.width, 1));
        }
    }
}
END_TEST

START_TEST(a_replaced_file_is_another) {
    const Folder folder;
    const std::string path = folder.path("a.jp2");
    const std::string options = "[lossless,tile-width=128,tile-height=128]";
    const Rect area = {10, 10, 300, 300};
    std::vector<std::string> contents;
    std::vector<std::string> pixels;
    keep_jp2(0);
    for (const unsigned seed : {1U, 2U}) {
        write_with_vips(picture(3, seed), folder.path("other.jp2") + options);
        contents.push_back(read_file(folder.path("other.jp2")));
        pixels.push_back(*window(folder.path("other.jp2"), 0, area));
    }
    ck_assert(pixels[0] != pixels[1]);
    keep_jp2(kJp2StoreBytes);
    for (std::size_t i = 0; i < 6; ++i) {
        // Written anew, and put in its place.
        const std::string target = i < 3 ? path : folder.path("new.jp2");
        write_file(target, contents[i % 2]);
        // Now and then a moment passes; else what changed just now must not be kept at all.
        if (i % 3 != 0) settle(target, static_cast<int>(i));
        if (target != path) ck_assert_int_eq(std::rename(target.c_str(), path.c_str()), 0);
        for (int round = 0; round < 2; ++round) {
            const auto seen = window(path, 0, area);
            ck_assert(seen.has_value());
            ck_assert_msg(*seen == pixels[i % 2], "change %zu is not seen", i);
        }
    }
}
END_TEST

// Where the SOT markers of a file are.
std::vector<std::size_t> tile_parts(const std::string& bytes) {
    std::vector<std::size_t> found;
    for (std::size_t at = bytes.find(std::string("\xFF\x90\x00\x0A", 4)); at != std::string::npos;
         at = bytes.find(std::string("\xFF\x90\x00\x0A", 4), at + 1)) {
        found.push_back(at);
    }
    return found;
}

START_TEST(damaged_tile_parts_are_refused) {
    const Folder folder;
    const std::string path = made(folder, kLossy);
    const std::string good = read_file(path);
    const auto parts = tile_parts(good);
    ck_assert_uint_eq(parts.size(), 6);
    const std::vector<Request> tiles = {{0, {0, 0, 256, 256}}, {0, {300, 300, 100, 100}}, {0, {0, 0, kWidth, kHeight}}};
    std::vector<std::string> right;
    right.reserve(tiles.size());
    keep_jp2(kJp2StoreBytes);
    for (const Request& tile : tiles) right.push_back(*window(path, tile.reduction, tile.area));

    std::vector<std::string> bad;
    for (const std::size_t part : parts) {
        for (const std::size_t length : {0, 7, 12, 100}) bad.push_back(good.substr(0, part + length));
        for (const auto& [at, value] : {std::pair{4, '\x7F'}, {6, '\x7F'}, {9, '\x0D'}, {10, '\x05'}, {12, '\0'}}) {
            bad.push_back(good);
            bad.back()[part + static_cast<std::size_t>(at)] = value;
        }
        bad.push_back(good);
        std::fill_n(bad.back().begin() + static_cast<std::ptrdiff_t>(part) + 14, 200, '\xFF');
    }
    int refused = 0;
    for (const std::string& bytes : bad) {
        const std::string file = folder.path("bad.jp2");
        write_file(file, bytes);
        for (const Request& tile : tiles) {
            for (int round = 0; round < 2; ++round) {
                const auto answer = window(file, tile.reduction, tile.area);
                if (answer) continue;
                ++refused;
                ck_assert_int_eq(answer.error().status, 500);
                ck_assert_str_eq(answer.error().sentence.c_str(), kDamaged);
            }
        }
        // A file that ends before its last tile never shows all of it.
        if (bytes.size() < good.size()) ck_assert(!window(file, 0, tiles[2].area).has_value());
    }
    ck_assert_int_gt(refused, 60);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        ck_assert(*window(path, tiles[i].reduction, tiles[i].area) == right[i]);
    }
}
END_TEST

START_TEST(orders_of_tile_parts) {
    const Folder folder;
    const std::string path = made(folder, kLossy);
    const std::string good = read_file(path);
    const auto parts = tile_parts(good);
    const Rect all = {0, 0, kWidth, kHeight};
    const Rect some = {200, 200, 300, 300};
    keep_jp2(0);
    const std::string right = *window(path, 0, some);
    const std::string whole = *window(path, 0, all);

    // The last part may reach to EOC without saying so.
    std::string open_end = good;
    std::fill_n(open_end.begin() + static_cast<std::ptrdiff_t>(parts.back()) + 6, 4, '\0');
    // Tiles may come in any order.
    const std::string shuffled = good.substr(0, parts[0]) + good.substr(parts[2], parts[3] - parts[2]) +
                                 good.substr(parts[0], parts[2] - parts[0]) + good.substr(parts[3]);
    // A part that is not the first: no index, but OpenJPEG reads it.
    std::string misnumbered = good;
    misnumbered[parts[1] + 10] = 1;
    struct {
        const std::string& bytes;
        bool indexed;
    } const cases[] = {{good, true}, {open_end, true}, {shuffled, true}, {misnumbered, false}};
    for (const auto& [bytes, indexed] : cases) {
        const std::string file = folder.path("order.jp2");
        write_file(file, bytes);
        const auto fd = opened(file);
        const Codestream stream = Codestream::read(fd.get(), bytes.size());
        ck_assert_int_eq(stream.indexed(), indexed);
        const auto seen = window(file, 0, some);
        if (!indexed && !seen) continue;  // OpenJPEG's right
        ck_assert(seen.has_value() && *seen == right);
        ck_assert(*window(file, 0, all) == whole);
    }
}
END_TEST

START_TEST(an_index_is_of_what_the_file_says) {
    const Folder folder;
    const std::string path = made(folder, kSamples[1]);
    const auto fd = opened(path);
    const Codestream stream = Codestream::read(fd.get(), read_file(path).size());
    ck_assert(stream.indexed());
    ck_assert(!stream.high_throughput());
    const Grid& grid = stream.grid();
    ck_assert((grid.image == Box{0, 0, kWidth, kHeight}));
    ck_assert_uint_eq(grid.columns(), 8);
    ck_assert_uint_eq(grid.rows(), 7);
    ck_assert((grid.tile(7, 6) == Box{700, 450, 701, 503}));
    // What stands for a tile is a file of its own: its ranges lie in the file, and it is no longer than they are.
    const auto pieces = stream.tile(7, 6);
    std::uint64_t length = 0;
    for (const auto& piece : pieces) {
        if (!piece.bytes.empty()) continue;
        ck_assert_uint_le(piece.offset + piece.length, read_file(path).size());
        length += piece.length;
    }
    ck_assert_uint_gt(length, 0);
    ck_assert_uint_lt(length, 5000);
}
END_TEST

TCase* jp2_case() {
    TCase* tests = started_case("jp2");
    tcase_add_test(tests, kept_and_fresh_pixels_agree);
    tcase_add_test(tests, windows_show_their_place);
    tcase_add_test(tests, a_replaced_file_is_another);
    tcase_add_test(tests, damaged_tile_parts_are_refused);
    tcase_add_test(tests, orders_of_tile_parts);
    tcase_add_test(tests, an_index_is_of_what_the_file_says);
    return tests;
}
const iiif::test::Register _(jp2_case);

}  // namespace
