// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "render/jpeg_errors.h"
#include "render/jpeg_planes.h"

namespace iiif::render {
namespace {

constexpr std::uint32_t kMostRows = 2 * DCTSIZE;

struct Encoder {
    JpegErrors errors{};
    jpeg_compress_struct jpeg{};
    unsigned char* bytes = nullptr;  // libjpeg's, by malloc
    unsigned long length = 0;
    std::vector<unsigned char> line;  // interleaved
    bool finished = false;

    Encoder() = default;
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;
    ~Encoder() {
        jpeg_destroy_compress(&jpeg);
        // Before the end libjpeg may have moved on to a larger buffer and freed this one: lost, with memory at an end.
        if (finished) std::free(bytes);
    }

    bool begin(const Planes& picture, int quality, int sampling, const std::string& profile) {
        jpeg.err = errors.install();
        if (setjmp(errors.mark) != 0) return false;
        jpeg_create_compress(&jpeg);
        jpeg_mem_dest(&jpeg, &bytes, &length);
        jpeg.image_width = picture.extent.width;
        jpeg.image_height = picture.extent.height;
        jpeg.input_components = static_cast<int>(picture.count());
        switch (picture.colours) {
            case Colours::gray: jpeg.in_color_space = JCS_GRAYSCALE; break;
            case Colours::ycc: jpeg.in_color_space = JCS_YCbCr; break;
            case Colours::rgb: jpeg.in_color_space = JCS_RGB; break;
        }
        jpeg_set_defaults(&jpeg);
        jpeg_set_quality(&jpeg, quality, TRUE);
        // Tables made for each answer: 1 to 4 % fewer bytes, for 15 to 80 % more processor time.
        jpeg.optimize_coding = FALSE;
        jpeg.raw_data_in = picture.colours == Colours::rgb ? FALSE : TRUE;
        jpeg.comp_info[0].h_samp_factor = sampling;
        jpeg.comp_info[0].v_samp_factor = sampling;
        jpeg_start_compress(&jpeg, TRUE);
        if (!profile.empty()) {
            jpeg_write_icc_profile(&jpeg, reinterpret_cast<const JOCTET*>(profile.data()),
                                   static_cast<unsigned>(profile.size()));
        }
        return true;
    }

    bool write_line() {
        if (setjmp(errors.mark) != 0) return false;
        JSAMPROW row = line.data();
        return jpeg_write_scanlines(&jpeg, &row, 1) == 1;
    }

    bool write_band(JSAMPIMAGE planes, JDIMENSION rows) {
        if (setjmp(errors.mark) != 0) return false;
        return jpeg_write_raw_data(&jpeg, planes, rows) == rows;
    }

    bool finish() {
        if (setjmp(errors.mark) != 0) return false;
        jpeg_finish_compress(&jpeg);
        finished = true;
        return true;
    }
};

bool write_interleaved(Encoder& encoder, const Planes& picture) {
    encoder.line.resize(std::size_t{picture.extent.width} * 3);
    for (std::uint32_t y = 0; y < picture.extent.height; ++y) {
        for (std::size_t c = 0; c < 3; ++c) {
            const unsigned char* from = picture.plane.at(c).row(y);
            unsigned char* to = encoder.line.data() + c;
            for (std::uint32_t x = 0; x < picture.extent.width; ++x) to[std::size_t{x} * 3] = from[x];
        }
        if (!encoder.write_line()) return false;
    }
    return true;
}

// Blocks reach beyond the last row and column. Their samples cost least when they repeat the last ones.
bool write_planes(Encoder& encoder, const Planes& picture) {
    const jpeg_compress_struct& jpeg = encoder.jpeg;
    std::array<std::array<JSAMPROW, kMostRows>, 3> rows{};
    std::array<JSAMPARRAY, 3> planes{};
    std::array<std::vector<unsigned char>, 3> band;
    const auto lines = static_cast<std::uint32_t>(jpeg.max_v_samp_factor * DCTSIZE);
    for (std::uint32_t top = 0; top < picture.extent.height; top += lines) {
        for (std::size_t c = 0; c < picture.count(); ++c) {
            const jpeg_component_info& info = jpeg.comp_info[c];
            const std::size_t width = std::size_t{info.width_in_blocks} * DCTSIZE;
            const auto height = static_cast<std::uint32_t>(info.v_samp_factor * DCTSIZE);
            const Plane& plane = picture.plane.at(c);
            const std::uint32_t first = top / lines * height;
            band.at(c).resize(width * height);
            planes.at(c) = rows.at(c).data();
            for (std::uint32_t i = 0; i < height; ++i) {
                unsigned char* to = band.at(c).data() + i * width;
                const std::size_t have = std::min<std::size_t>(plane.extent().width, width);
                std::memcpy(to, plane.row(std::min(first + i, plane.extent().height - 1)), have);
                std::memset(to + have, to[have - 1], width - have);
                rows.at(c).at(i) = to;
            }
        }
        if (!encoder.write_band(planes.data(), lines)) return false;
    }
    return true;
}

}  // namespace

std::vector<std::byte> encode_jpeg(const Planes& picture, int quality, bool halve_chroma, const std::string& profile) {
    const bool halved = picture.colours == Colours::ycc ? picture.plane[1].extent() != picture.extent
                                                        : picture.colours == Colours::rgb && halve_chroma;
    Encoder encoder;
    if (!encoder.begin(picture, quality, halved ? 2 : 1, profile)) return {};
    const bool written =
        picture.colours == Colours::rgb ? write_interleaved(encoder, picture) : write_planes(encoder, picture);
    if (!written || !encoder.finish()) return {};
    const auto* const bytes = reinterpret_cast<const std::byte*>(encoder.bytes);
    return {bytes, bytes + encoder.length};
}

}  // namespace iiif::render
