// SPDX-License-Identifier: Apache-2.0
// Depths, colour models, profiles and transparency.
#include <cstring>

#include "render/support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Format;
using iiif::protocol::Quality;

constexpr std::uint32_t kSide = 64;

// A TIFF of one colour; `pixel` as it lies in the file.
template <class T>
std::string plain(const Folder& folder, const TiffOptions& options, const std::vector<T>& pixel) {
    std::vector<T> rows;
    for (std::uint32_t i = 0; i < kSide * kSide; ++i) rows.insert(rows.end(), pixel.begin(), pixel.end());
    std::string path = folder.path("plain.tif");
    write_tiff(path, options, kSide, kSide, reinterpret_cast<const std::uint8_t*>(rows.data()));
    return path;
}

Picture thumbnail(const std::string& path, Format format = Format::png, Quality quality = Quality::standard,
                  Profile profile = Profile::srgb) {
    Job job = part({0, 0, kSide, kSide}, {kSide / 2, kSide / 2}, format);  // through the scaler
    job.quality = quality;
    job.encode.icc = profile;
    return rendered(path, described(path), job);
}

TiffOptions of(std::uint16_t photometric, std::uint16_t bits, std::uint16_t samples,
               std::uint16_t format = SAMPLEFORMAT_UINT) {
    TiffOptions options;
    options.photometric = photometric;
    options.bits = bits;
    options.samples = samples;
    options.sample_format = format;
    return options;
}

std::string profile(const char* name) {
    VipsBlob* blob = nullptr;
    ck_assert_int_eq(vips_profile_load(name, &blob, nullptr), 0);
    std::size_t length = 0;
    const auto* bytes = static_cast<const char*>(vips_blob_get(blob, &length));
    std::string copy(bytes, length);
    vips_area_unref(VIPS_AREA(blob));
    return copy;
}

START_TEST(depths) {
    const Folder folder;
    for (const char* mode : {"wl", "wb"}) {
        TiffOptions options = of(PHOTOMETRIC_RGB, 16, 3);
        options.mode = mode;
        const auto path = plain<std::uint16_t>(folder, options, {65535, 128 * 257, 0});
        ck_assert_uint_eq(described(path).bits, 16);
        assert_pixel(thumbnail(path), 9, 9, {255, 128, 0, 0}, 3, 0, "16 bits");
        options = of(PHOTOMETRIC_MINISBLACK, 16, 1);
        options.mode = mode;
        assert_pixel(thumbnail(plain<std::uint16_t>(folder, options, {200 * 257 + 128})), 9, 9, {200, 0, 0, 0}, 1, 0,
                     "16-bit gray, rounded down");
        assert_pixel(thumbnail(plain<std::uint16_t>(folder, options, {200 * 257 + 129})), 9, 9, {201, 0, 0, 0}, 1, 0,
                     "16-bit gray, rounded up");
        options = of(PHOTOMETRIC_RGB, 32, 3);
        options.mode = mode;
        assert_pixel(thumbnail(plain<std::uint32_t>(folder, options, {0xFFFFFFFF, 0x80808080, 0x10101010})), 9, 9,
                     {255, 128, 16, 0}, 3, 0, "32 bits");
        options = of(PHOTOMETRIC_RGB, 32, 3, SAMPLEFORMAT_IEEEFP);
        options.mode = mode;
        assert_pixel(thumbnail(plain<float>(folder, options, {1.5F, 0.5F, -1})), 9, 9, {255, 128, 0, 0}, 3, 0, "float");
        options = of(PHOTOMETRIC_MINISBLACK, 64, 1, SAMPLEFORMAT_IEEEFP);
        options.mode = mode;
        assert_pixel(thumbnail(plain<double>(folder, options, {0.2})), 9, 9, {51, 0, 0, 0}, 1, 0, "double");
    }
    // Twelve bits: 64 pixels of 0x800 and 0x000 in turn make rows of 96 bytes.
    std::vector<std::uint8_t> rows;
    for (std::uint32_t i = 0; i < kSide * kSide / 2; ++i) rows.insert(rows.end(), {0xFF, 0xFF, 0xFF});
    const auto path = folder.path("twelve.tif");
    write_tiff(path, of(PHOTOMETRIC_MINISBLACK, 12, 1), kSide, kSide, rows.data());
    ck_assert_uint_eq(described(path).bits, 12);
    assert_pixel(rendered(path), 63, 63, {255, 0, 0, 0}, 1, 0, "12 bits");
}
END_TEST

