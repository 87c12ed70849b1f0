// SPDX-License-Identifier: Apache-2.0
#include "source/description.h"

#include <jansson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <memory>

namespace iiif::source {
namespace {

constexpr std::array<std::string_view, 9> kContainers = {"tiff", "jpeg", "jp2", "png", "webp",
                                                         "gif",  "heif", "jxl", "pdf"};
constexpr std::array<protocol::Quality, 3> kStandards = {protocol::Quality::color, protocol::Quality::gray,
                                                         protocol::Quality::bitonal};
constexpr std::int64_t kMaxExtent = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxBits = 64;  // a TIFF of doubles
constexpr std::uint32_t kMinTile = 64, kMaxTile = 2048;
// Above 32 levels of sixteen numbers of at most 20 digits.
constexpr std::size_t kMaxJsonBytes = 12288;
constexpr std::size_t kMembers = 11, kLevelMembers = 7, kIndexMembers = 9;
constexpr std::int64_t kMaxPosition = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxTables = 65536, kMaxProfile = 1 << 24;

struct JsonFree {
    void operator()(json_t* value) const { json_decref(value); }
};
using Json = std::unique_ptr<json_t, JsonFree>;

bool swaps_axes(std::uint8_t orientation) {
    return orientation >= 5;
}

template <class T>
bool read_integer(const json_t* value, std::int64_t least, std::int64_t most, T& out) {
    if (!json_is_integer(value)) return false;
    const json_int_t number = json_integer_value(value);
    if (number < least || number > most) return false;
    out = static_cast<T>(number);
    return true;
}

std::string_view text_of(const json_t* value) {
    return json_is_string(value) ? std::string_view(json_string_value(value), json_string_length(value)) : "";
}

bool read_container(const json_t* value, Container& out) {
    const auto* const found = std::ranges::find(kContainers, text_of(value));
    if (found == kContainers.end()) return false;
    out = static_cast<Container>(found - kContainers.begin());
    return true;
}

bool read_standard(const json_t* value, protocol::Quality& out) {
    const auto name = [](protocol::Quality quality) { return protocol::name_of(quality); };
    const auto* const found = std::ranges::find(kStandards, text_of(value), name);
    if (found == kStandards.end()) return false;
    out = *found;
    return true;
}

bool read_index(const json_t* level, TileIndex& out) {
    const auto read = [&](std::size_t member, std::int64_t least, std::int64_t most, auto& target) {
        return read_integer(json_array_get(level, kLevelMembers + member), least, most, target);
    };
    std::uint8_t codec = 0;
    std::uint8_t colour = 0;
    if (!read(0, 1, 2, codec) || !read(1, 0, 2, colour) || !read(2, 4, 8, out.offset_bytes) ||
        !read(3, 2, 8, out.count_bytes) || !read(4, 1, kMaxPosition, out.offsets) ||
        !read(5, 1, kMaxPosition, out.counts) || !read(6, 0, kMaxPosition, out.tables) ||
        !read(7, 0, kMaxTables, out.tables_length) || !read(8, 0, kMaxExtent, out.factor)) {
        return false;
    }
    out.codec = static_cast<Codec>(codec);
    out.colour = static_cast<JpegColour>(colour);
    return std::has_single_bit(out.offset_bytes) && std::has_single_bit(out.count_bytes);
}

bool read_level(const json_t* value, Level& out) {
    const std::size_t members = json_is_array(value) ? json_array_size(value) : 0;
    if (members != kLevelMembers && members != kLevelMembers + kIndexMembers) return false;
    const auto read = [&](std::size_t index, std::int64_t least, std::int64_t most, auto& target) {
        return read_integer(json_array_get(value, index), least, most, target);
    };
    if (!read(0, 1, kMaxExtent, out.extent.width) || !read(1, 1, kMaxExtent, out.extent.height) ||
        !read(2, 0, kMaxExtent, out.tile.width) || !read(3, 0, kMaxExtent, out.tile.height) ||
        !read(4, 0, kMaxExtent, out.page) || !read(5, -1, kMaxExtent, out.subifd) ||
        !read(6, 0, std::numeric_limits<std::int64_t>::max(), out.directory)) {
        return false;
    }
    if ((out.tile.width == 0) != (out.tile.height == 0)) return false;
    return members == kLevelMembers || (out.tile.width != 0 && read_index(value, out.index));
}

bool read_stored(const json_t* value, Description& out) {
    if (!json_is_array(value) || json_array_size(value) != 4 || !json_is_boolean(json_array_get(value, 0)) ||
        !json_is_boolean(json_array_get(value, 3))) {
        return false;
    }
    out.big_endian = json_is_true(json_array_get(value, 0));
    out.parts = json_is_true(json_array_get(value, 3));
    return read_integer(json_array_get(value, 1), 0, kMaxPosition, out.profile) &&
           read_integer(json_array_get(value, 2), 0, kMaxProfile, out.profile_length);
}

// The image itself first, and nothing larger.
bool read_levels(const json_t* value, protocol::Extent stored, std::vector<Level>& out) {
    const std::size_t count = json_is_array(value) ? json_array_size(value) : 0;
    if (count == 0 || count > Description::kMaxLevels) return false;
    out.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (!read_level(json_array_get(value, i), out[i])) return false;
        if (out[i].extent.width > stored.width || out[i].extent.height > stored.height) return false;
    }
    return out.front().extent == stored;
}

}  // namespace

