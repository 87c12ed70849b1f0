// SPDX-License-Identifier: Apache-2.0
// A tile as it lies in a file, made into an image file that stands for itself: a short head from memory, then a range
// of the file. Everything read on the way is a stranger's: it is checked, and what does not fit is nullopt, never a
// wrong byte.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "source/description.h"
#include "source/file_blocks.h"
#include "source/root.h"

namespace iiif::source {

// Read once, sent from where they lie.
struct HeldBytes {
    std::shared_ptr<std::uint8_t[]> memory;
    std::span<const std::uint8_t> view;  // of it
};

struct StoredPart {
    std::string head;                      // goes first
    HeldBytes tile;                        // then these, if any
    std::uint64_t offset = 0, length = 0;  // then this range; a length of 0: there is none

    [[nodiscard]] std::uint64_t size() const { return head.size() + tile.view.size() + length; }
    // Head and tile.
    [[nodiscard]] std::string in_memory() const;
};

// Tiles up to this many bytes are held: one read costs less than having the kernel send a range, and nothing that
// happens to the file afterwards can cut the answer short.
inline constexpr std::uint64_t kInMemory = 65536;

// Where tile `number` of `level` lies in the file, as its TileIndex, which has a codec, says: at least 32 bytes, all
// of them in the file. nullopt: an absent tile, or a range outside of the file.
struct TileRange {
    std::uint64_t offset = 0, length = 0;
};
std::optional<TileRange> tile_range(const Description&, const Level&, std::uint64_t number, int file, const FileKey&,
                                    FileBlocks&);

// Tile `number` (rows from the top, each from the left) of `level`, whose TileIndex has a codec. `file` is the file of
// the description, in the state of `key`.
// JPEG: SOI, a marker that says how it is coloured (JFIF, or Adobe for RGB), the ICC profile if there is one, the
// shared tables, then the tile behind its own SOI. ITU-T T.81 annex B; JFIF 1.02; TIFF Technical Note 2; ICC.1 annex
// B.4. WebP: the tile is a whole file (RFC 9649); one that would need a profile is refused. nullopt: an absent tile, a
// range outside of the file, bytes that do not begin an image of the tile's extent and colours, a profile or tables
// that cannot be what they should.
std::optional<StoredPart> stored_tile(const Description&, const Level&, std::uint64_t number, int file,
                                      const FileKey& key, FileBlocks&);

// The left upper `extent` of such a tile, at most all of it: what of an edge tile lies in the image. nullopt, too: a
// tile that is no JPEG of up to kInMemory bytes, or one that cropped_jpeg() does not cut.
std::optional<StoredPart> cut_tile(const Description&, const Level&, std::uint64_t number, protocol::Extent extent,
                                   int file, const FileKey& key, FileBlocks&);

// Whether a file of `size` bytes begins and ends as an image file of `container` does, so that it may be sent as one.
bool is_complete(Container, int file, std::uint64_t size);

}  // namespace iiif::source
