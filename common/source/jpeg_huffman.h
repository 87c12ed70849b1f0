// SPDX-License-Identifier: Apache-2.0
// Huffman codes of a JPEG scan and the bits they are made of. ITU-T T.81 annexes C and F.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace iiif::source {

inline std::uint64_t big_endian_64(const unsigned char* bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    if constexpr (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) value = __builtin_bswap64(value);
    return value;
}

// Bits of memory that goes on for kBeyond bytes behind `end`.
class BitReader {
public:
    // What a block can take at most, 64 symbols of 16 bits with 15 more each, and a word.
    static constexpr std::size_t kBeyond = 64 * 31 / 8 + 8;

    explicit BitReader(const unsigned char* begin) : begin_(begin), next_(begin) {}

    // Makes sure of 56 bits.
    void fill() {
        window_ |= big_endian_64(next_) >> have_;
        next_ += (63 - have_) / 8;
        have_ |= 56;
    }
    // The next 1 to 56 bits.
    [[nodiscard]] std::uint32_t peek(unsigned count) const {
        return static_cast<std::uint32_t>(window_ >> (64 - count));
    }
    void skip(unsigned count) {
        window_ <<= count;
        have_ -= count;
    }
    // Of the next bit, from the beginning.
    [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(next_ - begin_) * 8 - have_; }

private:
    const unsigned char* begin_;
    const unsigned char* next_;
    std::uint64_t window_ = 0;  // from the top
    unsigned have_ = 0;         // bits of it that are meant
};

class BitWriter {
public:
    // At most `most` bytes will be written.
    explicit BitWriter(std::size_t most) : bytes_(most + 8) {}

    // `count` up to 32; the bits above are clear.
    void put(std::uint32_t bits, unsigned count) {
        window_ = window_ << count | bits;
        have_ += count;
        if (have_ < 32) return;
        have_ -= 32;
        for (unsigned i = 0; i < 4; ++i) {
            bytes_[length_ + i] = static_cast<unsigned char>(window_ >> (have_ + 24 - 8 * i));
        }
        length_ += 4;
    }
    // The bits from..to of memory that goes on for 8 bytes behind them.
    void copy(const unsigned char* bytes, std::size_t from, std::size_t to) {
        while (from < to) {
            const auto count = static_cast<unsigned>(to - from < 32 ? to - from : 32);
            // cppcheck-suppress shiftTooManyBits ; count is not 0
            put(static_cast<std::uint32_t>(big_endian_64(bytes + from / 8) << from % 8 >> (64 - count)), count);
            from += count;
        }
    }
    // All that was written, the last byte filled up with ones, as T.81 F.1.2.3 wants it.
    std::span<const unsigned char> finish() {
        put(0x7F, 7);
        const std::size_t length = length_ + have_ / 8;
        put(0, 32);
        return {bytes_.data(), length};
    }

private:
    std::vector<unsigned char> bytes_;
    std::size_t length_ = 0;
    std::uint64_t window_ = 0;  // from the bottom
    unsigned have_ = 0;
};

class HuffmanTable {
public:
    // How many codes there are of each length from 1 to 16, and their symbols in order. nullopt: more than there can
    // be.
    bool build(std::span<const unsigned char, 16> counts, std::span<const unsigned char> symbols);

    // The next symbol; `length`: of its code, or 0 for none. Needs 16 bits in the reader, and takes none.
    unsigned char next(const BitReader& bits, unsigned& length) const {
        const Entry entry = short_[bits.peek(kShort)];
        length = entry.length;
        return length != 0 ? entry.symbol : next_long(bits, length);
    }

    struct Code {
        std::uint16_t bits = 0;
        std::uint8_t length = 0;  // 0: there is none
    };
    [[nodiscard]] Code code_of(unsigned char symbol) const { return codes_[symbol]; }

private:
    static constexpr unsigned kShort = 10;
    struct Entry {
        std::uint8_t length = 0, symbol = 0;
    };
    unsigned char next_long(const BitReader& bits, unsigned& length) const;

    std::array<Entry, 1U << kShort> short_;
    std::array<Code, 256> codes_;
    std::array<unsigned char, 256> symbols_{};
    std::array<std::uint32_t, 17> end_{};    // behind the last code of each length, as 16 bits
    std::array<std::uint32_t, 17> first_{};  // symbol of each length
    std::array<std::uint32_t, 17> start_{};  // the first code of each length
};

}  // namespace iiif::source
