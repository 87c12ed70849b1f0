// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "render/subsampled.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Rect;

// What is decoded for one answer is held whole, as is the answer. Beyond this libvips works in stripes.
constexpr std::uint64_t kMaxPixels = std::uint64_t{16} << 20U;
// Of a level whose tiles are kept: every thumbnail comes from it, and few tiles hold all of it.
constexpr std::uint64_t kMaxKeptPixels = std::uint64_t{2} << 20U;
constexpr std::size_t kKeptBytes = std::size_t{16} << 20U;
constexpr std::size_t kKeptTiles = 512;

TileStore& store() {
    static TileStore tiles(kKeptBytes, kKeptTiles);
    return tiles;
}

// Which samples to decode for an interval: those within it and, where they cost no further tile, those beyond its ends
// that the scaling kernel looks at.
void bound(Interval wanted, std::uint32_t size, std::uint32_t block, std::uint32_t level, std::uint32_t& begin,
           std::uint32_t& end) {
    const double first = std::floor(wanted.start);
    const double last = std::ceil(wanted.start + wanted.length);
    begin = std::min(static_cast<std::uint32_t>(first), level - 1);
    end = std::clamp(static_cast<std::uint32_t>(last), begin + 1, level);
    const double ratio = std::max(1.0, wanted.length / size);
    const bool copied = first == wanted.start && wanted.length == size;
    // Four samples at a ratio of one, and as many for chroma of half the width.
    const std::uint32_t margin = copied ? 0 : static_cast<std::uint32_t>(std::ceil(4 * ratio)) + 2;
    const std::uint32_t lowest = begin / block * block;
    const auto highest =
        static_cast<std::uint32_t>(std::min<std::uint64_t>((std::uint64_t{end - 1} / block + 1) * block, level));
    begin = begin - lowest > margin ? begin - margin : lowest;
    end = highest - end > margin ? end + margin : highest;
    begin -= begin % 2;
    end = std::min(end + end % 2, highest);
}

// Copies what lies in both: `samples` of a row that begins at `at`, and a row that begins at `begin`.
void copy_span(const unsigned char* samples, std::uint32_t at, std::uint32_t count, unsigned char* out,
               std::uint32_t begin, std::uint32_t width) {
    const std::uint32_t first = std::max(at, begin);
    const std::uint32_t last = std::min(at + count, begin + width);
    if (first < last) std::memcpy(out + (first - begin), samples + (first - at), last - first);
}

}  // namespace

std::optional<JpegEngine> JpegEngine::open(int fd, const source::Description& description, Rect region, Extent size) {
    if (description.container != source::Container::tiff || description.bits != 8 || description.alpha)
        return std::nullopt;
    if (std::uint64_t{size.width} * size.height > kMaxPixels) return std::nullopt;
    const ExactWindow window = choose_exact_window(description.levels, region, size);
    auto source = JpegSource::open(fd, description, description.levels[window.level]);
    if (!source) return std::nullopt;
    JpegEngine engine(std::move(*source), window, size);
    const Axis& x = engine.x_;
    const Axis& y = engine.y_;
    if (std::uint64_t{x.end - x.begin} * (y.end - y.begin) > kMaxPixels) return std::nullopt;
    return engine;
}

JpegEngine::JpegEngine(JpegSource source, const ExactWindow& window, Extent size)
    : source_(std::move(source)), size_(size) {
    const Extent level = source_.level().extent;
    // The decoder may do a part of the scaling, as long as it leaves a sample for each one asked for.
    while (shrink_ < 8 && window.x.length / (2 * shrink_) >= size.width &&
           window.y.length / (2 * shrink_) >= size.height && level.width / (2 * shrink_) > 0 &&
           level.height / (2 * shrink_) > 0) {
        shrink_ *= 2;
    }
    const auto axis = [&](Interval wanted, std::uint32_t wanted_size, std::uint32_t block, std::uint32_t samples) {
        Axis a{{wanted.start / shrink_, wanted.length / shrink_}, divided_up(block, shrink_), samples / shrink_, 0, 0};
        bound(a.wanted, wanted_size, a.block, a.level, a.begin, a.end);
        return a;
    };
    x_ = axis(window.x, size.width, source_.block().width, level.width);
    y_ = axis(window.y, size.height, source_.block().height, level.height);
}

