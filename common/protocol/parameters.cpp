// SPDX-License-Identifier: Apache-2.0
#include "protocol/parameters.h"

#include <algorithm>

#include "protocol/sentence.h"

namespace iiif::protocol {
namespace {

using sentence::quoted;

constexpr std::array<std::string_view, 4> kQualityNames = {"default", "color", "gray", "bitonal"};
constexpr std::array<std::string_view, kFormatCount> kFormatNames = {"jpg", "png", "webp", "gif",
                                                                     "tif", "jp2", "avif", "pdf"};
constexpr std::array<std::string_view, kFormatCount> kMediaTypes = {
    "image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/jp2", "image/avif", "application/pdf"};

constexpr std::string_view kPercentPrefix = "pct:";

std::string_view name_of(Version version) {
    return version == Version::v2 ? "2.1" : "3.0";
}

// Cuts `text` at its commas; false unless that gives exactly N fields (which may be empty).
template <std::size_t N>
bool cut_fields(std::string_view text, std::array<std::string_view, N>& fields) {
    for (std::size_t i = 0; i < N; ++i) {
        const std::size_t comma = text.find(',');
        if ((comma == std::string_view::npos) != (i + 1 == N)) return false;
        fields[i] = text.substr(0, comma);
        text.remove_prefix(i + 1 == N ? text.size() : comma + 1);
    }
    return true;
}

tl::unexpected<Refusal> no_region(Version version, std::string_view text) {
    std::string words = "The region " + quoted(text) + " is not valid in Image API ";
    words += name_of(version);
    words += R"(; allowed are "full", "square", "x,y,w,h" in whole pixels and "pct:x,y,w,h" in percent )"
             "with at most ten decimal places.";
    return refuse(400, std::move(words));
}

tl::unexpected<Refusal> empty_region(std::string_view text) {
    return refuse(400, "The region " + quoted(text) + " is empty; its width and height must be greater than 0.");
}

tl::unexpected<Refusal> no_size(Version version, std::string_view text) {
    std::string words = "The size " + quoted(text) + " is not valid in Image API ";
    words += name_of(version);
    words += version == Version::v2 ? R"(; allowed are "full", "max", )" : R"(; allowed are "max", )";
    words += R"("w,", ",h", "w,h", "!w,h" with w and h in whole pixels, and "pct:n" in percent with at most )"
             "ten decimal places";
    words += version == Version::v2 ? "." : R"(; each may begin with "^" to enlarge.)";
    return refuse(400, std::move(words));
}

tl::unexpected<Refusal> empty_size(std::string_view text) {
    return refuse(400, "The size " + quoted(text) + " has no pixels; its numbers must be greater than 0.");
}

// "w,", ",h", "w,h" and "!w,h"; false when it is none of them.
bool parse_sides(std::string_view text, Size& size) {
    const bool confined = text.starts_with('!');
    if (confined) text.remove_prefix(1);
    std::array<std::string_view, 2> fields;
    if (!cut_fields(text, fields)) return false;
    const auto width = parse_integer(fields[0]);
    const auto height = parse_integer(fields[1]);
    size.width = width.value_or(0);
    size.height = height.value_or(0);
    if (width && height) {
        size.form = confined ? Size::Form::confined : Size::Form::exact;
        return true;
    }
    size.form = width ? Size::Form::width : Size::Form::height;
    // The other one must be absent, not malformed.
    return !confined && ((width && fields[1].empty()) || (height && fields[0].empty()));
}

template <class Set, class Names>
std::string listed(Set offered, const Names& names) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (((static_cast<unsigned>(offered) >> i) & 1U) == 0) continue;
        if (!out.empty()) out += ", ";
        out += names[i];
    }
    return out;
}

}  // namespace

std::string_view name_of(Quality quality) {
    return kQualityNames[static_cast<std::size_t>(quality)];
}

std::string_view name_of(Format format) {
    return kFormatNames[static_cast<std::size_t>(format)];
}

std::string_view media_type_of(Format format) {
    return kMediaTypes[static_cast<std::size_t>(format)];
}

std::optional<Quality> quality_named(std::string_view name) {
    const auto* const found = std::find(kQualityNames.begin(), kQualityNames.end(), name);
    if (found == kQualityNames.end()) return std::nullopt;
    return static_cast<Quality>(found - kQualityNames.begin());
}

