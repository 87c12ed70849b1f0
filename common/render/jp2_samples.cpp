// SPDX-License-Identifier: Apache-2.0
#include "render/jp2_samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace iiif::render {
namespace {

// ISO/IEC 10918-5 (JFIF): full range, as sYCC has it.
void ycc_to_rgb(std::array<double, 3>& v) {
    const double y = v[0];
    const double cb = v[1] - 0.5;
    const double cr = v[2] - 0.5;
    v[0] = y + 1.402 * cr;
    v[1] = y - 0.344136 * cb - 0.714136 * cr;
    v[2] = y + 1.772 * cb;
}

// Which sample of a component stands for the pixels from..to; subsampled components are repeated. Places are of the
// image, not of what was decoded: a window must show what the whole image shows.
std::vector<std::uint32_t> sources(std::uint32_t from, std::uint32_t to, std::uint32_t step, std::uint32_t origin,
                                   std::uint32_t count, std::uint32_t reduction) {
    const auto first = static_cast<std::uint32_t>((origin + (std::uint64_t{1} << reduction) - 1) >> reduction);
    std::vector<std::uint32_t> indices;
    indices.reserve(to - from);
    for (std::uint32_t at = from; at < to; ++at) {
        const std::uint32_t place = std::max(at / step, first) - first;
        indices.push_back(std::min(place, count - 1));
    }
    return indices;
}

struct Component {
    const OPJ_INT32* data;
    std::uint32_t width;
    std::int64_t most, offset;
    std::vector<std::uint32_t> columns, rows;

    [[nodiscard]] std::uint64_t value(std::int64_t sample) const {
        return static_cast<std::uint64_t>(std::clamp<std::int64_t>(sample + offset, 0, most));
    }
};

template <class T>
void pack_plain(const Component& c, std::uint32_t height, std::uint32_t bands, T* out) {
    constexpr std::uint64_t kMost = static_cast<T>(~T{0});
    const auto range = static_cast<std::uint64_t>(c.most);
    for (std::uint32_t y = 0; y < height; ++y) {
        const OPJ_INT32* const row = c.data + std::size_t{c.rows[y]} * c.width;
        if (range == kMost && c.columns.size() == c.width) {
            const auto offset = static_cast<OPJ_INT32>(c.offset);
            for (std::uint32_t x = 0; x < c.width; ++x, out += bands) {
                *out = static_cast<T>(std::clamp<OPJ_INT32>(row[x], -offset, static_cast<OPJ_INT32>(kMost) - offset) +
                                      offset);
            }
            continue;
        }
        for (const std::uint32_t column : c.columns) {
            const std::uint64_t value = c.value(row[column]);
            *out = static_cast<T>(range == kMost ? value : (value * kMost + range / 2) / range);
            out += bands;
        }
    }
}

template <class T>
void pack_ycc(const std::array<Component, kMostComponents>& components, std::uint32_t width, std::uint32_t height,
              std::uint32_t bands, T* out) {
    constexpr auto kMost = static_cast<double>(static_cast<T>(~T{0}));
    std::array<double, 3> unit{};
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x, out += bands) {
            for (std::size_t band = 0; band < 3; ++band) {
                const Component& c = components.at(band);
                const std::uint64_t value = c.value(c.data[std::size_t{c.rows[y]} * c.width + c.columns[x]]);
                unit.at(band) = static_cast<double>(value) / static_cast<double>(c.most);
            }
            ycc_to_rgb(unit);
            for (std::size_t band = 0; band < 3; ++band) {
                out[band] = static_cast<T>(std::lround(std::clamp(unit.at(band), 0.0, 1.0) * kMost));
            }
        }
    }
}

