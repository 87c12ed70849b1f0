// SPDX-License-Identifier: Apache-2.0
// Pictures like photographs in JPEG tiles, and what scaling has to make of them, computed slowly.
#pragma once

#include <array>
#include <string>

#include "render/jpeg_engine.h"
#include "render/support.h"

namespace iiif::render::test {

// Waves of many lengths, soft discs and weaker colours, as in a photograph; no two places alike.
Picture scene(std::uint32_t width, std::uint32_t height, std::uint32_t bands = 3);

// Decibels; 99: equal.
double psnr(const Picture& a, const Picture& b);

// Cubic convolution in doubles of that region, with the pixels around it.
Picture reference(const Picture& full, protocol::Rect region, protocol::Extent size);

// The same file, for which the engine is not asked; nothing else looks at this.
source::Description long_way(source::Description description);
// Whether the engine answers.
bool taken(const std::string& path, const source::Description& description, protocol::Rect region,
           protocol::Extent size);

// What lies beyond a region counts at its edges: neighbours are as one picture. At least 351 pixels each way.
void assert_neighbours_join(const std::string& path);
// In every rotation and mirrored, as the long way turns it, at that quality of JPEG. At least 312 by 209 pixels.
void assert_turned_as_the_long_way(const std::string& path, int quality, int orientation);

struct Kind {
    const char* name;
    std::uint16_t photometric, samples, across, down;
};
inline constexpr std::array<Kind, 6> kKinds = {{
    {"4:2:0", PHOTOMETRIC_YCBCR, 3, 2, 2},
    {"4:2:2", PHOTOMETRIC_YCBCR, 3, 2, 1},
    {"4:4:4", PHOTOMETRIC_YCBCR, 3, 1, 1},
    {"4:4:0", PHOTOMETRIC_YCBCR, 3, 1, 2},
    {"RGB", PHOTOMETRIC_RGB, 3, 1, 1},
    {"gray", PHOTOMETRIC_MINISBLACK, 1, 1, 1},
}};
TiffOptions options_of(const Kind& kind, std::uint32_t tile);

}  // namespace iiif::render::test