bool JpegEngine::gather_tile(DecodedTile& canvas, JpegDecoder& decoder, std::uint32_t column, std::uint32_t row,
                             bool keep) {
    const Extent level = source_.level().extent;
    const Extent block = source_.block();
    const Colours colours = source_.colours();
    const std::uint32_t columns = divided_up(level.width, block.width);
    const std::uint32_t index = row * columns + column;
    const TileKey key{source_.key(), source_.level().directory, index, shrink_};
    const Rect place = {column * x_.block, row * y_.block, x_.block, y_.block};

    // The place of one row of samples, whose number counts from the tile's top.
    const auto copy = [&](std::size_t c, std::uint32_t number, const unsigned char* samples, std::size_t count) {
        Planes& to = canvas.planes;
        const std::uint32_t across = c == 0 ? 1 : canvas.across;
        const std::uint32_t down = c == 0 ? 1 : canvas.down;
        const Plane& plane = to.plane.at(c);
        const std::uint32_t y = place.y / down + number;
        if (y < y_.begin / down || y - y_.begin / down >= plane.extent().height) return;
        const auto width = static_cast<std::uint32_t>(std::min<std::size_t>(count, divided_up(place.width, across)));
        copy_span(samples, place.x / across, width, to.plane.at(c).row(y - y_.begin / down), x_.begin / across,
                  plane.extent().width);
    };
    // All tiles of a level are subsampled alike, or it is declined.
    const auto fits = [&](std::uint32_t across, std::uint32_t down) {
        if (canvas.planes.plane[0]) return canvas.across == across && canvas.down == down;
        canvas.across = across;
        canvas.down = down;
        return allocate(canvas.planes, {x_.end - x_.begin, y_.end - y_.begin}, colours, across, down);
    };

    std::shared_ptr<const DecodedTile> kept = keep ? store().find(key) : nullptr;
    if (!kept) {
        std::vector<unsigned char> stream;
        if (!source_.read(index, stream)) return false;
        const auto frame = decoder.open(source_.tables(), stream, colours);
        // The last strip holds what is left, in some files as much as all others.
        const std::uint32_t rest = level.height - row * block.height;
        const bool last_strip = !source_.tiled() && rest < block.height;
        if (!frame || frame->width != block.width ||
            (frame->height != block.height && !(last_strip && frame->height == rest)) || !decoder.begin(shrink_)) {
            return false;
        }
        const std::size_t count = colours == Colours::gray ? 1 : 3;
        const std::uint32_t across = count == 1 ? 1 : decoder.component(1).across;
        const std::uint32_t down = count == 1 ? 1 : decoder.component(1).down;
        if (!fits(across, down)) return false;
        std::shared_ptr<DecodedTile> whole;
        if (keep) {
            whole = std::make_shared<DecodedTile>();
            whole->across = across;
            whole->down = down;
            if (!allocate(whole->planes, {x_.block, y_.block}, colours, across, down)) return false;
        }
        const std::uint32_t height = divided_up(frame->height, shrink_);
        const std::uint32_t needed = keep ? height : std::min(height, y_.end - std::min(place.y, y_.end));
        for (std::uint32_t top = 0; top < needed; top += decoder.component(0).rows) {
            if (!decoder.next_band()) return false;
            for (std::size_t c = 0; c < count; ++c) {
                const JpegDecoder::Component& component = decoder.component(c);
                for (std::uint32_t i = 0; i < component.rows; ++i) {
                    const std::uint32_t number = top / component.down + i;
                    copy(c, number, decoder.row(c, i), component.stride);
                    if (!whole || number >= whole->planes.plane.at(c).extent().height) continue;
                    Plane& plane = whole->planes.plane.at(c);
                    copy_span(decoder.row(c, i), 0, static_cast<std::uint32_t>(component.stride), plane.row(number), 0,
                              plane.extent().width);
                }
            }
        }
        if (whole) store().keep(key, std::move(whole));
        return true;
    }
    if (kept->planes.colours != colours || !fits(kept->across, kept->down)) return false;
    for (std::size_t c = 0; c < kept->planes.count(); ++c) {
        const Plane& plane = kept->planes.plane.at(c);
        for (std::uint32_t i = 0; i < plane.extent().height; ++i) copy(c, i, plane.row(i), plane.extent().width);
    }
    return true;
}

bool JpegEngine::gather(DecodedTile& canvas, const Cancelled& cancelled) {
    JpegDecoder decoder;
    const bool keep = std::uint64_t{x_.level} * y_.level <= kMaxKeptPixels && source::is_settled(source_.key());
    for (std::uint32_t row = y_.begin / y_.block; row <= (y_.end - 1) / y_.block; ++row) {
        for (std::uint32_t column = x_.begin / x_.block; column <= (x_.end - 1) / x_.block; ++column) {
            if (cancelled && cancelled()) return false;
            if (!gather_tile(canvas, decoder, column, row, keep)) return false;
        }
    }
    return true;
}

std::optional<Planes> JpegEngine::scaled(bool halve_chroma, Turn turn, const Cancelled& cancelled) {
    DecodedTile canvas;
    if (!gather(canvas, cancelled)) return std::nullopt;
    return scaled_planes(canvas, {x_.wanted, x_.begin}, {y_.wanted, y_.begin}, size_, halve_chroma, turn);
}

}  // namespace iiif::render
