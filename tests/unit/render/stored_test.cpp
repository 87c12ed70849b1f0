// SPDX-License-Identifier: Apache-2.0
// Tiles sent as they are stored, from real files in every layout: each decodes to exactly the pixels that libtiff reads
// from the file.
#include "source/stored_tile.h"

#include <fcntl.h>

#include <cstring>

#include "render/profile.h"
#include "render/support.h"

namespace {

using namespace iiif;
using namespace iiif::render;
using namespace iiif::render::test;
using source::Codec;
using source::Description;
using source::JpegColour;

source::UniqueFd open_file(const std::string& path) {
    source::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ck_assert(static_cast<bool>(fd));
    return fd;
}

std::vector<std::byte> bytes_of(const source::StoredPart& part, const std::string& file) {
    const std::string all = part.in_memory() + file.substr(part.offset, part.length);
    const auto* begin = reinterpret_cast<const std::byte*>(all.data());
    return {begin, begin + all.size()};
}

// Encoders of WebP leave an alpha channel out that is opaque everywhere.
Picture with_alpha(const Picture& picture) {
    Picture out{picture.width, picture.height, 4, {}};
    for (std::size_t i = 0; i < picture.pixels.size(); i += 3) {
        const auto pixel = picture.pixels.begin() + static_cast<std::ptrdiff_t>(i);
        out.pixels.insert(out.pixels.end(), pixel, pixel + 3);
        out.pixels.push_back(255);
    }
    return out;
}

// What libtiff reads.
Picture tile_of(const std::string& path, const source::Level& level, std::uint32_t number, std::uint32_t bands) {
    TIFF* tiff = TIFFOpen(path.c_str(), "rm");
    ck_assert_ptr_nonnull(tiff);
    ck_assert_int_eq(TIFFSetSubDirectory(tiff, level.directory), 1);
    if (bands == 3 && level.index.codec == Codec::jpeg) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    Picture picture{level.tile.width, level.tile.height, bands, {}};
    picture.pixels.resize(std::size_t{picture.width} * picture.height * bands);
    const auto size = static_cast<tmsize_t>(picture.pixels.size());
    ck_assert_int_eq(TIFFReadEncodedTile(tiff, number, picture.pixels.data(), size), size);
    TIFFClose(tiff);
    return picture;
}

// Every tile of every level, the padding of edge tiles included.
void assert_all_tiles(const std::string& path, const char* name, std::size_t levels, std::uint32_t bands,
                      protocol::Format format) {
    const Description image = described(path);
    ck_assert_msg(image.levels.size() == levels, "%s: %zu levels", name, image.levels.size());
    const std::string file = read_file(path);
    const auto fd = open_file(path);
    source::FileBlocks blocks(16);
    for (const source::Level& level : image.levels) {
        ck_assert_msg(level.index.factor >= 1, "%s", name);
        const std::uint32_t across = (level.extent.width - 1) / level.tile.width + 1;
        const std::uint32_t down = (level.extent.height - 1) / level.tile.height + 1;
        for (std::uint32_t number = 0; number < across * down; ++number) {
            const auto part = source::stored_tile(image, level, number, fd.get(),
                                                  {.device = 1, .inode = 2, .size = file.size()}, blocks);
            ck_assert_msg(part.has_value(), "%s: tile %u of %u x %u", name, number, level.extent.width,
                          level.extent.height);
            Picture sent = decoded(bytes_of(*part, file), format);
            if (bands == 4 && sent.bands == 3) sent = with_alpha(sent);
            const Picture stored = tile_of(path, level, number, bands);
            ck_assert_msg(sent.width == stored.width && sent.height == stored.height && sent.bands == bands, "%s",
                          name);
            ck_assert_msg(sent.pixels == stored.pixels, "%s: tile %u differs", name, number);
        }
    }
}

void write_levels(const std::string& path, TiffOptions options, Picture picture, int count, bool subifds,
                  std::uint16_t subsampling, int tables_mode) {
    TIFF* tiff = TIFFOpen(path.c_str(), options.mode);
    ck_assert_ptr_nonnull(tiff);
    for (int i = 0; i < count; ++i) {
        if (subifds && i == 0) {
            std::vector<toff_t> places(static_cast<std::size_t>(count) - 1, 0);
            TIFFSetField(tiff, TIFFTAG_SUBIFD, count - 1, places.data());
        }
        options.subfile = i == 0 ? 0 : FILETYPE_REDUCEDIMAGE;
        TIFFSetField(tiff, TIFFTAG_COMPRESSION, options.compression);
        if (options.compression == COMPRESSION_JPEG) {
            TIFFSetField(tiff, TIFFTAG_JPEGTABLESMODE, tables_mode);
            if (options.photometric == PHOTOMETRIC_YCBCR) {
                TIFFSetField(tiff, TIFFTAG_YCBCRSUBSAMPLING, subsampling, subsampling);
            }
        }
        write_directory(tiff, options, picture.width, picture.height, picture.pixels.data());
        picture = halved(picture);
    }
    TIFFClose(tiff);
}

START_TEST(jpeg_tiles_of_every_kind) {
    const Folder folder;
    const std::string path = folder.path("tiles.tif");
    const struct {
        const char* name;
        std::uint16_t photometric, samples;
    } kColours[] = {{"YCbCr", PHOTOMETRIC_YCBCR, 3}, {"RGB", PHOTOMETRIC_RGB, 3}, {"gray", PHOTOMETRIC_MINISBLACK, 1}};
    for (const auto& [name, photometric, samples] : kColours) {
        for (const char* mode : {"wl", "wb", "w8l", "w8b"}) {
            for (const bool subifds : {false, true}) {
                for (const int tables : {JPEGTABLESMODE_QUANT | JPEGTABLESMODE_HUFF, 0}) {
                    TiffOptions options;
                    options.mode = mode;
                    options.tile = 64;
                    options.compression = COMPRESSION_JPEG;
                    options.photometric = photometric;
                    options.samples = samples;
                    const auto subsampling = static_cast<std::uint16_t>(tables == 0 ? 1 : 2);
                    write_levels(path, options, squares(301, 203, samples), 3, subifds, subsampling, tables);
                    assert_all_tiles(path, name, 3, samples, protocol::Format::jpg);
                }
            }
        }
    }
}
END_TEST

START_TEST(webp_tiles) {
    const Folder folder;
    const std::string path = folder.path("tiles.tif");
    for (const std::uint16_t samples : {3, 4}) {
        TiffOptions options;
        options.tile = 64;
        options.compression = COMPRESSION_WEBP;
        options.samples = samples;
        if (samples == 4) options.extra = EXTRASAMPLE_UNASSALPHA;
        write_levels(path, options, squares(301, 203, samples), 2, false, 1, 0);
        assert_all_tiles(path, "WebP", 2, samples, protocol::Format::webp);
    }
}
END_TEST

// Whatever a browser would not show as the renderer does.
START_TEST(what_is_not_sent_as_stored) {
    const Folder folder;
    const std::string path = folder.path("tiles.tif");
    const auto codec = [&](auto change) {
        TiffOptions options;
        options.tile = 64;
        options.compression = COMPRESSION_JPEG;
        change(options);
        const Picture picture = squares(200, 200, options.samples);
        write_tiff(path, options, picture);
        return described(path).levels[0].index.codec;
    };
    ck_assert(codec([](TiffOptions&) {}) == Codec::jpeg);
    ck_assert(codec([](TiffOptions& o) { o.compression = COMPRESSION_ADOBE_DEFLATE; }) == Codec::other);
    ck_assert(codec([](TiffOptions& o) { o.separate = true; }) == Codec::other);
    ck_assert(codec([](TiffOptions& o) { o.tile = 0; }) == Codec::other);
    ck_assert(codec([](TiffOptions& o) {
                  o.photometric = PHOTOMETRIC_SEPARATED;
                  o.samples = 4;
              }) == Codec::other);
    ck_assert(codec([](TiffOptions& o) {
                  o.photometric = PHOTOMETRIC_MINISWHITE;
                  o.samples = 1;
              }) == Codec::other);
    ck_assert(codec([](TiffOptions& o) {
                  o.compression = COMPRESSION_WEBP;
                  o.samples = 4;
                  o.extra = EXTRASAMPLE_ASSOCALPHA;
              }) == Codec::other);
}
END_TEST

std::string profile_named(const char* name) {
    std::size_t length = 0;
    VipsBlob* blob = nullptr;
    ck_assert_int_eq(vips_profile_load(name, &blob, nullptr), 0);
    const void* bytes = vips_blob_get(blob, &length);
    std::string out(static_cast<const char*>(bytes), length);
    vips_area_unref(VIPS_AREA(blob));
    return out;
}

START_TEST(only_profiles_that_matter_are_sent) {
    const std::string srgb = profile_named("srgb");
    const std::string p3 = profile_named("p3");
    const auto changes = [](const std::string& profile, unsigned samples) {
        return changes_colours({reinterpret_cast<const std::uint8_t*>(profile.data()), profile.size()}, samples);
    };
    ck_assert(!changes(srgb, 3));
    ck_assert(changes(p3, 3));
    ck_assert(!changes(p3, 1));
    ck_assert(!changes(profile_named("cmyk"), 3));
    ck_assert(!changes("no profile", 3));
    ck_assert(!changes("", 3));
    ck_assert(!changes(p3.substr(0, p3.size() / 2), 3));

    const Folder folder;
    const std::string path = folder.path("tiles.tif");
    for (const std::string& profile : {srgb, p3}) {
        TiffOptions options;
        options.tile = 64;
        options.compression = COMPRESSION_JPEG;
        options.photometric = PHOTOMETRIC_YCBCR;
        options.profile = profile;
        write_tiff(path, options, squares(200, 200));
        const Description image = described(path);
        const auto fd = open_file(path);
        const std::string file = read_file(path);
        source::FileBlocks blocks(16);
        const auto part = source::stored_tile(image, image.levels[0], 0, fd.get(),
                                              {.device = 1, .inode = 2, .size = file.size()}, blocks);
        ck_assert(part.has_value());
        ck_assert_int_eq(part->head.find(p3) != std::string::npos, profile == p3);
        ck_assert_int_eq(part->head.find("ICC_PROFILE") != std::string::npos, profile == p3);
    }
}
END_TEST

TCase* stored_case() {
    TCase* test_case = started_case("stored");
    tcase_add_test(test_case, jpeg_tiles_of_every_kind);
    tcase_add_test(test_case, webp_tiles);
    tcase_add_test(test_case, what_is_not_sent_as_stored);
    tcase_add_test(test_case, only_profiles_that_matter_are_sent);
    return test_case;
}

const iiif::test::Register registered(stored_case);

}  // namespace
