// SPDX-License-Identifier: Apache-2.0
#include "render/jp2_engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "render/jp2_reader.h"
#include "render/vips.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Rect;

// What is decoded for one answer is held whole, as is the answer.
constexpr std::uint64_t kMaxPixels = std::uint64_t{16} << 20U;

// One axis of what is needed: of the level, in its samples.
struct Axis {
    Interval wanted;
    std::uint32_t begin = 0, end = 0;  // what is decoded for it
};

// In each halving a sample stands where the even one of two stood, not between them (ISO/IEC 15444-1 annex F). So the
// level lies off the grid of whole blocks of pixels, by up to half of a sample. `origin` is the image's on the
// reference grid. What is taken sample by sample is not moved: tiles of a viewer are the level as it is.
Axis axis(Interval wanted, std::uint32_t size, std::uint32_t level, std::uint32_t origin, std::uint32_t halvings) {
    const bool copied = std::floor(wanted.start) == wanted.start && wanted.length == size;
    if (!copied) {
        const auto factor = static_cast<double>(std::uint64_t{1} << halvings);
        const double first = std::ceil(origin / factor);  // on the level's grid
        wanted.start += (origin - 0.5) / factor - first + 0.5;
    }
    Axis a{wanted, 0, 0};
    // The scaling kernel looks at two samples of the answer on either side.
    const double margin = copied ? 0 : std::ceil(2 * std::max(1.0, wanted.length / size)) + 1;
    a.begin = static_cast<std::uint32_t>(std::clamp(std::floor(wanted.start - margin), 0.0, level - 1.0));
    a.end = static_cast<std::uint32_t>(
        std::clamp(std::ceil(wanted.start + wanted.length + margin), a.begin + 1.0, level * 1.0));
    a.wanted.start -= a.begin;
    return a;
}

bool allocate(Planes& planes, Extent extent, Colours colours) {
    planes.extent = extent;
    planes.colours = colours;
    for (std::size_t c = 0; c < planes.count(); ++c) {
        planes.plane.at(c) = Plane(extent);
        if (!planes.plane.at(c)) return false;
    }
    return true;
}

class PlanesSink : public Jp2Sink {
public:
    Jp2Scaled window;
    bool declined = false;

    bool begin(Extent extent, const Meaning& meaning, const std::string& profile) override {
        const bool gray = meaning.interpretation == VIPS_INTERPRETATION_B_W;
        declined = meaning.alpha || (!gray && meaning.interpretation != VIPS_INTERPRETATION_sRGB);
        window.profile = profile;
        return !declined && allocate(window.planes, extent, gray ? Colours::gray : Colours::rgb);
    }

    void put(const Jp2Pixels& pixels, const Box& part, std::uint32_t x, std::uint32_t y) override {
        std::array<Plane, 3>& plane = window.planes.plane;
        for (std::uint32_t row = part.y0; row < part.y1; ++row, ++y) {
            const std::uint8_t* in = pixels.at(part.x0, row);
            if (window.planes.count() == 1) {
                std::copy_n(in, part.width(), plane[0].row(y) + x);
                continue;
            }
            unsigned char* const red = plane[0].row(y) + x;
            unsigned char* const green = plane[1].row(y) + x;
            unsigned char* const blue = plane[2].row(y) + x;
            for (std::uint32_t i = 0; i < part.width(); ++i, in += 3) {
                red[i] = in[0];
                green[i] = in[1];
                blue[i] = in[2];
            }
        }
    }
};

}  // namespace

Expected<std::optional<Jp2Scaled>> scaled_jp2(int fd, const source::Description& description, Rect region, Extent size,
                                              const Cancelled& cancelled, std::string& detail) {
    if (description.bits > 8 || description.alpha || std::uint64_t{size.width} * size.height > kMaxPixels) {
        return std::nullopt;
    }
    const ExactWindow window = choose_exact_window(description.levels, region, size);
    const source::Level& level = description.levels[window.level];
    const auto halvings = static_cast<std::uint32_t>(level.page);
    Jp2Reader reader(fd, halvings, detail);
    if (!reader.open()) return damaged(detail);
    const Box& image = reader.grid().image;
    const Axis x = axis(window.x, size.width, level.extent.width, image.x0, halvings);
    const Axis y = axis(window.y, size.height, level.extent.height, image.y0, halvings);
    const Rect area = {x.begin, y.begin, x.end - x.begin, y.end - y.begin};
    if (std::uint64_t{area.width} * area.height > kMaxPixels) return std::nullopt;
    PlanesSink sink;
    if (auto done = reader.read(area, sink, cancelled); !done) {
        if (sink.declined) return std::nullopt;
        return tl::unexpected(done.error());
    }
    Jp2Scaled out;
    out.profile = std::move(sink.window.profile);
    if (!allocate(out.planes, size, sink.window.planes.colours)) return unable(detail);
    for (std::size_t c = 0; c < out.planes.count(); ++c) {
        if (!resample(sink.window.planes.plane.at(c), x.wanted, y.wanted, out.planes.plane.at(c))) return std::nullopt;
    }
    return out;
}

}  // namespace iiif::render
