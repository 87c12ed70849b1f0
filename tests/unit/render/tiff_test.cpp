// SPDX-License-Identifier: Apache-2.0
// TIFF as containers of pixels: byte orders, layouts, compressions, pages and pyramids.
#include "render/support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Extent;

START_TEST(every_layout_and_compression) {
    const Folder folder;
    const Picture picture = squares(450, 310);
    const struct {
        const char* name;
        std::uint16_t compression, photometric;
        int tolerance;
    } kCompressions[] = {
        {"none", COMPRESSION_NONE, PHOTOMETRIC_RGB, 0},
        {"lzw", COMPRESSION_LZW, PHOTOMETRIC_RGB, 0},
        {"deflate", COMPRESSION_ADOBE_DEFLATE, PHOTOMETRIC_RGB, 0},
        {"packbits", COMPRESSION_PACKBITS, PHOTOMETRIC_RGB, 0},
        {"zstd", COMPRESSION_ZSTD, PHOTOMETRIC_RGB, 0},
        {"webp", COMPRESSION_WEBP, PHOTOMETRIC_RGB, 6},
        {"jpeg ycbcr", COMPRESSION_JPEG, PHOTOMETRIC_YCBCR, 4},
        {"jpeg rgb", COMPRESSION_JPEG, PHOTOMETRIC_RGB, 4},
    };
    for (const auto& [name, compression, photometric, tolerance] : kCompressions) {
        for (const char* mode : {"wl", "wb", "wl8", "wb8"}) {
            for (const std::uint32_t tile : {0U, 128U}) {
                TiffOptions options;
                options.mode = mode;
                options.tile = tile;
                options.compression = compression;
                options.photometric = photometric;
                const std::string path = folder.path("a.tif");
                write_tiff(path, options, picture);
                const auto description = described(path);
                ck_assert_msg((description.extent() == Extent{450, 310}), "%s", name);
                ck_assert_uint_eq(description.levels.size(), 1);
                ck_assert((description.levels[0].tile == Extent{tile, tile}));
                assert_squares(rendered(path, description, whole(description)), tolerance, name);
                // A window in the middle of things.
                assert_pixel(rendered(path, description, part({220, 150, 100, 100}, {100, 100})), 30, 75,
                             square_colour(2, 2), 3, tolerance + 4, name);
            }
        }
    }
}
END_TEST

START_TEST(planes_may_lie_apart) {
    const Folder folder;
    const Picture picture = squares(450, 310);
    for (const std::uint32_t tile : {0U, 128U}) {
        for (const std::uint16_t compression : {COMPRESSION_NONE, COMPRESSION_LZW}) {
            TiffOptions options;
            options.separate = true;
            options.tile = tile;
            options.compression = compression;
            const std::string path = folder.path("separate.tif");
            write_tiff(path, options, picture);
            assert_squares(rendered(path), 0, "separate planes");
        }
    }
}
END_TEST

START_TEST(one_long_strip) {
    // 18 MB in one strip: read by lines, here and there, without holding it all.
    const Folder folder;
    const Picture picture = squares(2000, 3000);
    TiffOptions options;
    options.rows = 3000;
    options.compression = COMPRESSION_LZW;
    const std::string path = folder.path("strip.tif");
    write_tiff(path, options, picture);
    const auto description = described(path);
    const Picture low = rendered(path, description, part({500, 2500, 300, 300}, {300, 300}));
    assert_pixel(low, 150, 150, square_colour(6, 26), 3, 0, "bottom");
    const Picture small = rendered(path, description, part({0, 0, 2000, 3000}, {200, 300}));
    assert_pixel(small, 65, 265, square_colour(6, 26), 3, 2, "reduced");
}
END_TEST

START_TEST(subsampled_colours_without_jpeg) {
    // YCbCr 4:2:0, uncompressed: blocks of four Y, one Cb, one Cr. Gray 120 with Cr +40.
    const Folder folder;
    const std::string path = folder.path("ycbcr.tif");
    TIFF* tiff = TIFFOpen(path.c_str(), "w");
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 64);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 64);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_YCBCR);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_YCBCRSUBSAMPLING, 2, 2);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 64);
    std::vector<std::uint8_t> blocks;
    for (int i = 0; i < 32 * 32; ++i) blocks.insert(blocks.end(), {120, 120, 120, 120, 128, 168});
    ck_assert_int_gt(TIFFWriteEncodedStrip(tiff, 0, blocks.data(), static_cast<tmsize_t>(blocks.size())), 0);
    TIFFClose(tiff);
    assert_pixel(rendered(path), 33, 47, {176, 91, 120, 0}, 3, 3, "ycbcr");
}
END_TEST