protocol::Extent Description::extent() const {
    return swaps_axes(orientation) ? protocol::Extent{stored.height, stored.width} : stored;
}

protocol::Extent Description::tile(std::uint32_t fallback) const {
    const auto usable = [](std::uint32_t side) { return side >= kMinTile && side <= kMaxTile; };
    if (levels.empty() || !usable(levels.front().tile.width) || !usable(levels.front().tile.height)) {
        return {fallback, fallback};
    }
    const protocol::Extent tile = levels.front().tile;
    return swaps_axes(orientation) ? protocol::Extent{tile.height, tile.width} : tile;
}

// Numbers and fixed words only, so nothing needs escaping.
std::string serialize(const Description& image) {
    std::string out = "{";
    const auto add = [&out](std::string_view name, const std::string& value) {
        if (out.back() != '{') out += ',';
        out.append("\"").append(name).append("\":").append(value);
    };
    const auto quoted = [](std::string_view word) { return std::string("\"").append(word).append("\""); };
    add("container", quoted(kContainers.at(static_cast<std::size_t>(image.container))));
    add("width", std::to_string(image.stored.width));
    add("height", std::to_string(image.stored.height));
    add("orientation", std::to_string(image.orientation));
    add("bands", std::to_string(image.bands));
    add("bits", std::to_string(image.bits));
    add("alpha", image.alpha ? "true" : "false");
    add("standard", quoted(protocol::name_of(image.standard)));
    add("pages", std::to_string(image.pages));
    // Byte order, where the profile is, and whether parts can be had.
    add("stored", std::string(image.big_endian ? "[true," : "[false,") + std::to_string(image.profile) + ',' +
                      std::to_string(image.profile_length) + (image.parts ? ",true]" : ",false]"));
    std::string levels;
    for (const Level& level : image.levels) {
        levels += levels.empty() ? "[" : ",[";
        for (const std::uint32_t number :
             {level.extent.width, level.extent.height, level.tile.width, level.tile.height}) {
            levels += std::to_string(number) + ',';
        }
        levels += std::to_string(level.page) + ',' + std::to_string(level.subifd) + ',';
        levels += std::to_string(level.directory);
        if (const TileIndex& index = level.index; index.codec != Codec::other) {
            for (const std::uint64_t number :
                 {std::uint64_t{static_cast<std::uint8_t>(index.codec)},
                  std::uint64_t{static_cast<std::uint8_t>(index.colour)}, std::uint64_t{index.offset_bytes},
                  std::uint64_t{index.count_bytes}, index.offsets, index.counts, index.tables,
                  std::uint64_t{index.tables_length}, std::uint64_t{index.factor}}) {
                levels += ',' + std::to_string(number);
            }
        }
        levels += ']';
    }
    add("levels", '[' + levels + ']');
    return out += '}';
}

std::optional<Description> parse_description(std::string_view text) {
    if (text.size() > kMaxJsonBytes) return std::nullopt;
    const Json json(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr));
    if (!json || !json_is_object(json.get()) || json_object_size(json.get()) != kMembers) return std::nullopt;
    const auto member = [&](const char* name) { return json_object_get(json.get(), name); };

    Description out;
    const json_t* alpha = member("alpha");
    if (!read_container(member("container"), out.container) ||
        !read_integer(member("width"), 1, kMaxExtent, out.stored.width) ||
        !read_integer(member("height"), 1, kMaxExtent, out.stored.height) ||
        !read_integer(member("orientation"), 1, 8, out.orientation) ||
        !read_integer(member("bands"), 1, std::numeric_limits<std::uint8_t>::max(), out.bands) ||
        !read_integer(member("bits"), 1, kMaxBits, out.bits) || !json_is_boolean(alpha) ||
        !read_standard(member("standard"), out.standard) || !read_integer(member("pages"), 1, kMaxExtent, out.pages) ||
        !read_stored(member("stored"), out) || !read_levels(member("levels"), out.stored, out.levels)) {
        return std::nullopt;
    }
    out.alpha = json_is_true(alpha);
    return out;
}

}  // namespace iiif::source
