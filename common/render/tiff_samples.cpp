// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_samples.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace iiif::render {
namespace {

using Kind = SampleLayout::Kind;

// Rows need not be aligned to the size of a sample.
template <class T>
T load(const unsigned char* row, std::size_t index) {
    T value;
    std::memcpy(&value, row + index * sizeof(T), sizeof(T));
    return value;
}

// IEEE 754 binary16.
float half_to_float(std::uint16_t half) {
    const int exponent = (half >> 10U) & 0x1F;
    const auto fraction = static_cast<float>(half & 0x3FFU);
    const float sign = (half & 0x8000U) != 0 ? -1.0F : 1.0F;
    if (exponent == 0x1F) return fraction != 0 ? 0.0F : sign * 65504.0F;
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024.0F + fraction, exponent - 25);
}

std::uint16_t unit_to_16(double value) {
    if (!(value > 0)) return 0;  // NaN too
    return value >= 1 ? 65535 : static_cast<std::uint16_t>(value * 65535 + 0.5);
}

// Sample `index` of a row packed most significant bit first; 1..16 bits.
std::uint32_t packed_bits(const unsigned char* row, std::size_t index, unsigned bits) {
    std::size_t at = index * bits;
    std::uint32_t value = 0;
    for (unsigned left = bits; left > 0;) {
        const unsigned free = 8 - static_cast<unsigned>(at % 8);
        const unsigned take = left < free ? left : free;
        value = value << take | ((row[at / 8] >> (free - take)) & ((1U << take) - 1U));
        at += take;
        left -= take;
    }
    return value;
}

std::uint32_t raw_sample(const SampleLayout& layout, const unsigned char* row, std::size_t index) {
    if (layout.bits == 8) return row[index];
    if (layout.bits == 16) return load<std::uint16_t>(row, index);
    return packed_bits(row, index, layout.bits);
}

// The largest value of an unsigned integer sample of 1 to 32 bits: what 255 stands for.
std::uint32_t largest(std::uint32_t bits) {
    return std::numeric_limits<std::uint32_t>::max() >> (32U - std::clamp(bits, 1U, 32U));
}

std::uint8_t sample_8(const SampleLayout& layout, const unsigned char* row, std::size_t index) {
    if (layout.bits == 8) return row[index];
    const std::uint32_t most = largest(layout.bits);
    return static_cast<std::uint8_t>((packed_bits(row, index, layout.bits) * 255U + most / 2) / most);
}

std::uint16_t sample_16(const SampleLayout& layout, const unsigned char* row, std::size_t index) {
    if (layout.encoding == SampleLayout::Encoding::floating) {
        switch (layout.bits) {
            case 16: return unit_to_16(half_to_float(load<std::uint16_t>(row, index)));
            case 32: return unit_to_16(load<float>(row, index));
            default: return unit_to_16(load<double>(row, index));
        }
    }
    switch (layout.bits) {
        case 16: return load<std::uint16_t>(row, index);
        case 24: {
            // libtiff swaps 24-bit samples to the machine's order as well.
            const unsigned char* at = row + index * 3;
            const bool little = std::endian::native == std::endian::little;
            return static_cast<std::uint16_t>(little ? at[2] << 8U | at[1] : at[0] << 8U | at[1]);
        }
        case 32: return static_cast<std::uint16_t>(load<std::uint32_t>(row, index) >> 16U);
        default: {
            const std::uint32_t most = largest(layout.bits);
            return static_cast<std::uint16_t>((packed_bits(row, index, layout.bits) * 65535U + most / 2) / most);
        }
    }
}

