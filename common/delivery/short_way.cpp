// SPDX-License-Identifier: Apache-2.0
#include "delivery/short_way.h"

namespace iiif::delivery {
namespace {

using protocol::Format;
using protocol::Quality;
using source::Codec;
using source::Container;
using source::Description;

// The pixels of the file, as they are.
bool as_stored(const RenderPlan& plan, const Description& image) {
    const bool same_colours = plan.quality == Quality::standard || plan.quality == image.standard;
    return same_colours && image.orientation == 1 && !plan.rotation.mirror &&
           protocol::quarter_turns(plan.rotation) == 0;
}

struct Stretch {
    std::uint32_t tile = 0, length = 0;  // of a level: which tile, and its pixels without padding
};

// One axis: the tile of the level that covers exactly `length` pixels of the image from `from` on.
std::optional<Stretch> tile_on_axis(std::uint32_t from, std::uint32_t length, std::uint32_t full, std::uint32_t level,
                                    std::uint32_t tile, std::uint32_t factor) {
    if (from % factor != 0) return std::nullopt;
    const std::uint32_t start = from / factor;
    const std::uint32_t until = from + length;
    // The last pixel of a level may stand for fewer than `factor` pixels of the image.
    if (until != full && until % factor != 0) return std::nullopt;
    const std::uint32_t end = until == full ? level : until / factor;
    if (start % tile != 0 || end <= start) return std::nullopt;
    const bool cut = end == level && end - start < tile;
    if (!cut && end - start != tile) return std::nullopt;
    return Stretch{start / tile, end - start};
}

Codec codec_of(Format format) {
    if (format == Format::jpg) return Codec::jpeg;
    return format == Format::webp ? Codec::webp : Codec::other;
}

}  // namespace

std::optional<TilePlace> place_of_tile(const RenderPlan& plan, const Description& image) {
    const Codec codec = codec_of(plan.format);
    if (codec == Codec::other || !as_stored(plan, image)) return std::nullopt;
    const protocol::Rect& region = plan.geometry.region;
    for (std::size_t i = 0; i < image.levels.size(); ++i) {
        const source::Level& level = image.levels[i];
        if (level.index.codec != codec || level.index.factor == 0) continue;
        const auto column = tile_on_axis(region.x, region.width, image.stored.width, level.extent.width,
                                         level.tile.width, level.index.factor);
        const auto row = tile_on_axis(region.y, region.height, image.stored.height, level.extent.height,
                                      level.tile.height, level.index.factor);
        if (!column || !row) continue;
        const protocol::Extent extent = {column->length, row->length};
        if (plan.geometry.size != extent || (extent != level.tile && codec != Codec::jpeg)) continue;
        const std::uint64_t across = (level.extent.width - 1) / level.tile.width + 1;
        return TilePlace{i, row->tile * across + column->tile, extent};
    }
    return std::nullopt;
}

bool is_whole_file(const RenderPlan& plan, const Description& image, bool profiles) {
    if (!as_stored(plan, image) || !plan.geometry.whole || plan.geometry.size != image.stored || image.pages != 1 ||
        image.bits != 8 || (image.profile_length != 0 && !profiles)) {
        return false;
    }
    switch (image.container) {
        case Container::jpeg: return plan.format == Format::jpg && image.bands != 4;  // CMYK is for printers
        case Container::png: return plan.format == Format::png;
        case Container::webp: return plan.format == Format::webp;
        case Container::gif: return plan.format == Format::gif;
        case Container::jp2: return plan.format == Format::jp2;
        default: return false;
    }
}

std::optional<source::StoredPart> short_way(const Service& service, const RenderPlan& plan, const Description& image,
                                            int file, const source::FileKey& key, source::FileBlocks& blocks) {
    if (!service.as_stored) return std::nullopt;
    if (const auto place = place_of_tile(plan, image)) {
        const source::Level& level = image.levels[place->level];
        if (place->extent == level.tile) return source::stored_tile(image, level, place->number, file, key, blocks);
        return source::cut_tile(image, level, place->number, place->extent, file, key, blocks);
    }
    if (is_whole_file(plan, image, service.encoder.embed_profile) &&
        source::is_complete(image.container, file, key.size)) {
        return source::StoredPart{"", {}, 0, key.size};
    }
    return std::nullopt;
}

}  // namespace iiif::delivery
