// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_errors.h"
#include "render/jpeg_planes.h"

namespace iiif::render {
struct JpegDecoder::Codec {
    JpegErrors errors{};
    jpeg_decompress_struct jpeg{};
    bool created = false;

    bool create() {
        jpeg.err = errors.install();
        if (setjmp(errors.mark) != 0) return false;
        prepare();
        return true;
    }

    void prepare() {
        created = false;
        jpeg_create_decompress(&jpeg);
        created = true;
        // The band is kept by us; beyond that a baseline stream needs a few lines.
        jpeg.mem->max_memory_to_use = 64L << 20;
    }

    bool read_headers(const unsigned char* tables, std::size_t tables_length, const unsigned char* stream,
                      std::size_t length) {
        if (setjmp(errors.mark) != 0) return false;
        // Anew: a tile that lacks tables must not be read with those of the tile before it.
        jpeg_destroy_decompress(&jpeg);
        prepare();
        if (tables_length > 0) {
            jpeg_mem_src(&jpeg, tables, tables_length);
            if (jpeg_read_header(&jpeg, FALSE) != JPEG_HEADER_TABLES_ONLY) return false;
        }
        jpeg_mem_src(&jpeg, stream, length);
        return jpeg_read_header(&jpeg, TRUE) == JPEG_HEADER_OK;
    }

    // Several scans are collected as coefficients of the whole picture, in memory: not here.
    [[nodiscard]] bool baseline() const {
        return jpeg.data_precision == 8 && jpeg.progressive_mode == FALSE && jpeg.arith_code == FALSE &&
               (jpeg.num_components == 1 || jpeg.num_components == 3) && jpeg.comps_in_scan == jpeg.num_components;
    }

    bool start(std::uint32_t shrink) {
        if (setjmp(errors.mark) != 0) return false;
        jpeg.raw_data_out = TRUE;
        jpeg.out_color_space = jpeg.jpeg_color_space;
        jpeg.scale_num = 8 / shrink;
        jpeg.scale_denom = 8;
        jpeg.dct_method = JDCT_ISLOW;
        jpeg.do_fancy_upsampling = FALSE;  // nothing is upsampled, and some decoders would keep rows for it
        jpeg.buffered_image = FALSE;
        return jpeg_start_decompress(&jpeg) == TRUE;
    }

    bool read(JSAMPIMAGE rows, JDIMENSION count) {
        if (setjmp(errors.mark) != 0) return false;
        return jpeg_read_raw_data(&jpeg, rows, count) == count;
    }
};

JpegDecoder::JpegDecoder() : codec_(std::make_unique<Codec>()) {
    codec_->create();
}

JpegDecoder::~JpegDecoder() {
    if (codec_->created) jpeg_destroy_decompress(&codec_->jpeg);
}

std::optional<protocol::Extent> JpegDecoder::open(std::span<const unsigned char> tables,
                                                  std::span<const unsigned char> stream, Colours colours) {
    jpeg_decompress_struct& jpeg = codec_->jpeg;
    if (!codec_->created || stream.empty()) return std::nullopt;
    if (!codec_->read_headers(tables.data(), tables.size(), stream.data(), stream.size())) return std::nullopt;
    if (!codec_->baseline() || jpeg.num_components != (colours == Colours::gray ? 1 : 3)) return std::nullopt;
    switch (colours) {
        case Colours::gray: jpeg.jpeg_color_space = JCS_GRAYSCALE; break;
        case Colours::ycc: jpeg.jpeg_color_space = JCS_YCbCr; break;
        case Colours::rgb: jpeg.jpeg_color_space = JCS_RGB; break;
    }
    return protocol::Extent{jpeg.image_width, jpeg.image_height};
}

bool JpegDecoder::begin(std::uint32_t shrink) {
    jpeg_decompress_struct& jpeg = codec_->jpeg;
    if (!codec_->start(shrink)) return false;
    const auto lines = static_cast<std::uint32_t>(jpeg.max_v_samp_factor * jpeg.min_DCT_scaled_size);
    const auto columns = static_cast<std::uint32_t>(jpeg.max_h_samp_factor * jpeg.min_DCT_scaled_size);
    for (int i = 0; i < jpeg.num_components; ++i) {
        const jpeg_component_info& info = jpeg.comp_info[i];
        const auto width = static_cast<std::uint32_t>(info.h_samp_factor * info.DCT_scaled_size);
        const auto height = static_cast<std::uint32_t>(info.v_samp_factor * info.DCT_scaled_size);
        if (width == 0 || height == 0 || columns % width != 0 || lines % height != 0) return false;
        Component& component = components_.at(static_cast<std::size_t>(i));
        component.across = columns / width;
        component.down = lines / height;
        if (component.across > 2 || component.down > 2) return false;
        component.rows = height;
        component.stride = std::size_t{info.width_in_blocks} * static_cast<std::size_t>(info.DCT_scaled_size);
        band_.at(static_cast<std::size_t>(i)).resize(component.stride * height);
    }
    const bool same = components_[0].across == 1 && components_[0].down == 1;
    if (jpeg.num_components == 1) return same;
    const bool chroma = components_[1].across == components_[2].across && components_[1].down == components_[2].down;
    const bool flat = components_[1].across == 1 && components_[1].down == 1;
    return same && chroma && (flat || jpeg.jpeg_color_space == JCS_YCbCr);
}

bool JpegDecoder::next_band() {
    constexpr std::size_t kMostRows = std::size_t{MAX_SAMP_FACTOR} * DCTSIZE;
    std::array<std::array<JSAMPROW, kMostRows>, 3> rows{};
    std::array<JSAMPARRAY, 3> planes{};
    jpeg_decompress_struct& jpeg = codec_->jpeg;
    if (jpeg.output_scanline >= jpeg.output_height) return false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(jpeg.num_components); ++i) {
        planes.at(i) = rows.at(i).data();
        for (std::uint32_t row = 0; row < components_.at(i).rows; ++row) {
            rows.at(i).at(row) = band_.at(i).data() + row * components_.at(i).stride;
        }
    }
    return codec_->read(planes.data(), static_cast<JDIMENSION>(jpeg.max_v_samp_factor * jpeg.min_DCT_scaled_size));
}

}  // namespace iiif::render