// TIFF 6.0 section 23: L* 0..100 over the unsigned range, a* and b* signed (8 bits: units, 16 bits: 1/256).
// ICCLAB (technical note of 2002) stores a* and b* with an offset instead.
float lab_sample(const SampleLayout& layout, const unsigned char* row, std::size_t index, std::size_t channel) {
    const std::uint32_t raw = raw_sample(layout, row, index);
    const bool wide = layout.bits == 16;
    if (channel == 0) {
        if (layout.kind == Kind::icclab && wide) return std::min(static_cast<float>(raw) * 100.0F / 65280.0F, 100.0F);
        return static_cast<float>(raw) * 100.0F / (wide ? 65535.0F : 255.0F);
    }
    if (layout.kind == Kind::icclab) {
        return wide ? (static_cast<float>(raw) - 32768.0F) / 256.0F : static_cast<float>(raw) - 128.0F;
    }
    return wide ? static_cast<float>(static_cast<std::int16_t>(raw)) / 256.0F
                : static_cast<float>(static_cast<std::int8_t>(raw));
}

// Where sample `sample` of pixel `x` stands.
struct Place {
    const unsigned char* row;
    std::size_t index;
};

Place place(const SampleLayout& layout, std::span<const unsigned char* const> planes, std::size_t x,
            std::size_t sample) {
    if (layout.separate) return {planes[sample], x};
    return {planes[0], x * layout.samples + sample};
}

template <class T, class Sample>
void unpack(const SampleLayout& layout, std::span<const unsigned char* const> planes, std::size_t first,
            std::size_t width, T* out, Sample sample) {
    const std::size_t colours = layout.colours();
    const T inverted = layout.kind == Kind::gray_inverted ? static_cast<T>(~T{0}) : T{0};
    for (std::size_t x = first; x < first + width; ++x) {
        for (std::size_t i = 0; i < colours; ++i) {
            const Place at = place(layout, planes, x, i);
            *out++ = static_cast<T>(sample(layout, at.row, at.index) ^ inverted);
        }
        if (layout.alpha) {
            const Place at = place(layout, planes, x, layout.alpha_sample);
            *out++ = sample(layout, at.row, at.index);
        }
    }
}

void unpack_palette(const SampleLayout& layout, std::span<const unsigned char* const> planes, std::size_t first,
                    std::size_t width, unsigned char* out) {
    for (std::size_t x = first; x < first + width; ++x) {
        const Place at = place(layout, planes, x, 0);
        const std::uint32_t entry = raw_sample(layout, at.row, at.index);
        const std::array<std::uint8_t, 3> colour =
            entry < layout.palette.size() ? layout.palette[entry] : std::array<std::uint8_t, 3>{};
        std::memcpy(out, colour.data(), colour.size());
        out += colour.size();
        if (layout.alpha) {
            const Place alpha = place(layout, planes, x, layout.alpha_sample);
            const std::uint32_t raw = raw_sample(layout, alpha.row, alpha.index);
            const std::uint32_t most = largest(layout.bits);
            *out++ = static_cast<unsigned char>((std::uint64_t{raw} * 255 + most / 2) / most);
        }
    }
}

}  // namespace

std::size_t SampleLayout::colours() const {
    switch (kind) {
        case Kind::gray:
        case Kind::gray_inverted: return 1;
        case Kind::cmyk: return 4;
        default: return 3;
    }
}

void unpack_row(const SampleLayout& layout, std::span<const unsigned char* const> planes, std::size_t first,
                std::size_t width, unsigned char* out) {
    if (layout.lab()) {
        for (std::size_t x = first; x < first + width; ++x) {
            for (std::size_t channel = 0; channel < 3; ++channel) {
                const Place at = place(layout, planes, x, channel);
                const float value = lab_sample(layout, at.row, at.index, channel);
                std::memcpy(out, &value, sizeof value);
                out += sizeof value;
            }
        }
        return;
    }
    if (layout.kind == Kind::palette) {
        unpack_palette(layout, planes, first, width, out);
    } else if (layout.wide()) {
        unpack(layout, planes, first, width, reinterpret_cast<std::uint16_t*>(out), sample_16);
    } else if (layout.bits == 8 && !layout.separate && layout.samples == layout.bands() &&
               layout.kind != Kind::gray_inverted && (!layout.alpha || layout.alpha_sample + 1U == layout.samples)) {
        std::memcpy(out, planes[0] + first * layout.samples, width * layout.samples);  // by far the most frequent
    } else {
        unpack(layout, planes, first, width, out, sample_8);
    }
}

}  // namespace iiif::render
