// SPDX-License-Identifier: Apache-2.0
#include "source/stored_tile.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "source/jpeg_crop.h"

namespace iiif::source {
namespace {

using Bytes = std::span<const std::uint8_t>;

// What stands before the frame header of a tile: nothing with shared tables, else tables of some 600 bytes.
constexpr std::size_t kStart = 1024;
// A profile travels with every tile; beyond this it would outweigh the tiles.
constexpr std::uint32_t kMaxProfile = 16384;
// In one APP2 segment: 65535 less the length, the identifier and two counters.
static_assert(kMaxProfile < 65535 - 2 - 14);

constexpr std::string_view kSoi = "\xFF\xD8";
constexpr std::string_view kEoi = "\xFF\xD9";
// Version 1.02, no unit, square pixels, no thumbnail.
constexpr std::string_view kJfif("\xFF\xE0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00", 18);
// Version 100, transform 0: RGB as it is.
constexpr std::string_view kAdobeRgb(
    "\xFF\xEE\x00\x0E"
    "Adobe\x00\x64\x00\x00\x00\x00\x00",
    16);

bool starts_with(Bytes bytes, std::string_view text) {
    return bytes.size() >= text.size() &&
           std::equal(text.begin(), text.end(), bytes.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

bool lies_within(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
    return offset <= size && length <= size - offset;
}

std::uint64_t number_of(Bytes bytes, bool big_endian) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        value = value << 8U | bytes[big_endian ? i : bytes.size() - 1 - i];
    }
    return value;
}

// The file that a tile is taken from.
struct Source {
    int file;
    const FileKey& key;
    FileBlocks& blocks;

    [[nodiscard]] bool read_again_and_again(std::uint64_t offset, std::span<std::uint8_t> out) const {
        return blocks.read(file, key, offset, out);
    }
};

// One element of an array of TIFF integers.
std::optional<std::uint64_t> element(const Source& source, std::uint64_t array, std::uint8_t width,
                                     std::uint64_t number, bool big_endian) {
    const std::uint64_t size = source.key.size;
    std::array<std::uint8_t, 8> bytes{};
    if (width == 0 || width > bytes.size() || array > size || number >= size / width) return std::nullopt;
    const auto wanted = std::span(bytes).first(width);
    if (!source.read_again_and_again(array + number * width, wanted)) return std::nullopt;
    return number_of(wanted, big_endian);
}

// With EOI; some writers fill up with zeros.
bool ends(Bytes tile) {
    while (!tile.empty() && tile.back() == 0) tile = tile.first(tile.size() - 1);
    return tile.size() >= kEoi.size() && starts_with(tile.last(kEoi.size()), kEoi);
}

struct Frame {
    std::uint32_t width = 0, height = 0;
    std::uint8_t components = 0;
    bool jfif = false;  // the tile says so itself
    int adobe = -1;     // the transform, if it says that
};

std::uint32_t big16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at] << 8U | bytes[at + 1]);
}

bool is_frame(std::uint8_t marker) {
    // Baseline, extended sequential and progressive DCT with Huffman coding: what browsers decode.
    return marker >= 0xC0 && marker <= 0xC2;
}

