// SPDX-License-Identifier: Apache-2.0
// Natural numbers and fractions without any bound, for checking what bounded ones compute. Slow, and short enough to be
// seen to be right: digits of base 10^4, school methods.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string_view>
#include <vector>

namespace iiif::fuzz {

class Natural {
public:
    Natural(std::uint64_t value = 0) {  // NOLINT(google-explicit-constructor): a number is a number
        for (; value != 0; value /= kBase) digits_.push_back(static_cast<std::uint32_t>(value % kBase));
    }
    // Decimal digits and nothing else.
    static Natural read(std::string_view text) {
        Natural out;
        for (const char c : text) out = out * 10 + static_cast<std::uint64_t>(c - '0');
        return out;
    }

    friend std::strong_ordering operator<=>(const Natural& a, const Natural& b) {
        if (a.digits_.size() != b.digits_.size()) return a.digits_.size() <=> b.digits_.size();
        return std::lexicographical_compare_three_way(a.digits_.rbegin(), a.digits_.rend(), b.digits_.rbegin(),
                                                      b.digits_.rend());
    }
    friend bool operator==(const Natural& a, const Natural& b) { return a.digits_ == b.digits_; }

    friend Natural operator+(const Natural& a, const Natural& b) {
        Natural out;
        std::uint32_t carry = 0;
        for (std::size_t i = 0; i < std::max(a.digits_.size(), b.digits_.size()) || carry != 0; ++i) {
            const std::uint32_t sum = a.digit(i) + b.digit(i) + carry;
            out.digits_.push_back(sum % kBase);
            carry = sum / kBase;
        }
        return out;
    }
    // a is not below b.
    friend Natural operator-(const Natural& a, const Natural& b) {
        Natural out;
        std::uint32_t borrowed = 0;
        for (std::size_t i = 0; i < a.digits_.size(); ++i) {
            const std::uint32_t less = b.digit(i) + borrowed;
            borrowed = a.digit(i) < less ? 1 : 0;
            out.digits_.push_back(a.digit(i) + borrowed * kBase - less);
        }
        return out.trimmed();
    }
    friend Natural operator*(const Natural& a, const Natural& b) {
        Natural out;
        for (std::size_t i = 0; i < a.digits_.size(); ++i) {
            Natural row;
            row.digits_.assign(i, 0);
            std::uint32_t carry = 0;
            for (std::size_t j = 0; j < b.digits_.size() || carry != 0; ++j) {
                const std::uint32_t product = a.digits_[i] * b.digit(j) + carry;
                row.digits_.push_back(product % kBase);
                carry = product / kBase;
            }
            out = out + row.trimmed();
        }
        return out;
    }
    // Rounded down; b is not 0.
    friend Natural operator/(const Natural& a, const Natural& b) {
        Natural out;
        Natural rest;
        out.digits_.assign(a.digits_.size(), 0);
        for (std::size_t i = a.digits_.size(); i-- > 0;) {
            rest = rest * kBase + a.digits_[i];
            while (rest >= b) {
                rest = rest - b;
                ++out.digits_[i];
            }
        }
        return out.trimmed();
    }

private:
    static constexpr std::uint32_t kBase = 10'000;
    [[nodiscard]] std::uint32_t digit(std::size_t i) const { return i < digits_.size() ? digits_[i] : 0; }
    Natural trimmed() {
        while (!digits_.empty() && digits_.back() == 0) digits_.pop_back();
        return std::move(*this);
    }
    std::vector<std::uint32_t> digits_;  // the lowest first, none of them a leading zero
};

struct Fraction {
    Natural over = 0, under = 1;
    friend Fraction operator*(const Fraction& a, const Fraction& b) { return {a.over * b.over, a.under * b.under}; }
    friend std::strong_ordering operator<=>(const Fraction& a, const Fraction& b) {
        return a.over * b.under <=> b.over * a.under;
    }
    friend bool operator==(const Fraction& a, const Fraction& b) { return a.over * b.under == b.over * a.under; }
    [[nodiscard]] Natural half_up() const { return (over * 2 + under) / (under * 2); }
};

}  // namespace iiif::fuzz
