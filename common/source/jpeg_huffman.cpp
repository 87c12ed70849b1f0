// SPDX-License-Identifier: Apache-2.0
#include "source/jpeg_huffman.h"

#include <algorithm>

namespace iiif::source {

bool HuffmanTable::build(std::span<const unsigned char, 16> counts, std::span<const unsigned char> symbols) {
    *this = {};
    std::copy_n(symbols.begin(), std::min(symbols.size(), symbols_.size()), symbols_.begin());
    std::uint32_t code = 0;
    std::uint32_t number = 0;
    for (unsigned length = 1; length <= 16; ++length) {
        start_.at(length) = code;
        first_.at(length) = number;
        for (unsigned i = 0; i < counts[length - 1]; ++i, ++code, ++number) {
            if (code >= 1U << length || number >= symbols.size() || number >= symbols_.size()) return false;
            const unsigned char symbol = symbols_.at(number);
            codes_.at(symbol) = {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(length)};
            if (length > kShort) continue;
            std::fill_n(short_.begin() + (code << (kShort - length)), 1U << (kShort - length),
                        Entry{static_cast<std::uint8_t>(length), symbol});
        }
        end_.at(length) = code << (16 - length);
        code <<= 1U;
    }
    return number == symbols.size();
}

unsigned char HuffmanTable::next_long(const BitReader& bits, unsigned& length) const {
    const std::uint32_t next = bits.peek(16);
    for (length = kShort + 1; length <= 16; ++length) {
        if (next < end_.at(length)) {
            return symbols_.at(first_.at(length) + (next >> (16 - length)) - start_.at(length));
        }
    }
    length = 0;
    return 0;
}

}  // namespace iiif::source
