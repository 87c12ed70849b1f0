// SPDX-License-Identifier: Apache-2.0
// JPEG streams to samples and back through libjpeg-turbo, without a detour by way of RGB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/geometry.h"
#include "render/planes.h"

namespace iiif::render {

// One baseline JPEG stream after another. Any warning is a failure: whoever uses this has a second way, which decides
// what is said of damage.
class JpegDecoder {
public:
    struct Component {
        std::uint32_t across = 1, down = 1;  // picture samples to one of this component: 1 or 2
        std::uint32_t rows = 0;              // of a band
        std::size_t stride = 0;              // samples of a row, those beyond the picture's edge included
    };
    JpegDecoder();
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;
    ~JpegDecoder();

    // Reads the headers; both must live until the last band. `tables`: an abbreviated stream of nothing else (TIFF's
    // JPEGTables), or empty. What the components are is the TIFF's to say, markers are not asked. The picture's extent,
    // or nullopt: damaged, or not a baseline JPEG of 8 bits with one component for gray, else three.
    std::optional<protocol::Extent> open(std::span<const unsigned char> tables, std::span<const unsigned char> stream,
                                         Colours);
    // Then: samples are to stand for `shrink` by `shrink` (1, 2, 4, 8) of the stored ones.
    bool begin(std::uint32_t shrink);
    // Chroma may be less subsampled in what comes out than in the stream, when shrunk.
    [[nodiscard]] const Component& component(std::size_t index) const { return components_.at(index); }
    // Decodes the next rows from the top, all components together. They stay until the next call.
    bool next_band();
    // Row `row` of the last band.
    [[nodiscard]] const unsigned char* row(std::size_t component, std::uint32_t row) const {
        return band_.at(component).data() + row * components_.at(component).stride;
    }

private:
    struct Codec;
    std::unique_ptr<Codec> codec_;
    std::array<Component, 3> components_;
    std::array<std::vector<unsigned char>, 3> band_;
};

// A baseline JFIF with the Huffman tables of T.81 annex K. Chroma of ycc has to be whole or halved both ways; rgb
// becomes YCbCr, its chroma halved both ways when `halve_chroma`. Empty: libjpeg refused.
std::vector<std::byte> encode_jpeg(const Planes&, int quality, bool halve_chroma, const std::string& profile);

// What is written at this quality, here and by libvips.
inline bool halves_chroma(int quality) {
    return quality < 90;
}

}  // namespace iiif::render
