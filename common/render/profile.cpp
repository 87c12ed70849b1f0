// SPDX-License-Identifier: Apache-2.0
#include "render/profile.h"

#include <lcms2.h>

#include <cstdlib>
#include <limits>
#include <memory>
#include <vector>

namespace iiif::render {
namespace {

// One step of 255 is what two encoders of the same profile differ by.
constexpr int kTolerance = 1;
constexpr unsigned kSteps = 9;  // of each colour, from 0 to 255

struct Close {
    void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, Close>;
struct Delete {
    void operator()(void* transform) const { cmsDeleteTransform(transform); }
};

std::uint8_t level(unsigned step) {
    return static_cast<std::uint8_t>(step * 255 / (kSteps - 1));
}

std::vector<std::uint8_t> every_colour(unsigned samples) {
    std::vector<std::uint8_t> out;
    if (samples == 1) {
        for (unsigned gray = 0; gray < 256; ++gray) out.push_back(static_cast<std::uint8_t>(gray));
        return out;
    }
    for (unsigned r = 0; r < kSteps; ++r) {
        for (unsigned g = 0; g < kSteps; ++g) {
            for (unsigned b = 0; b < kSteps; ++b) out.insert(out.end(), {level(r), level(g), level(b)});
        }
    }
    return out;
}

}  // namespace

bool changes_colours(std::span<const std::uint8_t> bytes, unsigned samples) {
    if (bytes.size() > std::numeric_limits<cmsUInt32Number>::max() || (samples != 1 && samples != 3)) return false;
    const Profile profile(cmsOpenProfileFromMem(bytes.data(), static_cast<cmsUInt32Number>(bytes.size())));
    const auto wanted = samples == 1 ? cmsSigGrayData : cmsSigRgbData;
    if (!profile || cmsGetColorSpace(profile.get()) != wanted) return false;
    const Profile srgb(cmsCreate_sRGBProfile());
    const cmsUInt32Number from = samples == 1 ? TYPE_GRAY_8 : TYPE_RGB_8;
    const std::unique_ptr<void, Delete> transform(
        cmsCreateTransform(profile.get(), from, srgb.get(), TYPE_RGB_8, INTENT_RELATIVE_COLORIMETRIC,
                           cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE));
    if (!transform) return false;
    const std::vector<std::uint8_t> stored = every_colour(samples);
    const std::size_t count = stored.size() / samples;
    std::vector<std::uint8_t> shown(count * 3);
    cmsDoTransform(transform.get(), stored.data(), shown.data(), static_cast<cmsUInt32Number>(count));
    for (std::size_t i = 0; i < shown.size(); ++i) {
        const int before = stored[samples == 1 ? i / 3 : i];
        if (std::abs(before - int{shown[i]}) > kTolerance) return true;
    }
    return false;
}

}  // namespace iiif::render
