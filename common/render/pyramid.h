// SPDX-License-Identifier: Apache-2.0
// Writing a pyramid of an image that can only be decoded whole.
#pragma once

#include <cstdint>
#include <string>

#include "render/render.h"

namespace iiif::render {

// The whole image as a BigTIFF of JPEG tiles, `tile` pixels wide and high (a multiple of 16), each level half the one
// before, the last within one tile. Pixels are what a JPEG answer would show: 8 bits of gray or sRGB (or with the
// source's profile, as `options.icc` says), transparency laid on the background, at options.jpeg_quality. They lie as
// in the source, with its orientation as a tag. Equal pixels and options give equal bytes.
// `fd` is the source; `out` is empty and open for reading and writing; both stay the caller's. Sides of levels are
// rounded up. Holds a row of tiles of each level. Refusals: 500, or 503 after `cancelled`.
Expected<bool> write_pyramid(int fd, std::uint32_t page, const source::Description&, const EncodeOptions& options,
                             std::uint32_t tile, int out, const Cancelled& cancelled, std::string& detail);

}  // namespace iiif::render
