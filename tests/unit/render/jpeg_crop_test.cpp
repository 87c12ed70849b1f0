// SPDX-License-Identifier: Apache-2.0
// A JPEG cut between its codes has the coefficients of the whole, block for block. Here and not beside the tests of
// source, because libjpeg says what they are.
#include "source/jpeg_crop.h"

#include <jpeglib.h>

#include <algorithm>
#include <random>

#include "render/jpeg_support.h"

namespace {

using namespace iiif::render::test;
using iiif::protocol::Extent;
using iiif::source::cropped_jpeg;

std::span<const unsigned char> bytes_of(const std::string& file) {
    return {reinterpret_cast<const unsigned char*>(file.data()), file.size()};
}

// As libvips writes it; `options` in brackets.
std::string coded(const Picture& picture, const std::string& options) {
    VipsImage* image = image_of(picture, picture.bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
    void* bytes = nullptr;
    std::size_t length = 0;
    ck_assert_int_eq(vips_image_write_to_buffer(image, (".jpg" + options).c_str(), &bytes, &length, nullptr), 0);
    g_object_unref(image);
    std::string out(static_cast<const char*>(bytes), length);
    g_free(bytes);
    return out;
}

// One number after another: of each component its blocks, rows from the top. A warning fails the test.
struct Coefficients {
    Extent extent;
    std::vector<std::array<std::uint32_t, 4>> components;  // blocks across and down, sampling factors
    std::vector<std::vector<JCOEF>> blocks;

    explicit Coefficients(const std::string& file) {
        jpeg_decompress_struct jpeg{};
        jpeg_error_mgr errors{};
        jpeg.err = jpeg_std_error(&errors);  // leaves the program on an error
        jpeg_create_decompress(&jpeg);
        jpeg_mem_src(&jpeg, bytes_of(file).data(), file.size());
        jpeg_read_header(&jpeg, TRUE);
        auto** arrays = jpeg_read_coefficients(&jpeg);
        extent = {jpeg.image_width, jpeg.image_height};
        for (int c = 0; c < jpeg.num_components; ++c) {
            const jpeg_component_info& info = jpeg.comp_info[c];
            components.push_back({info.width_in_blocks, info.height_in_blocks,
                                  static_cast<std::uint32_t>(info.h_samp_factor),
                                  static_cast<std::uint32_t>(info.v_samp_factor)});
            auto& out = blocks.emplace_back();
            for (JDIMENSION row = 0; row < info.height_in_blocks; ++row) {
                auto** const rows =
                    jpeg.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&jpeg), arrays[c], row, 1, FALSE);
                for (JDIMENSION column = 0; column < info.width_in_blocks; ++column) {
                    out.insert(out.end(), rows[0][column], rows[0][column] + DCTSIZE2);
                }
            }
        }
        jpeg_finish_decompress(&jpeg);
        ck_assert_int_eq(errors.num_warnings, 0);
        jpeg_destroy_decompress(&jpeg);
    }
};

void assert_part(const std::string& whole_file, const std::string& part_file, Extent extent, const char* what) {
    const Coefficients whole(whole_file);
    const Coefficients part(part_file);
    ck_assert_msg(part.extent == extent, "%s", what);
    ck_assert_uint_eq(part.components.size(), whole.components.size());
    for (std::size_t c = 0; c < part.components.size(); ++c) {
        const auto [across, down, horizontal, vertical] = part.components[c];
        const std::uint32_t stride = whole.components[c][0];
        ck_assert_uint_eq(horizontal, whole.components[c][2]);
        for (std::uint32_t row = 0; row < down; ++row) {
            const auto* ours = &part.blocks[c][std::size_t{row} * across * DCTSIZE2];
            const auto* theirs = &whole.blocks[c][std::size_t{row} * stride * DCTSIZE2];
            ck_assert_msg(std::equal(ours, ours + std::size_t{across} * DCTSIZE2, theirs), "%s, component %zu, row %u",
                          what, c, row);
        }
    }
}

