// SPDX-License-Identifier: Apache-2.0
#include "protocol/decimal.h"

#include <algorithm>
#include <limits>

#include "protocol/wide.h"

namespace iiif::protocol {
namespace {

constexpr std::size_t kPlaces = 10;  // of Decimal::kFractionUnit
constexpr std::uint64_t kIntegerMax = std::numeric_limits<std::uint64_t>::max() / 2;

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Digits only, at least one; stops growing at `most`.
std::optional<std::uint64_t> parse_digits(std::string_view text, std::uint64_t most) {
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (most - digit) / 10 ? most : value * 10 + digit;
    }
    return value;
}

}  // namespace

std::optional<std::uint64_t> parse_integer(std::string_view text) {
    return parse_digits(text, kIntegerMax);
}

std::optional<Decimal> parse_decimal(std::string_view text) {
    Decimal value;
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    if (!whole.empty() || point == std::string_view::npos) {
        const auto parsed = parse_digits(whole, Decimal::kWholeMax);
        if (!parsed) return std::nullopt;
        value.whole = *parsed;
    }
    if (point == std::string_view::npos) return value;

    const std::string_view places = text.substr(point + 1);
    const auto fraction = parse_digits(places.substr(0, kPlaces), std::numeric_limits<std::uint64_t>::max());
    if (!fraction) return std::nullopt;
    if (places.size() > kPlaces && places.find_first_not_of('0', kPlaces) != std::string_view::npos) {
        return std::nullopt;
    }
    // A saturated integer part stands for "beyond everything"; a fraction would only make equal values differ.
    if (value.whole == Decimal::kWholeMax) return value;
    value.fraction = *fraction;
    for (std::size_t place = std::min(places.size(), kPlaces); place < kPlaces; ++place) value.fraction *= 10;
    return value;
}

std::string Decimal::text() const {
    std::string out;
    append_number(out, whole);
    if (fraction == 0) return out;
    std::uint64_t rest = fraction;
    out += '.';
    for (std::uint64_t unit = kFractionUnit / 10; rest != 0; unit /= 10) {
        // cppcheck-suppress zerodivcond ; nothing is left after the last place, where the unit is 1
        out += static_cast<char>('0' + static_cast<int>(rest / unit));
        rest %= unit;
    }
    return out;
}

}  // namespace iiif::protocol
