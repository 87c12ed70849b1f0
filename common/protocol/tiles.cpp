// SPDX-License-Identifier: Apache-2.0
// What info.json lists: every size and every tile named here is one that a viewer will ask for.
#include <algorithm>

#include "protocol/info.h"
#include "protocol/scaling.h"
#include "protocol/wide.h"

namespace iiif::protocol {
namespace {

constexpr std::uint32_t reduced(std::uint32_t side, std::uint32_t factor) {
    return static_cast<std::uint32_t>((std::uint64_t{side} + factor - 1) / factor);
}

constexpr Extent reduced(Extent image, std::uint32_t factor) {
    return {reduced(image.width, factor), reduced(image.height, factor)};
}

bool fits(Extent image, Extent tile) {
    return image.width <= tile.width && image.height <= tile.height;
}

}  // namespace

std::vector<std::uint32_t> scale_factors(Extent image, Extent tile) {
    std::vector<std::uint32_t> factors = {1};
    if (tile.width == 0 || tile.height == 0) return factors;
    std::uint32_t factor = 1;
    while (!fits(reduced(image, factor), tile)) {
        factor *= 2;  // at 2^31 every valid image is a single pixel
        const Extent whole = reduced(image, factor);
        // Of a very long image the last level would be thinner than half a pixel, which 2.1 cannot ask for.
        if (fits(whole, tile) && height_for(image, whole.width) == 0) break;
        factors.push_back(factor);
    }
    return factors;
}

std::vector<Extent> listed_sizes(Extent image, Extent tile, const Limits& limits) {
    std::vector<Extent> sizes;
    for (const std::uint32_t factor : scale_factors(image, tile)) {
        // 3.0 clients ask "w,h", 2.1 clients "w,": the height is the one that the width gives.
        const std::uint32_t width = reduced(image.width, factor);
        const Wide height = height_within(image, width, limits);
        if (height == 0 || height > kLargestSide) continue;
        const Extent size{width, static_cast<std::uint32_t>(height)};
        if (within(size, limits) && (sizes.empty() || sizes.back() != size)) sizes.push_back(size);
    }
    std::reverse(sizes.begin(), sizes.end());
    return sizes;
}

Extent offered_tile(Extent tile, const Limits& limits) {
    const Extent box = limit_box(limits);
    Extent offered{std::min(tile.width, box.width), std::min(tile.height, box.height)};
    if (limits.max_area != 0 && Wide{offered.width} * offered.height > limits.max_area) {
        // Square where possible; below the product of two sides, so both quotients fit a side.
        const auto side = static_cast<std::uint32_t>(floor_sqrt(limits.max_area));
        if (offered.height <= side) {
            offered.width = static_cast<std::uint32_t>(limits.max_area / offered.height);
        } else if (offered.width <= side) {
            offered.height = static_cast<std::uint32_t>(limits.max_area / offered.width);
        } else {
            offered = {side, side};
        }
    }
    return offered;
}

}  // namespace iiif::protocol
