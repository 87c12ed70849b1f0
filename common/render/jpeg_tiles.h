// SPDX-License-Identifier: Apache-2.0
// Tiles of a TIFF as abbreviated JPEG streams, whose tables stand in the directory once. TIFF Technical Note 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace iiif::render {

class JpegTileEncoder {
public:
    // Square tiles of `side` pixels, a multiple of 16; gray for one band, YCbCr of RGB for three, chroma halved as
    // halves_chroma() says.
    JpegTileEncoder(std::uint32_t side, int bands, int quality);
    JpegTileEncoder(const JpegTileEncoder&) = delete;
    JpegTileEncoder& operator=(const JpegTileEncoder&) = delete;
    ~JpegTileEncoder();

    // What JPEGTables holds; empty: libjpeg refused, out of memory. Stays until the next call.
    [[nodiscard]] std::span<const unsigned char> tables();
    // One tile, of interleaved pixels whose rows are `stride` bytes apart; likewise.
    [[nodiscard]] std::span<const unsigned char> tile(const unsigned char* pixels, std::size_t stride);

private:
    struct Codec;
    std::unique_ptr<Codec> codec_;
};

}  // namespace iiif::render
