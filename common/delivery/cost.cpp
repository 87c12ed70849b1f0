// SPDX-License-Identifier: Apache-2.0
#include "delivery/cost.h"

#include <algorithm>

namespace iiif::delivery {

std::uint64_t pixels_to_decode(const source::Description& description, const RenderPlan& plan) {
    const auto image = description.extent();
    const auto area = [](std::uint64_t width, std::uint64_t height) { return width * height; };
    const std::uint64_t region = area(plan.geometry.region.width, plan.geometry.region.height);
    const std::uint64_t answer = area(plan.geometry.size.width, plan.geometry.size.height);
    const std::uint64_t whole = area(image.width, image.height);

    std::uint64_t best = 0;
    for (const source::Level& level : description.levels) {
        const std::uint64_t pixels = area(level.extent.width, level.extent.height);
        // A level that is not tiled is decoded whole; of a tiled one, the region's share and a border of tiles.
        unsigned __int128 share = pixels;
        if (level.tile.width != 0) {
            share = static_cast<unsigned __int128>(pixels) * region / std::max<std::uint64_t>(whole, 1) +
                    static_cast<unsigned __int128>(4) * area(level.tile.width, level.tile.height);
        }
        const auto scaled = static_cast<unsigned __int128>(pixels) * region / std::max<std::uint64_t>(whole, 1);
        if (best != 0 && scaled < answer) break;  // too small for this answer: the one before it is used
        best = static_cast<std::uint64_t>(std::min<unsigned __int128>(share, pixels));
        // However small libjpeg makes it, the whole file is read: half of the work for its pixels.
        if (description.container == source::Container::jpeg) best = std::max(best, whole / 2);
    }
    return std::max(best, answer);
}

std::uint64_t pixels_to_decode_of_parts(const source::Description& description, const RenderPlan& plan) {
    // Its codes are passed once, up to the region: a sixteenth of what it costs to decode, scale and encode the pixels.
    constexpr std::uint64_t kPassing = 16;
    // Of the region that costs half, however small it is wanted; but the picture at an eighth is kept.
    constexpr std::uint64_t kKept = 64;
    const auto area = [](auto extent) { return std::uint64_t{extent.width} * extent.height; };
    const std::uint64_t region = area(plan.geometry.region);
    const std::uint64_t answer = area(plan.geometry.size);
    const std::uint64_t decoded = region / kKept >= answer ? 0 : region / 2;
    return std::max({answer, decoded, area(description.stored) / kPassing});
}

bool is_heavy(const Request& request, const source::Description* description, const RenderPlan* plan) {
    if (description == nullptr || plan == nullptr) return request.kind == Kind::full && !request.head;
    const bool parts = description->parts;
    return (parts ? pixels_to_decode_of_parts(*description, *plan) : pixels_to_decode(*description, *plan)) >
           kHeavyPixels;
}

}  // namespace iiif::delivery
