// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_samples.h"

#include <check.h>

#include <cstring>

#include "suite.h"

namespace {

using namespace iiif::render;
using Layout = SampleLayout;

template <class Out, class In>
std::vector<Out> unpacked(const Layout& layout, const std::vector<std::vector<In>>& planes, std::size_t width,
                          std::size_t first = 0) {
    std::vector<const unsigned char*> rows;
    rows.reserve(planes.size());
    for (const auto& plane : planes) rows.push_back(reinterpret_cast<const unsigned char*>(plane.data()));
    std::vector<Out> out(width * layout.bands());
    ck_assert_uint_eq(layout.bytes_per_pixel(), sizeof(Out) * layout.bands());
    unpack_row(layout, rows, first, width, reinterpret_cast<unsigned char*>(out.data()));
    return out;
}

using Bytes = std::vector<std::uint8_t>;
using Words = std::vector<std::uint16_t>;

START_TEST(packed_samples_become_whole) {
    Layout layout;
    layout.bits = 1;
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(layout, {{0b10110000}}, 5) == Bytes{255, 0, 255, 255, 0}));
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(layout, {{0b10110000}}, 2, 2) == Bytes{255, 255}));
    layout.kind = Layout::Kind::gray_inverted;
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(layout, {{0b10110000}}, 3) == Bytes{0, 255, 0}));
    layout.kind = Layout::Kind::gray;
    layout.bits = 2;
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(layout, {{0b00011011}}, 4) == Bytes{0, 85, 170, 255}));
    layout.bits = 4;
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(layout, {{0x0F, 0x80}}, 3) == Bytes{0, 255, 136}));
    layout.bits = 6;
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(layout, {{0xFF, 0xF0}}, 2) == Bytes{255, 255}));
    layout.bits = 12;
    ck_assert((unpacked<std::uint16_t, std::uint8_t>(layout, {{0xFF, 0xF8, 0x00, 0x00, 0x10}}, 3) ==
               Words{65535, 32776, 1 * 16}));
}
END_TEST

START_TEST(wide_samples_fill_sixteen_bits) {
    Layout layout;
    layout.bits = 16;
    ck_assert((unpacked<std::uint16_t, std::uint16_t>(layout, {{0, 257, 65535}}, 3) == Words{0, 257, 65535}));
    layout.kind = Layout::Kind::gray_inverted;
    ck_assert((unpacked<std::uint16_t, std::uint16_t>(layout, {{0, 257, 65535}}, 3) == Words{65535, 65278, 0}));
    layout.kind = Layout::Kind::gray;
    layout.bits = 32;
    ck_assert(
        (unpacked<std::uint16_t, std::uint32_t>(layout, {{0, 0x80000000, 0xFFFFFFFF}}, 3) == Words{0, 32768, 65535}));
    layout.encoding = Layout::Encoding::floating;
    ck_assert((unpacked<std::uint16_t, float>(layout, {{-1, 0.5F, 2, 1}}, 4) == Words{0, 32768, 65535, 65535}));
    layout.bits = 64;
    ck_assert((unpacked<std::uint16_t, double>(layout, {{0, 1 / 3.0}}, 2) == Words{0, 21845}));
    layout.bits = 16;  // halves: 0, 0.5, 1, infinity, not a number
    ck_assert((unpacked<std::uint16_t, std::uint16_t>(layout, {{0, 0x3800, 0x3C00, 0x7C00, 0x7E00}}, 5) ==
               Words{0, 32768, 65535, 65535, 0}));
}
END_TEST

START_TEST(samples_find_their_places) {
    Layout rgb;
    rgb.kind = Layout::Kind::rgb;
    rgb.samples = 5;  // red, green, blue, a spot colour, alpha
    rgb.alpha = true;
    rgb.alpha_sample = 4;
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(rgb, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}, 2) ==
               Bytes{1, 2, 3, 5, 6, 7, 8, 10}));
    rgb.separate = true;
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(rgb, {{1, 6}, {2, 7}, {3, 8}, {4, 9}, {5, 10}}, 2) ==
               Bytes{1, 2, 3, 5, 6, 7, 8, 10}));
    Layout palette;
    palette.kind = Layout::Kind::palette;
    palette.bits = 4;
    palette.palette = {{{1, 2, 3}}, {{4, 5, 6}}};
    ck_assert((unpacked<std::uint8_t, std::uint8_t>(palette, {{0x10, 0xF0}}, 3) == Bytes{4, 5, 6, 1, 2, 3, 0, 0, 0}));
}
END_TEST

START_TEST(lab_is_lab) {
    Layout lab;
    lab.kind = Layout::Kind::cielab;
    lab.samples = 3;
    ck_assert((unpacked<float, std::uint8_t>(lab, {{255, 0x80, 0x7F}}, 1) == std::vector<float>{100, -128, 127}));
    lab.kind = Layout::Kind::icclab;
    ck_assert((unpacked<float, std::uint8_t>(lab, {{0, 128, 255}}, 1) == std::vector<float>{0, 0, 127}));
    lab.bits = 16;
    ck_assert((unpacked<float, std::uint16_t>(lab, {{65280, 32768, 0}}, 1) == std::vector<float>{100, 0, -128}));
    lab.kind = Layout::Kind::cielab;
    ck_assert((unpacked<float, std::uint16_t>(lab, {{65535, 0xFF00, 0x0100}}, 1) == std::vector<float>{100, -1, 1}));
}
END_TEST

TCase* samples_case() {
    TCase* tests = tcase_create("tiff samples");
    tcase_add_test(tests, packed_samples_become_whole);
    tcase_add_test(tests, wide_samples_fill_sixteen_bits);
    tcase_add_test(tests, samples_find_their_places);
    tcase_add_test(tests, lab_is_lab);
    return tests;
}
const iiif::test::Register _(samples_case);

}  // namespace
