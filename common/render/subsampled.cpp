// SPDX-License-Identifier: Apache-2.0
#include "render/subsampled.h"

#include <cmath>

namespace iiif::render {

using protocol::Extent;
using protocol::Rect;

bool allocate(Planes& planes, Extent extent, Colours colours, std::uint32_t across, std::uint32_t down) {
    planes.extent = extent;
    planes.colours = colours;
    for (std::size_t c = 0; c < planes.count(); ++c) {
        planes.plane.at(c) =
            Plane(c == 0 ? extent : Extent{divided_up(extent.width, across), divided_up(extent.height, down)});
        if (!planes.plane.at(c)) return false;
    }
    return true;
}

namespace {

// The samples of a plane with one sample to `across` of the picture, for an answer with `out` samples, one to
// `out_across` of its `size`. A last sample that is not whole reaches beyond the answer: at its far end, or at the near
// one where the answer will be `flipped`.
Interval of_plane(Interval wanted, std::uint32_t begin, std::uint32_t across, std::uint32_t size, std::uint32_t out,
                  std::uint32_t out_across, bool flipped) {
    Interval interval{wanted.start - begin, wanted.length};
    const std::uint32_t covered = out * out_across;
    if (covered != size) {
        const double step = interval.length / size;
        if (flipped) interval.start -= step * (covered - size);
        interval.length = step * covered;
    }
    return {interval.start / across, interval.length / across};
}

}  // namespace

bool is_copied(Interval wanted, std::uint32_t size, std::uint32_t across, bool halved, bool flipped) {
    const std::uint32_t step = halved ? 2 : 1;
    const std::uint32_t out = divided_up(size, step);
    const Interval chroma = of_plane(wanted, 0, across, size, out, step, flipped);
    return std::floor(wanted.start) == wanted.start && wanted.length == size &&
           std::floor(chroma.start) == chroma.start && chroma.length == out;
}

std::optional<Planes> scaled_planes(const DecodedTile& from, const Stretch& across, const Stretch& down, Extent size,
                                    bool halve_chroma, Turn turn) {
    const Colours colours = from.planes.colours;
    const bool halved = halve_chroma && colours == Colours::ycc;
    Planes out;
    if (!allocate(out, size, colours, halved ? 2 : 1, halved ? 2 : 1)) return std::nullopt;
    const Rect first = before_turn({0, 0, 1, 1}, turn, size);
    for (std::size_t c = 0; c < out.count(); ++c) {
        const Extent extent = out.plane.at(c).extent();
        const std::uint32_t step = c > 0 && halved ? 2 : 1;
        const Interval x = of_plane(across.wanted, across.begin, c == 0 ? 1 : from.across, size.width, extent.width,
                                    step, first.x != 0);
        const Interval y =
            of_plane(down.wanted, down.begin, c == 0 ? 1 : from.down, size.height, extent.height, step, first.y != 0);
        if (!resample(from.planes.plane.at(c), x, y, out.plane.at(c))) return std::nullopt;
    }
    return out;
}

}  // namespace iiif::render
