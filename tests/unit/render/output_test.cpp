// SPDX-License-Identifier: Apache-2.0
// Answers that are passed on while they are made.
#include "render/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "render/encode.h"
#include "render/tiff_plain.h"
#include "source/root.h"
#include "support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Format;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}
std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

START_TEST(held_while_there_is_little) {
    std::string passed;
    Output out(5, [&](std::span<const std::byte> bytes) {
        passed += text_of(bytes);
        return true;
    });
    ck_assert(out.write(bytes_of("abc")) && out.write(bytes_of("de")));
    ck_assert(passed.empty());
    ck_assert(out.write(bytes_of("f")) && out.write(bytes_of("")) && out.write(bytes_of("gh")));
    ck_assert(passed == "abcdefgh");
    ck_assert(out.take().empty());

    Output whole;
    ck_assert(whole.write(bytes_of("abc")) && whole.write(bytes_of("def")));
    ck_assert(text_of(whole.take()) == "abcdef");

    Output refused(2, [](std::span<const std::byte>) { return false; });
    ck_assert(refused.write(bytes_of("ab")));
    ck_assert(!refused.write(bytes_of("c")) && !refused.write(bytes_of("d")));
}
END_TEST

START_TEST(every_format_is_passed_on_as_it_is_held) {
    const Folder folder;
    const auto path = folder.path("a.png");
    write_with_vips(squares(450, 310), path);
    const auto description = described(path);
    for (const Format format : iiif::protocol::kFormats) {
        const Job job = whole(description, format);
        const auto held = try_render(path, description, job);
        ck_assert(held.has_value());
        std::string passed;
        Output out(10, [&](std::span<const std::byte> bytes) {
            passed += text_of(bytes);
            return true;
        });
        const iiif::source::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        std::string detail;
        ck_assert(render(fd.get(), 1, description, job, nullptr, out, detail).has_value());
        ck_assert(passed == text_of(*held));
        // Who takes nothing more ends it.
        Output gone(10, [](std::span<const std::byte>) { return false; });
        ck_assert(!render(fd.get(), 1, description, job, nullptr, gone, detail).has_value());
    }
}
END_TEST

