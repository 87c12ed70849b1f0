// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_index.h"

#include <tiff.h>

#include <array>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "render/levels.h"
#include "render/profile.h"
#include "source/file_blocks.h"

namespace iiif::render {
namespace {

using source::Codec;
using source::JpegColour;
using source::read_at;
using source::TileIndex;

// One value of a directory: TIFF 6.0 section 2; BigTIFF for 64 bits.
struct Value {
    std::uint64_t position = 0;  // in the file
    std::uint64_t count = 0;     // of elements
    std::uint8_t element = 0;    // bytes; 0: of a type that none of ours has
};

struct Positions {
    std::optional<Value> tile_offsets, tile_byte_counts, jpeg_tables, profile;
};

class Reader {
public:
    // nullopt: not a TIFF.
    static std::optional<Reader> of(int fd) {
        std::array<std::uint8_t, 4> start{};
        if (!read_at(fd, 0, start)) return std::nullopt;
        Reader reader;
        reader.big_endian = start[0] == 'M';
        const std::uint64_t version = reader.number(std::span(start).subspan(2));
        reader.big_tiff = version == 43;
        if (start[0] != start[1] || (start[0] != 'I' && start[0] != 'M') || (version != 42 && version != 43)) {
            return std::nullopt;
        }
        reader.fd_ = fd;
        return reader;
    }

    // nullopt: it cannot be read.
    [[nodiscard]] std::optional<Positions> directory(std::uint64_t offset) const {
        constexpr std::uint64_t kMostEntries = 4096;
        std::array<std::uint8_t, 8> head{};
        const auto count_field = std::span(head).first(big_tiff ? 8 : 2);
        if (!read_at(fd_, offset, count_field)) return std::nullopt;
        const std::uint64_t count = number(count_field);
        if (count > kMostEntries) return std::nullopt;
        const std::size_t size = big_tiff ? 20 : 12;
        const std::uint64_t first = offset + count_field.size();
        std::vector<std::uint8_t> entries(static_cast<std::size_t>(count) * size);
        if (!read_at(fd_, first, entries)) return std::nullopt;
        Positions found;
        for (std::size_t i = 0; i < count; ++i) {
            const auto entry = std::span<const std::uint8_t>(entries).subspan(i * size, size);
            std::optional<Value>* const wanted = place_of(number(entry.first(2)), found);
            if (wanted != nullptr) *wanted = value(entry, first + i * size);
        }
        return found;
    }

    bool big_endian = false, big_tiff = false;

private:
    [[nodiscard]] std::uint64_t number(std::span<const std::uint8_t> bytes) const {
        std::uint64_t out = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            out = out << 8U | bytes[big_endian ? i : bytes.size() - 1 - i];
        }
        return out;
    }

    static std::optional<Value>* place_of(std::uint64_t tag, Positions& found) {
        switch (tag) {
            case TIFFTAG_TILEOFFSETS: return &found.tile_offsets;
            case TIFFTAG_TILEBYTECOUNTS: return &found.tile_byte_counts;
            case TIFFTAG_JPEGTABLES: return &found.jpeg_tables;
            case TIFFTAG_ICCPROFILE: return &found.profile;
            default: return nullptr;
        }
    }

    static std::uint8_t bytes_of(std::uint64_t type) {
        switch (type) {
            case TIFF_BYTE:
            case TIFF_UNDEFINED: return 1;
            case TIFF_SHORT: return 2;
            case TIFF_LONG:
            case TIFF_IFD: return 4;
            case TIFF_LONG8:
            case TIFF_IFD8: return 8;
            default: return 0;
        }
    }

    [[nodiscard]] Value value(std::span<const std::uint8_t> entry, std::uint64_t at) const {
        const std::size_t word = big_tiff ? 8 : 4;
        Value out;
        out.element = bytes_of(number(entry.subspan(2, 2)));
        out.count = number(entry.subspan(4, word));
        // What fits into the entry is the value itself.
        const bool inside = out.element != 0 && out.count <= word / out.element;
        out.position = inside ? at + 4 + word : number(entry.subspan(4 + word, word));
        return out;
    }