std::optional<Format> format_named(std::string_view name) {
    const auto* const found = std::find(kFormatNames.begin(), kFormatNames.end(), name);
    if (found == kFormatNames.end()) return std::nullopt;
    return static_cast<Format>(found - kFormatNames.begin());
}

Expected<Region> parse_region(Version version, std::string_view text) {
    Region region;
    if (text == "full") return region;
    if (text == "square") {
        region.form = Region::Form::square;
        return region;
    }

    std::array<std::string_view, 4> fields;
    if (text.starts_with(kPercentPrefix)) {
        region.form = Region::Form::percent;
        if (!cut_fields(text.substr(kPercentPrefix.size()), fields)) return no_region(version, text);
        const std::array values = {&region.px, &region.py, &region.pwidth, &region.pheight};
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const auto value = parse_decimal(fields[i]);
            if (!value) return no_region(version, text);
            *values[i] = *value;
        }
        if (region.pwidth.is_zero() || region.pheight.is_zero()) return empty_region(text);
        return region;
    }

    region.form = Region::Form::pixels;
    if (!cut_fields(text, fields)) return no_region(version, text);
    const std::array values = {&region.x, &region.y, &region.width, &region.height};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto value = parse_integer(fields[i]);
        if (!value) return no_region(version, text);
        *values[i] = *value;
    }
    if (region.width == 0 || region.height == 0) return empty_region(text);
    return region;
}

Expected<Size> parse_size(Version version, std::string_view text) {
    Size size;
    std::string_view rest = text;
    if (version == Version::v3 && rest.starts_with('^')) {
        size.upscale = true;
        rest.remove_prefix(1);
    }
    if (rest == "max") return size;
    if (version == Version::v2 && rest == "full") {
        size.form = Size::Form::full;
        return size;
    }
    if (rest.starts_with(kPercentPrefix)) {
        const auto value = parse_decimal(rest.substr(kPercentPrefix.size()));
        if (!value) return no_size(version, text);
        if (value->is_zero()) return empty_size(text);
        size.form = Size::Form::percent;
        size.percent = *value;
        return size;
    }

    if (!parse_sides(rest, size)) return no_size(version, text);
    const bool needs_width = size.form != Size::Form::height;
    const bool needs_height = size.form != Size::Form::width;
    if ((needs_width && size.width == 0) || (needs_height && size.height == 0)) return empty_size(text);
    return size;
}

Expected<Rotation> parse_rotation(std::string_view text) {
    constexpr Decimal kFullTurn{360, 0};
    Rotation rotation;
    std::string_view degrees = text;
    if (degrees.starts_with('!')) {
        rotation.mirror = true;
        degrees.remove_prefix(1);
    }
    const auto value = parse_decimal(degrees);
    if (!value || value->units() > kFullTurn.units()) {
        return refuse(400, "The rotation " + quoted(text) +
                               " is not valid; allowed are degrees from 0 to 360 with at most ten decimal places, "
                               "after \"!\" for a mirrored image.");
    }
    rotation.degrees = *value;
    return rotation;
}

Expected<QualityFormat> parse_quality_format(std::string_view text, QualitySet offered_qualities,
                                             FormatSet offered_formats) {
    // "default" is the level 0 minimum, and "color" must never be an error (3.0 section 4.4), whatever is configured.
    offered_qualities |= bit(Quality::standard) | bit(Quality::color);

    const std::size_t dot = text.rfind('.');
    const std::string_view quality_text = text.substr(0, dot);
    const auto quality = quality_named(quality_text);
    if (!quality || (bit(*quality) & offered_qualities) == 0) {
        return refuse(400, "The quality " + quoted(quality_text) + " is not offered here; offered are " +
                               listed(offered_qualities, kQualityNames) + '.');
    }
    if (dot == std::string_view::npos) {
        return refuse(400, "The format is missing after the quality " + quoted(text) + "; write for example \"" +
                               std::string(quality_text) + ".jpg\". Offered are " +
                               listed(offered_formats, kFormatNames) + '.');
    }
    const std::string_view format_text = text.substr(dot + 1);
    const auto format = format_named(format_text);
    if (!format || (bit(*format) & offered_formats) == 0) {
        return refuse(400, "The format " + quoted(format_text) + " is not offered here; offered are " +
                               listed(offered_formats, kFormatNames) + '.');
    }
    return QualityFormat{*quality, *format};
}

}  // namespace iiif::protocol
