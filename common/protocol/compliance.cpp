// SPDX-License-Identifier: Apache-2.0
#include "protocol/compliance.h"

#include <array>

namespace iiif::protocol {
namespace {

constexpr int kOptional = 3;  // beyond every level
constexpr int kUnknown = 4;   // no such name in that version

struct Feature {
    std::string_view name;
    int level_2, level_3;  // the lowest level of 2.1 and of 3.0 that includes it
    bool enlarging = false;
};

constexpr std::array kFeatures = {
    Feature{"baseUriRedirect", 1, 1},
    Feature{"canonicalLinkHeader", kOptional, kOptional},
    Feature{"cors", 1, 1},
    Feature{"jsonldMediaType", 1, 1},
    Feature{"mirroring", kOptional, kOptional},
    Feature{"profileLinkHeader", kOptional, kOptional},
    Feature{"regionByPct", 2, 2},
    Feature{"regionByPx", 1, 1},
    Feature{"regionSquare", kOptional, 1},
    Feature{"rotationArbitrary", kOptional, kOptional},
    Feature{"rotationBy90s", 2, 2},
    Feature{"sizeAboveFull", kOptional, kUnknown, true},
    Feature{"sizeByConfinedWh", 2, 2},
    Feature{"sizeByDistortedWh", 2, kUnknown},
    Feature{"sizeByH", 1, 1},
    Feature{"sizeByPct", 1, 2},
    Feature{"sizeByW", 1, 1},
    Feature{"sizeByWh", 2, 1},
    Feature{"sizeUpscaling", kUnknown, kOptional, true},
};

}  // namespace

int compliance_level(Version version, Quality standard, QualitySet qualities, FormatSet formats) {
    const auto offers = [qualities](Quality quality) { return (qualities & bit(quality)) != 0; };
    if ((formats & bit(Format::jpg)) == 0) return 0;
    // "If applicable": a bilevel image has no grays. "color" is always served.
    const bool gray = standard == Quality::bitonal || offers(Quality::gray);
    const bool bitonal = version == Version::v3 || offers(Quality::bitonal);
    return (formats & bit(Format::png)) != 0 && gray && bitonal ? 2 : 1;
}

std::vector<std::string_view> extra_features(Version version, int level, const Limits& limits) {
    // 3.0 section 5.6: sizeUpscaling only together with maxWidth or maxArea.
    const bool bounded = limits.max_width != 0 || limits.max_area != 0;
    const bool enlarging = limits.upscaling && (version == Version::v2 || bounded);
    std::vector<std::string_view> names;
    for (const Feature& feature : kFeatures) {
        const int needed = version == Version::v2 ? feature.level_2 : feature.level_3;
        if (needed > level && needed != kUnknown && (enlarging || !feature.enlarging)) names.push_back(feature.name);
    }
    return names;
}

std::vector<Format> extra_formats(int level, FormatSet offered) {
    std::vector<Format> formats;
    for (const Format format : kFormats) {
        const bool included = format == Format::jpg || (format == Format::png && level == 2);
        if ((offered & bit(format)) != 0 && !included) formats.push_back(format);
    }
    return formats;
}

std::vector<Quality> extra_qualities(Version version, int level, Quality standard, QualitySet offered) {
    std::vector<Quality> qualities;
    // The level2.json of 2.1 names all of them, that of 3.0 only "default".
    if (version == Version::v2 && level == 2) return qualities;
    if (standard == Quality::color) qualities.push_back(Quality::color);
    for (const Quality quality : {Quality::gray, Quality::bitonal}) {
        if ((offered & bit(quality)) != 0) qualities.push_back(quality);
    }
    return qualities;
}

}  // namespace iiif::protocol
