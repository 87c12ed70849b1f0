// SPDX-License-Identifier: Apache-2.0
#include "render/colour.h"

namespace iiif::render {
namespace {

bool has_profile(const Image& image) {
    return vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0;
}

void drop_profile(Image& image) {
    // Metadata of a shared image must not be changed: a copy shares the pixels only.
    if (has_profile(image) && image.apply([](VipsImage* in, VipsImage** out) { return vips_copy(in, out, nullptr); })) {
        vips_image_remove(image.get(), VIPS_META_ICC_NAME);
    }
}

bool profile_fits(const Image& image) {
    const void* bytes = nullptr;
    std::size_t length = 0;
    return has_profile(image) && vips_image_get_blob(image.get(), VIPS_META_ICC_NAME, &bytes, &length) == 0 &&
           vips_icc_is_compatible_profile(image.get(), bytes, length) != 0;
}

// Relative colorimetric with black point compensation is what photographers' software shows.
bool icc_to_srgb(Image& image, const char* fallback) {
    const bool done = image.apply([&](VipsImage* in, VipsImage** out) {
        return vips_icc_transform(in, out, "srgb", "embedded", TRUE, "input_profile", fallback, "intent",
                                  VIPS_INTENT_RELATIVE, "black_point_compensation", TRUE, "depth", 8, nullptr);
    });
    if (!done) vips_error_clear();
    return done;
}

bool to_space(Image& image, VipsInterpretation space) {
    return image.interpretation() == space ||
           image.apply([&](VipsImage* in, VipsImage** out) { return vips_colourspace(in, out, space, nullptr); });
}

bool to_8_bits(Image& image, VipsInterpretation interpretation) {
    if (image.format() == VIPS_FORMAT_USHORT) {
        if (!image.apply([](VipsImage* in, VipsImage** out) {
                return vips_linear1(in, out, 1 / 257.0, 0.5, "uchar", TRUE, nullptr);
            })) {
            return false;
        }
    } else if (image.format() != VIPS_FORMAT_UCHAR) {
        if (!image.apply(
                [](VipsImage* in, VipsImage** out) { return vips_cast(in, out, VIPS_FORMAT_UCHAR, nullptr); })) {
            return false;
        }
    }
    return image.interpretation() == interpretation || image.apply([&](VipsImage* in, VipsImage** out) {
        return vips_copy(in, out, "interpretation", interpretation, nullptr);
    });
}

bool cmyk_to_srgb(Image& image) {
    if (!to_8_bits(image, VIPS_INTERPRETATION_CMYK)) return false;
    if (!profile_fits(image)) drop_profile(image);
    if (!icc_to_srgb(image, "cmyk")) {
        drop_profile(image);
        if (!icc_to_srgb(image, "cmyk")) return false;
    }
    drop_profile(image);
    return true;
}

bool colours_to_display(Image& image, bool keep_profile) {
    const VipsInterpretation from = image.interpretation();
    if (from == VIPS_INTERPRETATION_CMYK) return cmyk_to_srgb(image);
    if (from == VIPS_INTERPRETATION_LAB) {
        drop_profile(image);
        return to_space(image, VIPS_INTERPRETATION_sRGB);
    }
    if (from == VIPS_INTERPRETATION_scRGB) {  // linear floating point, from JPEG XL
        drop_profile(image);
        return to_space(image, VIPS_INTERPRETATION_sRGB);
    }
    const bool gray = image.bands() < 3;
    const VipsInterpretation display = gray ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (!profile_fits(image)) drop_profile(image);
    if (has_profile(image) && !keep_profile) {
        if (icc_to_srgb(image, "srgb")) {
            drop_profile(image);
            return to_space(image, display);
        }
        drop_profile(image);
    }
    return to_8_bits(image, display);
}

}  // namespace

bool has_alpha(const Image& image) {
    return vips_image_hasalpha(image.get()) != 0;
}

bool profile_fits(const std::string& profile, int colours) {
    if (profile.empty()) return false;
    VipsImage* black = nullptr;
    if (vips_black(&black, 1, 1, "bands", colours, nullptr) != 0) return false;
    Image pixel(black);
    const VipsInterpretation kind = colours == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (!pixel.apply(
            [&](VipsImage* in, VipsImage** out) { return vips_copy(in, out, "interpretation", kind, nullptr); })) {
        return false;
    }
    return vips_icc_is_compatible_profile(pixel.get(), profile.data(), profile.size()) != 0;
}

bool to_display(Image& image, bool keep_profile) {
    return with_alpha_aside(image, [&](Image& colours) { return colours_to_display(colours, keep_profile); });
}

bool to_gray(Image& image) {
    return with_alpha_aside(image, [](Image& colours) {
        drop_profile(colours);
        return to_space(colours, VIPS_INTERPRETATION_B_W);
    });
}

bool to_bitonal(Image& image) {
    return to_gray(image) && with_alpha_aside(image, [](Image& gray) {
               return gray.apply(
                   [](VipsImage* in, VipsImage** out) { return vips_moreeq_const1(in, out, 128, nullptr); });
           });
}

}  // namespace iiif::render
