// SPDX-License-Identifier: Apache-2.0
// info.json. Image API 3.0 section 5, 2.1.1 section 5; media types by the Accept header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/geometry.h"
#include "protocol/parameters.h"

namespace iiif::protocol {

struct LinkedResource {                            // partOf, seeAlso, service
    std::string id, type, label, format, profile;  // empty: absent. "${id}" in `id` becomes the encoded identifier
};

// What the administrator says about every image of an endpoint.
struct InfoOptions {
    Limits limits;
    QualitySet qualities = 0x0F;
    FormatSet formats = 0;
    std::vector<Format> preferred_formats;
    std::string rights;             // 3.0 rights, 2.1 license
    std::string attribution, logo;  // 2.1 only
    std::vector<LinkedResource> part_of, see_also, services;
};

// What the image says.
struct InfoSubject {
    std::string id;               // the base URI, no trailing slash
    std::string_view identifier;  // still encoded, for "${id}"
    Extent image;
    Quality standard = Quality::color;  // what "default" means: color, gray or bitonal
    Extent tile;                        // the tile size the source favours; clipped to the limits here
};

// Strictly valid JSON, UTF-8, keys in the order the specification shows them.
std::string info_json(Version, const InfoSubject&, const InfoOptions&);

// tiles[0].scaleFactors and sizes: 1, 2, 4, ... until one tile holds the image. Section 5.4, implementation notes.
std::vector<std::uint32_t> scale_factors(Extent image, Extent tile);
// Smallest first; those within the limits.
std::vector<Extent> listed_sizes(Extent image, Extent tile, const Limits&);

// The tile that info.json offers where the source favours `tile`: no larger than the limits.
Extent offered_tile(Extent tile, const Limits&);

// Content-Type of info.json for an Accept header ("" when absent): the negotiation matrix of I3-INFO-25, I2-INFO-12.
std::string_view info_media_type(Version, std::string_view accept);

// The compliance level that holds for an image whose "default" is `standard`: 2 unless the offered formats or qualities
// miss something that it needs (3.0 and 2.1.1 compliance, sections 3.4 and 3.5). Without jpg not even level 0 holds,
// which is what is then returned; a configuration should not allow it.
int compliance_level(Version, Quality standard, QualitySet qualities, FormatSet formats);

std::string_view profile_uri(Version);             // http://iiif.io/api/image/3/level2.json
std::string_view profile_uri(Version, int level);  // of level 0 to 2

}  // namespace iiif::protocol
