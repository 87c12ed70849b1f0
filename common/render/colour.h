// SPDX-License-Identifier: Apache-2.0
// From whatever a file holds to 8-bit gray or RGB, alpha apart and last.
#pragma once

#include <string>

#include "render/vips.h"

namespace iiif::render {

// Splits off the alpha band, gives `operation` the colours alone (Image& -> bool), and joins them again. The operation
// must leave 8-bit pixels when `image` has 8-bit alpha.
template <class Operation>
[[nodiscard]] bool with_alpha_aside(Image& image, Operation&& operation);

// 8 bits of sRGB or gray. The embedded ICC profile is applied; one that is broken or does not fit the pixels is
// ignored. `keep_profile`: gray and RGB keep their profile, and with it their numbers. CMYK and CIELAB never do.
[[nodiscard]] bool to_display(Image& image, bool keep_profile);

// Whether an ICC profile is sound and meant for pixels of so many colours, 1 or 3.
[[nodiscard]] bool profile_fits(const std::string& profile, int colours);

// Of 8-bit pixels: one band of luminance; and that, black or white only. Alpha stays.
[[nodiscard]] bool to_gray(Image& image);
[[nodiscard]] bool to_bitonal(Image& image);

[[nodiscard]] bool has_alpha(const Image& image);

template <class Operation>
bool with_alpha_aside(Image& image, Operation&& operation) {
    if (!has_alpha(image)) return operation(image);
    const int last = image.bands() - 1;
    Image alpha = image.share();
    if (!alpha.apply([&](VipsImage* in, VipsImage** out) { return vips_extract_band(in, out, last, nullptr); }) ||
        !image.apply(
            [&](VipsImage* in, VipsImage** out) { return vips_extract_band(in, out, 0, "n", last, nullptr); }) ||
        !operation(image)) {
        return false;
    }
    if (alpha.format() != image.format()) {
        // 0..65535 or 0..1 to 0..255, rounded to nearest: linear truncates.
        const double factor = alpha.format() == VIPS_FORMAT_USHORT ? 1 / 257.0 : 255;
        if (!alpha.apply([&](VipsImage* in, VipsImage** out) {
                return vips_linear1(in, out, factor, 0.5, "uchar", TRUE, nullptr);
            })) {
            return false;
        }
    }
    return image.apply([&](VipsImage* in, VipsImage** out) { return vips_bandjoin2(in, alpha.get(), out, nullptr); });
}

}  // namespace iiif::render
