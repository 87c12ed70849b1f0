// SPDX-License-Identifier: Apache-2.0
// ICC.1:2010, and 2001 for version 2: a matrix/TRC profile has three colorants and three curves.
#include "render/srgb_profile.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace iiif::render {
namespace {

constexpr std::size_t kHeader = 128;
constexpr std::uint32_t kMostTags = 100;

class Bytes {
public:
    explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    // 0 beyond the end.
    [[nodiscard]] std::uint32_t u16(std::size_t at) const { return (byte(at) << 8U) | byte(at + 1); }
    [[nodiscard]] std::uint32_t u32(std::size_t at) const { return (u16(at) << 16U) | u16(at + 2); }
    [[nodiscard]] double fixed(std::size_t at) const { return static_cast<std::int32_t>(u32(at)) / 65536.0; }
    [[nodiscard]] bool is(std::size_t at, std::string_view signature) const {
        return at <= bytes_.size() && bytes_.substr(at, signature.size()) == signature;
    }
    // Empty when there is none.
    [[nodiscard]] Bytes tag(std::string_view signature) const {
        const std::uint32_t count = u32(kHeader);
        for (std::uint32_t i = 0; i < count && i < kMostTags; ++i) {
            const std::size_t entry = kHeader + 4 + std::size_t{i} * 12;
            if (!is(entry, signature)) continue;
            const std::size_t offset = u32(entry + 4);
            const std::size_t length = u32(entry + 8);
            if (offset > bytes_.size() || length > bytes_.size() - offset) break;
            return Bytes(bytes_.substr(offset, length));
        }
        return Bytes({});
    }

private:
    [[nodiscard]] std::uint32_t byte(std::size_t at) const {
        return at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0;
    }
    std::string_view bytes_;
};

double linear(double value) {
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

double encoded(double value) {
    return value <= 0.0031308 ? value * 12.92 : 1.055 * std::pow(value, 1 / 2.4) - 0.055;
}

// IEC 61966-2-1's primaries under D50. Makers rounded them differently.
bool is_colorant(const Bytes& tag, const std::array<double, 3>& expected) {
    if (tag.size() < 20 || !tag.is(0, "XYZ ")) return false;
    for (std::size_t i = 0; i < 3; ++i) {
        if (std::abs(tag.fixed(8 + 4 * i) - expected.at(i)) > 0.0015) return false;
    }
    return true;
}

double curve_at(const Bytes& tag, double value) {
    const std::uint32_t count = tag.u32(8);
    const double place = value * (count - 1);
    const auto below = static_cast<std::uint32_t>(place);
    const std::uint32_t above = below + 1 < count ? below + 1 : below;
    const double low = tag.u16(12 + std::size_t{below} * 2);
    const double high = tag.u16(12 + std::size_t{above} * 2);
    return (low + (high - low) * (place - below)) / 65535;
}

double function_at(const Bytes& tag, double value) {
    const double cut = tag.fixed(28);
    return value >= cut ? std::pow(tag.fixed(16) * value + tag.fixed(20), tag.fixed(12)) : tag.fixed(24) * value;
}

// By what it does to each 8-bit value: less than one step of them.
bool is_curve(const Bytes& tag) {
    const bool table = tag.is(0, "curv") && tag.u32(8) >= 16 && tag.size() >= 12 + std::size_t{tag.u32(8)} * 2;
    const bool function = tag.is(0, "para") && tag.u16(8) == 3 && tag.size() >= 32;
    if (!table && !function) return false;
    for (int i = 0; i < 256; ++i) {
        const double value = i / 255.0;
        const double seen = table ? curve_at(tag, value) : function_at(tag, value);
        if (!(std::abs(encoded(seen) - encoded(linear(value))) < 0.75 / 255)) return false;
    }
    return true;
}

}  // namespace

bool is_srgb(const std::string& profile) {
    const Bytes bytes(profile);
    if (bytes.size() < kHeader + 4 || !bytes.is(36, "acsp") || !bytes.is(16, "RGB ") || !bytes.is(20, "XYZ ")) {
        return false;
    }
    // Tables of colours would go before the matrix.
    for (const char* table : {"A2B0", "A2B1", "A2B2", "D2B0", "D2B1"}) {
        if (bytes.tag(table).size() != 0) return false;
    }
    return is_colorant(bytes.tag("rXYZ"), {0.43607, 0.22249, 0.01392}) &&
           is_colorant(bytes.tag("gXYZ"), {0.38515, 0.71687, 0.09708}) &&
           is_colorant(bytes.tag("bXYZ"), {0.14307, 0.06061, 0.71410}) && is_curve(bytes.tag("rTRC")) &&
           is_curve(bytes.tag("gTRC")) && is_curve(bytes.tag("bTRC"));
}

}  // namespace iiif::render
