// SPDX-License-Identifier: Apache-2.0
// Why nothing overflows: wide.h.
#include "protocol/geometry.h"

#include <algorithm>

#include "protocol/scaling.h"
#include "protocol/sentence.h"

namespace iiif::protocol {
namespace {

using sentence::pixels;
using sentence::text_of;

constexpr Wide kHundredPercent = Wide{100} * Decimal::kFractionUnit;

tl::unexpected<Refusal> region_outside(const Region& region, Extent image) {
    return refuse(400, "The region " + text_of(region) + " lies outside the image of " +
                           pixels(image.width, image.height) + "; x must be below " + std::to_string(image.width) +
                           " and y below " + std::to_string(image.height) +
                           (region.form == Region::Form::percent ? " (below 100 percent)." : "."));
}

tl::unexpected<Refusal> region_without_pixels(const Region& region, Extent image) {
    return refuse(400, "The region " + text_of(region) + " holds less than half a pixel of the image of " +
                           pixels(image.width, image.height) + "; it must be at least one pixel wide and high.");
}

std::string asked(const Size& size, Scaled scaled) {
    return "The size " + text_of(size) + " means " + pixels(saturate(scaled.width), saturate(scaled.height));
}

tl::unexpected<Refusal> size_without_pixels(const Size& size, Scaled scaled, Extent region) {
    return refuse(400, asked(size, scaled) + " for the region of " + pixels(region.width, region.height) +
                           "; both sides must be at least one pixel.");
}

bool is_within(Scaled size, const Limits& limits) {
    const Extent box = limit_box(limits);
    // The box is checked first: the product of two sides within it stays below 2^62.
    return size.width <= box.width && size.height <= box.height &&
           (limits.max_area == 0 || size.width * size.height <= limits.max_area);
}

tl::unexpected<Refusal> size_beyond_limits(const Size& size, Scaled scaled, const Limits& limits) {
    std::string words = asked(size, scaled) + "; this server gives ";
    words += limits.any() ? text_of(limits) : "at most " + std::to_string(kLargestSide) + " pixels on a side";
    return refuse(400, words + '.');
}

tl::unexpected<Refusal> size_enlarges(Version version, const Size& size, Scaled scaled, Extent region,
                                      const Limits& limits) {
    std::string words = asked(size, scaled) + ", more than the region's " + pixels(region.width, region.height);
    if (limits.upscaling) {  // so it is 3.0, and "^" is missing; which would not help beyond the limits
        if (!is_within(scaled, limits)) return size_beyond_limits(size, scaled, limits);
        return refuse(400, words + "; write ^" + text_of(size) + " to enlarge.");
    }
    words += "; this server does not enlarge, neither side may be longer than the region's.";
    return refuse(version == Version::v3 && size.upscale ? 501 : 400, std::move(words));
}

Wide part_of(std::uint32_t side, const Decimal& percent) {
    return round_half_up(percent.units() * side, kHundredPercent);
}

Expected<Rect> resolve_percent(const Region& region, Extent image) {
    if (region.px.units() >= kHundredPercent || region.py.units() >= kHundredPercent) {
        return region_outside(region, image);
    }
    const Wide x = part_of(image.width, region.px);
    const Wide y = part_of(image.height, region.py);
    const Wide width = part_of(image.width, region.pwidth);
    const Wide height = part_of(image.height, region.pheight);
    if (x >= image.width || y >= image.height || width == 0 || height == 0) {
        return region_without_pixels(region, image);
    }
    return Rect{static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y),
                static_cast<std::uint32_t>(std::min(width, image.width - x)),
                static_cast<std::uint32_t>(std::min(height, image.height - y))};
}

// 2.1 asks a tile by its width alone. Of a last row thinner than the scale factor the implementation notes expect the
// height rounded up: there, and only there, less than half a pixel is one.
bool is_last_row(const Rect& region, Extent image) {
    const bool whole = region.width == image.width && region.height == image.height;
    return region.y + region.height == image.height && !whole;
}

Scaled scale(Version version, const Size& size, const Rect& rect, Extent image, const Limits& limits) {
    const Extent region{rect.width, rect.height};
    switch (size.form) {
        case Size::Form::max: {
            const Extent most = largest(region, limits, size.upscale && limits.upscaling);
            return {most.width, most.height};
        }
        case Size::Form::full: break;
        case Size::Form::width: {
            if (version == Version::v3) return {size.width, height_for(region, size.width)};
            const Wide height = height_within(region, size.width, limits);
            return {size.width, height == 0 && is_last_row(rect, image) ? 1 : height};
        }
        case Size::Form::height: return {round_half_up(Wide{region.width} * size.height, region.height), size.height};
        case Size::Form::percent: return {part_of(region.width, size.percent), part_of(region.height, size.percent)};
        case Size::Form::exact: return {size.width, size.height};
        case Size::Form::confined: {
            Extent box = limit_box(limits);
            box.width = static_cast<std::uint32_t>(std::min<std::uint64_t>(box.width, size.width));
            box.height = static_cast<std::uint32_t>(std::min<std::uint64_t>(box.height, size.height));
            // 2.1 leaves enlarging to the server; viewers use "!w,h" as a bound, so it stays one.
            return fit(region, box, limits.max_area, size.upscale);
        }
    }
    return {region.width, region.height};
}

}  // namespace

