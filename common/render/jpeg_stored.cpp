// SPDX-License-Identifier: Apache-2.0
// A stored tile as it is: cut at the image's edge and turned as blocks of coefficients, with no second loss.
#include <turbojpeg.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "render/jpeg_engine.h"
#include "source/jpeg_crop.h"
#include "source/stored_tile.h"

namespace iiif::render {
namespace {

constexpr std::uint64_t kMaxTilePixels = std::uint64_t{4} << 20U;  // all of whose coefficients are held

struct Transformer {
    tjhandle handle = tjInitTransform();
    unsigned char* bytes = nullptr;
    unsigned long length = 0;
    Transformer() = default;
    Transformer(const Transformer&) = delete;
    Transformer& operator=(const Transformer&) = delete;
    ~Transformer() {
        if (handle != nullptr) tjDestroy(handle);
        tjFree(bytes);
    }
};

int operation_of(Turn turn) {
    // Mirrored left-right, then turned clockwise.
    constexpr std::array kPlain = {TJXOP_NONE, TJXOP_ROT90, TJXOP_ROT180, TJXOP_ROT270};
    constexpr std::array kMirrored = {TJXOP_HFLIP, TJXOP_TRANSVERSE, TJXOP_VFLIP, TJXOP_TRANSPOSE};
    const auto quarters = static_cast<std::size_t>(turn.quarters);
    return turn.mirror ? kMirrored.at(quarters) : kPlain.at(quarters);
}

// Empty: there is no such tile.
std::string whole_tile(const JpegSource& from, std::uint64_t number) {
    auto part =
        source::stored_tile(from.description(), from.level(), number, from.fd(), from.key(), JpegSource::blocks());
    if (!part) return "";
    std::string tile = part->in_memory();
    const std::size_t held = tile.size();
    tile.resize(held + static_cast<std::size_t>(part->length));
    const auto rest = std::span(reinterpret_cast<std::uint8_t*>(tile.data()), tile.size()).subspan(held);
    return source::read_at(from.fd(), part->offset, rest) ? std::move(tile) : "";
}

// Cut and turned as blocks of coefficients, all of which are read and written. Empty: it cannot be, or is damaged.
std::vector<std::byte> transformed(std::string_view tile, protocol::Extent block, protocol::Extent size, Turn turn) {
    Transformer transformer;
    if (transformer.handle == nullptr) return {};
    tjtransform how{};
    how.op = operation_of(turn);
    // Blocks cannot be cut at their near side: a part of a tile that a turn brings there is not perfect, and refused.
    how.options = TJXOPT_PERFECT;
    if (size != block) {
        const protocol::Extent turned_block = turn.swaps_axes() ? protocol::Extent{block.height, block.width} : block;
        // Where the stored part lies once the tile is turned: the turn taken back the other way round.
        const Turn back = turn.mirror ? turn : Turn{false, (4 - turn.quarters) % 4};
        const protocol::Rect part = before_turn({0, 0, size.width, size.height}, back, turned_block);
        how.options |= TJXOPT_CROP;
        how.r = {static_cast<int>(part.x), static_cast<int>(part.y), static_cast<int>(part.width),
                 static_cast<int>(part.height)};
    }
    if (tjTransform(transformer.handle, reinterpret_cast<const unsigned char*>(tile.data()), tile.size(), 1,
                    &transformer.bytes, &transformer.length, &how, TJFLAG_STOPONWARNING) != 0) {
        return {};
    }
    const auto* bytes = reinterpret_cast<const std::byte*>(transformer.bytes);
    return {bytes, bytes + transformer.length};
}

}  // namespace

std::vector<std::byte> JpegEngine::stored_tile(Turn turn) const {
    const protocol::Extent block = source_.block();
    if (scales() || source_.level().index.codec != source::Codec::jpeg) return {};
    if (std::uint64_t{block.width} * block.height > kMaxTilePixels) return {};
    const auto left = static_cast<std::uint32_t>(x_.wanted.start);
    const auto top = static_cast<std::uint32_t>(y_.wanted.start);
    if (left != x_.wanted.start || top != y_.wanted.start || left % block.width != 0 || top % block.height != 0 ||
        left >= x_.level || top >= y_.level || size_.width != std::min(block.width, x_.level - left) ||
        size_.height != std::min(block.height, y_.level - top)) {
        return {};
    }
    const std::uint32_t columns = (x_.level - 1) / block.width + 1;
    const std::uint64_t number = std::uint64_t{top / block.height} * columns + left / block.width;
    const std::string tile = whole_tile(source_, number);
    if (tile.empty()) return {};
    if (turn == Turn{}) {
        const std::string part =
            source::cropped_jpeg({reinterpret_cast<const unsigned char*>(tile.data()), tile.size()}, size_);
        const auto bytes = std::as_bytes(std::span(part));
        if (!part.empty()) return {bytes.begin(), bytes.end()};
    }
    return transformed(tile, block, size_, turn);
}

}  // namespace iiif::render
