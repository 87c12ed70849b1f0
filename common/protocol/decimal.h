// SPDX-License-Identifier: Apache-2.0
// Decimal numbers as the specification writes them, exact. Image API 3.0 section 4.7 (floating point values).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace iiif::protocol {

// value = units / 10^digits. Integer parts beyond 10^12 saturate there: larger than any image, small enough
// that units times a 32-bit dimension stays far inside 128 bits.
struct Decimal {
    std::uint64_t whole = 0;     // integer part, at most kWholeMax
    std::uint64_t fraction = 0;  // fraction * 10^-10
    static constexpr std::uint64_t kWholeMax = 1'000'000'000'000;
    static constexpr std::uint64_t kFractionUnit = 10'000'000'000;  // ten decimal places

    [[nodiscard]] unsigned __int128 units() const {  // in 10^-10
        return static_cast<unsigned __int128>(whole) * kFractionUnit + fraction;
    }
    [[nodiscard]] bool is_zero() const { return whole == 0 && fraction == 0; }
    // Shortest form: "22.5", "0.5", "90".
    [[nodiscard]] std::string text() const;
    bool operator==(const Decimal&) const = default;
};

// Digits with at most one '.', digits after it if it is there ("5." is refused, ".5" is 0.5),
// at most ten decimal places that are not zeros. nullopt otherwise.
std::optional<Decimal> parse_decimal(std::string_view text);

// Digits only; saturates at UINT64_MAX / 2. nullopt otherwise.
std::optional<std::uint64_t> parse_integer(std::string_view text);

}  // namespace iiif::protocol
