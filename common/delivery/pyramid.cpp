// SPDX-License-Identifier: Apache-2.0
#include "delivery/pyramid.h"

#include <algorithm>

#include "delivery/cost.h"
#include "source/transforms.h"

namespace iiif::delivery {
namespace {

constexpr std::string_view kSuffix = ".tif";
constexpr std::size_t kDigits = 32;          // of a SHA-256, in hexadecimal
constexpr std::string_view kLayout = "2";    // changes when pyramids of an earlier version are of no use any more
constexpr std::uint32_t kTileMultiple = 16;  // TIFF 6.0, section 15: TileWidth
// A level is at most twice as wide and twice as high as what is asked for, so about four pixels are decoded for each
// one of the answer. A source that takes less than twice that has nothing to gain.
constexpr std::uint64_t kWorthwhile = 8;

}  // namespace

bool wants_pyramid(const Service& service, const RenderPlan& plan, const source::Description& image) {
    if (!service.pyramids || plan.format != protocol::Format::jpg || plan.quality == protocol::Quality::bitonal ||
        image.container == source::Container::jp2 || image.container == source::Container::pdf) {
        return false;
    }
    const std::uint64_t pixels = pixels_to_decode(image, plan);
    const std::uint64_t answer = std::uint64_t{plan.geometry.size.width} * plan.geometry.size.height;
    return pixels > kPyramidPixels && pixels / kWorthwhile > answer;
}

std::string pyramid_name(const Service& service, const SourceState& state) {
    std::string all(kLayout);
    const auto add = [&all](std::string_view text) { (all += '\0').append(text); };
    const auto number = [&add](std::uint64_t value) { add(std::to_string(value)); };
    add(service.root.directory());
    add(state.path);
    number(state.page);
    // No device: its number may change with the next start of the machine.
    number(state.key.inode);
    number(state.key.size);
    number(static_cast<std::uint64_t>(state.key.mtime_ns));
    number(pyramid_tile(service));
    number(static_cast<std::uint64_t>(service.encoder.jpeg_quality));
    number(service.encoder.embed_profile ? 1 : 0);
    for (const std::uint8_t channel : service.encoder.background) number(channel);
    return source::hexadecimal_digest(source::Digest::sha256, all).substr(0, kDigits).append(kSuffix);
}

bool is_pyramid_name(std::string_view name) {
    if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return false;
    return std::ranges::all_of(name.substr(0, kDigits),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::uint32_t pyramid_tile(const Service& service) {
    return (service.tile_size + kTileMultiple - 1) / kTileMultiple * kTileMultiple;
}

std::optional<source::OpenFile> open_pyramid(const Service& service, const SourceState& state,
                                             source::OpenFiles& files) {
    if (!service.pyramids) return std::nullopt;
    auto file = files.open(service.pyramids->folder, pyramid_name(service, state));
    if (!file) return std::nullopt;
    return std::move(*file);
}

bool is_pyramid_of(const source::Description& pyramid, const source::Description& image) {
    return pyramid.container == source::Container::tiff && pyramid.stored == image.stored &&
           pyramid.orientation == image.orientation;
}

}  // namespace iiif::delivery
