// SPDX-License-Identifier: Apache-2.0
// Whether an ICC profile has to be sent along with pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace iiif::render {

// Larger ones are not looked at.
inline constexpr std::size_t kMostProfileBytes = 16U << 20U;

// Pixels of `samples` (1 or 3) colours look different with this profile than as sRGB. false, too, for what is no
// profile of such pixels: rendering ignores it, and so do browsers.
bool changes_colours(std::span<const std::uint8_t> profile, unsigned samples);

}  // namespace iiif::render
