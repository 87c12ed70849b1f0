// SPDX-License-Identifier: Apache-2.0
// From the samples a TIFF stores, of any depth and packing, to rows of 8-bit, 16-bit or CIELAB pixels. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace iiif::render {

struct SampleLayout {
    enum class Kind : std::uint8_t { gray, gray_inverted, rgb, palette, cmyk, cielab, icclab };
    enum class Encoding : std::uint8_t { integer, floating };

    Kind kind = Kind::gray;
    Encoding encoding = Encoding::integer;
    std::uint16_t bits = 8;
    std::uint16_t samples = 1;  // in the file, per pixel
    bool separate = false;      // one plane per sample
    bool alpha = false;
    std::uint16_t alpha_sample = 0;
    std::vector<std::array<std::uint8_t, 3>> palette;  // 2^bits entries

    [[nodiscard]] bool lab() const { return kind == Kind::cielab || kind == Kind::icclab; }
    [[nodiscard]] bool wide() const { return bits > 8 && kind != Kind::palette; }  // 16-bit rows
    [[nodiscard]] std::size_t colours() const;                                     // in the output
    [[nodiscard]] std::size_t bands() const { return colours() + (alpha && !lab() ? 1 : 0); }
    [[nodiscard]] std::size_t bytes_per_pixel() const { return bands() * (lab() ? 4U : wide() ? 2U : 1U); }
};

// Unpacks `width` pixels from `first` on. `planes` has one row, or one for each sample when they are separate; samples
// are in the machine's byte order, as libtiff leaves them, and rows long enough. 0..2^bits-1 and 0.0..1.0 become the
// full range of the output, rounded to nearest; floating point beyond is clipped. CIELAB becomes float L*, a*, b*.
void unpack_row(const SampleLayout&, std::span<const unsigned char* const> planes, std::size_t first, std::size_t width,
                unsigned char* out);

}  // namespace iiif::render
