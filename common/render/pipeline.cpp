// SPDX-License-Identifier: Apache-2.0
#include "render/pipeline.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "render/colour.h"

namespace iiif::render {
namespace {

void on_progress(VipsImage* image, VipsProgress*, void* cancelled) {
    if ((*static_cast<const Cancelled*>(cancelled))()) vips_image_set_kill(image, TRUE);
}

bool cast(Image& image, VipsBandFormat format) {
    return image.apply([](VipsImage* in, VipsImage** out) { return vips_rint(in, out, nullptr); }) &&
           image.apply([&](VipsImage* in, VipsImage** out) { return vips_cast(in, out, format, nullptr); });
}

// Interpolation must not let the colour of transparent pixels bleed into their neighbours.
template <class Operation>
bool premultiplied(Image& image, Operation&& operation) {
    if (!has_alpha(image)) return image.apply(operation);
    const VipsBandFormat format = image.format();
    return image.apply([](VipsImage* in, VipsImage** out) { return vips_premultiply(in, out, nullptr); }) &&
           image.apply(operation) &&
           image.apply([](VipsImage* in, VipsImage** out) { return vips_unpremultiply(in, out, nullptr); }) &&
           cast(image, format);
}

// libvips computes output sizes in floating point; a row or column more or less is put right here.
bool exactly(Image& image, protocol::Extent size) {
    const int width = static_cast<int>(size.width);
    const int height = static_cast<int>(size.height);
    if (image.width() == width && image.height() == height) return true;
    return image.apply([&](VipsImage* in, VipsImage** out) {
        return vips_embed(in, out, 0, 0, width, height, "extend", VIPS_EXTEND_COPY, nullptr);
    });
}

bool resize(Image& image, double horizontal, double vertical) {
    if (horizontal == 1 && vertical == 1) return true;
    return premultiplied(image, [&](VipsImage* in, VipsImage** out) {
        return vips_resize(in, out, horizontal, "vscale", vertical, nullptr);
    });
}

}  // namespace

void watch(const Image& image, const Cancelled& cancelled) {
    if (!cancelled) return;
    vips_image_set_progress(image.get(), FALSE);  // whom it inherited from a loader is nobody we listen to
    vips_image_set_progress(image.get(), TRUE);
    g_signal_connect(image.get(), "eval", G_CALLBACK(on_progress),
                     const_cast<Cancelled*>(&cancelled));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

bool materialise(Image& image, const Cancelled& cancelled) {
    if (cancelled && cancelled()) return false;
    // A copy to watch: the image may be shared, and signals are for life.
    if (!image.apply([](VipsImage* in, VipsImage** out) { return vips_copy(in, out, nullptr); })) return false;
    watch(image, cancelled);
    VipsImage* const pixels = vips_image_copy_memory(image.get());
    if (pixels == nullptr) return false;
    image = Image(pixels);
    // What follows reports its own progress, not to the pipeline that has just been evaluated.
    vips_image_set_progress(image.get(), FALSE);
    return true;
}

bool read_anywhere(Image& image, const Cancelled& cancelled) {
    constexpr std::uint64_t kLittle = std::uint64_t{64} << 20U;  // bytes
    if (vips_image_is_sequential(image.get()) != 0 || VIPS_IMAGE_SIZEOF_IMAGE(image.get()) <= kLittle) {
        return materialise(image, cancelled);
    }
    constexpr int kSide = 128;
    // A strip of the answer lies across the image: along a column, or askew.
    const int squares = 2 * (image.width() / kSide + image.height() / kSide + 2);
    return image.apply([&](VipsImage* in, VipsImage** out) {
        return vips_tilecache(in, out, "tile_width", kSide, "tile_height", kSide, "max_tiles", squares, nullptr);
    });
}

bool scale(Image& image, protocol::Extent size, bool fill_edge, const Cancelled& cancelled) {
    const auto short_by_one = [&](int have, std::uint32_t want) {
        return fill_edge && static_cast<std::uint32_t>(have) + 1 == want ? 1 : 0;
    };
    const int wider = short_by_one(image.width(), size.width);
    const int higher = short_by_one(image.height(), size.height);
    if (wider + higher > 0 && !exactly(image, {static_cast<std::uint32_t>(image.width() + wider),
                                               static_cast<std::uint32_t>(image.height() + higher)})) {
        return false;
    }
    const double horizontal = static_cast<double>(size.width) / image.width();
    const double vertical = static_cast<double>(size.height) / image.height();
    if (!resize(image, std::min(horizontal, 1.0), std::min(vertical, 1.0))) return false;
    if (horizontal > 1 || vertical > 1) {
        if (!materialise(image, cancelled) || !resize(image, std::max(horizontal, 1.0), std::max(vertical, 1.0))) {
            return false;
        }
    }
    return exactly(image, size);
}

bool turn(Image& image, Turn turn) {
    if (turn.mirror && !image.apply([](VipsImage* in, VipsImage** out) {
            return vips_flip(in, out, VIPS_DIRECTION_HORIZONTAL, nullptr);
        })) {
        return false;
    }
    constexpr std::array kAngles = {VIPS_ANGLE_D0, VIPS_ANGLE_D90, VIPS_ANGLE_D180, VIPS_ANGLE_D270};
    return turn.quarters == 0 || image.apply([&](VipsImage* in, VipsImage** out) {
        return vips_rot(in, out, kAngles.at(static_cast<std::size_t>(turn.quarters)), nullptr);
    });
}

bool rotate(Image& image, double degrees, protocol::Extent extent) {
    if (!has_alpha(image) &&
        !image.apply([](VipsImage* in, VipsImage** out) { return vips_addalpha(in, out, nullptr); })) {
        return false;
    }
    const double angle = degrees * std::numbers::pi / 180;
    const double cosine = std::cos(angle);
    const double sine = std::sin(angle);
    const double width = image.width();
    const double height = image.height();
    const Owned<VipsInterpolate> interpolate(vips_interpolate_new("bicubic"));
    if (!interpolate) return false;
    const std::array<int, 4> area = {0, 0, static_cast<int>(extent.width), static_cast<int>(extent.height)};
    VipsArrayInt* const output = vips_array_int_new(area.data(), static_cast<int>(area.size()));
    const bool done = premultiplied(image, [&](VipsImage* in, VipsImage** out) {
        // The matrix turns about the origin; the displacements put the centre of either image there. Pixel (0, 0) has
        // its centre at (0, 0).
        return vips_affine(in, out, cosine, -sine, sine, cosine, "interpolate", interpolate.get(), "oarea", output,
                           "idx", -(width - 1) / 2, "idy", -(height - 1) / 2, "odx", (extent.width - 1.0) / 2, "ody",
                           (extent.height - 1.0) / 2, "extend", VIPS_EXTEND_BACKGROUND, "premultiplied", TRUE, nullptr);
    });
    vips_area_unref(VIPS_AREA(output));
    return done && exactly(image, extent);
}

bool flatten(Image& image, const std::array<std::uint8_t, 3>& background) {
    if (!has_alpha(image)) return true;
    std::array<double, 3> colour = {static_cast<double>(background[0]), static_cast<double>(background[1]),
                                    static_cast<double>(background[2])};
    int count = 3;
    if (image.bands() == 2) {
        // On gray, a background of that luminance (ITU-R BT.709), unless it has a colour to show.
        colour[0] = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2];
        count = 1;
    }
    VipsArrayDouble* const values = vips_array_double_new(colour.data(), count);
    const bool done = image.apply(
        [&](VipsImage* in, VipsImage** out) { return vips_flatten(in, out, "background", values, nullptr); });
    vips_area_unref(VIPS_AREA(values));
    return done;
}

}  // namespace iiif::render
