// SPDX-License-Identifier: Apache-2.0
#include "render/levels.h"

#include <algorithm>
#include <array>
#include <bit>

namespace iiif::render {

using protocol::Extent;
using protocol::Rect;

Turn upright(std::uint8_t orientation) {
    constexpr std::array<Turn, 9> kTurns = {Turn{false, 0}, {false, 0}, {true, 0}, {false, 2}, {true, 2},
                                            {true, 3},      {false, 1}, {true, 1}, {false, 3}};
    return orientation < kTurns.size() ? kTurns.at(orientation) : Turn{};
}

Turn then(Turn first, Turn second) {
    // Mirroring after a turn is the opposite turn after mirroring.
    const int quarters = second.mirror ? 4 - first.quarters : first.quarters;
    return {first.mirror != second.mirror, (quarters + second.quarters) % 4};
}

Rect before_turn(Rect region, Turn turn, Extent stored) {
    Extent turned = turn.swaps_axes() ? Extent{stored.height, stored.width} : stored;
    for (int i = 0; i < turn.quarters; ++i) {
        // A quarter clockwise took (x, y) of an image h high to (h - 1 - y, x); its width is now h.
        region = {region.y, turned.width - (region.x + region.width), region.height, region.width};
        turned = {turned.height, turned.width};
    }
    if (turn.mirror) region.x = turned.width - (region.x + region.width);
    return region;
}

namespace {

bool fits(std::uint32_t full, std::uint32_t level, std::uint32_t factor) {
    return level == std::max(full / factor, 1U) || level == (full - 1) / factor + 1;
}

// One axis of a window: `start` and `end` of the level.
struct Span {
    std::uint32_t start, end;
    bool exact;    // both on whole level pixels
    bool clipped;  // at the far edge of a level whose writer dropped the last, partial pixel
};

// An edge of the image is the edge of the level, although the last level pixel may stand for a part of `factor`.
Span reduced(std::uint32_t from, std::uint32_t length, std::uint32_t full, std::uint32_t level, std::uint32_t factor) {
    const auto place = [&](std::uint32_t at, bool& exact) {
        if (at == full) return level;
        exact = exact && at % factor == 0;
        return std::min(at / factor + (at % factor >= factor - factor / 2 ? 1 : 0), level);
    };
    Span span{0, 0, true, false};
    span.start = place(from, span.exact);
    span.end = place(from + length, span.exact);
    span.clipped = from + length == full && full % factor != 0 && level == full / factor;
    return span;
}

// Off whole pixels, the window moves by up to half a level pixel: with four level pixels to one of the answer that is
// an eighth of an answered pixel, which no viewer's tile seam shows. On whole pixels one to one is enough.
bool suffices(const Span& span, std::uint32_t wanted) {
    const std::uint64_t length = span.end > span.start ? span.end - span.start : 0;
    if (length == 0) return false;
    if (!span.exact) return length >= std::uint64_t{4} * wanted;
    return length + (span.clipped ? 1 : 0) >= wanted;
}

}  // namespace

std::uint32_t reduction(Extent full, Extent level) {
    if (level.width == 0 || level.height == 0) return 0;
    // The longer side tells the factor best. Powers of two first: a side of a few pixels fits many factors.
    const bool wide = full.width >= full.height;
    const std::uint32_t from = wide ? full.width : full.height;
    const std::uint32_t to = wide ? level.width : level.height;
    if (to > from) return 0;
    const std::uint32_t nearest = from / to + (from % to >= to - to / 2 ? 1 : 0);
    const std::uint32_t below = std::bit_floor(nearest);
    for (const std::uint32_t factor : {below, below << 1U, nearest, from / to, (from - 1) / to + 1}) {
        if (factor != 0 && fits(full.width, level.width, factor) && fits(full.height, level.height, factor)) {
            return factor;
        }
    }
    return 0;
}

Window choose_window(const std::vector<source::Level>& levels, Rect region, Extent size) {
    const Extent full = levels.front().extent;
    Window best{0, region};
    std::uint32_t best_factor = 1;
    for (std::size_t i = 1; i < levels.size(); ++i) {
        const Extent level = levels[i].extent;
        const std::uint32_t factor = reduction(full, level);
        if (factor <= best_factor) continue;
        const Span x = reduced(region.x, region.width, full.width, level.width, factor);
        const Span y = reduced(region.y, region.height, full.height, level.height, factor);
        if (!suffices(x, size.width) || !suffices(y, size.height)) continue;
        best = {i, {x.start, y.start, x.end - x.start, y.end - y.start}};
        best_factor = factor;
    }
    return best;
}

namespace {

// False: too few samples. A tile of the level's own grid is to be copied, not scaled by a fraction of a percent: there,
// the last sample counts as whole, however much of the image it stands for, and one that is missing is the next.
bool place(std::uint32_t from, std::uint32_t length, std::uint32_t full, std::uint32_t level, std::uint32_t factor,
           std::uint32_t wanted, Interval& out) {
    const Span span = reduced(from, length, full, level, factor);
    const std::uint32_t have = span.end > span.start ? span.end - span.start : 0;
    if (span.exact && (have == wanted || (span.clipped && have + 1 == wanted))) {
        out = {static_cast<double>(span.start), static_cast<double>(wanted)};
        return true;
    }
    out = {static_cast<double>(from) / factor, static_cast<double>(length) / factor};
    return length >= std::uint64_t{wanted} * factor;
}

}  // namespace

ExactWindow choose_exact_window(const std::vector<source::Level>& levels, Rect region, Extent size) {
    const Extent full = levels.front().extent;
    ExactWindow best{0,
                     {static_cast<double>(region.x), static_cast<double>(region.width)},
                     {static_cast<double>(region.y), static_cast<double>(region.height)}};
    std::uint32_t best_factor = 1;
    for (std::size_t i = 1; i < levels.size(); ++i) {
        const Extent level = levels[i].extent;
        const std::uint32_t factor = reduction(full, level);
        if (factor <= best_factor) continue;
        ExactWindow window{i, {}, {}};
        if (!place(region.x, region.width, full.width, level.width, factor, size.width, window.x) ||
            !place(region.y, region.height, full.height, level.height, factor, size.height, window.y)) {
            continue;
        }
        best = window;
        best_factor = factor;
    }
    return best;
}

}  // namespace iiif::render
