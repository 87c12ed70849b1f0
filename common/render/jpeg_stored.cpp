// SPDX-License-Identifier: Apache-2.0
// A stored tile as it is: cut at the image's edge and turned as blocks of coefficients, with no second loss.
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "render/jpeg_engine.h"

namespace iiif::render {
namespace {

using namespace std::string_view_literals;

// What says which colours the components are; a tile has no such marker, the TIFF says it.
constexpr std::string_view kJfif = "\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"sv;
constexpr std::string_view kAdobeRgb =
    "\xFF\xEE\0\x0E"
    "Adobe\0\x64\0\0\0\0\0"sv;
constexpr std::size_t kMarker = 2;
constexpr std::uint64_t kMaxTilePixels = std::uint64_t{4} << 20U;  // all of whose coefficients are held
constexpr std::size_t kProfilePart = 65519;                        // of one APP2 marker, ICC.1:2010 annex B.4

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

void append(std::vector<std::byte>& out, const void* from, std::size_t length) {
    const auto* bytes = static_cast<const std::byte*>(from);
    out.insert(out.end(), bytes, bytes + length);
}

// After JFIF's marker, which has to be the first.
std::vector<std::byte> with_profile(const unsigned char* jpeg, std::size_t length, const std::string& profile) {
    std::vector<std::byte> out;
    std::size_t head = kMarker;
    if (length > 6 && jpeg[2] == 0xFF && jpeg[3] == 0xE0) head += kMarker + (std::size_t{jpeg[4]} << 8U) + jpeg[5];
    const std::size_t parts = (profile.size() + kProfilePart - 1) / kProfilePart;
    if (head > length || parts > 255) return out;
    out.reserve(length + profile.size() + parts * 18);
    append(out, jpeg, head);
    for (std::size_t part = 0; part < parts; ++part) {
        const std::string_view data = std::string_view(profile).substr(part * kProfilePart, kProfilePart);
        const std::size_t size = data.size() + 16;
        const std::array<unsigned char, 6> start = {
            0xFF, 0xE2, static_cast<unsigned char>(size >> 8U), static_cast<unsigned char>(size & 0xFFU), 0, 0};
        append(out, start.data(), 4);
        append(out, "ICC_PROFILE", 12);
        const std::array<unsigned char, 2> number = {static_cast<unsigned char>(part + 1),
                                                     static_cast<unsigned char>(parts)};
        append(out, number.data(), number.size());
        append(out, data.data(), data.size());
    }
    append(out, jpeg + head, length - head);
    return out;
}

}  // namespace

std::vector<std::byte> JpegEngine::stored_tile(Turn turn, const std::string& profile) const {
    if (scales() || directory_.tile == protocol::Extent{}) return {};
    if (std::uint64_t{block_.width} * block_.height > kMaxTilePixels) return {};
    const auto left = static_cast<std::uint32_t>(x_.wanted.start);
    const auto top = static_cast<std::uint32_t>(y_.wanted.start);
    if (left != x_.wanted.start || top != y_.wanted.start || left % block_.width != 0 || top % block_.height != 0 ||
        left >= x_.level || top >= y_.level || size_.width != std::min(block_.width, x_.level - left) ||
        size_.height != std::min(block_.height, y_.level - top)) {
        return {};
    }
    const std::uint32_t columns = (directory_.extent.width - 1) / block_.width + 1;
    std::vector<unsigned char> tile;
    if (!read_stream(top / block_.height * columns + left / block_.width, tile)) return {};
    // Baseline, of the tile's size and components: asked of the decoder, which reads headers only.
    JpegDecoder decoder;
    const auto frame = decoder.open(tables_, tile, colours_);
    if (!frame || *frame != block_ || tile.size() <= kMarker) return {};

    // Start of image, marker of colours, tables without their start and end, the tile without its start.
    const std::string_view colours = colours_ == Colours::rgb ? kAdobeRgb : kJfif;
    std::vector<unsigned char> whole = {0xFF, 0xD8};
    whole.insert(whole.end(), colours.begin(), colours.end());
    if (tables_.size() >= 2 * kMarker) whole.insert(whole.end(), tables_.begin() + kMarker, tables_.end() - kMarker);
    whole.insert(whole.end(), tile.begin() + kMarker, tile.end());

    Transformer transformer;
    if (transformer.handle == nullptr) return {};
    tjtransform how{};
    how.op = operation_of(turn);
    // Blocks cannot be cut at their near side: a part of a tile that a turn brings there is not perfect, and refused.
    how.options = TJXOPT_PERFECT | TJXOPT_COPYNONE;
    if (size_ != block_) {
        const protocol::Extent turned_block =
            turn.swaps_axes() ? protocol::Extent{block_.height, block_.width} : block_;
        // Where the stored part lies once the tile is turned: the turn taken back the other way round.
        const Turn back = turn.mirror ? turn : Turn{false, (4 - turn.quarters) % 4};
        const protocol::Rect part = before_turn({0, 0, size_.width, size_.height}, back, turned_block);
        how.options |= TJXOPT_CROP;
        how.r = {static_cast<int>(part.x), static_cast<int>(part.y), static_cast<int>(part.width),
                 static_cast<int>(part.height)};
    }
    if (tjTransform(transformer.handle, whole.data(), whole.size(), 1, &transformer.bytes, &transformer.length, &how,
                    TJFLAG_STOPONWARNING) != 0) {
        return {};
    }
    return with_profile(transformer.bytes, transformer.length, profile);
}

}  // namespace iiif::render
