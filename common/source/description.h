// SPDX-License-Identifier: Apache-2.0
// What is known of an image without decoding it again: made by a renderer, kept by each worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/geometry.h"
#include "source/root.h"

namespace iiif::source {

enum class Container : std::uint8_t { tiff, jpeg, jp2, png, webp, gif, heif, jxl, pdf };

// How the samples of a stored JPEG tile are coloured.
enum class JpegColour : std::uint8_t { gray, ycbcr, rgb };

// Whether a stored tile is an answer as it lies in the file.
enum class Codec : std::uint8_t { other, jpeg, webp };

// Where a TIFF keeps the tiles of one level: TIFF 6.0 section 15, tags 324, 325 and 347. Positions are in the file, and
// lengths in bytes; nothing of it is trusted when it is used.
struct TileIndex {
    Codec codec = Codec::other;  // other: nothing else here is meant
    JpegColour colour = JpegColour::ycbcr;
    std::uint8_t offset_bytes = 0;    // of one element of the array of tile offsets: 4 or 8
    std::uint8_t count_bytes = 0;     // of one element of the array of byte counts: 2, 4 or 8
    std::uint64_t offsets = 0;        // where the array of tile offsets begins
    std::uint64_t counts = 0;         // where the array of byte counts begins
    std::uint64_t tables = 0;         // where the tables shared by all JPEG tiles begin
    std::uint32_t tables_length = 0;  // 0: each tile has its own
    std::uint32_t factor = 0;         // by which the image was reduced to this level, exactly; 0: by no whole number
    bool operator==(const TileIndex&) const = default;
};

struct Level {  // one resolution, largest first; extents are of the stored pixels, before orientation
    protocol::Extent extent;
    protocol::Extent tile;  // 0x0: not tiled
    std::int32_t page = 0;  // TIFF directory, or reduction factor's exponent (JP2), or DCT shrink (JPEG)
    std::int32_t subifd = -1;
    std::uint64_t directory = 0;  // TIFF: where that directory lies in the file; 0: to be found by page and subifd
    TileIndex index = {};
};

struct Description {
    Container container = Container::tiff;
    protocol::Extent stored;       // as in the file
    std::uint8_t orientation = 1;  // EXIF 1..8; applied once, by us
    std::uint8_t bands = 3;        // with alpha
    std::uint8_t bits = 8;
    bool alpha = false;
    protocol::Quality standard = protocol::Quality::color;  // color, gray or bitonal
    std::uint32_t pages = 1;
    bool big_endian = false;           // of the indices of its levels
    std::uint32_t profile_length = 0;  // of an ICC profile that changes what the pixels look like; 0: there is none
    std::uint64_t profile = 0;         // TIFF: where it lies
    bool parts = false;                // a renderer gets at parts of a JPEG without decoding what lies before them
    std::vector<Level> levels;         // at least one; at most kMaxLevels
    static constexpr std::size_t kMaxLevels = 32;

    // Width and height as clients see them: orientation applied.
    [[nodiscard]] protocol::Extent extent() const;
    // The tile size info.json offers: the stored one if it is usable (64..2048), else `fallback`.
    [[nodiscard]] protocol::Extent tile(std::uint32_t fallback) const;
};

// One line of JSON for the reply head, and back. Parsing distrusts every value: nullopt when any is out of range.
std::string serialize(const Description&);
std::optional<Description> parse_description(std::string_view json);

class SharedDescriptions;

// Bounded, least recently used goes first; safe for threads.
class DescriptionStore {
public:
    // `shared`: what other processes know, and are told; nullptr: none. Must outlive this.
    explicit DescriptionStore(std::size_t capacity, SharedDescriptions* shared = nullptr);
    ~DescriptionStore();
    DescriptionStore(const DescriptionStore&) = delete;
    DescriptionStore& operator=(const DescriptionStore&) = delete;
    // nullptr: not known.
    [[nodiscard]] std::shared_ptr<const Description> find(const FileKey&, std::uint32_t page);
    // Not for a file that changed within the last two seconds: its key may not change with its next byte.
    void keep(const FileKey&, std::uint32_t page, Description);

private:
    void keep_here(const FileKey&, std::uint32_t page, std::shared_ptr<const Description>);

    struct Impl;
    Impl* impl_;
};

}  // namespace iiif::source