START_TEST(bilevel_and_small_depths) {
    const Folder folder;
    const struct {
        std::uint16_t photometric, bits, compression;
        std::uint8_t byte;
        int first, second;
    } kCases[] = {
        {PHOTOMETRIC_MINISBLACK, 1, COMPRESSION_NONE, 0xAA, 255, 0},
        {PHOTOMETRIC_MINISWHITE, 1, COMPRESSION_NONE, 0xAA, 0, 255},
        {PHOTOMETRIC_MINISWHITE, 1, COMPRESSION_CCITTFAX4, 0xAA, 0, 255},
        {PHOTOMETRIC_MINISBLACK, 2, COMPRESSION_LZW, 0x66, 85, 170},
        {PHOTOMETRIC_MINISBLACK, 4, COMPRESSION_NONE, 0x3C, 51, 204},
        {PHOTOMETRIC_MINISWHITE, 4, COMPRESSION_NONE, 0x3C, 204, 51},
    };
    for (const auto& [photometric, bits, compression, byte, first, second] : kCases) {
        const std::vector<std::uint8_t> rows(std::size_t{kSide} * kSide, byte);
        for (const std::uint32_t tile : {0U, 16U}) {
            TiffOptions options = of(photometric, bits, 1);
            options.compression = compression;
            options.tile = tile;
            const auto path = folder.path("small.tif");
            write_tiff(path, options, kSide, kSide, rows.data());
            const auto description = described(path);
            ck_assert_uint_eq(description.bits, bits);
            ck_assert(description.standard == Quality::gray);
            const Picture picture = rendered(path);
            assert_pixel(picture, 20, 33, {first, 0, 0, 0}, 1, 0, "even pixel");
            assert_pixel(picture, 21, 33, {second, 0, 0, 0}, 1, 0, "odd pixel");
            // A window that starts inside a byte.
            assert_pixel(rendered(path, description, part({33, 1, 5, 5}, {5, 5})), 0, 0, {second, 0, 0, 0}, 1, 0,
                         "window");
        }
    }
}
END_TEST

START_TEST(palettes) {
    const Folder folder;
    for (const std::uint16_t bits : {1, 4, 8}) {
        for (const int scale : {1, 257}) {  // a colour map should be 16-bit; some are not
            const std::size_t count = std::size_t{1} << bits;
            TiffOptions options = of(PHOTOMETRIC_PALETTE, bits, 1);
            options.palette.assign(3 * count, 0);
            options.palette[1] = static_cast<std::uint16_t>(250 * scale);
            options.palette[count + 1] = static_cast<std::uint16_t>(100 * scale);
            options.palette[2 * count + 1] = static_cast<std::uint16_t>(20 * scale);
            const std::vector<std::uint8_t> rows(std::size_t{kSide} * kSide, bits == 1   ? 0xFF
                                                                             : bits == 4 ? 0x11
                                                                                         : 0x01);
            const auto path = folder.path("palette.tif");
            write_tiff(path, options, kSide, kSide, rows.data());
            ck_assert(described(path).standard == Quality::color);
            assert_pixel(rendered(path), 40, 40, {250, 100, 20, 0}, 3, 0, "palette");
        }
    }
    const auto path = folder.path("palette.png");
    write_with_vips(squares(300, 200), path + "[palette]");
    assert_squares(rendered(path), 2, "PNG palette");
}
END_TEST

