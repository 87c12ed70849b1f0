// SPDX-License-Identifier: Apache-2.0
#include "render/planes.h"

#include <zimg.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace iiif::render {
namespace {

using protocol::Extent;

// zimg reads and writes whole vectors; 64 bytes are the widest it may be told to use.
constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

struct FreeGraph {
    void operator()(zimg_filter_graph* graph) const { zimg_filter_graph_free(graph); }
};
struct FreeBytes {
    void operator()(void* bytes) const { std::free(bytes); }
};

zimg_image_format format_of(Extent extent) {
    zimg_image_format format;
    zimg_image_format_default(&format, ZIMG_API_VERSION);
    format.width = extent.width;
    format.height = extent.height;
    format.pixel_type = ZIMG_PIXEL_BYTE;
    format.color_family = ZIMG_COLOR_GREY;
    format.pixel_range = ZIMG_RANGE_FULL;
    return format;
}

bool whole(double value) {
    return std::floor(value) == value;
}

// One sample for each, both ends inside the plane or the far one a sample beyond, where the last one is repeated:
// nothing to compute.
bool copies(Interval of, std::uint32_t have, std::uint32_t want) {
    return whole(of.start) && of.length == want && of.start >= 0 && of.start + of.length <= have + 1.0 &&
           of.start < have;
}

// A scaling, and the memory it works in. To compute its kernels takes a sixth of the time of a small answer, and planes
// of chroma are alike.
class Scaling {
public:
    // The one that was asked for last in this thread, or another. nullptr: no memory.
    static const Scaling* of(Extent in, Interval x, Interval y, Extent out);

    bool run(const Plane& in, Plane& out) const {
        zimg_image_buffer_const source{};
        source.version = ZIMG_API_VERSION;
        source.plane[0] = {in.row(0), static_cast<std::ptrdiff_t>(in.stride()), ZIMG_BUFFER_MAX};
        zimg_image_buffer target{};
        target.version = ZIMG_API_VERSION;
        target.plane[0] = {out.row(0), static_cast<std::ptrdiff_t>(out.stride()), ZIMG_BUFFER_MAX};
        return zimg_filter_graph_process(graph_.get(), &source, &target, scratch_.get(), nullptr, nullptr, nullptr,
                                         nullptr) == ZIMG_ERROR_SUCCESS;
    }

private:
    struct Key {
        Extent in, out;
        Interval x, y;
        bool operator==(const Key& other) const = default;
    };
    bool build(const Key& key);

    Key key_;
    std::unique_ptr<zimg_filter_graph, FreeGraph> graph_;
    std::unique_ptr<void, FreeBytes> scratch_;
};

bool Scaling::build(const Key& key) {
    graph_.reset();
    key_ = key;
    zimg_image_format from = format_of(key.in);
    from.active_region.left = key.x.start;
    from.active_region.top = key.y.start;
    from.active_region.width = key.x.length;
    from.active_region.height = key.y.length;
    const zimg_image_format to = format_of(key.out);
    zimg_graph_builder_params how;
    zimg_graph_builder_params_default(&how, ZIMG_API_VERSION);
    // Catmull-Rom: the sharpest cubic, with overshoots that are smaller than those of Lanczos.
    how.resample_filter = ZIMG_RESIZE_BICUBIC;
    how.filter_param_a = 0;
    how.filter_param_b = 0.5;
    std::unique_ptr<zimg_filter_graph, FreeGraph> graph(zimg_filter_graph_build(&from, &to, &how));
    std::size_t bytes = 0;
    if (!graph || zimg_filter_graph_get_tmp_size(graph.get(), &bytes) != ZIMG_ERROR_SUCCESS) return false;
    scratch_.reset(std::aligned_alloc(kAlignment, aligned(bytes + 1)));
    if (!scratch_) return false;
    graph_ = std::move(graph);
    return true;
}

const Scaling* Scaling::of(Extent in, Interval x, Interval y, Extent out) {
    static thread_local Scaling last;
    const Key key{in, out, x, y};
    const bool ready = (last.graph_ && last.key_ == key) || last.build(key);
    return ready ? &last : nullptr;
}

bool scale(const Plane& in, Interval x, Interval y, Plane& out) {
    const Scaling* scaling = Scaling::of(in.extent(), x, y, out.extent());
    return scaling != nullptr && scaling->run(in, out);
}

unsigned char clamped(int value) {
    return static_cast<unsigned char>(std::clamp(value, 0, 255));
}

// JFIF 1.02, in units of 1/65536.
void to_rgb(const unsigned char* luma, const unsigned char* blue, const unsigned char* red, std::uint32_t width,
            unsigned char* out) {
    constexpr int kHalf = 1 << 15;
    for (std::uint32_t i = 0; i < width; ++i, out += 3) {
        const int y = luma[i] << 16;
        const int cb = blue[i] - 128;
        const int cr = red[i] - 128;
        out[0] = clamped((y + 91881 * cr + kHalf) >> 16);
        out[1] = clamped((y - 22554 * cb - 46802 * cr + kHalf) >> 16);
        out[2] = clamped((y + 116130 * cb + kHalf) >> 16);
    }
}

}  // namespace

