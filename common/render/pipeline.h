// SPDX-License-Identifier: Apache-2.0
// The geometry of an answer, on pixels: scale, turn, rotate, lay on a background.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "protocol/geometry.h"
#include "render/levels.h"
#include "render/render.h"
#include "render/vips.h"

namespace iiif::render {

// Pulls all pixels through the pipeline into memory, asking `cancelled` meanwhile; false then too.
[[nodiscard]] bool materialise(Image& image, const Cancelled& cancelled);

// Makes evaluating `image` stop when `cancelled` says so. Both must stay alive until it is evaluated.
void watch(const Image& image, const Cancelled& cancelled);

// Exactly `size` afterwards. Enlarging pulls the pixels into memory first: a decoder that runs from top to bottom
// cannot serve the neighbourhoods that interpolation asks for. `fill_edge`: a side one pixel short is repeated
// instead of scaled.
[[nodiscard]] bool scale(Image& image, protocol::Extent size, bool fill_edge, const Cancelled& cancelled);

// Makes `image` ready for turn() and rotate(), which do not ask from top to bottom. In memory while that is little, or
// when its decoder only runs from the top; else what a strip of the answer looks at is kept, in small squares.
[[nodiscard]] bool read_anywhere(Image& image, const Cancelled& cancelled);

// In memory, or of any access pattern.
[[nodiscard]] bool turn(Image& image, Turn turn);

// Clockwise about the centre, alpha added, onto exactly `extent`.
[[nodiscard]] bool rotate(Image& image, double degrees, protocol::Extent extent);

[[nodiscard]] bool flatten(Image& image, const std::array<std::uint8_t, 3>& background);

}  // namespace iiif::render