START_TEST(cmyk) {
    const Folder folder;
    TiffOptions options = of(PHOTOMETRIC_SEPARATED, 8, 4);
    const struct {
        std::vector<std::uint8_t> ink;
        Colour about;
    } kInks[] = {{{0, 0, 0, 0}, {255, 255, 255, 0}},
                 {{255, 0, 0, 0}, {0, 160, 220, 0}},
                 {{0, 255, 0, 0}, {230, 0, 130, 0}},
                 {{0, 0, 255, 0}, {255, 235, 0, 0}},
                 {{0, 0, 0, 255}, {35, 31, 32, 0}}};
    for (const auto& [ink, about] : kInks) {
        assert_pixel(thumbnail(plain<std::uint8_t>(folder, options, ink)), 9, 9, about, 3, 35, "cmyk without profile");
        std::vector<std::uint16_t> wide;
        wide.reserve(ink.size());
        for (const std::uint8_t value : ink) wide.push_back(static_cast<std::uint16_t>(value * 257));
        assert_pixel(thumbnail(plain<std::uint16_t>(folder, of(PHOTOMETRIC_SEPARATED, 16, 4), wide)), 9, 9, about, 3,
                     35, "16-bit cmyk");
        // Even where profiles are kept: a CMYK answer is of no use in a browser.
        options.profile = profile("cmyk");
        for (const Format format : {Format::jpg, Format::png, Format::webp, Format::tif}) {
            assert_pixel(
                thumbnail(plain<std::uint8_t>(folder, options, ink), format, Quality::standard, Profile::embed), 9, 9,
                about, 3, 35, "cmyk with profile");
        }
        options.profile = "not a profile";
        assert_pixel(thumbnail(plain<std::uint8_t>(folder, options, ink)), 9, 9, about, 3, 35, "cmyk, broken profile");
        options.profile = profile("srgb");
        assert_pixel(thumbnail(plain<std::uint8_t>(folder, options, ink)), 9, 9, about, 3, 35, "cmyk, profile of RGB");
        options.profile.clear();
        // A JPEG as Photoshop writes it: inverted, with an Adobe marker.
        Picture picture{kSide, kSide, 4, {}};
        for (std::uint32_t i = 0; i < kSide * kSide; ++i)
            picture.pixels.insert(picture.pixels.end(), ink.begin(), ink.end());
        const auto path = folder.path("cmyk.jpg");
        write_with_vips(picture, path + "[Q=95]", VIPS_INTERPRETATION_CMYK);
        ck_assert(described(path).standard == Quality::color);
        ck_assert(!described(path).alpha);
        assert_pixel(thumbnail(path), 9, 9, about, 3, 35, "cmyk jpeg");
    }
}
END_TEST

START_TEST(cielab) {
    const Folder folder;
    // sRGB 200, 100, 50 is L* 53.63, a* 36.31, b* 45.38.
    assert_pixel(thumbnail(plain<std::uint8_t>(folder, of(PHOTOMETRIC_CIELAB, 8, 3), {137, 36, 45})), 9, 9,
                 {200, 100, 50, 0}, 3, 4, "8-bit Lab");
    assert_pixel(thumbnail(plain<std::uint16_t>(folder, of(PHOTOMETRIC_CIELAB, 16, 3), {35146, 9294, 11617})), 9, 9,
                 {200, 100, 50, 0}, 3, 2, "16-bit Lab");
    // a* and b* below zero: sRGB 0, 128, 255 is L* 54.7, a* 18.8, b* -71.
    assert_pixel(thumbnail(plain<std::uint8_t>(folder, of(PHOTOMETRIC_CIELAB, 8, 3), {140, 19, 256 - 71})), 9, 9,
                 {0, 128, 255, 0}, 3, 8, "blue in Lab");
}
END_TEST

START_TEST(profiles_are_applied) {
    const Folder folder;
    TiffOptions options = of(PHOTOMETRIC_RGB, 8, 3);
    const std::vector<std::uint8_t> pixel = {200, 100, 50};
    const auto source = [&] { return plain<std::uint8_t>(folder, options, pixel); };
    options.profile = profile("p3");
    // Display P3 200, 100, 50 is sRGB 214, 95, 34.
    assert_pixel(thumbnail(source()), 9, 9, {214, 95, 34, 0}, 3, 2, "Display P3");
    options.profile = profile("srgb");
    assert_pixel(thumbnail(source()), 9, 9, {200, 100, 50, 0}, 3, 1, "sRGB");
    for (const std::string& broken : {std::string("rubbish"), profile("cmyk"), profile("p3").substr(0, 200)}) {
        options.profile = broken;
        assert_pixel(thumbnail(source()), 9, 9, {200, 100, 50, 0}, 3, 0, "a profile that does not fit");
    }
    TiffOptions wide = of(PHOTOMETRIC_RGB, 16, 3);
    wide.profile = profile("p3");
    assert_pixel(thumbnail(plain<std::uint16_t>(folder, wide, {200 * 257, 100 * 257, 50 * 257})), 9, 9,
                 {214, 95, 34, 0}, 3, 2, "16-bit Display P3");
}
END_TEST

