// SPDX-License-Identifier: Apache-2.0
#include "source/description.h"

#include <jansson.h>

#include <algorithm>
#include <array>
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
// Above 32 levels of seven numbers of at most 19 digits.
constexpr std::size_t kMaxJsonBytes = 4096;
constexpr std::size_t kMembers = 10, kLevelMembers = 7;

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

bool read_level(const json_t* value, Level& out) {
    if (!json_is_array(value) || json_array_size(value) != kLevelMembers) return false;
    const auto read = [&](std::size_t index, std::int64_t least, std::int64_t most, auto& target) {
        return read_integer(json_array_get(value, index), least, most, target);
    };
    if (!read(0, 1, kMaxExtent, out.extent.width) || !read(1, 1, kMaxExtent, out.extent.height) ||
        !read(2, 0, kMaxExtent, out.tile.width) || !read(3, 0, kMaxExtent, out.tile.height) ||
        !read(4, 0, kMaxExtent, out.page) || !read(5, -1, kMaxExtent, out.subifd) ||
        !read(6, 0, std::numeric_limits<std::int64_t>::max(), out.directory)) {
        return false;
    }
    return (out.tile.width == 0) == (out.tile.height == 0);
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
    std::string levels;
    for (const Level& level : image.levels) {
        levels += levels.empty() ? "[" : ",[";
        for (const std::uint32_t number :
             {level.extent.width, level.extent.height, level.tile.width, level.tile.height}) {
            levels += std::to_string(number) + ',';
        }
        levels += std::to_string(level.page) + ',' + std::to_string(level.subifd) + ',';
        levels += std::to_string(level.directory) + ']';
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
        !read_levels(member("levels"), out.stored, out.levels)) {
        return std::nullopt;
    }
    out.alpha = json_is_true(alpha);
    return out;
}

}  // namespace iiif::source
