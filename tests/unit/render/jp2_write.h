// SPDX-License-Identifier: Apache-2.0
// JPEG 2000 files that libvips does not write, or not well.
#pragma once

#include <cstdint>
#include <string>

#include "render/support.h"

namespace iiif::render::test {

// YCbCr with half of the chroma across and down, 9-7 wavelet, about 50 dB, of a picture of three bands and any size.
// libvips before 8.18.3 averages chroma with what lies behind the last column and row of a tile.
void write_subsampled_jp2(const Picture& picture, const std::string& path, std::uint32_t tile_width,
                          std::uint32_t tile_height);

}  // namespace iiif::render::test
