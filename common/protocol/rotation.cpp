// SPDX-License-Identifier: Apache-2.0
// The extent of a rotated image. Sines in fixed point, so that every machine computes the same size: libm may differ
// in the last bit between versions, and a worker and a renderer must agree on every Content-Length and canonical URI.
#include <algorithm>

#include "protocol/geometry.h"
#include "protocol/wide.h"

namespace iiif::protocol {
namespace {

constexpr unsigned kBits = 60;  // of fraction
constexpr std::uint64_t kOne = std::uint64_t{1} << kBits;
constexpr std::uint64_t kPi = 3'622'009'729'038'561'421;   // floor(pi * 2^60)
constexpr std::uint64_t kDegree = Decimal::kFractionUnit;  // Decimal's unit

struct SineCosine {
    std::uint64_t sine, cosine;  // of 2^-60, 0 .. kOne
};

constexpr std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint64_t>((Wide{a} * b) >> kBits);
}

// Taylor series up to the 20th and 21st power, for 0 .. 45 degrees in 10^-10 degree. What the series leaves out is far
// below 2^-60, and each of its steps truncates less than 2^-59: the error stays below 2^-54, and below 2^-22 pixel
// after multiplying by a side. A tie cannot occur: by Niven's theorem sine and cosine are rational together only at
// multiples of 90 degrees, which never come here.
constexpr SineCosine within_eighth(std::uint64_t angle) {
    const auto radians = static_cast<std::uint64_t>(Wide{angle} * kPi / (180 * Wide{kDegree}));
    const std::uint64_t square = multiply(radians, radians);
    std::uint64_t sine = radians;
    std::uint64_t cosine = kOne;
    std::uint64_t sine_term = radians;
    std::uint64_t cosine_term = kOne;
    for (std::uint64_t n = 2; n <= 20; n += 2) {
        cosine_term = multiply(cosine_term, square) / ((n - 1) * n);
        sine_term = multiply(sine_term, square) / (n * (n + 1));
        if (n % 4 == 2) {
            cosine -= cosine_term;
            sine -= sine_term;
        } else {
            cosine += cosine_term;
            sine += sine_term;
        }
    }
    return {sine, cosine};
}

// Absolute values, for 0 .. 360 degrees in 10^-10 degree.
constexpr SineCosine absolute_sine_cosine(std::uint64_t angle) {
    angle %= 180 * kDegree;                                   // both have this period without their signs,
    if (angle > 90 * kDegree) angle = 180 * kDegree - angle;  // and are mirrored at 90 degrees
    if (angle <= 45 * kDegree) return within_eighth(angle);
    const SineCosine complement = within_eighth(90 * kDegree - angle);
    return {complement.cosine, complement.sine};
}

}  // namespace

int quarter_turns(const Rotation& rotation) {
    if (rotation.degrees.fraction != 0 || rotation.degrees.whole % 90 != 0) return -1;
    return static_cast<int>(rotation.degrees.whole / 90 % 4);
}

Extent rotated_extent(Extent extent, const Rotation& rotation) {
    const int turns = quarter_turns(rotation);
    if (turns >= 0) return turns % 2 == 0 ? extent : Extent{extent.height, extent.width};

    const auto [sine, cosine] = absolute_sine_cosine(static_cast<std::uint64_t>(rotation.degrees.units()));
    // Sides below 2^31 give sums below 2^92, and results below 2^31 * sqrt(2), which 32 bits hold.
    const auto side = [](std::uint32_t along, std::uint64_t by, std::uint32_t across, std::uint64_t by_across) {
        const Wide sum = Wide{along} * by + Wide{across} * by_across;
        return static_cast<std::uint32_t>(std::max<Wide>(1, (sum + kOne / 2) >> kBits));
    };
    return {side(extent.width, cosine, extent.height, sine), side(extent.width, sine, extent.height, cosine)};
}

}  // namespace iiif::protocol
