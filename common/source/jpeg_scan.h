// SPDX-License-Identifier: Apache-2.0
// What a baseline JPEG says before its coded data, and those data block by block, without decoding them. ITU-T T.81
// annexes B and F.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "protocol/geometry.h"
#include "source/jpeg_huffman.h"

namespace iiif::source {

inline constexpr unsigned kJpegBlock = 8;  // samples of a block's side
inline constexpr unsigned kJpegCoefficients = 64;
inline constexpr unsigned kMostJpegBlocks = 10;  // of an MCU: T.81 B.2.3

namespace jpeg_marker {
inline constexpr unsigned char kBaseline = 0xC0, kExtended = 0xC1, kDht = 0xC4, kRst = 0xD0, kSoi = 0xD8, kEoi = 0xD9,
                               kSos = 0xDA, kDqt = 0xDB, kDri = 0xDD, kApp0 = 0xE0, kApp14 = 0xEE;
}

struct JpegComponent {
    unsigned char id = 0;
    unsigned across = 1, down = 1;  // blocks in an MCU
    unsigned dc = 0, ac = 0;        // tables
};

// What stands before the coded data.
struct JpegHead {
    protocol::Extent extent;
    std::size_t extent_at = 0;  // of the height, then the width: in 16 bits each
    std::size_t length = 0;
    std::uint32_t restart = 0;  // MCUs from one restart marker to the next; 0: there are none
    std::size_t count = 0;      // of components: 1 or 3
    std::array<JpegComponent, 3> components;
    std::array<HuffmanTable, 2> dc, ac;

    // From SOI to SOS, at least. false: not baseline of 8 bits with one scan and one or three components, or damaged.
    // To be called once.
    bool read(std::span<const unsigned char> stream);
    [[nodiscard]] protocol::Extent mcu() const;  // pixels

private:
    bool read_frame(std::span<const unsigned char> body);
    bool read_tables(std::span<const unsigned char> body);
    bool read_scan(std::span<const unsigned char> body);
};

// A DC difference; takes up to 27 bits. false: no code.
inline bool read_difference(BitReader& bits, const HuffmanTable& table, int& difference) {
    constexpr unsigned kMostCategory = 11;  // of 8-bit samples
    bits.fill();
    unsigned length = 0;
    const unsigned category = table.next(bits, length);
    difference = 0;
    if (length == 0 || category > kMostCategory) return false;
    bits.skip(length);
    if (category == 0) return true;
    difference = static_cast<int>(bits.peek(category));
    if (difference < 1 << (category - 1)) difference -= (1 << category) - 1;
    bits.skip(category);
    return true;
}

// false: the table lacks the code.
bool write_difference(BitWriter& bits, const HuffmanTable& table, int difference);

// Passes the AC coefficients of a block, up to BitReader::kBeyond bytes. false: no code, or too many coefficients.
// `done`: those passed before.
inline bool skip_ac(BitReader& bits, const HuffmanTable& table, unsigned done = 1) {
    while (done < kJpegCoefficients) {
        bits.fill();
        unsigned length = 0;
        const unsigned symbol = table.next(bits, length);
        if (length == 0) return false;
        const unsigned size = symbol & 15U;
        const unsigned zeros = symbol >> 4U;
        bits.skip(length + size);
        if (size == 0 && zeros != 15) return zeros == 0;  // the end of the block
        done += zeros + 1;
    }
    return done == kJpegCoefficients;
}

inline constexpr int kMostJpegDc = 32767;  // what decoders hold

// Appends coded data with a zero behind each 0xFF.
void append_stuffed(std::string& out, std::span<const unsigned char> data);

}  // namespace iiif::source
