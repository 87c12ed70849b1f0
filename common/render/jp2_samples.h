// SPDX-License-Identifier: Apache-2.0
// From OpenJPEG's components to the pixels that libvips works on.
#pragma once

#include <openjpeg.h>

#include <cstdint>
#include <string>

#include "render/jp2_codestream.h"
#include "render/vips.h"

namespace iiif::render {

constexpr std::uint32_t kMostComponents = 5;

// An empty sentence, or why such components are not read.
std::string unsupported(const opj_image_t& image);

// What the decoded components mean; a palette has been applied by then.
struct Meaning {
    std::uint32_t colours = 1;
    bool alpha = false;
    std::uint32_t alpha_component = 0;
    bool ycc = false;
    bool wide = false;  // 16 bits
    VipsInterpretation interpretation = VIPS_INTERPRETATION_B_W;
    bool operator==(const Meaning&) const = default;
    [[nodiscard]] std::uint32_t bands() const { return colours + (alpha ? 1 : 0); }
    [[nodiscard]] std::size_t pixel_bytes() const { return std::size_t{bands()} * (wide ? 2 : 1); }
};
Meaning meaning_of(const opj_image_t& image);

// Whether every component was decoded, the first exactly as large as `area`.
bool complete(const opj_image_t& image, const Box& area);

// All that was decoded, a complete() `area` of the image after `reduction` halvings, counted as the reference grid is:
// area.pixels() * meaning.pixel_bytes() bytes, aligned for their samples.
void pack(const opj_image_t& image, const Meaning& meaning, const Box& area, std::uint32_t reduction, void* out);

}  // namespace iiif::render
