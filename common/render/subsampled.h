// SPDX-License-Identifier: Apache-2.0
// Planes of a JPEG, whose chroma may have fewer samples than the picture has pixels, and what is scaled from them.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/geometry.h"
#include "render/levels.h"
#include "render/planes.h"
#include "render/tile_store.h"

namespace iiif::render {

constexpr std::uint32_t divided_up(std::uint32_t value, std::uint32_t by) {
    return value / by + (value % by != 0 ? 1 : 0);
}

// Planes of that extent, those of chroma `across` times narrower and `down` times lower, rounded up. false: no memory.
bool allocate(Planes& planes, protocol::Extent extent, Colours colours, std::uint32_t across, std::uint32_t down);

// One axis of what is wanted of a level, of which samples from `begin` on are at hand; `begin` is even.
struct Stretch {
    Interval wanted;
    std::uint32_t begin = 0;
};

// Whether an axis is copied, sample by sample, in all planes: then nothing beyond it is looked at. `across`: pixels to
// a sample of chroma, 1 for gray; `halved` and `flipped`: whether chroma is to be, and the answer will be.
bool is_copied(Interval wanted, std::uint32_t size, std::uint32_t across, bool halved, bool flipped);

// That part of a level in `size`, not yet turned. ycc comes with chroma halved both ways, or whole. Halved chroma is
// laid so that it fits a picture that `turn` will turn. nullopt: no memory, or a ratio that cannot be.
std::optional<Planes> scaled_planes(const DecodedTile& from, const Stretch& across, const Stretch& down,
                                    protocol::Extent size, bool halve_chroma, Turn turn);

}  // namespace iiif::render
