// SPDX-License-Identifier: Apache-2.0
// What is known of an image without decoding it again: made by a renderer, kept by each worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/geometry.h"
#include "source/root.h"

namespace iiif::source {

enum class Container : std::uint8_t { tiff, jpeg, jp2, png, webp, gif, heif, jxl, pdf };

struct Level {  // one resolution, largest first; extents are of the stored pixels, before orientation
    protocol::Extent extent;
    protocol::Extent tile;  // 0x0: not tiled
    std::int32_t page = 0;  // TIFF directory, or reduction factor's exponent (JP2), or DCT shrink (JPEG)
    std::int32_t subifd = -1;
    std::uint64_t directory = 0;  // TIFF: where that directory lies in the file; 0: to be found by page and subifd
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
    std::vector<Level> levels;  // at least one; at most kMaxLevels
    static constexpr std::size_t kMaxLevels = 32;

    // Width and height as clients see them: orientation applied.
    [[nodiscard]] protocol::Extent extent() const;
    // The tile size info.json offers: the stored one if it is usable (64..2048), else `fallback`.
    [[nodiscard]] protocol::Extent tile(std::uint32_t fallback) const;
};

// One line of JSON for the reply head, and back. Parsing distrusts every value: nullopt when any is out of range.
std::string serialize(const Description&);
std::optional<Description> parse_description(std::string_view json);

// Bounded, least recently used goes first; safe for threads.
class DescriptionStore {
public:
    explicit DescriptionStore(std::size_t capacity);
    ~DescriptionStore();
    DescriptionStore(const DescriptionStore&) = delete;
    DescriptionStore& operator=(const DescriptionStore&) = delete;
    [[nodiscard]] std::optional<Description> find(const FileKey&, std::uint32_t page);
    void keep(const FileKey&, std::uint32_t page, Description);

private:
    struct Impl;
    Impl* impl_;
};

}  // namespace iiif::source