START_TEST(profiles_can_be_kept) {
    const Folder folder;
    TiffOptions options = of(PHOTOMETRIC_RGB, 8, 3);
    options.profile = profile("p3");
    const auto path = plain<std::uint8_t>(folder, options, {200, 100, 50});
    const auto description = described(path);
    for (const Format format :
         {Format::jpg, Format::png, Format::webp, Format::tif, Format::gif, Format::avif, Format::jp2}) {
        for (const Quality quality : {Quality::standard, Quality::color, Quality::gray}) {
            Job job = whole(description, format);
            job.quality = quality;
            job.encode.icc = Profile::embed;
            const auto bytes = try_render(path, description, job);
            ck_assert(bytes.has_value());
            const std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
            const bool kept =
                (format == Format::jpg || format == Format::png || format == Format::webp || format == Format::tif) &&
                quality != Quality::gray;
            // PNG compresses the profile and names its chunk.
            const bool found =
                text.find(format == Format::png ? "iCCP" : options.profile.substr(0, 100)) != std::string::npos;
            ck_assert_msg(found == kept, "format %d quality %d", static_cast<int>(format), static_cast<int>(quality));
        }
    }
    Job job = whole(description, Format::png);
    job.encode.icc = Profile::embed;
    assert_pixel(rendered(path, description, job), 9, 9, {200, 100, 50, 0}, 3, 0, "numbers stay");
}
END_TEST

START_TEST(a_level_without_profile_uses_the_pages) {
    const Folder folder;
    const auto path = folder.path("levels.tif");
    TIFF* tiff = TIFFOpen(path.c_str(), "w");
    TiffOptions options = of(PHOTOMETRIC_RGB, 8, 3);
    options.tile = 32;
    options.profile = profile("p3");
    std::vector<std::uint8_t> rows;
    for (std::uint32_t i = 0; i < kSide * kSide; ++i) rows.insert(rows.end(), {200, 100, 50});
    write_directory(tiff, options, kSide, kSide, rows.data());
    options.profile.clear();
    options.subfile = FILETYPE_REDUCEDIMAGE;
    write_directory(tiff, options, kSide / 2, kSide / 2, rows.data());
    TIFFClose(tiff);
    ck_assert_uint_eq(described(path).levels.size(), 2);
    assert_pixel(thumbnail(path), 9, 9, {214, 95, 34, 0}, 3, 2, "level");
}
END_TEST

START_TEST(transparency) {
    const Folder folder;
    const struct {
        int extra;
        std::vector<std::uint8_t> pixel;
    } kKinds[] = {{EXTRASAMPLE_UNASSALPHA, {200, 100, 50, 51}}, {EXTRASAMPLE_ASSOCALPHA, {40, 20, 10, 51}}};
    for (const auto& [extra, pixel] : kKinds) {
        TiffOptions options = of(PHOTOMETRIC_RGB, 8, 4);
        options.extra = extra;
        const auto path = plain<std::uint8_t>(folder, options, pixel);
        ck_assert(described(path).alpha);
        ck_assert_uint_eq(described(path).bands, 4);
        for (const Format format : {Format::png, Format::tif}) {
            assert_pixel(thumbnail(path, format), 9, 9, {200, 100, 50, 51}, 4, 2, "kept");
        }
        // A fifth of the colour on four fifths of white.
        for (const Format format : {Format::jpg, Format::jp2}) {
            assert_pixel(thumbnail(path, format), 9, 9, {244, 224, 214, 0}, 3, 6, "flattened");
        }
    }
    TiffOptions options = of(PHOTOMETRIC_RGB, 8, 4);
    options.extra = EXTRASAMPLE_UNSPECIFIED;
    const auto path = plain<std::uint8_t>(folder, options, {200, 100, 50, 0});
    ck_assert(!described(path).alpha);
    assert_pixel(thumbnail(path), 9, 9, {200, 100, 50, 0}, 3, 0, "not transparency");

    TiffOptions gray = of(PHOTOMETRIC_MINISBLACK, 16, 2);
    gray.extra = EXTRASAMPLE_UNASSALPHA;
    const auto gray_path = plain<std::uint16_t>(folder, gray, {100 * 257, 51 * 257});
    ck_assert(described(gray_path).standard == Quality::gray);
    assert_pixel(thumbnail(gray_path), 9, 9, {100, 51, 0, 0}, 2, 1, "gray with alpha");
    assert_pixel(thumbnail(gray_path, Format::jpg), 9, 9, {224, 0, 0, 0}, 1, 3, "gray, flattened");

    // Transparent pixels do not tint their neighbours when scaled: a transparent red beside an opaque blue.
    Picture half{kSide, kSide, 4, {}};
    for (std::uint32_t i = 0; i < kSide * kSide; ++i) {
        if (i % 2 == 0) {
            half.pixels.insert(half.pixels.end(), {255, 0, 0, 0});
        } else {
            half.pixels.insert(half.pixels.end(), {0, 0, 255, 255});
        }
    }
    const auto edge = folder.path("edge.png");
    write_with_vips(half, edge);
    const Picture scaled = rendered(edge, described(edge), part({0, 0, kSide, kSide}, {kSide / 2, kSide / 2}));
    assert_pixel(scaled, 10, 10, {0, 0, 255, 128}, 4, 4, "no bleeding");
}
END_TEST

