// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_tiles.h"

#include <cstdlib>

#include "render/jpeg_errors.h"
#include "render/jpeg_planes.h"

namespace iiif::render {

struct JpegTileEncoder::Codec {
    JpegErrors errors{};
    jpeg_compress_struct jpeg{};
    unsigned char* bytes = nullptr;  // libjpeg's, by malloc
    unsigned long length = 0;
    bool ready = false;

    bool prepare(std::uint32_t side, int bands, int quality) {
        jpeg.err = errors.install();
        if (setjmp(errors.mark) != 0) return false;
        jpeg_create_compress(&jpeg);
        jpeg.image_width = side;
        jpeg.image_height = side;
        jpeg.input_components = bands;
        jpeg.in_color_space = bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_set_defaults(&jpeg);
        jpeg_set_quality(&jpeg, quality, TRUE);
        // Which colours these are is said by the TIFF.
        jpeg.write_JFIF_header = FALSE;
        const int sampling = bands == 3 && halves_chroma(quality) ? 2 : 1;
        jpeg.comp_info[0].h_samp_factor = sampling;
        jpeg.comp_info[0].v_samp_factor = sampling;
        return true;
    }

    void forget() {
        std::free(bytes);
        bytes = nullptr;
        length = 0;
    }

    bool write_tables() {
        if (setjmp(errors.mark) != 0) return false;
        jpeg_mem_dest(&jpeg, &bytes, &length);
        jpeg_suppress_tables(&jpeg, FALSE);
        jpeg_write_tables(&jpeg);
        return true;
    }

    bool write_tile(const unsigned char* pixels, std::size_t stride) {
        if (setjmp(errors.mark) != 0) return false;
        jpeg_mem_dest(&jpeg, &bytes, &length);
        jpeg_suppress_tables(&jpeg, TRUE);
        jpeg_start_compress(&jpeg, FALSE);
        while (jpeg.next_scanline < jpeg.image_height) {
            // libjpeg does not write to what it reads; its types are older than const.
            JSAMPROW row = const_cast<unsigned char*>(pixels + jpeg.next_scanline * stride);  // NOLINT
            if (jpeg_write_scanlines(&jpeg, &row, 1) != 1) return false;
        }
        jpeg_finish_compress(&jpeg);
        return true;
    }
};

JpegTileEncoder::JpegTileEncoder(std::uint32_t side, int bands, int quality) : codec_(std::make_unique<Codec>()) {
    codec_->ready = codec_->prepare(side, bands, quality);
}

JpegTileEncoder::~JpegTileEncoder() {
    jpeg_destroy_compress(&codec_->jpeg);
    // After a failure libjpeg may have moved on to a larger buffer and freed this one: lost, with memory at an end.
    if (codec_->ready) codec_->forget();
}

std::span<const unsigned char> JpegTileEncoder::tables() {
    if (codec_->ready) codec_->forget();
    codec_->ready = codec_->ready && codec_->write_tables();
    return codec_->ready ? std::span<const unsigned char>(codec_->bytes, codec_->length)
                         : std::span<const unsigned char>();
}

std::span<const unsigned char> JpegTileEncoder::tile(const unsigned char* pixels, std::size_t stride) {
    if (codec_->ready) codec_->forget();
    codec_->ready = codec_->ready && codec_->write_tile(pixels, stride);
    return codec_->ready ? std::span<const unsigned char>(codec_->bytes, codec_->length)
                         : std::span<const unsigned char>();
}

}  // namespace iiif::render
