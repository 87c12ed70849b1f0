// SPDX-License-Identifier: Apache-2.0
// Small files that are a lot of work, and what keeps the work small.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>

#include "render/support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Format;

// A TIFF of gray zeros, whatever its size.
void write_zeros(const std::string& path, std::uint32_t width, std::uint32_t height, std::uint32_t tile) {
    TiffOptions options;
    options.samples = 1;
    options.photometric = PHOTOMETRIC_MINISBLACK;
    options.compression = COMPRESSION_ADOBE_DEFLATE;
    options.tile = tile;
    options.rows = height;
    const std::vector<std::uint8_t> rows(std::size_t{width} * height);
    write_tiff(path, options, width, height, rows.data());
}

int warnings = 0;

START_TEST(strips_wider_than_libvips_caches) {
    const Folder folder;
    const auto path = folder.path("wide.tif");
    write_zeros(path, 1'048'576, 4, 0);
    warnings = 0;
    g_log_set_default_handler([](const char*, GLogLevelFlags, const char*, void*) { ++warnings; }, nullptr);
    const auto description = described(path);
    ck_assert(try_render(path, description, part({0, 0, 1'048'576, 4}, {200, 1}, Format::jpg)).has_value());
    ck_assert(try_render(path, description, part({1'048'000, 0, 500, 4}, {500, 4}, Format::jpg)).has_value());
    g_log_set_default_handler(g_log_default_handler, nullptr);
    ck_assert_int_eq(warnings, 0);
}
END_TEST

START_TEST(each_tile_may_be_the_last) {
    const Folder folder;
    const auto path = folder.path("tiles.tif");
    write_zeros(path, 64 * 64, 64, 64);
    const auto description = described(path);
    const Job job = part({0, 0, 64 * 64, 64}, {64, 1}, Format::jpg);
    std::atomic<int> asked = 0;
    ck_assert(try_render(path, description, job, 1, [&asked] { return ++asked < 0; }).has_value());
    ck_assert_int_ge(asked.load(), 64);
    asked = 0;
    const auto refused = try_render(path, description, job, 1, [&asked] { return ++asked > 10; });
    ck_assert(!refused.has_value());
    ck_assert_int_eq(refused.error().status, 503);
    ck_assert_int_lt(asked.load(), 20);
}
END_TEST

START_TEST(more_tiles_than_bytes) {
    const Folder folder;
    const auto path = folder.path("a.jp2");
    write_with_vips(squares(200, 150), folder.path("a.jp2[tile_width=64,tile_height=64,lossless]"));
    std::string bytes = read_file(path);
    // SIZ: the image's extent follows three words of 16 bits; each tile of 64 pixels needs 14 bytes of the file.
    const std::size_t size = bytes.find("\xFF\x4F\xFF\x51") + 2;
    ck_assert(size != std::string::npos + 2);
    const std::uint32_t tiles = static_cast<std::uint32_t>(bytes.size()) / 14 + 1;
    const std::size_t header = bytes.find("ihdr") + 4;
    for (const std::size_t at : {size + 6, header + 4}) {
        for (unsigned i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(64 * tiles >> (24 - 8 * i));
    }
    write_file(path, bytes);
    std::string detail;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const auto refused = describe(fd, 1, {}, detail);
    ::close(fd);
    ck_assert(!refused.has_value());
    ck_assert_int_eq(refused.error().status, 500);
    ck_assert_str_eq(detail.c_str(), "more tiles than the file has room for");
}
END_TEST

TCase* hostile_case() {
    TCase* tests = started_case("hostile");
    tcase_add_test(tests, strips_wider_than_libvips_caches);
    tcase_add_test(tests, each_tile_may_be_the_last);
    tcase_add_test(tests, more_tiles_than_bytes);
    return tests;
}
const iiif::test::Register _(hostile_case);

}  // namespace
