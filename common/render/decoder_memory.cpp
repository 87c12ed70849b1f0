// SPDX-License-Identifier: Apache-2.0
#include "render/decoder_memory.h"

#include <cstring>

namespace iiif::render {
namespace {

using source::Container;

// Of PNG and JPEG: each pass goes over the whole image again.
bool in_passes(VipsImage* image) {
    int value = 0;
    return vips_image_get_typeof(image, "interlaced") != 0 && vips_image_get_int(image, "interlaced", &value) == 0 &&
           value != 0;
}

bool halves_colour(VipsImage* image) {
    const char* text = nullptr;
    return vips_image_get_typeof(image, "jpeg-chroma-subsample") != 0 &&
           vips_image_get_string(image, "jpeg-chroma-subsample", &text) == 0 && std::strncmp(text, "4:2:0", 5) == 0;
}

std::uint64_t bytes_per_pixel(Container container, const Image& image) {
    const auto bands = static_cast<std::uint64_t>(image.bands());
    const std::uint64_t sample = vips_format_sizeof(image.format());
    switch (container) {
        // The pixels.
        case Container::png: return in_passes(image.get()) ? bands * sample : 0;
        // Two bytes for each coefficient.
        case Container::jpeg: return !in_passes(image.get()) ? 0 : halves_colour(image.get()) ? 3 : 2 * bands;
        // Always RGBA, and what libvips copies out of it.
        case Container::webp: return 4 + bands;
        case Container::gif: return 5;
        // Planes, and the pixels.
        case Container::heif: return 8 * sample;
        case Container::jxl: return (4 + bands) * sample;
        case Container::pdf:
        case Container::tiff:
        case Container::jp2: return 0;
    }
    return 0;
}

}  // namespace

std::uint64_t decoder_bytes(Container container, const Image& image) {
    return bytes_per_pixel(container, image) * static_cast<std::uint64_t>(image.width()) *
           static_cast<std::uint64_t>(image.height());
}

}  // namespace iiif::render
