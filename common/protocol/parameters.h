// SPDX-License-Identifier: Apache-2.0
// {region}/{size}/{rotation}/{quality}.{format}: the grammar, before any image is known.
// Image API 3.0 section 4, 2.1.1 section 4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/decimal.h"
#include "protocol/refusal.h"

namespace iiif::protocol {

enum class Version : std::uint8_t { v2 = 2, v3 = 3 };

struct Region {
    enum class Form : std::uint8_t { full, square, pixels, percent };
    Form form = Form::full;
    std::uint64_t x = 0, y = 0, width = 0, height = 0;  // pixels; saturated, see parse_integer
    Decimal px, py, pwidth, pheight;                    // percent
};

struct Size {
    // max, full (2.1 only), "w,", ",h", "pct:n", "w,h", "!w,h"
    enum class Form : std::uint8_t { max, full, width, height, percent, exact, confined };
    Form form = Form::max;
    bool upscale = false;  // "^", 3.0 only
    std::uint64_t width = 0, height = 0;
    Decimal percent;
};

struct Rotation {
    bool mirror = false;
    Decimal degrees;  // 0 .. 360; 360 is kept, canonical() makes it 0
};

enum class Quality : std::uint8_t { standard /* "default" */, color, gray, bitonal };
enum class Format : std::uint8_t { jpg, png, webp, gif, tif, jp2, avif, pdf };
inline constexpr std::size_t kFormatCount = 8;
inline constexpr std::array<Format, kFormatCount> kFormats = {Format::jpg, Format::png, Format::webp, Format::gif,
                                                              Format::tif, Format::jp2, Format::avif, Format::pdf};

std::string_view name_of(Quality);  // "default", "color", ...
std::string_view name_of(Format);   // "jpg"
std::string_view media_type_of(Format);
std::optional<Quality> quality_named(std::string_view);
std::optional<Format> format_named(std::string_view);

// A set of qualities or formats, one bit each, in the order of the enumeration.
using QualitySet = std::uint8_t;
using FormatSet = std::uint16_t;
constexpr QualitySet bit(Quality q) {
    return static_cast<QualitySet>(1U << static_cast<unsigned>(q));
}
constexpr FormatSet bit(Format f) {
    return static_cast<FormatSet>(1U << static_cast<unsigned>(f));
}

struct ImageParameters {
    Region region;
    Size size;
    Rotation rotation;
    Quality quality = Quality::standard;
    Format format = Format::jpg;
};

// Each takes one component, already percent-decoded once. Refusals are 400 and name the component, its value and
// the allowed forms of that version.
Expected<Region> parse_region(Version, std::string_view text);
Expected<Size> parse_size(Version, std::string_view text);
Expected<Rotation> parse_rotation(std::string_view text);
// "default.jpg". What is offered is listed in the refusal (400).
struct QualityFormat {
    Quality quality;
    Format format;
};
Expected<QualityFormat> parse_quality_format(std::string_view text, QualitySet offered_qualities,
                                             FormatSet offered_formats);

}  // namespace iiif::protocol