START_TEST(tiff_without_compression) {
    const Folder folder;
    const auto path = folder.path("plain.tif");
    for (const std::uint32_t bands : {1U, 2U, 3U, 4U}) {
        // An odd width, and more rows than a strip holds.
        const Picture picture = squares(1501, 1203, bands);
        Image image(image_of(picture, bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB));
        const std::string profile(3001, 'p');
        vips_image_set_blob_copy(image.get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
        Output out;
        ck_assert(write_plain_tiff(image.get(), false, out));
        write_file(path, text_of(out.take()));
        // By libtiff, as others would read it.
        TIFF* tiff = TIFFOpen(path.c_str(), "r");
        ck_assert_ptr_nonnull(tiff);
        std::uint32_t width = 0;
        std::uint32_t height = 0;
        std::uint16_t samples = 0;
        TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
        TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
        TIFFGetField(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
        ck_assert_uint_eq(width, picture.width);
        ck_assert_uint_eq(height, picture.height);
        ck_assert_uint_eq(samples, bands);
        std::uint32_t length = 0;
        void* icc = nullptr;
        ck_assert_int_eq(TIFFGetField(tiff, TIFFTAG_ICCPROFILE, &length, &icc), 1);
        ck_assert(std::string(static_cast<const char*>(icc), length) == profile);
        std::vector<std::uint8_t> row(std::size_t{width} * bands);
        for (std::uint32_t y = 0; y < height; ++y) {
            ck_assert_int_eq(TIFFReadScanline(tiff, row.data(), y, 0), 1);
            ck_assert_int_eq(std::memcmp(row.data(), &picture.pixels[y * row.size()], row.size()), 0);
        }
        TIFFClose(tiff);
    }
}
END_TEST

START_TEST(bits_without_compression) {
    const Folder folder;
    const auto path = folder.path("plain.tif");
    Picture picture;
    picture.width = 1003;
    picture.height = 700;
    picture.bands = 1;
    for (std::size_t i = 0; i < std::size_t{1003} * 700; ++i) picture.pixels.push_back(i * i % 7 < 3 ? 255 : 0);
    const Image image(image_of(picture, VIPS_INTERPRETATION_B_W));
    Output out;
    ck_assert(write_plain_tiff(image.get(), true, out));
    const auto bytes = out.take();
    ck_assert_uint_lt(bytes.size(), 1003 * 700 / 8 + 2000);
    write_file(path, text_of(bytes));
    ck_assert_uint_eq(described(path).bits, 1);
    const Picture back = rendered(path);
    ck_assert_uint_eq(back.width, picture.width);
    for (std::uint32_t y = 0; y < picture.height; y += 3) {
        for (std::uint32_t x = 0; x < picture.width; ++x) ck_assert_uint_eq(back.at(x, y, 0), picture.at(x, y, 0));
    }
}
END_TEST

START_TEST(beyond_four_gigabytes_offsets_are_wide) {
    VipsImage* black = nullptr;
    ck_assert_int_eq(vips_black(&black, 50000, 30000, "bands", 3, nullptr), 0);
    const Image image(black);
    std::string head;
    Output out(0, [&](std::span<const std::byte> bytes) {
        head = text_of(bytes);
        return false;
    });
    ck_assert(!write_plain_tiff(image.get(), false, out));
    ck_assert(head.starts_with(std::string("II\x2B\0\x08\0\0\0", 8)));
    // The last of the strips lies where the arithmetic of 64 bits says.
    const Folder folder;
    const auto path = folder.path("head.tif");
    write_file(path, head);
    ck_assert_int_eq(truncate(path.c_str(), static_cast<off_t>(head.size() + 50000ULL * 30000 * 3)), 0);
    TIFF* tiff = TIFFOpen(path.c_str(), "r");
    ck_assert_ptr_nonnull(tiff);
    const std::uint32_t last = TIFFNumberOfStrips(tiff) - 1;
    ck_assert_uint_eq(TIFFGetStrileOffset(tiff, last) + TIFFGetStrileByteCount(tiff, last),
                      head.size() + 50000ULL * 30000 * 3);
    TIFFClose(tiff);
}
END_TEST

START_TEST(encoders_that_hold_all_have_a_limit) {
    const Folder folder;
    const auto path = folder.path("a.png");
    write_with_vips(squares(1000, 1000), path);
    const auto description = described(path);
    for (const Format format : iiif::protocol::kFormats) {
        Job job = whole(description, format);
        job.encoder_memory = bytes_held(format) * 1'000'000;
        ck_assert(try_render(path, description, job).has_value());
        if (bytes_held(format) == 0) continue;
        --job.encoder_memory;
        const auto refused = try_render(path, description, job);
        ck_assert(!refused && refused.error().status == 400);
        ck_assert(refused.error().sentence.find("999999 pixels") != std::string::npos);
    }
}
END_TEST

START_TEST(turned_without_holding_all) {
    // More than read_anywhere() holds: its squares are turned as the whole would be.
    const Folder folder;
    const auto path = folder.path("large.tif");
    const Picture picture = squares(5200, 4400);
    TiffOptions options;
    options.tile = 512;
    write_tiff(path, options, picture);
    const auto description = described(path);
    const Picture upright = rendered(path, description, whole(description, Format::tif));
    for (const std::uint64_t degrees : {90U, 180U, 270U}) {
        Job job = whole(description, Format::tif);
        job.rotation = rotation(degrees);
        const Picture turned = rendered(path, description, job);
        for (std::uint32_t y = 3; y < upright.height; y += 97) {
            for (std::uint32_t x = 1; x < upright.width; x += 89) {
                const std::uint32_t to_x = degrees == 90    ? upright.height - 1 - y
                                           : degrees == 180 ? upright.width - 1 - x
                                                            : y;
                const std::uint32_t to_y = degrees == 90    ? x
                                           : degrees == 180 ? upright.height - 1 - y
                                                            : upright.width - 1 - x;
                for (std::uint32_t band = 0; band < 3; ++band) {
                    ck_assert_uint_eq(turned.at(to_x, to_y, band), upright.at(x, y, band));
                }
            }
        }
    }
}
END_TEST

TCase* output_case() {
    TCase* tests = started_case("output");
    tcase_add_test(tests, held_while_there_is_little);
    tcase_add_test(tests, every_format_is_passed_on_as_it_is_held);
    tcase_add_test(tests, tiff_without_compression);
    tcase_add_test(tests, bits_without_compression);
    tcase_add_test(tests, beyond_four_gigabytes_offsets_are_wide);
    tcase_add_test(tests, encoders_that_hold_all_have_a_limit);
    tcase_add_test(tests, turned_without_holding_all);
    return tests;
}
const iiif::test::Register _(output_case);

}  // namespace