template <class T>
void pack_as(const opj_image_t& image, const Meaning& meaning, const Box& area, std::uint32_t reduction, T* out) {
    const std::uint32_t bands = meaning.bands();
    std::array<Component, kMostComponents> components;
    for (std::uint32_t band = 0; band < bands; ++band) {
        const opj_image_comp_t& c = image.comps[band < meaning.colours ? band : meaning.alpha_component];
        components.at(band) = {c.data,
                               c.w,
                               (std::int64_t{1} << c.prec) - 1,
                               c.sgnd != 0 ? std::int64_t{1} << (c.prec - 1) : 0,
                               sources(area.x0, area.x1, c.dx, c.x0, c.w, reduction),
                               sources(area.y0, area.y1, c.dy, c.y0, c.h, reduction)};
    }
    const std::uint32_t first = meaning.ycc ? 3 : 0;
    if (meaning.ycc) pack_ycc(components, area.width(), area.height(), bands, out);
    for (std::uint32_t band = first; band < bands; ++band) {
        pack_plain(components.at(band), area.height(), bands, out + band);
    }
}

}  // namespace

std::string unsupported(const opj_image_t& image) {
    const opj_image_comp_t& first = image.comps[0];
    if (image.numcomps > kMostComponents) {
        return "This JPEG 2000 image has more than four colours, which this server does not read.";
    }
    for (std::uint32_t i = 0; i < image.numcomps; ++i) {
        const opj_image_comp_t& component = image.comps[i];
        if (component.prec == 0 || component.prec > 16) {
            return "This JPEG 2000 image has samples of more than 16 bits, which this server does not read.";
        }
        if (component.dx == 0 || component.dy == 0) return "This JPEG 2000 image has a component without a size.";
    }
    if (first.dx != 1 || first.dy != 1) {
        return "This JPEG 2000 image stores every component subsampled, which this server does not read.";
    }
    return "";
}

Meaning meaning_of(const opj_image_t& image) {
    Meaning meaning;
    const std::uint32_t count = image.numcomps;
    std::uint32_t colours = count;
    for (std::uint32_t i = 0; i < count; ++i) {
        meaning.wide = meaning.wide || image.comps[i].prec > 8;
        if (image.comps[i].alpha == 0) continue;
        if (!meaning.alpha) meaning.alpha_component = i;
        meaning.alpha = true;
        colours = std::min(colours, i);  // alpha follows the colours
    }
    const bool cmyk = image.color_space == OPJ_CLRSPC_CMYK && colours >= 4;
    meaning.colours = cmyk ? 4 : colours >= 3 ? 3 : 1;
    // A second or fourth component without a channel definition is transparency by custom.
    if (!meaning.alpha && !cmyk && (count == 2 || count == 4)) {
        meaning.alpha = true;
        meaning.alpha_component = count - 1;
    }
    const bool subsampled = count >= 3 && image.comps[1].dx > 1 && image.comps[2].dx > 1;
    meaning.ycc =
        meaning.colours == 3 && (image.color_space == OPJ_CLRSPC_SYCC || image.color_space == OPJ_CLRSPC_EYCC ||
                                 (subsampled && image.color_space != OPJ_CLRSPC_SRGB));
    if (cmyk) {
        meaning.interpretation = VIPS_INTERPRETATION_CMYK;
    } else if (meaning.colours == 3) {
        meaning.interpretation = meaning.wide ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    } else {
        meaning.interpretation = meaning.wide ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    }
    return meaning;
}

bool complete(const opj_image_t& image, const Box& area) {
    for (std::uint32_t i = 0; i < image.numcomps; ++i) {
        const opj_image_comp_t& c = image.comps[i];
        if (c.data == nullptr || c.w == 0 || c.h == 0 || c.prec == 0 || c.prec > 16 || c.dx == 0 || c.dy == 0) {
            return false;
        }
    }
    return image.numcomps > 0 && image.numcomps <= kMostComponents && image.comps[0].w == area.width() &&
           image.comps[0].h == area.height();
}

void pack(const opj_image_t& image, const Meaning& meaning, const Box& area, std::uint32_t reduction, void* out) {
    if (meaning.wide) {
        pack_as(image, meaning, area, reduction, static_cast<std::uint16_t*>(out));
    } else {
        pack_as(image, meaning, area, reduction, static_cast<std::uint8_t*>(out));
    }
}

}  // namespace iiif::render
