// SPDX-License-Identifier: Apache-2.0
#include "source/jpeg_scan.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace iiif::source {
namespace {

using Bytes = std::span<const unsigned char>;

constexpr unsigned kMostCategory = 11;

unsigned big_endian_16(Bytes bytes, std::size_t at) {
    return static_cast<unsigned>(bytes[at] << 8U | bytes[at + 1]);
}

bool carries_nothing_else(unsigned char marker) {
    // Quantisation tables, application segments, comments.
    return marker == jpeg_marker::kDqt || (marker >= 0xE0 && marker <= 0xEF) || marker == 0xFE;
}

}  // namespace

bool JpegHead::read(Bytes stream) {
    if (stream.size() < 4 || stream[0] != 0xFF || stream[1] != jpeg_marker::kSoi) return false;
    std::size_t at = 2;
    while (stream.size() - at >= 4 && stream[at] == 0xFF) {
        const unsigned char marker = stream[at + 1];
        const std::size_t size = big_endian_16(stream, at + 2);
        if (size < 2 || size + 2 > stream.size() - at) return false;
        const Bytes body = stream.subspan(at + 4, size - 2);
        if (marker == jpeg_marker::kBaseline || marker == jpeg_marker::kExtended) {
            if (!read_frame(body)) return false;
            extent_at = at + 5;
        } else if (marker == jpeg_marker::kDht) {
            if (!read_tables(body)) return false;
        } else if (marker == jpeg_marker::kDri) {
            if (body.size() != 2) return false;
            restart = big_endian_16(body, 0);
        } else if (marker == jpeg_marker::kSos) {
            length = at + 2 + size;
            return read_scan(body);
        } else if (!carries_nothing_else(marker)) {
            return false;
        }
        at += 2 + size;
    }
    return false;
}

protocol::Extent JpegHead::mcu() const {
    protocol::Extent pixels{kJpegBlock, kJpegBlock};
    for (std::size_t c = 0; c < count; ++c) {
        pixels.width = std::max(pixels.width, components.at(c).across * kJpegBlock);
        pixels.height = std::max(pixels.height, components.at(c).down * kJpegBlock);
    }
    return pixels;
}

bool JpegHead::read_frame(Bytes body) {
    if (count != 0 || body.size() < 6 || body[0] != 8) return false;
    extent = {big_endian_16(body, 3), big_endian_16(body, 1)};
    count = body[5];
    if (extent.width == 0 || extent.height == 0 || (count != 1 && count != 3) || body.size() != 6 + 3 * count) {
        return false;
    }
    unsigned blocks = 0;
    for (std::size_t c = 0; c < count; ++c) {
        const Bytes one = body.subspan(6 + 3 * c, 3);
        JpegComponent& component = components.at(c);
        component.id = one[0];
        component.across = one[1] >> 4U;
        component.down = one[1] & 15U;
        if (component.across < 1 || component.across > 4 || component.down < 1 || component.down > 4) return false;
        blocks += component.across * component.down;
    }
    // A single component is coded block by block, whatever its sampling.
    if (count == 1) components[0].across = components[0].down = blocks = 1;
    return blocks <= kMostJpegBlocks;
}

bool JpegHead::read_tables(Bytes body) {
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

bool JpegHead::read_scan(Bytes body) {
    if (count == 0 || body.size() != 4 + 2 * count || body[0] != count) return false;
    for (std::size_t c = 0; c < count; ++c) {
        JpegComponent& component = components.at(c);
        component.dc = body[2 + 2 * c] >> 4U;
        component.ac = body[2 + 2 * c] & 15U;
        if (body[1 + 2 * c] != component.id || component.dc >= dc.size() || component.ac >= ac.size()) return false;
    }
    const Bytes rest = body.last(3);
    return rest[0] == 0 && rest[1] == kJpegCoefficients - 1 && rest[2] == 0;
}

bool write_difference(BitWriter& bits, const HuffmanTable& table, int difference) {
    unsigned category = 0;
    for (auto left = static_cast<unsigned>(std::abs(difference)); left != 0; left >>= 1U) ++category;
    if (category > kMostCategory) return false;
    const HuffmanTable::Code code = table.code_of(static_cast<unsigned char>(category));
    if (code.length == 0) return false;
    bits.put(code.bits, code.length);
    const int low = difference < 0 ? difference + (1 << category) - 1 : difference;
    if (category > 0) bits.put(static_cast<std::uint32_t>(low), category);
    return true;
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

}  // namespace iiif::source
