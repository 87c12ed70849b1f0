// SPDX-License-Identifier: Apache-2.0
// Sizes that keep a region's shape. Internal to protocol; geometry.h is what the other rooms use.
#pragma once

#include <cstdint>

#include "protocol/geometry.h"
#include "protocol/wide.h"

namespace iiif::protocol {

// A size on its way to an Extent: 0 and sizes beyond every limit are still possible.
struct Scaled {
    Wide width = 0, height = 0;
};

// The largest sides that limits allow; kLargestSide where they say nothing.
Extent limit_box(const Limits&);

// The largest size of the region's shape within `box` and `max_area` (0: none), and within the region itself
// unless `enlarge`. Rounded half up, under `max_area` down. A side may be 0.
Scaled fit(Extent region, Extent box, std::uint64_t max_area, bool enlarge);

// The other side of "w,": nearest to the region's shape, 0 when that is less than half a pixel.
Wide height_for(Extent region, std::uint64_t width);

// As height_for, but a height that breaks the limits only because the client rounded its width up becomes the
// largest height allowed. In 2.1 a tile is asked by "w," with w = ceil(region width / scale factor), so the strip
// at the right edge comes out taller than its neighbours; refusing it would leave a hole in the viewer.
Wide height_within(Extent region, std::uint64_t width, const Limits&);

}  // namespace iiif::protocol
