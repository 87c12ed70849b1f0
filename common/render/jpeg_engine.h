// SPDX-License-Identifier: Apache-2.0
// The short way for what archives hold most: pixels in JPEG tiles. Samples are decoded as planes, scaled as planes and
// encoded as planes. Whatever is unusual or damaged is declined: the long way by libvips then answers or refuses.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/geometry.h"
#include "render/jpeg_planes.h"
#include "render/jpeg_source.h"
#include "render/levels.h"
#include "render/planes.h"
#include "render/render.h"
#include "render/tile_store.h"
#include "source/description.h"

namespace iiif::render {

// `region` and `size` are those of the stored pixels, before any turn.
class JpegEngine {
public:
    // nullopt: declined. `fd` stays the caller's; it and the description must outlive this.
    static std::optional<JpegEngine> open(int fd, const source::Description&, protocol::Rect region,
                                          protocol::Extent size);

    [[nodiscard]] Colours colours() const { return source_.colours(); }
    // ICC, of the page; empty: none. To be asked only when it matters.
    [[nodiscard]] std::string profile() const { return source_.profile(); }

    // False: stored pixels are answered one for one.
    [[nodiscard]] bool scales() const {
        return shrink_ > 1 || x_.wanted.length != size_.width || y_.wanted.length != size_.height;
    }

    // When the region is exactly one stored tile, or the part of it that lies in the image, at its own size: that tile,
    // turned, as a JPEG of the quality it was stored in. Empty: it is not, or blocks cannot be turned to fit.
    // A profile that changes colours goes along.
    [[nodiscard]] std::vector<std::byte> stored_tile(Turn turn) const;

    // The region in the size asked for, not yet turned. ycc comes with chroma halved both ways, or whole. Halved chroma
    // is laid so that it fits a picture that `turn` will turn. nullopt: declined, damaged or cancelled.
    std::optional<Planes> scaled(bool halve_chroma, Turn turn, const Cancelled&);

private:
    // One axis: of the level, shrunk by the decoder, in its samples.
    struct Axis {
        Interval wanted;
        std::uint32_t block = 0;           // a tile's or strip's side
        std::uint32_t level = 0;           // whole samples of the level
        std::uint32_t begin = 0, end = 0;  // what is decoded for it; `begin` is even
    };

    JpegEngine(JpegSource source, const ExactWindow& window, protocol::Extent size);
    // `canvas` is the decoded part of the level; it has no planes before the first tile tells what they are.
    bool gather(DecodedTile& canvas, const Cancelled&);
    bool gather_tile(DecodedTile& canvas, JpegDecoder&, std::uint32_t column, std::uint32_t row, bool keep);

    JpegSource source_;
    protocol::Extent size_;
    std::uint32_t shrink_ = 1;
    Axis x_, y_;
};

}  // namespace iiif::render