void write_pyramid(const std::string& path, Picture picture, std::uint32_t levels, bool subifds, bool marked,
                   TiffOptions options = {}) {
    TIFF* tiff = TIFFOpen(path.c_str(), "w");
    options.tile = 64;
    if (subifds) {
        const std::vector<toff_t> room(levels - 1, 0);
        TIFFSetField(tiff, TIFFTAG_SUBIFD, static_cast<int>(levels - 1), room.data());
    }
    for (std::uint32_t i = 0; i < levels; ++i) {
        write_directory(tiff, options, picture.width, picture.height, picture.pixels.data());
        // Smaller versions are painted in one colour each, so that the answer tells where it came from.
        picture = halved(picture);
        std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(10 * (i + 1)));
        options.subfile = marked ? FILETYPE_REDUCEDIMAGE : 0;
        options.profile.clear();
    }
    TIFFClose(tiff);
}

START_TEST(pyramids_of_pages_and_subifds) {
    const Folder folder;
    const struct {
        const char* name;
        bool subifds, marked;
    } kKinds[] = {{"marked pages", false, true}, {"plain pages", false, false}, {"SubIFDs", true, true}};
    for (const auto& [name, subifds, marked] : kKinds) {
        const std::string path = folder.path("pyramid.tif");
        write_pyramid(path, squares(1001, 701), 4, subifds, marked);
        const auto description = described(path);
        ck_assert_msg(description.pages == 1, "%s: %u pages", name, description.pages);
        ck_assert_msg(description.levels.size() == 4, "%s: %zu levels", name, description.levels.size());
        ck_assert((description.levels[3].extent == Extent{126, 88}));
        ck_assert((description.tile(512) == Extent{64, 64}));
        assert_squares(rendered(path, description, whole(description)), 0, name);
        const Picture quarter = rendered(path, description, part({256, 256, 256, 256}, {64, 64}));
        assert_pixel(quarter, 32, 32, {20, 20, 20, 0}, 3, 0, name);
        const Picture edge = rendered(path, description, part({0, 0, 1001, 701}, {501, 351}));
        assert_pixel(edge, 500, 350, {10, 10, 10, 0}, 3, 0, name);
        const Picture small = rendered(path, description, part({0, 0, 1001, 701}, {100, 70}));
        assert_pixel(small, 50, 35, {30, 30, 30, 0}, 3, 0, name);
        // Nothing lost when only page and SubIFD are known, as after a description has travelled.
        auto travelled = description;
        for (auto& level : travelled.levels) level.directory = 0;
        assert_pixel(rendered(path, travelled, part({256, 256, 256, 256}, {64, 64})), 32, 32, {20, 20, 20, 0}, 3, 0,
                     name);
    }
}
END_TEST

START_TEST(pages_are_addressable) {
    const Folder folder;
    const std::string path = folder.path("pages.tif");
    TIFF* tiff = TIFFOpen(path.c_str(), "w");
    TiffOptions options;
    for (std::uint32_t page = 1; page <= 3; ++page) {
        Picture picture = squares(200 + page * 10, 150);
        std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(page * 50));
        write_directory(tiff, options, picture.width, picture.height, picture.pixels.data());
        // A thumbnail of another shape belongs to its page and is neither page nor level.
        TiffOptions thumbnail;
        thumbnail.subfile = FILETYPE_REDUCEDIMAGE;
        const Picture odd = squares(33, 50);
        write_directory(tiff, thumbnail, odd.width, odd.height, odd.pixels.data());
    }
    TIFFClose(tiff);
    for (std::uint32_t page = 1; page <= 3; ++page) {
        const auto description = described(path, page);
        ck_assert_uint_eq(description.pages, 3);
        ck_assert_uint_eq(description.levels.size(), 1);
        ck_assert((description.extent() == Extent{200 + page * 10, 150}));
        const int gray = static_cast<int>(page * 50);
        assert_pixel(rendered(path, page), 100, 75, {gray, gray, gray, 0}, 3, 0, "page");
    }
    const auto beyond = try_describe(path, 4);
    ck_assert(!beyond.has_value());
    ck_assert_int_eq(beyond.error().status, 404);
    ck_assert_str_eq(beyond.error().sentence.c_str(), "There is no page 4: this file has 3 pages.");
}
END_TEST

TCase* tiff_case() {
    TCase* tests = started_case("tiff");
    tcase_add_test(tests, every_layout_and_compression);
    tcase_add_test(tests, planes_may_lie_apart);
    tcase_add_test(tests, one_long_strip);
    tcase_add_test(tests, subsampled_colours_without_jpeg);
    tcase_add_test(tests, pyramids_of_pages_and_subifds);
    tcase_add_test(tests, pages_are_addressable);
    return tests;
}
const iiif::test::Register _(tiff_case);

}  // namespace
