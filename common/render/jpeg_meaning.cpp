// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_meaning.h"

#include <cstdlib>

#include "render/jpeg_errors.h"

namespace iiif::render {
namespace {

constexpr int kIccMarker = JPEG_APP0 + 2;

struct Reader {
    JpegErrors errors{};
    jpeg_decompress_struct jpeg{};
    JOCTET* profile = nullptr;
    unsigned profile_length = 0;
    bool created = false;

    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() {
        std::free(profile);
        if (created) jpeg_destroy_decompress(&jpeg);
    }

    bool read(const unsigned char* head, std::size_t length) {
        jpeg.err = errors.install();
        if (setjmp(errors.mark) != 0) return false;
        jpeg_create_decompress(&jpeg);
        created = true;
        jpeg_mem_src(&jpeg, head, length);
        jpeg_save_markers(&jpeg, kIccMarker, 0xFFFF);
        if (jpeg_read_header(&jpeg, TRUE) != JPEG_HEADER_OK) return false;
        if (jpeg.marker_list == nullptr) return true;
        return jpeg_read_icc_profile(&jpeg, &profile, &profile_length) == TRUE;
    }
};

}  // namespace

std::optional<JpegMeaning> jpeg_meaning(std::span<const unsigned char> head) {
    Reader reader;
    if (!reader.read(head.data(), head.size())) return std::nullopt;
    const jpeg_decompress_struct& jpeg = reader.jpeg;
    JpegMeaning out;
    switch (jpeg.jpeg_color_space) {
        case JCS_GRAYSCALE: out.colours = Colours::gray; break;
        case JCS_YCbCr: out.colours = Colours::ycc; break;
        case JCS_RGB: out.colours = Colours::rgb; break;
        default: return std::nullopt;
    }
    if (jpeg.num_components != (out.colours == Colours::gray ? 1 : 3)) return std::nullopt;
    for (std::size_t c = 0; c < static_cast<std::size_t>(jpeg.num_components); ++c) {
        const auto number = static_cast<std::size_t>(jpeg.comp_info[c].quant_tbl_no);
        const JQUANT_TBL* const table = number < NUM_QUANT_TBLS ? jpeg.quant_tbl_ptrs[number] : nullptr;
        if (table == nullptr) return std::nullopt;
        out.dc_step.at(c) = table->quantval[0];
    }
    if (reader.profile != nullptr) {
        out.profile.assign(reinterpret_cast<const char*>(reader.profile), reader.profile_length);
    }
    return out;
}

}  // namespace iiif::render