START_TEST(qualities) {
    const Folder folder;
    const auto path = folder.path("squares.png");
    const Picture picture = squares(300, 200);
    write_with_vips(picture, path);
    const auto description = described(path);
    Job job = whole(description);
    job.quality = Quality::gray;
    const Picture gray = rendered(path, description, job);
    ck_assert_uint_eq(gray.bands, 1);
    job.quality = Quality::bitonal;
    const Picture bitonal = rendered(path, description, job);
    ck_assert_uint_eq(bitonal.bands, 1);
    for (std::uint32_t row = 0; row < 2; ++row) {
        for (std::uint32_t column = 0; column < 3; ++column) {
            const std::uint32_t x = column * 100 + 50;
            const std::uint32_t y = row * 100 + 50;
            const Colour c = square_colour(column, row);
            const double luma = 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
            ck_assert_int_le(std::abs(gray.at(x, y, 0) - static_cast<int>(luma)), 32);
            ck_assert_uint_eq(bitonal.at(x, y, 0), gray.at(x, y, 0) >= 128 ? 255 : 0);
        }
    }
    job.format = Format::tif;
    ck_assert(rendered(path, description, job).pixels == bitonal.pixels);
    // Colour of a gray image is what there is.
    const auto gray_path = folder.path("gray.png");
    write_with_vips(squares(300, 200, 1), gray_path, VIPS_INTERPRETATION_B_W);
    const auto gray_description = described(gray_path);
    ck_assert(gray_description.standard == Quality::gray);
    Job colour = whole(gray_description);
    colour.quality = Quality::color;
    assert_pixel(rendered(gray_path, gray_description, colour), 50, 50, square_colour(0, 0), 1, 0, "color of gray");
}
END_TEST

START_TEST(unreadable_variants_are_named) {
    const Folder folder;
    const struct {
        TiffOptions options;
        const char* sentence;
    } kCases[] = {
        {of(PHOTOMETRIC_MINISBLACK, 16, 1, SAMPLEFORMAT_INT),
         "This TIFF holds signed samples, which this server does not read."},
        {of(PHOTOMETRIC_MINISBLACK, 64, 1), "This TIFF holds samples of 64 bits, which this server does not read."},
        {of(PHOTOMETRIC_CFA, 8, 1),
         "This TIFF holds pixels of photometric interpretation 32803, which this server does not read."},
    };
    for (const auto& [options, sentence] : kCases) {
        const auto path = folder.path("odd.tif");
        const std::vector<std::uint8_t> rows(std::size_t{kSide} * kSide * 8);
        write_tiff(path, options, kSide, kSide, rows.data());
        const auto refusal = try_describe(path);
        ck_assert(!refusal.has_value());
        ck_assert_int_eq(refusal.error().status, 501);
        ck_assert_str_eq(refusal.error().sentence.c_str(), sentence);
    }
}
END_TEST

TCase* colour_case() {
    TCase* tests = started_case("colour");
    tcase_add_test(tests, depths);
    tcase_add_test(tests, bilevel_and_small_depths);
    tcase_add_test(tests, palettes);
    tcase_add_test(tests, cmyk);
    tcase_add_test(tests, cielab);
    tcase_add_test(tests, profiles_are_applied);
    tcase_add_test(tests, profiles_can_be_kept);
    tcase_add_test(tests, a_level_without_profile_uses_the_pages);
    tcase_add_test(tests, transparency);
    tcase_add_test(tests, qualities);
    tcase_add_test(tests, unreadable_variants_are_named);
    return tests;
}
const iiif::test::Register _(colour_case);

}  // namespace
