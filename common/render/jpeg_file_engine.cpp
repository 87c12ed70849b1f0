// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_file_engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "render/jpeg_planes.h"
#include "render/jpeg_walk.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Rect;

// What is decoded for one answer is held whole, as is the answer. Beyond this libvips works in stripes.
constexpr std::uint64_t kMaxPixels = std::uint64_t{16} << 20U;
// Stored pixels that are decoded at once, or one row of MCUs.
constexpr std::uint64_t kPartPixels = std::uint64_t{4} << 20U;

// The samples of a level that are looked at, `unit` of which are taken as one.
void bound(Interval wanted, std::uint32_t size, bool copied, std::uint32_t unit, std::uint32_t level,
           std::uint32_t& begin, std::uint32_t& end) {
    // The scaling kernel's two samples of the answer on either side, of chroma of half the width.
    const double margin = copied ? 0 : std::ceil(4 * std::max(1.0, wanted.length / size)) + 2 * unit;
    begin = static_cast<std::uint32_t>(std::clamp(std::floor(wanted.start) - margin, 0.0, level - 1.0));
    end = static_cast<std::uint32_t>(
        std::clamp(std::ceil(wanted.start + wanted.length) + margin, begin + 1.0, level * 1.0));
}

}  // namespace

std::optional<JpegFileEngine> JpegFileEngine::open(int fd, const source::Description& description, Rect region,
                                                   Extent size) {
    if (description.container != source::Container::jpeg || description.alpha ||
        std::uint64_t{size.width} * size.height > kMaxPixels) {
        return std::nullopt;
    }
    auto kept = jpeg_files().get(fd);
    if (!kept || kept->head.extent != description.stored) return std::nullopt;
    JpegFileEngine engine(fd, std::move(kept));
    const ExactWindow window = choose_exact_window(description.levels, region, size);
    const std::int32_t shrink = description.levels[window.level].page;
    if (shrink != 1 && shrink != 2 && shrink != 4 && shrink != 8) return std::nullopt;
    engine.size_ = size;
    engine.shrink_ = static_cast<std::uint32_t>(shrink);
    engine.x_.wanted = window.x;
    engine.y_.wanted = window.y;

    return engine;
}

// Also the chroma of what is decoded: libjpeg spares it the reduction when it can spare it both ways.
std::array<std::uint32_t, 2> JpegFileEngine::subsampling() const {
    const source::JpegComponent& luma = file_->head.components[0];
    if (takes_eighth()) return {file_->eighth.across, file_->eighth.down};
    if (file_->head.count == 1 || (shrink_ > 1 && luma.across == 2 && luma.down == 2)) return {1, 1};
    return {luma.across, luma.down};
}

bool JpegFileEngine::plan(bool halve_chroma, Turn turn) {
    const JpegFile& file = *file_;
    const Extent full = level();
    const bool halved = halve_chroma && file.colours == Colours::ycc;
    const Rect first = before_turn({0, 0, 1, 1}, turn, size_);
    const auto [across, down] = subsampling();
    const bool copied_x = is_copied(x_.wanted, size_.width, across, halved, first.x != 0);
    const bool copied_y = is_copied(y_.wanted, size_.height, down, halved, first.y != 0);
    const std::uint32_t unit = takes_eighth() ? file.fold : 1;
    bound(x_.wanted, size_.width, copied_x, unit, full.width, x_.begin, x_.end);
    bound(y_.wanted, size_.height, copied_y, unit, full.height, y_.begin, y_.end);
    const std::uint32_t high = file.mcu.height / shrink_;
    const std::uint32_t wide = file.mcu.width / shrink_ * file.step;
    part_ = {y_.begin / high, divided_up(y_.end, high), x_.begin / wide, divided_up(x_.end, wide)};
    y_.begin = part_.row * high;
    y_.end = std::min(part_.end_row * high, full.height);
    x_.begin = part_.stop * wide;
    x_.end = std::min(part_.end_stop * wide, full.width);
    const std::uint64_t pixels = std::uint64_t{x_.end - x_.begin} * (y_.end - y_.begin);
    return takes_eighth() || pixels <= kMaxPixels;
}

