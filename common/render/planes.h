// SPDX-License-Identifier: Apache-2.0
// 8-bit samples, one plane per component, and what is done with them between two JPEG codecs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "protocol/geometry.h"
#include "render/levels.h"
#include "render/vips.h"

namespace iiif::render {

// Owned memory, not initialised. Rows begin where vector instructions like them, and may be written up to the stride.
class Plane {
public:
    Plane() = default;
    // No pixels (see `operator bool`) when there is no memory for them.
    explicit Plane(protocol::Extent extent);
    explicit operator bool() const { return samples_ != nullptr; }

    [[nodiscard]] protocol::Extent extent() const { return extent_; }
    [[nodiscard]] std::size_t stride() const { return stride_; }
    [[nodiscard]] unsigned char* row(std::uint32_t y) { return samples_.get() + y * stride_; }
    [[nodiscard]] const unsigned char* row(std::uint32_t y) const { return samples_.get() + y * stride_; }

private:
    struct Free {
        void operator()(unsigned char* samples) const { std::free(samples); }
    };
    protocol::Extent extent_;
    std::size_t stride_ = 0;
    std::unique_ptr<unsigned char, Free> samples_;
};

enum class Colours : std::uint8_t { gray, ycc, rgb };  // ycc: JFIF's, full range

// One picture. The planes of gray and rgb are all of its extent; the chroma planes of ycc may have half the width, or
// half of both, rounded up. Their samples then lie in the middle of the pixels they stand for, as in JPEG.
struct Planes {
    protocol::Extent extent;
    Colours colours = Colours::gray;
    std::array<Plane, 3> plane;
    [[nodiscard]] std::size_t count() const { return colours == Colours::gray ? 1 : 3; }
};

// Fills `out` with that part of `in`, mirrored where the part reaches beyond it. Samples that fall on samples are
// copied, all else is scaled by cubic convolution, widened where it reduces. False: out of memory, or a ratio that
// cannot be.
[[nodiscard]] bool resample(const Plane& in, Interval x, Interval y, Plane& out);

// A copy of the plane as `turn` leaves it; no pixels: out of memory.
[[nodiscard]] Plane turned(const Plane& in, Turn turn);

// Interleaved pixels of planes that are all of one extent; empty: out of memory. `profile` is attached unless empty.
[[nodiscard]] Image image_of(const Planes&, const std::string& profile);

}  // namespace iiif::render
