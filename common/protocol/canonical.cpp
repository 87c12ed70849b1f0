// SPDX-License-Identifier: Apache-2.0
// The one way of writing a request that is the same for all its spellings, and that means itself again.
#include "protocol/geometry.h"
#include "protocol/scaling.h"
#include "protocol/wide.h"

namespace iiif::protocol {
namespace {

void append_pair(std::string& out, std::uint32_t first, std::uint32_t second) {
    append_number(out, first);
    out += ',';
    append_number(out, second);
}

void append_size_3(std::string& out, Extent region, Extent size, const Limits& limits) {
    // Both may hold at once; then it is "max" (AMB-12).
    if (size == largest(region, limits, false)) {
        out += "max";
    } else if (limits.upscaling && size == largest(region, limits, true)) {
        out += "^max";
    } else {
        if (size.width > region.width || size.height > region.height) out += '^';
        append_pair(out, size.width, size.height);
    }
}

void append_size_2(std::string& out, Extent region, Extent size) {
    if (size == region) {
        out += "full";
    } else if (height_for(region, size.width) == size.height) {
        append_number(out, size.width);
        out += ',';
    } else {
        // "w," would compute another height (AMB-9).
        append_pair(out, size.width, size.height);
    }
}

}  // namespace

std::string canonical_parameters(Version version, const Geometry& geometry, const Rotation& rotation, Quality quality,
                                 Quality standard, Format format, const Limits& limits) {
    constexpr std::size_t kUsualLength = 64;
    std::string out;
    out.reserve(kUsualLength);

    if (geometry.whole) {
        out += "full";
    } else {
        append_pair(out, geometry.region.x, geometry.region.y);
        out += ',';
        append_pair(out, geometry.region.width, geometry.region.height);
    }

    out += '/';
    const Extent region{geometry.region.width, geometry.region.height};
    if (version == Version::v3) {
        append_size_3(out, region, geometry.size, limits);
    } else {
        append_size_2(out, region, geometry.size);
    }

    out += rotation.mirror ? "/!" : "/";
    constexpr std::uint64_t kFullTurn = 360;
    out += rotation.degrees.whole == kFullTurn ? "0" : rotation.degrees.text();

    out += '/';
    out += name_of(quality == standard ? Quality::standard : quality);
    out += '.';
    out += name_of(format);
    return out;
}

}  // namespace iiif::protocol