Plane::Plane(Extent extent) : extent_(extent), stride_(aligned(extent.width)) {
    if (extent.width == 0 || extent.height == 0) return;
    samples_.reset(static_cast<unsigned char*>(std::aligned_alloc(kAlignment, stride_ * extent.height)));
}

bool resample(const Plane& in, Interval x, Interval y, Plane& out) {
    const Extent have = in.extent();
    const Extent want = out.extent();
    if (!copies(x, have.width, want.width) || !copies(y, have.height, want.height)) return scale(in, x, y, out);
    const auto left = static_cast<std::size_t>(x.start);
    const auto top = static_cast<std::uint32_t>(y.start);
    const std::size_t across = std::min<std::size_t>(want.width, have.width - left);
    for (std::uint32_t row = 0; row < want.height; ++row) {
        unsigned char* const to = out.row(row);
        std::memcpy(to, in.row(std::min(top + row, have.height - 1)) + left, across);
        if (across < want.width) to[across] = to[across - 1];
    }
    return true;
}

Plane turned(const Plane& in, Turn turn) {
    const Extent from = in.extent();
    Plane out(turn.swaps_axes() ? Extent{from.height, from.width} : from);
    if (!out) return out;
    // Where the first pixel of a turned row comes from, and the step from there to the next.
    const protocol::Rect first = before_turn({0, 0, 1, 1}, turn, from);
    const auto stride = static_cast<std::ptrdiff_t>(in.stride());
    const std::ptrdiff_t along_x = first.x == 0 ? 1 : -1;
    const std::ptrdiff_t along_y = first.y == 0 ? stride : -stride;
    const std::ptrdiff_t step = turn.swaps_axes() ? along_y : along_x;
    const std::ptrdiff_t next_row = turn.swaps_axes() ? along_x : along_y;
    const unsigned char* start = in.row(first.y) + first.x;
    for (std::uint32_t y = 0; y < out.extent().height; ++y, start += next_row) {
        unsigned char* to = out.row(y);
        const unsigned char* sample = start;
        for (std::uint32_t x = 0; x < out.extent().width; ++x, sample += step) to[x] = *sample;
    }
    return out;
}

Image image_of(const Planes& planes, const std::string& profile) {
    const int bands = static_cast<int>(planes.count());
    Image image(vips_image_new_memory());
    vips_image_init_fields(image.get(), static_cast<int>(planes.extent.width), static_cast<int>(planes.extent.height),
                           bands, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                           bands == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, 1, 1);
    if (vips_image_write_prepare(image.get()) != 0) return Image();
    for (std::uint32_t y = 0; y < planes.extent.height; ++y) {
        unsigned char* out = VIPS_IMAGE_ADDR(image.get(), 0, static_cast<int>(y));
        const unsigned char* first = planes.plane[0].row(y);
        switch (planes.colours) {
            case Colours::gray: std::memcpy(out, first, planes.extent.width); break;
            case Colours::ycc:
                to_rgb(first, planes.plane[1].row(y), planes.plane[2].row(y), planes.extent.width, out);
                break;
            case Colours::rgb:
                for (std::uint32_t x = 0; x < planes.extent.width; ++x, out += 3) {
                    for (std::size_t c = 0; c < 3; ++c) out[c] = planes.plane.at(c).row(y)[x];
                }
                break;
        }
    }
    if (!profile.empty()) {
        vips_image_set_blob_copy(image.get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
    }
    return image;
}

}  // namespace iiif::render
