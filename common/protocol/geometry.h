// SPDX-License-Identifier: Apache-2.0
// Exact geometry: which pixels of the image, and how many pixels of answer. Integers and rationals only.
// Image API 3.0 sections 4.1, 4.2, 4.3, 4.7 and 5.3; 2.1.1 sections 4.1, 4.2, 4.7. Rounding is half up;
// for maxArea it is down. What rounds to no pixel is refused with 400, with two exceptions, which are one pixel: "max",
// which must always work, and the height of the last row of tiles in 2.1, where clients name the width alone.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/parameters.h"

namespace iiif::protocol {

struct Extent {
    std::uint32_t width = 0, height = 0;  // 1 .. 2^31-1 when valid
    bool operator==(const Extent&) const = default;
};

struct Rect {
    std::uint32_t x = 0, y = 0, width = 0, height = 0;  // inside the image, never empty
    bool operator==(const Rect&) const = default;
};

struct Limits {
    // 0: no such limit. maxHeight alone is not allowed by the specification; maxWidth alone limits both.
    std::uint64_t max_width = 0, max_height = 0, max_area = 0;
    bool upscaling = false;  // 3.0 "^" sizes, 2.1 sizeAboveFull
    [[nodiscard]] bool any() const { return max_width != 0 || max_height != 0 || max_area != 0; }
};

struct Geometry {
    Rect region;         // of the full (oriented) image, cropped at its edges
    Extent size;         // after scaling, before rotation
    bool whole = false;  // the region is the whole image
};

// Refusals: 400, and 501 for a 3.0 "^" size that has to enlarge where limits.upscaling is off. They name the value,
// the image's or the region's extent, and what is allowed.
Expected<Rect> resolve_region(const Region&, Extent image);
Expected<Geometry> resolve_geometry(Version, const Region&, const Size&, Extent image, const Limits&);

// The largest extent that "max" gives for a region ("^max" when enlarging), within the limits.
Extent largest(Extent region, const Limits&, bool enlarge);
bool within(Extent, const Limits&);

// Bounding box after rotation (IX-ROT-06): exact for multiples of 90, else |w cos|+|h sin| by |w sin|+|h cos|,
// rounded half up, at least 1, computed in fixed point.
Extent rotated_extent(Extent, const Rotation&);
// 0..3 for 0, 90, 180, 270 (360 is 0); -1 for anything else.
int quarter_turns(const Rotation&);

// "0,0,256,256/max/0/default.jpg": what Link rel=canonical says after the identifier. Section 4.7.
// `standard` is the quality that "default" means for this image: color or gray or bitonal.
std::string canonical_parameters(Version, const Geometry&, const Rotation&, Quality, Quality standard, Format,
                                 const Limits&);

}  // namespace iiif::protocol
