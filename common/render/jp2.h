// SPDX-License-Identifier: Apache-2.0
// JPEG 2000 (ISO/IEC 15444-1, and -15: HTJ2K) through OpenJPEG: windows of the image at any of its resolutions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocol/geometry.h"
#include "protocol/refusal.h"
#include "render/vips.h"

namespace iiif::render {

struct Jp2Header {
    std::vector<protocol::Extent> resolutions;  // the full one, then each half of the one before; at least one
    protocol::Extent tile;                      // of the codestream; 0x0: one tile
    std::uint8_t bits = 8;
    // 0: what the header says is not enough; a palette or channel definitions take effect when something is decoded.
    std::uint32_t colours = 0;
};

Expected<Jp2Header> read_jp2_header(int fd, std::string& detail);

// `area` of the image after `reduction` halvings, in memory: 8 or 16 bits of gray, RGB or CMYK, alpha last, with the
// ICC profile. Decoded tile by tile, large ones in bands, so that OpenJPEG's 32-bit samples of the whole window never
// exist at once. What was decoded before and is still in the store is not decoded again.
Expected<Image> read_jp2(int fd, std::uint32_t reduction, protocol::Rect area, const std::function<bool()>& cancelled,
                         std::string& detail);

// What a renderer keeps of decoded tiles and of where they lie in their files.
constexpr std::size_t kJp2StoreBytes = std::size_t{48} << 20U;
// Forgets everything, and keeps at most `bytes` from now on; 0: nothing.
void keep_jp2(std::size_t bytes);

}  // namespace iiif::render