START_TEST(coefficients_are_the_same) {
    int cut = 0;
    int declined = 0;
    for (const std::uint32_t bands : {1U, 3U}) {
        const Picture picture = scene(200, 136, bands);
        for (const char* options : {"[Q=10]", "[Q=85]", "[Q=99]", "[Q=85,subsample_mode=off]", "[Q=85,optimize_coding]",
                                    "[Q=30,optimize_coding,subsample_mode=on]"}) {
            const std::string whole = coded(picture, options);
            ck_assert(cropped_jpeg(bytes_of(whole), {200, 136}) == whole);
            for (const Extent extent : {Extent{199, 135},
                                        {1, 1},
                                        {8, 136},
                                        {9, 70},
                                        {16, 16},
                                        {17, 136},
                                        {200, 17},
                                        {192, 128},
                                        {193, 129}}) {
                const std::string part = cropped_jpeg(bytes_of(whole), extent);
                // Tables made for the whole may lack a code that the part needs.
                if (part.empty() && std::string_view(options).find("optimize") != std::string_view::npos) {
                    ++declined;
                    continue;
                }
                ck_assert_msg(!part.empty(), "%s %u x %u", options, extent.width, extent.height);
                assert_part(whole, part, extent, options);
                ++cut;
            }
        }
    }
    ck_assert_int_gt(cut, 10 * declined);
}
END_TEST

START_TEST(other_files_are_declined) {
    const Picture picture = scene(96, 80);
    const std::string good = coded(picture, "[Q=85]");
    ck_assert(!cropped_jpeg(bytes_of(good), {50, 50}).empty());
    for (const Extent extent : {Extent{0, 8}, {8, 0}, {97, 80}, {96, 81}}) {
        ck_assert(cropped_jpeg(bytes_of(good), extent).empty());
    }
    ck_assert(cropped_jpeg(bytes_of(coded(picture, "[interlace]")), {50, 50}).empty());
    ck_assert(cropped_jpeg({}, {1, 1}).empty());
    const std::string no_end = good.substr(0, good.size() - 2);
    ck_assert(cropped_jpeg(bytes_of(no_end), {50, 50}).empty());
    // Restarts: markers within the scan.
    std::string restarts = good;
    restarts.insert(2, std::string("\xFF\xDD\x00\x04\x00\x01", 6));
    ck_assert(cropped_jpeg(bytes_of(restarts), {50, 50}).empty());
    // Coded data that end before the last block.
    const std::string cut = good.substr(0, good.size() * 2 / 3) + "\xFF\xD9";
    ck_assert(cropped_jpeg(bytes_of(cut), {96, 80}).empty());
}
END_TEST

// Whatever is in the file: an answer or none, and no memory but its own (this runs with AddressSanitizer too).
START_TEST(damage_is_survived) {
    std::mt19937 random(1);
    int answered = 0;
    for (const char* options : {"[Q=85]", "[Q=20,optimize_coding]", "[Q=97,subsample_mode=off]"}) {
        const std::string good = coded(scene(64, 48), options);
        const std::size_t scan = good.find("\xFF\xDA");
        for (int round = 0; round < 1500; ++round) {
            std::string bad = good;
            // Headers as often as coded data, which are longer.
            const std::size_t until = round % 2 == 0 ? scan + 14 : bad.size();
            for (unsigned n = random() % 4; n < 4; ++n) bad[random() % until] = static_cast<char>(random());
            if (round % 5 == 0) bad.resize(random() % bad.size());
            // Of its own length: reading beyond is seen.
            const std::vector<unsigned char> exact(bad.begin(), bad.end());
            answered += cropped_jpeg(exact, {static_cast<std::uint32_t>(1 + random() % 64),
                                             static_cast<std::uint32_t>(1 + random() % 48)})
                                .empty()
                            ? 0
                            : 1;
        }
    }
    ck_assert_int_gt(answered, 0);
}
END_TEST

TCase* jpeg_crop_test_case() {
    TCase* test_case = started_case("jpeg_crop");
    tcase_add_test(test_case, coefficients_are_the_same);
    tcase_add_test(test_case, other_files_are_declined);
    tcase_add_test(test_case, damage_is_survived);
    return test_case;
}

const iiif::test::Register _(jpeg_crop_test_case);

}  // namespace
