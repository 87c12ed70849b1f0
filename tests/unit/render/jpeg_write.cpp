// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_write.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace iiif::render::test {

std::string coded_jpeg(const Picture& picture, const JpegOptions& options) {
    jpeg_compress_struct jpeg{};
    jpeg_error_mgr errors{};
    jpeg.err = jpeg_std_error(&errors);  // leaves the program on an error
    jpeg_create_compress(&jpeg);
    unsigned char* bytes = nullptr;
    unsigned long length = 0;
    jpeg_mem_dest(&jpeg, &bytes, &length);
    jpeg.image_width = picture.width;
    jpeg.image_height = picture.height;
    jpeg.input_components = static_cast<int>(picture.bands);
    jpeg.in_color_space = picture.bands == 1 ? JCS_GRAYSCALE : picture.bands == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, options.colours);
    jpeg_set_quality(&jpeg, options.quality, TRUE);
    if (picture.bands > 1) {
        for (int c = 0; c < jpeg.num_components; ++c)
            jpeg.comp_info[c].h_samp_factor = jpeg.comp_info[c].v_samp_factor = 1;
    }
    jpeg.comp_info[0].h_samp_factor = options.across;
    jpeg.comp_info[0].v_samp_factor = options.down;
    jpeg.restart_interval = options.restart;
    jpeg.restart_in_rows = options.restart_rows;
    jpeg.optimize_coding = options.optimised ? TRUE : FALSE;
    jpeg.arith_code = options.arithmetic ? TRUE : FALSE;
    if (options.progressive) jpeg_simple_progression(&jpeg);
    std::array<jpeg_scan_info, 3> scans{};
    if (options.separate) {
        for (int c = 0; c < 3; ++c) scans.at(static_cast<std::size_t>(c)) = {1, {c}, 0, 63, 0, 0};
        jpeg.scan_info = scans.data();
        jpeg.num_scans = 3;
    }
    jpeg_start_compress(&jpeg, TRUE);
    if (options.orientation != 0) {
        // TIFF's header, one entry: tag 274, SHORT, one value.
        const std::array<unsigned char, 32> exif = {
            'E', 'x', 'i', 'f', 0,    0, 'M', 'M', 0, 42, 0, 0, 0,
            8,   0,   1,   1,   0x12, 0, 3,   0,   0, 0,  1, 0, static_cast<unsigned char>(options.orientation)};
        jpeg_write_marker(&jpeg, JPEG_APP0 + 1, exif.data(), exif.size());
    }
    if (!options.profile.empty()) {
        jpeg_write_icc_profile(&jpeg, reinterpret_cast<const JOCTET*>(options.profile.data()),
                               static_cast<unsigned>(options.profile.size()));
    }
    std::vector<std::uint8_t> pixels = picture.pixels;
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = pixels.data() + std::size_t{jpeg.next_scanline} * picture.width * picture.bands;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    std::string out(reinterpret_cast<const char*>(bytes), length);
    std::free(bytes);
    return out;
}

}  // namespace iiif::render::test
