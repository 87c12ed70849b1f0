// SPDX-License-Identifier: Apache-2.0
#include "protocol/scaling.h"

#include <algorithm>

namespace iiif::protocol {

Extent limit_box(const Limits& limits) {
    const auto side = [](std::uint64_t most) {
        return most == 0 ? kLargestSide : static_cast<std::uint32_t>(std::min<std::uint64_t>(most, kLargestSide));
    };
    return {side(limits.max_width), side(limits.max_height != 0 ? limits.max_height : limits.max_width)};
}

Wide height_for(Extent region, std::uint64_t width) {
    return round_half_up(Wide{region.height} * width, region.width);
}

Wide height_within(Extent region, std::uint64_t width, const Limits& limits) {
    const Wide height = height_for(region, width);
    if (width == 0) return height;
    Wide most = limit_box(limits).height;
    if (limits.max_area != 0) most = std::min<Wide>(most, limits.max_area / width);
    // The unrounded width lies above width - 1, hence the unrounded height above (width - 1) * shape.
    const bool rounding_alone = Wide{region.height} * (width - 1) < most * region.width;
    return height > most && rounding_alone ? most : height;
}

Scaled fit(Extent region, Extent box, std::uint64_t max_area, bool enlarge) {
    const Wide width = region.width;
    const Wide height = region.height;
    const Wide unbounded = Wide{kLargestSide} + 1;
    Scaled size = enlarge ? Scaled{unbounded, unbounded} : Scaled{width, height};
    if (size.width > box.width) size = {box.width, round_half_up(height * box.width, width)};
    if (size.height > box.height) size = {round_half_up(width * box.height, height), box.height};

    const auto too_large = [&] { return max_area != 0 && size.width * size.height > max_area; };
    if (too_large()) {
        // One side is exact; perhaps only rounding up the other was too much.
        if (size.height * width > size.width * height) {
            size.height -= 1;
        } else if (size.width * height > size.height * width) {
            size.width -= 1;
        }
    }
    if (too_large()) {
        // sqrt(area / (w * h)) * w is sqrt(area * w / h). Rounding both down keeps the product within the area.
        size = {floor_sqrt(max_area * width / height), floor_sqrt(max_area * height / width)};
    }
    return size;
}

}  // namespace iiif::protocol