Expected<Rect> resolve_region(const Region& region, Extent image) {
    switch (region.form) {
        case Region::Form::full: break;
        case Region::Form::square: {
            const std::uint32_t side = std::min(image.width, image.height);
            return Rect{(image.width - side) / 2, (image.height - side) / 2, side, side};
        }
        case Region::Form::pixels:
            if (region.x >= image.width || region.y >= image.height) return region_outside(region, image);
            if (region.width == 0 || region.height == 0) return region_without_pixels(region, image);
            return Rect{static_cast<std::uint32_t>(region.x), static_cast<std::uint32_t>(region.y),
                        static_cast<std::uint32_t>(std::min<std::uint64_t>(region.width, image.width - region.x)),
                        static_cast<std::uint32_t>(std::min<std::uint64_t>(region.height, image.height - region.y))};
        case Region::Form::percent: return resolve_percent(region, image);
    }
    return Rect{0, 0, image.width, image.height};
}

Expected<Geometry> resolve_geometry(Version version, const Region& region, const Size& size, Extent image,
                                    const Limits& limits) {
    const auto rect = resolve_region(region, image);
    if (!rect) return tl::unexpected<Refusal>(rect.error());
    const Extent extent{rect->width, rect->height};

    const Scaled scaled = scale(version, size, *rect, image, limits);
    if (scaled.width == 0 || scaled.height == 0) return size_without_pixels(size, scaled, extent);
    // The percentage itself is compared too: pct:100.0001 may round to the region's own size and still asks for more.
    const bool enlarges = scaled.width > extent.width || scaled.height > extent.height ||
                          (size.form == Size::Form::percent && size.percent.units() > kHundredPercent);
    const bool may_enlarge = limits.upscaling && (version == Version::v2 || size.upscale);
    if (enlarges && !may_enlarge) return size_enlarges(version, size, scaled, extent, limits);
    if (!is_within(scaled, limits)) return size_beyond_limits(size, scaled, limits);

    Geometry geometry;
    geometry.region = *rect;
    geometry.size = {static_cast<std::uint32_t>(scaled.width), static_cast<std::uint32_t>(scaled.height)};
    geometry.whole = extent == image;
    return geometry;
}

Extent largest(Extent region, const Limits& limits, bool enlarge) {
    if (!limits.any()) return region;
    const Scaled size = fit(region, limit_box(limits), limits.max_area, enlarge);
    // "max" has to work at every level, so what is thinner than half a pixel becomes one, cut to the area.
    const Wide width = std::max<Wide>(size.width, 1);
    const Wide height = std::max<Wide>(size.height, 1);
    const Wide area = limits.max_area == 0 ? width * height : limits.max_area;
    return {static_cast<std::uint32_t>(std::min(width, std::max<Wide>(area / height, 1))),
            static_cast<std::uint32_t>(std::min(height, std::max<Wide>(area / width, 1)))};
}

bool within(Extent size, const Limits& limits) {
    return is_within({size.width, size.height}, limits);
}

}  // namespace iiif::protocol