bool JpegFileEngine::decode(const PartOfScan& part, DecodedTile& canvas, std::uint32_t left, std::uint32_t top,
                            Extent extent, const Cancelled& cancelled) {
    const JpegFile& file = *file_;
    JpegDecoder decoder;
    // Of a row; the stops of a part are never the same.
    const std::uint64_t pixels_at_once = std::max<std::uint64_t>(
        1, std::uint64_t{part.end_stop - part.stop} * file.step * file.mcu.width * file.mcu.height);
    const auto most = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, kPartPixels / pixels_at_once));
    for (std::uint32_t row = part.row; row < part.end_row; row += std::min(most, part.end_row - row)) {
        if (cancelled && cancelled()) return false;
        const PartOfScan some{row, row + std::min(most, part.end_row - row), part.stop, part.end_stop};
        const std::string jpeg = part_of_jpeg(fd_, file, some);
        const auto* const bytes = reinterpret_cast<const unsigned char*>(jpeg.data());
        const auto frame = decoder.open({}, {bytes, jpeg.size()}, file.colours);
        if (!frame || !decoder.begin(shrink_)) return false;
        if (!canvas.planes.plane[0]) {
            if (file.colours != Colours::gray) {
                canvas.across = decoder.component(1).across;
                canvas.down = decoder.component(1).down;
            }
            if (subsampling() != std::array{canvas.across, canvas.down}) return false;
            if (!allocate(canvas.planes, extent, file.colours, canvas.across, canvas.down)) return false;
        }
        const Rect pixels = pixels_of(file, some);
        const std::uint32_t x = pixels.x / shrink_ - left;
        const std::uint32_t y = pixels.y / shrink_ - top;
        const std::uint32_t height = divided_up(pixels.height, shrink_);
        for (std::uint32_t band = 0; band < height; band += decoder.component(0).rows) {
            if (!decoder.next_band()) return false;
            for (std::size_t c = 0; c < canvas.planes.count(); ++c) {
                const JpegDecoder::Component& component = decoder.component(c);
                Plane& plane = canvas.planes.plane.at(c);
                const std::uint32_t at_x = x / component.across;
                const std::uint32_t at_y = (y + band) / component.down;
                const std::size_t count = std::min<std::size_t>(component.stride, plane.extent().width - at_x);
                for (std::uint32_t i = 0; i < component.rows && at_y + i < plane.extent().height; ++i) {
                    std::memcpy(plane.row(at_y + i) + at_x, decoder.row(c, i), count);
                }
            }
        }
    }
    return true;
}

// What the answer needs and is not there: the smallest part that holds all of it.
bool JpegFileEngine::complete_quarter(const Cancelled& cancelled) {
    JpegFile& file = *file_;
    file.decoded.resize(std::size_t{file.stops} * file.count.height);
    const auto place = [&](std::uint32_t row, std::uint32_t stop) { return std::size_t{row} * file.stops + stop; };
    PartOfScan missing{part_.end_row, part_.row, part_.end_stop, part_.stop};
    for (std::uint32_t row = part_.row; row < part_.end_row; ++row) {
        for (std::uint32_t stop = part_.stop; stop < part_.end_stop; ++stop) {
            if (file.decoded[place(row, stop)]) continue;
            missing = {std::min(missing.row, row), row + 1, std::min(missing.stop, stop),
                       std::max(missing.end_stop, stop + 1)};
        }
    }
    if (missing.row >= missing.end_row) return true;
    if (!decode(missing, file.quarter, 0, 0, level(), cancelled)) return false;
    for (std::uint32_t row = missing.row; row < missing.end_row; ++row) {
        for (std::uint32_t stop = missing.stop; stop < missing.end_stop; ++stop) file.decoded[place(row, stop)] = true;
    }
    return true;
}

std::optional<Planes> JpegFileEngine::scaled(bool halve_chroma, Turn turn, const Cancelled& cancelled) {
    if (!plan(halve_chroma, turn) || !walk(fd_, *file_, part_.end_row, cancelled)) return std::nullopt;
    const auto from = [&](const DecodedTile& canvas, std::uint32_t left, std::uint32_t top) {
        return scaled_planes(canvas, {x_.wanted, left}, {y_.wanted, top}, size_, halve_chroma, turn);
    };
    if (takes_eighth()) {
        for (Interval* wanted : {&x_.wanted, &y_.wanted})
            *wanted = {wanted->start / file_->fold, wanted->length / file_->fold};
        return from(file_->eighth, 0, 0);
    }
    if (shrink_ == 4 && file_->keeps_quarter) {
        if (!complete_quarter(cancelled)) return std::nullopt;
        return from(file_->quarter, 0, 0);
    }
    DecodedTile canvas;
    const Extent extent = {x_.end - x_.begin, y_.end - y_.begin};
    if (!decode(part_, canvas, x_.begin, y_.begin, extent, cancelled)) return std::nullopt;
    return from(canvas, x_.begin, y_.begin);
}

}  // namespace iiif::render
