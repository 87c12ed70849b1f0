// SPDX-License-Identifier: Apache-2.0
// Which bytes may stand somewhere. Looked up, not searched for: each byte of each URI is asked about more than once.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace iiif::protocol {

class CharSet {
public:
    enum class Also : bool { nothing, letters_and_digits };

    constexpr explicit CharSet(std::string_view characters, Also also = Also::nothing) {
        for (const char c : characters) has_[static_cast<unsigned char>(c)] = true;
        if (also == Also::nothing) return;
        for (unsigned char c = '0'; c <= '9'; ++c) has_[c] = true;
        for (unsigned char c = 'A'; c <= 'Z'; ++c) has_[c] = has_[c + ('a' - 'A')] = true;
    }
    [[nodiscard]] constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }
    // npos: none of them is in `text`.
    [[nodiscard]] constexpr std::size_t first_in(std::string_view text) const {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (has(text[i])) return i;
        }
        return std::string_view::npos;
    }

private:
    std::array<bool, 256> has_{};
};

}  // namespace iiif::protocol