bool may_precede_frame(std::uint8_t marker) {
    // Tables, restart interval, application segments, comments.
    return marker == 0xDB || marker == 0xC4 || marker == 0xDD || (marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE;
}

// From behind SOI to the frame header, which must lie in `bytes`.
std::optional<Frame> read_frame(Bytes bytes) {
    Frame frame;
    while (bytes.size() >= 4 && bytes[0] == 0xFF) {
        const std::uint8_t marker = bytes[1];
        const std::size_t length = big16(bytes, 2);
        if (is_frame(marker)) {
            if (bytes.size() < 10 || length < 8 || bytes[4] != 8) return std::nullopt;
            frame.height = big16(bytes, 5);
            frame.width = big16(bytes, 7);
            frame.components = bytes[9];
            return frame;
        }
        if (!may_precede_frame(marker) || length < 2 || length + 2 > bytes.size()) return std::nullopt;
        const Bytes body = bytes.subspan(4, length - 2);
        if (marker == 0xE0 && starts_with(body, std::string_view("JFIF\0", 5))) frame.jfif = true;
        if (marker == 0xEE && starts_with(body, "Adobe") && body.size() >= 12) frame.adobe = body[11];
        bytes = bytes.subspan(length + 2);
    }
    return std::nullopt;
}

// Tables and nothing else between SOI and EOI.
bool are_tables(Bytes bytes) {
    if (bytes.size() < 4 || !starts_with(bytes, kSoi)) return false;
    bytes = bytes.subspan(2);
    while (bytes.size() >= 4 && bytes[0] == 0xFF && may_precede_frame(bytes[1])) {
        const std::size_t length = big16(bytes, 2);
        if (length < 2 || length + 2 > bytes.size()) return false;
        bytes = bytes.subspan(length + 2);
    }
    return bytes.size() == 2 && bytes[0] == 0xFF && bytes[1] == 0xD9;
}

// What has to be said about colour, given what the tile says itself; nullopt: it contradicts.
std::optional<std::string_view> colour_marker(JpegColour colour, const Frame& frame) {
    switch (colour) {
        case JpegColour::gray:
            if (frame.components != 1) return std::nullopt;
            return frame.jfif ? "" : kJfif;
        case JpegColour::ycbcr:
            if (frame.components != 3 || frame.adobe == 0 || frame.adobe > 1) return std::nullopt;
            return frame.jfif || frame.adobe == 1 ? "" : kJfif;
        case JpegColour::rgb:
            // JFIF means YCbCr, whatever else is said.
            if (frame.components != 3 || frame.jfif || frame.adobe > 0) return std::nullopt;
            return frame.adobe == 0 ? "" : kAdobeRgb;
    }
    return std::nullopt;
}

// Appends `length` bytes of the file.
bool append(std::string& out, const Source& source, std::uint64_t offset, std::uint32_t length) {
    if (!lies_within(offset, length, source.key.size)) return false;
    const std::size_t before = out.size();
    out.resize(before + length);
    return source.read_again_and_again(offset, {reinterpret_cast<std::uint8_t*>(out.data()) + before, length});
}

bool append_profile(std::string& out, const Description& image, const Source& source) {
    if (image.profile_length == 0) return true;
    if (image.profile_length > kMaxProfile) return false;
    const std::uint32_t length = 2 + 14 + image.profile_length;
    out.append("\xFF\xE2").append(1, static_cast<char>(length >> 8U)).append(1, static_cast<char>(length & 0xFFU));
    out.append(std::string_view("ICC_PROFILE\0\x01\x01", 14));
    return append(out, source, image.profile, image.profile_length);
}

// Without their SOI and EOI.
bool append_tables(std::string& out, const TileIndex& index, const Source& source) {
    if (index.tables_length == 0) return true;
    const std::size_t before = out.size();
    if (!append(out, source, index.tables, index.tables_length)) return false;
    if (!are_tables({reinterpret_cast<const std::uint8_t*>(out.data()) + before, index.tables_length})) return false;
    out.erase(before, kSoi.size());
    out.resize(out.size() - kSoi.size());
    return true;
}

// What goes before the tile behind its SOI.
std::optional<std::string> jpeg_head(const Description& image, const Level& level, Bytes start, const Source& source) {
    if (!starts_with(start, kSoi)) return std::nullopt;
    const auto frame = read_frame(start.subspan(2));
    if (!frame || frame->width != level.tile.width || frame->height != level.tile.height) return std::nullopt;
    const auto colour = colour_marker(level.index.colour, *frame);
    if (!colour) return std::nullopt;
    std::string head;
    head.reserve(64 + image.profile_length + level.index.tables_length);
    head.append(kSoi).append(*colour);
    if (!append_profile(head, image, source) || !append_tables(head, level.index, source)) return std::nullopt;
    return head;
}

// The extent that a WebP file says; nothing for one that is animated or says nothing in its first 30 bytes.
std::optional<protocol::Extent> webp_extent(Bytes start, std::uint64_t length) {
    if (start.size() < 30 || !starts_with(start, "RIFF") || !starts_with(start.subspan(8), "WEBP")) return std::nullopt;
    const std::uint64_t riff = number_of(start.subspan(4, 4), false);
    if (riff + 8 > length) return std::nullopt;
    const Bytes chunk = start.subspan(12);
    const auto little = [&](std::size_t at, std::size_t bytes) {
        return static_cast<std::uint32_t>(number_of(chunk.subspan(at, bytes), false));
    };
    if (starts_with(chunk, "VP8 ")) {
        if (chunk[11] != 0x9D || chunk[12] != 0x01 || chunk[13] != 0x2A) return std::nullopt;
        return protocol::Extent{little(14, 2) & 0x3FFFU, little(16, 2) & 0x3FFFU};
    }
    if (starts_with(chunk, "VP8L") && chunk[8] == 0x2F) {
        const std::uint32_t bits = little(9, 4);
        return protocol::Extent{(bits & 0x3FFFU) + 1, (bits >> 14U & 0x3FFFU) + 1};
    }
    constexpr std::uint8_t kAnimated = 0x02;
    if (starts_with(chunk, "VP8X") && (chunk[8] & kAnimated) == 0) {
        return protocol::Extent{little(12, 3) + 1, little(15, 3) + 1};
    }
    return std::nullopt;
}

}  // namespace