    int fd_ = -1;
};

// A place that a description can name: the web server reads it with pread(2), and nothing lies where the file begins.
bool can_be_named(const Value& value) {
    return value.position > 0 && value.position <= std::numeric_limits<std::int64_t>::max();
}

// false: the tiles cannot be found.
bool complete(TileIndex& index, const Positions& found, std::uint64_t tiles) {
    if (!found.tile_offsets || !found.tile_byte_counts) return false;
    const Value& offsets = *found.tile_offsets;
    const Value& counts = *found.tile_byte_counts;
    if (offsets.count < tiles || counts.count < tiles || offsets.element < 4 || counts.element < 2) return false;
    if (!can_be_named(offsets) || !can_be_named(counts)) return false;
    index.offsets = offsets.position;
    index.offset_bytes = offsets.element;
    index.counts = counts.position;
    index.count_bytes = counts.element;
    if (index.codec != Codec::jpeg || !found.jpeg_tables) return true;
    constexpr std::uint64_t kMostTables = 65536;
    if (found.jpeg_tables->element != 1 || found.jpeg_tables->count > kMostTables ||
        !can_be_named(*found.jpeg_tables)) {
        return false;
    }
    index.tables = found.jpeg_tables->position;
    index.tables_length = static_cast<std::uint32_t>(found.jpeg_tables->count);
    return true;
}

// Where the profile is, if it matters.
void set_profile(int fd, const Positions& found, const TiffDirectory& page, source::Description& out) {
    if (!found.profile || found.profile->element != 1 || found.profile->count > kMostProfileBytes) return;
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(found.profile->count));
    if (!read_at(fd, found.profile->position, bytes)) return;  // as when rendering: broken ones are ignored
    if (!changes_colours(bytes, page.colour_samples())) return;
    out.profile = found.profile->position;
    out.profile_length = static_cast<std::uint32_t>(found.profile->count);
}

}  // namespace

TileIndex stored_as(const TiffDirectory& d) {
    TileIndex index;
    if (d.tile == protocol::Extent{} || d.bits != 8 || d.separate || d.sample_format != SAMPLEFORMAT_UINT) return index;
    if (d.compression == COMPRESSION_JPEG && d.samples == d.colour_samples()) {
        switch (d.photometric) {
            case PHOTOMETRIC_MINISBLACK: index.colour = JpegColour::gray; break;
            case PHOTOMETRIC_YCBCR: index.colour = JpegColour::ycbcr; break;
            case PHOTOMETRIC_RGB: index.colour = JpegColour::rgb; break;
            default: return index;
        }
        index.codec = Codec::jpeg;
    }
    const bool straight = d.samples == 4 && d.alpha == TiffDirectory::Alpha::straight;
    if (d.compression == COMPRESSION_WEBP && d.photometric == PHOTOMETRIC_RGB && (d.samples == 3 || straight)) {
        index.codec = Codec::webp;
    }
    return index;
}

void index_tiles(int fd, const TiffDirectory& page, source::Description& out) {
    const auto reader = Reader::of(fd);
    const auto own = reader ? reader->directory(page.offset) : std::nullopt;
    if (reader) out.big_endian = reader->big_endian;
    if (own) set_profile(fd, *own, page, out);
    for (source::Level& level : out.levels) {
        TileIndex& index = level.index;
        if (index.codec == Codec::other) continue;
        const std::uint64_t across = (level.extent.width - 1) / level.tile.width + 1;
        const std::uint64_t down = (level.extent.height - 1) / level.tile.height + 1;
        const auto found = own ? reader->directory(level.directory) : std::nullopt;
        if (!found || !complete(index, *found, across * down)) {
            index = {};
        } else {
            index.factor = reduction(out.stored, level.extent);
        }
    }
}

}  // namespace iiif::render
