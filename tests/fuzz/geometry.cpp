// SPDX-License-Identifier: Apache-2.0
// Input: a line with numbers (version, width and height of the image, the limits for width, height and area, whether
// enlarging is allowed), then one line each for region, size and rotation. What protocol computes in 128 bits is
// compared with fractions that have no bound, computed from the text anew by what geometry.h and the specifications
// say.
#include "protocol/geometry.h"

#include <array>
#include <cmath>
#include <optional>

#include "exact.h"
#include "fuzz.h"

namespace {

using namespace iiif::protocol;
using iiif::fuzz::claim;
using iiif::fuzz::Fraction;
using iiif::fuzz::Natural;

constexpr std::uint64_t kLargest = 2147483647;

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "22.5"; ten places that are not zeros at most.
std::optional<Fraction> decimal(std::string_view text) {
    const auto point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    std::string_view places = point == std::string_view::npos ? "" : text.substr(point + 1);
    if (point == std::string_view::npos ? !is_digits(whole) : !is_digits(places)) return std::nullopt;
    if (!whole.empty() && !is_digits(whole)) return std::nullopt;
    while (places.ends_with('0')) places.remove_suffix(1);
    if (places.size() > 10) return std::nullopt;
    Fraction out{Natural::read(whole), 1};
    for (const char digit : places) {
        out.over = out.over * 10 + static_cast<std::uint64_t>(digit - '0');
        out.under = out.under * 10;
    }
    return out;
}

struct Area {
    Natural x, y, width, height;
};
struct Sides {
    Natural width, height;
};

// The fields between commas.
template <std::size_t N>
std::optional<std::array<std::string_view, N>> fields(std::string_view text) {
    std::array<std::string_view, N> out;
    for (std::size_t i = 0; i < N; ++i) {
        const auto comma = i + 1 < N ? text.find(',') : text.size();
        if (comma == std::string_view::npos) return std::nullopt;
        out[i] = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    if (out[N - 1].find(',') != std::string_view::npos) return std::nullopt;
    return out;
}

// nullopt: refused.
std::optional<Area> region_of(std::string_view text, Extent image) {
    const Natural width = image.width;
    const Natural height = image.height;
    if (text == "full") return Area{0, 0, width, height};
    if (text == "square") {
        const Natural side = std::min(width, height);
        return Area{(width - side) / 2, (height - side) / 2, side, side};
    }
    Area area;
    if (text.starts_with("pct:")) {
        const auto parts = fields<4>(text.substr(4));
        if (!parts) return std::nullopt;
        std::array<Fraction, 4> pixels;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto percent = decimal((*parts)[i]);
            if (!percent) return std::nullopt;
            pixels[i] = *percent * Fraction{i % 2 == 0 ? width : height, 100};
        }
        area = {pixels[0].half_up(), pixels[1].half_up(), pixels[2].half_up(), pixels[3].half_up()};
    } else {
        const auto parts = fields<4>(text);
        if (!parts || !std::ranges::all_of(*parts, is_digits)) return std::nullopt;
        area = {Natural::read((*parts)[0]), Natural::read((*parts)[1]), Natural::read((*parts)[2]),
                Natural::read((*parts)[3])};
    }
    if (area.x >= width || area.y >= height || area.width == 0 || area.height == 0) return std::nullopt;
    area.width = std::min(area.width, width - area.x);
    area.height = std::min(area.height, height - area.y);
    return area;
}

struct Rules {
    Version version;
    Limits limits;
    Natural most_width, most_height;
    [[nodiscard]] bool allows_area(const Natural& width, const Natural& height) const {
        return limits.max_area == 0 || width * height <= limits.max_area;
    }
    [[nodiscard]] bool allows(const Sides& sides) const {
        return sides.width <= most_width && sides.height <= most_height && allows_area(sides.width, sides.height);
    }
};

// The largest number whose square is at most this fraction.
Natural root(const Fraction& square) {
    Natural low = 0;
    Natural high = Natural(1'000'000'000) * 1'000'000'000;
    while (low < high) {
        const Natural middle = (low + high + 1) / 2;
        if (Fraction{middle * middle, 1} <= square) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

// The region's shape within a box and the area: first as the box allows, one side exactly, the other one rounded; where
// that is beyond the area, a side that was rounded up is rounded down, and then both.
Sides fitted(const Area& region, Sides box, const Rules& rules, bool enlarge) {
    const Fraction shape{region.height, region.width};
    if (!enlarge) {
        box.width = std::min(box.width, region.width);
        // A height beyond the box is cut below; the region's own fits the region.
    }
    Sides sides{box.width, (shape * Fraction{box.width, 1}).half_up()};
    if (!enlarge && box.width == region.width) sides.height = region.height;
    const bool too_high = sides.height > box.height || (!enlarge && sides.height > region.height);
    if (too_high) {
        const Natural height = enlarge ? box.height : std::min(box.height, region.height);
        sides = {(Fraction{height, 1} * Fraction{region.width, region.height}).half_up(), height};
    }
    if (rules.allows_area(sides.width, sides.height)) return sides;
    const Fraction rounded{sides.height, sides.width == 0 ? Natural(1) : sides.width};
    if (sides.width != 0 && rounded > shape) {
        sides.height = sides.height - 1;
    } else if (sides.width != 0 && rounded < shape) {
        sides.width = sides.width - 1;
    }
    if (rules.allows_area(sides.width, sides.height)) return sides;
    const Natural area = rules.limits.max_area;
    return {root({area * region.width, region.height}), root({area * region.height, region.width})};
}

Sides largest_sides(const Area& region, const Rules& rules, bool enlarge) {
    if (!rules.limits.any()) return {region.width, region.height};
    Sides sides = fitted(region, {rules.most_width, rules.most_height}, rules, enlarge);
    const Natural one = 1;
    sides = {std::max(sides.width, one), std::max(sides.height, one)};
    if (rules.allows_area(sides.width, sides.height)) return sides;
    // Only a side that was made one pixel can have done that.
    const Natural area = rules.limits.max_area;
    return {std::min(sides.width, std::max(area / sides.height, one)),
            std::min(sides.height, std::max(area / sides.width, one))};
}

struct Wanted {
    int status = 200;
    Sides sides;
};

Wanted size_of(std::string_view text, const Area& region, Extent image, const Rules& rules) {
    const Wanted refused{400, {}};
    const bool caret = rules.version == Version::v3 && text.starts_with('^');
    if (caret) text.remove_prefix(1);
    const Fraction shape{region.height, region.width};
    Sides sides;
    bool asks_for_more = false;
    if (text == "max") {
        sides = largest_sides(region, rules, caret && rules.limits.upscaling);
    } else if (text == "full" && rules.version == Version::v2) {
        sides = {region.width, region.height};
    } else if (text.starts_with("pct:")) {
        const auto percent = decimal(text.substr(4));
        if (!percent) return refused;
        const Fraction part = *percent * Fraction{1, 100};
        sides = {(part * Fraction{region.width, 1}).half_up(), (part * Fraction{region.height, 1}).half_up()};
        asks_for_more = part > Fraction{1, 1};
    } else {
        const bool confined = text.starts_with('!');
        const auto parts = fields<2>(confined ? text.substr(1) : text);
        if (!parts) return refused;
        const auto [w, h] = *parts;
        if ((!w.empty() && !is_digits(w)) || (!h.empty() && !is_digits(h)) || (w.empty() && h.empty())) return refused;
        if (confined && (w.empty() || h.empty())) return refused;
        const Natural width = Natural::read(w);
        const Natural height = Natural::read(h);
        if ((!w.empty() && width == 0) || (!h.empty() && height == 0)) return refused;
        if (confined) {
            sides =
                fitted(region, {std::min(width, rules.most_width), std::min(height, rules.most_height)}, rules, caret);
        } else if (h.empty()) {
            const Fraction exact = shape * Fraction{width, 1};
            sides = {width, exact.half_up()};
            if (rules.version == Version::v2) {
                // The height that a width rounded up by less than a pixel brings beyond the limits is cut.
                Natural most = rules.most_height;
                if (rules.limits.max_area != 0) most = std::min(most, Natural(rules.limits.max_area) / width);
                const bool rounding = shape * Fraction{width - 1, 1} < Fraction{most, 1};
                if (sides.height > most && rounding) sides.height = most;
                const bool is_whole = region.width == image.width && region.height == image.height;
                if (sides.height == 0 && region.y + region.height == image.height && !is_whole) sides.height = 1;
            }
        } else if (w.empty()) {
            sides = {(Fraction{height, 1} * Fraction{region.width, region.height}).half_up(), height};
        } else {
            sides = {width, height};
        }
    }
    if (sides.width == 0 || sides.height == 0) return refused;
    const bool enlarges = asks_for_more || sides.width > region.width || sides.height > region.height;
    const bool may_enlarge = rules.limits.upscaling && (rules.version == Version::v2 || caret);
    if (enlarges && !may_enlarge) return {caret && !rules.limits.upscaling ? 501 : 400, {}};
    if (!rules.allows(sides)) return refused;
    return {200, sides};
}

void check_rotation(Extent extent, const Rotation& rotation) {
    const Extent rotated = rotated_extent(extent, rotation);
    const long double angle = (static_cast<long double>(rotation.degrees.whole) +
                               static_cast<long double>(rotation.degrees.fraction) / 1e10L) *
                              3.14159265358979323846264338327950288L / 180;
    const long double sine = std::fabs(std::sin(angle));
    const long double cosine = std::fabs(std::cos(angle));
    const auto near = [](std::uint32_t side, long double exact) {
        return std::fabs(static_cast<long double>(side) - std::max(exact, 1.0L)) <= 0.5L + 1e-6L;
    };
    claim(near(rotated.width, extent.width * cosine + extent.height * sine) &&
              near(rotated.height, extent.width * sine + extent.height * cosine),
          "what is rotated has the extent of its bounding box");
}

void check_canonical(const Rules& rules, Extent image, const Geometry& geometry, const Rotation& rotation) {
    const std::string canonical = canonical_parameters(rules.version, geometry, rotation, Quality::standard,
                                                       Quality::color, Format::jpg, rules.limits);
    const auto slash = canonical.find('/');
    const auto second = canonical.find('/', slash + 1);
    const auto region = parse_region(rules.version, canonical.substr(0, slash));
    const auto size = parse_size(rules.version, canonical.substr(slash + 1, second - slash - 1));
    claim(region && size, "a canonical request is a request");
    const auto again = resolve_geometry(rules.version, *region, *size, image, rules.limits);
    claim(again && again->region == geometry.region && again->size == geometry.size,
          "a canonical request means itself");
    claim(canonical_parameters(rules.version, *again, rotation, Quality::standard, Quality::color, Format::jpg,
                               rules.limits) == canonical,
          "there is one canonical request");
}

std::uint64_t take(std::string_view& numbers, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    while (numbers.starts_with(' ')) numbers.remove_prefix(1);
    while (!numbers.empty() && numbers.front() != ' ') {
        value = value * 10 + static_cast<std::uint64_t>(static_cast<unsigned char>(numbers.front()) - '0');
        numbers.remove_prefix(1);
    }
    return value >= least && value <= most ? value : least + value % (most - least + 1);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 400) return 0;  // longer ones are longer numbers
    iiif::fuzz::Input input(data, size);
    std::string_view numbers = input.line();
    Rules rules{take(numbers, 2, 3) == 2 ? Version::v2 : Version::v3, {}, kLargest, kLargest};
    Extent image;
    image.width = static_cast<std::uint32_t>(take(numbers, 1, kLargest));
    image.height = static_cast<std::uint32_t>(take(numbers, 1, kLargest));
    constexpr std::uint64_t kMost = UINT64_MAX - 1;
    Limits& limits = rules.limits;
    limits.max_width = take(numbers, 0, kMost);
    limits.max_height = take(numbers, 0, kMost);
    if (limits.max_width == 0) limits.max_height = 0;  // which configuration does not allow alone
    limits.max_area = take(numbers, 0, kMost);
    limits.upscaling = take(numbers, 0, 1) == 1;
    const std::uint64_t high = limits.max_height != 0 ? limits.max_height : limits.max_width;
    if (limits.max_width != 0) rules.most_width = std::min<Natural>(limits.max_width, kLargest);
    if (high != 0) rules.most_height = std::min<Natural>(high, kLargest);

    const std::string_view region_text = input.line();
    const std::string_view size_text = input.line();
    const auto rotation = parse_rotation(input.line());
    const auto region = parse_region(rules.version, region_text);
    const auto expected = region_of(region_text, image);
    if (!region) {
        claim(!expected, "a region that is one is read");
        return 0;
    }
    const auto rect = resolve_region(*region, image);
    claim(rect.has_value() == expected.has_value(), "a region is refused when it holds no pixel");
    if (!rect) return 0;
    claim(expected->x == rect->x && expected->y == rect->y && expected->width == rect->width &&
              expected->height == rect->height,
          "a region is where it is");

    const Wanted wanted = size_of(size_text, *expected, image, rules);
    const auto parsed = parse_size(rules.version, size_text);
    if (!parsed) {
        claim(wanted.status == 400, "a size that is one is read");
        return 0;
    }
    const auto geometry = resolve_geometry(rules.version, *region, *parsed, image, limits);
    if (!geometry) {
        claim(geometry.error().status == wanted.status, "a size is refused when it is");
        return 0;
    }
    claim(wanted.status == 200, "a size that is to be refused is");
    claim(wanted.sides.width == geometry->size.width && wanted.sides.height == geometry->size.height,
          "a size is the exact one, rounded");
    if (!rotation) return 0;
    check_rotation(geometry->size, *rotation);
    check_canonical(rules, image, *geometry, *rotation);
    return 0;
}
