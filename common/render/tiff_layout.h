// SPDX-License-Identifier: Apache-2.0
// Which directories of a TIFF are pages, and which are smaller versions of a page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "render/tiff_file.h"
#include "source/description.h"

namespace iiif::render {

struct TiffLayout {
    std::uint32_t pages = 0;
    TiffDirectory page;                 // of the one asked for; meaningless when pages < that page
    std::vector<source::Level> levels;  // its levels, largest first, itself included
};

// Reads at most kMaxDirectories of the chain (libtiff refuses one that loops) and the SubIFDs of one page.
// A smaller version is a directory that says so (SubfileType 1), a SubIFD of the page, or, as many writers leave the
// mark out, a tiled directory of the same kind of pixels, half as large as the one before or a smaller power of two.
inline constexpr std::uint32_t kMaxDirectories = 4096;
TiffLayout read_layout(TiffFile&, std::uint32_t page);

}  // namespace iiif::render
