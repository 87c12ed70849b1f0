// SPDX-License-Identifier: Apache-2.0
// Integer arithmetic wide enough that no product of this room can overflow. Internal to protocol.
//
// Bounds, from which every use follows: a side of an image is below 2^31, an integer of a request at most 2^63
// (parse_integer), a percentage in 10^-10 at most 10^22 < 2^74 (Decimal), a configured limit below 2^64.
// The largest product is percentage times side, below 2^105; round_half_up doubles it to 2^106.
#pragma once

#include <charconv>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>

namespace iiif::protocol {

using Wide = unsigned __int128;

inline constexpr std::uint32_t kLargestSide = std::numeric_limits<std::int32_t>::max();

constexpr Wide round_half_up(Wide numerator, Wide denominator) {
    return (2 * numerator + denominator) / (2 * denominator);
}

// Largest r with r * r <= n, for n below 2^96.
constexpr std::uint64_t floor_sqrt(Wide n) {
    std::uint64_t root = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 47U; bit != 0; bit >>= 1U) {
        const Wide candidate = root | bit;
        if (candidate * candidate <= n) root |= bit;
    }
    return root;
}

// For sentences: what does not fit is as good as infinite.
constexpr std::uint64_t saturate(Wide n) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
    return n > kMost ? kMost : static_cast<std::uint64_t>(n);
}

inline void append_number(std::string& out, std::uint64_t number) {
    char digits[std::numeric_limits<std::uint64_t>::digits10 + 1];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    out.append(std::begin(digits), end);
}

}  // namespace iiif::protocol
