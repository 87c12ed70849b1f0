// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "render/planes.h"

namespace iiif::render {

struct JpegMeaning {
    Colours colours = Colours::gray;
    std::array<int, 3> dc_step{};  // of quantisation, of each component
    std::string profile;           // ICC; empty: none
};

// What libjpeg makes of a stream's segments up to SOS: markers and identifiers decide about colours. nullopt: other
// colours, or damage.
std::optional<JpegMeaning> jpeg_meaning(std::span<const unsigned char> head);

}  // namespace iiif::render