std::string StoredPart::in_memory() const {
    std::string out;
    out.reserve(head.size() + tile.view.size());
    out += head;
    return out.append(reinterpret_cast<const char*>(tile.view.data()), tile.view.size());
}

std::optional<TileRange> tile_range(const Description& image, const Level& level, std::uint64_t number, int file,
                                    const FileKey& key, FileBlocks& blocks) {
    const Source source{file, key, blocks};
    const TileIndex& index = level.index;
    const auto offset = element(source, index.offsets, index.offset_bytes, number, image.big_endian);
    const auto length = element(source, index.counts, index.count_bytes, number, image.big_endian);
    if (!offset || !length || *offset == 0 || *length < 32 || !lies_within(*offset, *length, key.size)) {
        return std::nullopt;
    }
    return TileRange{*offset, *length};
}

std::optional<StoredPart> stored_tile(const Description& image, const Level& level, std::uint64_t number, int file,
                                      const FileKey& key, FileBlocks& blocks) {
    const auto range = tile_range(image, level, number, file, key, blocks);
    if (!range) return std::nullopt;
    const Source source{file, key, blocks};
    const auto [offset, length] = *range;
    const bool whole = length <= kInMemory;
    const auto read = static_cast<std::size_t>(whole ? length : kStart);
    HeldBytes held{std::make_shared_for_overwrite<std::uint8_t[]>(read), {}};
    const std::span<std::uint8_t> room(held.memory.get(), read);
    if (!read_at(file, offset, room)) return std::nullopt;
    const Bytes start = room;

    StoredPart part{"", {}, offset, length};
    switch (level.index.codec) {
        case Codec::jpeg: {
            if (whole && !ends(start)) return std::nullopt;
            auto head = jpeg_head(image, level, start.first(std::min(start.size(), kStart)), source);
            if (!head) return std::nullopt;
            part = {std::move(*head), {}, offset + kSoi.size(), length - kSoi.size()};
            break;
        }
        case Codec::webp:
            if (image.profile_length != 0 || webp_extent(start, length) != level.tile) return std::nullopt;
            break;
        case Codec::other: return std::nullopt;
    }
    if (!whole) return part;
    held.view = start.last(static_cast<std::size_t>(part.length));
    part.tile = std::move(held);
    part.offset = part.length = 0;
    return part;
}

std::optional<StoredPart> cut_tile(const Description& image, const Level& level, std::uint64_t number,
                                   protocol::Extent extent, int file, const FileKey& key, FileBlocks& blocks) {
    if (level.index.codec != Codec::jpeg) return std::nullopt;
    auto part = stored_tile(image, level, number, file, key, blocks);
    if (!part || part->length != 0) return std::nullopt;
    const std::string whole = part->in_memory();
    part->tile = {};
    part->head = cropped_jpeg({reinterpret_cast<const unsigned char*>(whole.data()), whole.size()}, extent);
    return part->head.empty() ? std::nullopt : std::move(part);
}

bool is_complete(Container container, int file, std::uint64_t size) {
    std::array<std::uint8_t, 12> room{};
    std::array<std::uint8_t, 8> end_room{};
    if (size < room.size() || !read_at(file, 0, room) || !read_at(file, size - end_room.size(), end_room)) return false;
    const Bytes start = room;
    const Bytes end = end_room;
    switch (container) {
        case Container::jpeg: return starts_with(start, "\xFF\xD8\xFF") && starts_with(end.last(2), "\xFF\xD9");
        case Container::png: return starts_with(start, "\x89PNG\r\n\x1A\n") && starts_with(end, "IEND\xAE\x42\x60\x82");
        case Container::webp:
            return starts_with(start, "RIFF") && starts_with(start.subspan(8), "WEBP") &&
                   number_of(start.subspan(4, 4), false) + 8 == size;
        case Container::gif: return starts_with(start, "GIF8") && end.back() == 0x3B;
        // Not a bare codestream, which browsers and viewers do not take for image/jp2.
        case Container::jp2:
            return starts_with(start, std::string_view("\x00\x00\x00\x0CjP  \r\n\x87\n", 12)) &&
                   starts_with(end.last(2), "\xFF\xD9");
        default: return false;
    }
}

}  // namespace iiif::source
