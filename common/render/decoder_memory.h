// SPDX-License-Identifier: Apache-2.0
// What decoders take that hold an image whole, whichever part of it is wanted. Known before anything is decoded.
#pragma once

#include <cstdint>

#include "render/vips.h"
#include "source/description.h"

namespace iiif::render {

// Bytes, for `image` as its loader opened it; 0: its decoder goes from line to line, or from tile to tile. Rounded up
// from what was measured with images of 48 megapixels (docs/performance.md, "Memory").
[[nodiscard]] std::uint64_t decoder_bytes(source::Container, const Image& image);

}  // namespace iiif::render
