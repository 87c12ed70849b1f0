// SPDX-License-Identifier: Apache-2.0
#include "source/jpeg_crop.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "source/jpeg_huffman.h"

namespace iiif::source {
namespace {

using protocol::Extent;
using Bytes = std::span<const unsigned char>;

constexpr unsigned kSamples = 8;  // of a block's side
constexpr unsigned kCoefficients = 64;
constexpr unsigned kMostBlocks = 10;    // of an MCU: T.81 B.2.3
constexpr unsigned kMostCategory = 11;  // of a DC difference of 8-bit samples
constexpr int kMostDc = 32767;          // what decoders hold
constexpr unsigned char kSoi = 0xD8, kEoi = 0xD9, kSos = 0xDA, kDht = 0xC4, kBaseline = 0xC0, kExtended = 0xC1;

unsigned big_endian_16(Bytes bytes, std::size_t at) {
    return static_cast<unsigned>(bytes[at] << 8U | bytes[at + 1]);
}

std::uint32_t divided_up(std::uint32_t value, std::uint32_t by) {
    return (value - 1) / by + 1;  // value > 0
}

bool carries_nothing_else(unsigned char marker) {
    // Quantisation tables, application segments, comments.
    return marker == 0xDB || (marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE;
}

struct Component {
    unsigned char id = 0;
    unsigned across = 1, down = 1;  // blocks in an MCU
    unsigned dc = 0, ac = 0;        // tables
};

// What stands before the coded data.
struct Head {
    Extent extent;
    std::size_t extent_at = 0;  // of the height, then the width: in 16 bits each
    std::size_t length = 0;
    std::size_t count = 0;  // of components
    std::array<Component, 3> components;
    std::array<HuffmanTable, 2> dc, ac;

    // false: not what this file reads.
    bool read(Bytes stream) {
        if (stream.size() < 4 || stream[0] != 0xFF || stream[1] != kSoi) return false;
        std::size_t at = 2;
        while (stream.size() - at >= 4 && stream[at] == 0xFF) {
            const unsigned char marker = stream[at + 1];
            const std::size_t size = big_endian_16(stream, at + 2);
            if (size < 2 || size + 2 > stream.size() - at) return false;
            const Bytes body = stream.subspan(at + 4, size - 2);
            if (marker == kBaseline || marker == kExtended) {
                if (!read_frame(body)) return false;
                extent_at = at + 5;
            } else if (marker == kDht) {
                if (!read_tables(body)) return false;
            } else if (marker == kSos) {
                length = at + 2 + size;
                return read_scan(body);
            } else if (!carries_nothing_else(marker)) {
                return false;
            }
            at += 2 + size;
        }
        return false;
    }

private:
    bool read_frame(Bytes body) {
        if (count != 0 || body.size() < 6 || body[0] != 8) return false;
        extent = {big_endian_16(body, 3), big_endian_16(body, 1)};
        count = body[5];
        if (extent.width == 0 || extent.height == 0 || (count != 1 && count != 3) || body.size() != 6 + 3 * count) {
            return false;
        }
        unsigned blocks = 0;
        for (std::size_t c = 0; c < count; ++c) {
            const Bytes one = body.subspan(6 + 3 * c, 3);
            Component& component = components.at(c);
            component.id = one[0];
            component.across = one[1] >> 4U;
            component.down = one[1] & 15U;
            if (component.across < 1 || component.across > 4 || component.down < 1 || component.down > 4) return false;
            blocks += component.across * component.down;
        }
        // A single component is coded block by block, whatever its sampling.
        if (count == 1) components[0].across = components[0].down = blocks = 1;
        return blocks <= kMostBlocks;
    }

    bool read_tables(Bytes body) {
        while (!body.empty()) {
            if (body.size() < 17) return false;
            const unsigned kind = body[0] >> 4U;
            const unsigned number = body[0] & 15U;
            if (kind > 1 || number >= dc.size()) return false;
            const auto counts = body.subspan<1, 16>();
            std::size_t symbols = 0;
            for (const unsigned char n : counts) symbols += n;
            if (symbols > 256 || symbols > body.size() - 17) return false;
            if (!(kind == 0 ? dc : ac).at(number).build(counts, body.subspan(17, symbols))) return false;
            body = body.subspan(17 + symbols);
        }
        return true;
    }

    bool read_scan(Bytes body) {
        if (count == 0 || body.size() != 4 + 2 * count || body[0] != count) return false;
        for (std::size_t c = 0; c < count; ++c) {
            Component& component = components.at(c);
            component.dc = body[2 + 2 * c] >> 4U;
            component.ac = body[2 + 2 * c] & 15U;
            if (body[1 + 2 * c] != component.id || component.dc >= dc.size() || component.ac >= ac.size()) return false;
        }
        const Bytes rest = body.last(3);
        return rest[0] == 0 && rest[1] == kCoefficients - 1 && rest[2] == 0;
    }
};

// Coded data up to its end, without the zero behind each 0xFF; as many bytes more as a reader may touch. Empty: no EOI
// follows at once.
std::vector<unsigned char> unstuffed(Bytes data) {
    std::vector<unsigned char> out(data.size() + BitReader::kBeyond);
    std::size_t length = 0;
    while (true) {
        const auto* const found = static_cast<const unsigned char*>(std::memchr(data.data(), 0xFF, data.size()));
        const auto before = found == nullptr ? data.size() : static_cast<std::size_t>(found - data.data());
        if (data.size() - before < 2) return {};
        const unsigned char next = data[before + 1];
        const std::size_t taken = next == 0 ? before + 1 : before;
        std::memcpy(out.data() + length, data.data(), taken);
        length += taken;
        if (next != 0) {
            out.resize(length + BitReader::kBeyond);
            return next == kEoi ? std::move(out) : std::vector<unsigned char>();
        }
        data = data.subspan(before + 2);
    }
}

void append_stuffed(std::string& out, Bytes data) {
    const auto append = [&](Bytes piece) { out.append(reinterpret_cast<const char*>(piece.data()), piece.size()); };
    while (!data.empty()) {
        const auto* const found = static_cast<const unsigned char*>(std::memchr(data.data(), 0xFF, data.size()));
        if (found == nullptr) return append(data);
        const auto length = static_cast<std::size_t>(found - data.data()) + 1;
        append(data.first(length));
        out.push_back('\0');
        data = data.subspan(length);
    }
}

// The scan: MCUs in rows, of which the first ones are copied.
class Scan {
public:
    Scan(const Head& head, const std::vector<unsigned char>& data, std::size_t most)
        : head_(head),
          data_(data),
          bits_((data.size() - BitReader::kBeyond) * 8),
          reader_(data.data()),
          writer_(most) {}

    // `across`, `wanted`: MCUs of a row, and how many of them; `rows`: how many rows. false: damage, or no code.
    bool crop(std::uint32_t across, std::uint32_t wanted, std::uint32_t rows) {
        for (std::uint32_t row = 0; row < rows; ++row) {
            from_ = reader_.position();
            for (std::uint32_t column = 0; column < across; ++column) {
                // Differences of a row's first blocks count from the last ones of the row above, which now are others.
                const bool counts_anew = column == 0 && row > 0 && wanted < across;
                if (!read_mcu(counts_anew)) return false;
                if (column + 1 != wanted) continue;
                writer_.copy(data_.data(), from_, reader_.position());
                last_ = dc_;
                if (row + 1 == rows) return reader_.position() <= bits_;
            }
        }
        return false;
    }

    Bytes finish() { return writer_.finish(); }

private:
    bool read_mcu(bool counts_anew) {
        for (std::size_t c = 0; c < head_.count; ++c) {
            const Component& component = head_.components.at(c);
            const HuffmanTable& ac = head_.ac.at(component.ac);
            for (unsigned block = 0; block < component.across * component.down; ++block) {
                if (!read_dc(c, counts_anew && block == 0) || !skip_ac(ac)) return false;
            }
        }
        return true;
    }

    bool read_dc(std::size_t c, bool counts_anew) {
        const HuffmanTable& table = head_.dc.at(head_.components.at(c).dc);
        const std::size_t begin = reader_.position();
        if (begin > bits_) return false;
        reader_.fill();
        unsigned length = 0;
        const unsigned category = table.next(reader_, length);
        if (length == 0 || category > kMostCategory) return false;
        reader_.skip(length);
        int difference = 0;
        if (category > 0) {
            difference = static_cast<int>(reader_.peek(category));
            if (difference < 1 << (category - 1)) difference -= (1 << category) - 1;
            reader_.skip(category);
        }
        dc_.at(c) += difference;
        if (std::abs(dc_.at(c)) > kMostDc) return false;
        if (!counts_anew) return true;
        writer_.copy(data_.data(), from_, begin);
        from_ = reader_.position();
        return write_dc(table, dc_.at(c) - last_.at(c));
    }

    bool write_dc(const HuffmanTable& table, int difference) {
        unsigned category = 0;
        for (auto left = static_cast<unsigned>(std::abs(difference)); left != 0; left >>= 1U) ++category;
        if (category > kMostCategory) return false;
        const HuffmanTable::Code code = table.code_of(static_cast<unsigned char>(category));
        if (code.length == 0) return false;
        writer_.put(code.bits, code.length);
        const int bits = difference < 0 ? difference + (1 << category) - 1 : difference;
        if (category > 0) writer_.put(static_cast<std::uint32_t>(bits), category);
        return true;
    }

    // Of one block; it may take no more than BitReader::kBeyond.
    bool skip_ac(const HuffmanTable& table) {
        unsigned done = 1;
        while (done < kCoefficients) {
            reader_.fill();
            unsigned length = 0;
            const unsigned symbol = table.next(reader_, length);
            if (length == 0) return false;
            const unsigned size = symbol & 15U;
            const unsigned zeros = symbol >> 4U;
            reader_.skip(length + size);
            if (size == 0 && zeros != 15) return zeros == 0;  // the end of the block
            done += zeros + 1;
        }
        return done == kCoefficients;
    }

    const Head& head_;
    const std::vector<unsigned char>& data_;
    std::size_t bits_;
    BitReader reader_;
    BitWriter writer_;
    std::size_t from_ = 0;              // what was read, and not yet written
    std::array<int, 3> dc_{}, last_{};  // of each component: just read; the last that was kept
};

}  // namespace

std::string cropped_jpeg(Bytes stream, Extent extent) {
    Head head;
    if (!head.read(stream) || extent.width == 0 || extent.height == 0 || extent.width > head.extent.width ||
        extent.height > head.extent.height) {
        return {};
    }
    const std::vector<unsigned char> data = unstuffed(stream.subspan(head.length));
    if (data.empty()) return {};
    std::uint32_t width = kSamples;  // of an MCU
    std::uint32_t height = kSamples;
    for (std::size_t c = 0; c < head.count; ++c) {
        width = std::max(width, head.components.at(c).across * kSamples);
        height = std::max(height, head.components.at(c).down * kSamples);
    }
    const std::uint32_t rows = divided_up(extent.height, height);
    // A row may take a few bits more than before: other codes for three differences.
    Scan scan(head, data, data.size() + std::size_t{rows} * 16);
    if (!scan.crop(divided_up(head.extent.width, width), divided_up(extent.width, width), rows)) return {};

    const Bytes coded = scan.finish();
    std::string out;
    out.reserve(head.length + coded.size() + coded.size() / 32 + 64);
    out.append(reinterpret_cast<const char*>(stream.data()), head.length);
    for (const std::uint32_t side : {extent.height, extent.width}) {
        out[head.extent_at++] = static_cast<char>(side >> 8U);
        out[head.extent_at++] = static_cast<char>(side & 0xFFU);
    }
    append_stuffed(out, coded);
    out.append("\xFF\xD9");
    return out;
}

}  // namespace iiif::source
