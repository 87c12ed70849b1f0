// SPDX-License-Identifier: Apache-2.0
// Where the pixels of an answer come from: turns, and levels of resolution. Integers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/geometry.h"
#include "source/description.h"

namespace iiif::render {

// Mirrored left-right, then turned clockwise by quarters.
struct Turn {
    bool mirror = false;
    int quarters = 0;  // 0..3
    bool operator==(const Turn&) const = default;
    [[nodiscard]] bool swaps_axes() const { return (quarters & 1) != 0; }
};

// What makes stored pixels stand upright. EXIF 2.32 table 6, TIFF 6.0 tag 274; anything but 1..8 is 1.
Turn upright(std::uint8_t orientation);
// `first`, then `second`, as one.
Turn then(Turn first, Turn second);

// The stored pixels that become `region` of the image after `turn`. `stored` is the extent before it.
protocol::Rect before_turn(protocol::Rect region, Turn turn, protocol::Extent stored);

// By which whole number `full` was reduced to `level`, each side rounded up or down; 0: by none.
std::uint32_t reduction(protocol::Extent full, protocol::Extent level);

struct Window {
    std::size_t level = 0;
    protocol::Rect area;  // of that level
};

// The smallest level that still has a pixel for each one asked for, and the part of it that shows `region`, both of
// the stored image. Levels that are no whole fraction of the first are passed over.
Window choose_window(const std::vector<source::Level>&, protocol::Rect region, protocol::Extent size);

// A stretch of one axis, in samples; the first sample begins at 0. It may begin and end within samples.
struct Interval {
    double start = 0, length = 0;
    bool operator==(const Interval&) const = default;
};

struct ExactWindow {
    std::size_t level = 0;
    Interval x, y;  // of that level; may end up to a sample beyond it, where its writer dropped a partial one
};

// As choose_window(), for who can begin within a pixel: off whole pixels too, a pixel for each one asked for is enough.
ExactWindow choose_exact_window(const std::vector<source::Level>&, protocol::Rect region, protocol::Extent size);

}  // namespace iiif::render
