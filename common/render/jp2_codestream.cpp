// SPDX-License-Identifier: Apache-2.0
#include "render/jp2_codestream.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "render/sniff.h"

namespace iiif::render {
namespace {

using Bytes = std::vector<unsigned char>;

enum Marker : std::uint16_t {
    kSoc = 0xFF4F,
    kSiz = 0xFF51,
    kCod = 0xFF52,
    kCoc = 0xFF53,
    kTlm = 0xFF55,
    kPlm = 0xFF57,
    kPpm = 0xFF60,
    kCom = 0xFF64,
    kSot = 0xFF90,
    kEoc = 0xFFD9,
};

// More than any sound file has; what has more is left to OpenJPEG.
constexpr std::size_t kMostBoxBytes = std::size_t{8} << 20U;
constexpr std::size_t kMostHeaderBytes = std::size_t{1} << 20U;
constexpr std::size_t kMostParts = std::size_t{1} << 18U;
constexpr std::size_t kMostBoxes = 1000;
constexpr std::uint32_t kSotBytes = 12;

std::uint16_t get16(std::span<const unsigned char> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}
std::uint32_t get32(std::span<const unsigned char> bytes, std::size_t at) {
    return std::uint32_t{get16(bytes, at)} << 16U | get16(bytes, at + 2);
}
void put16(Bytes& bytes, std::size_t at, std::uint32_t value) {
    bytes.at(at) = static_cast<unsigned char>(value >> 8U);
    bytes.at(at + 1) = static_cast<unsigned char>(value);
}
void put32(Bytes& bytes, std::size_t at, std::uint32_t value) {
    put16(bytes, at, value >> 16U);
    put16(bytes, at + 2, value & 0xFFFFU);
}

std::uint32_t up(std::uint64_t value, std::uint64_t unit) {
    return static_cast<std::uint32_t>((value + unit - 1) / unit);
}

// Appends `length` bytes of the file; false: it has not as many.
bool append(int fd, std::uint64_t offset, std::size_t length, Bytes& out) {
    const std::size_t before = out.size();
    out.resize(before + length);
    return read_at(fd, std::span(out).subspan(before), offset) == length;
}

}  // namespace

Box common_part(const Box& a, const Box& b) {
    return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

Box around(const Box& a, const Box& b) {
    if (a.empty()) return b;
    if (b.empty()) return a;
    return {std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)};
}

Box halved(const Box& box, std::uint32_t halvings) {
    const std::uint64_t unit = std::uint64_t{1} << halvings;
    return {up(box.x0, unit), up(box.y0, unit), up(box.x1, unit), up(box.y1, unit)};
}

std::uint32_t Grid::columns() const {
    return up(image.x1 - tile_x, tile_width);
}

std::uint32_t Grid::rows() const {
    return up(image.y1 - tile_y, tile_height);
}

Box Grid::tile(std::uint32_t column, std::uint32_t row) const {
    const auto place = [](std::uint64_t origin, std::uint64_t step, std::uint64_t index) {
        return static_cast<std::uint32_t>(
            std::min<std::uint64_t>(origin + step * index, std::numeric_limits<std::uint32_t>::max()));
    };
    return common_part(image, {place(tile_x, tile_width, column), place(tile_y, tile_height, row),
                               place(tile_x, tile_width, std::uint64_t{column} + 1),
                               place(tile_y, tile_height, std::uint64_t{row} + 1)});
}

Codestream Codestream::read(int fd, std::uint64_t size) {
    Codestream stream;
    stream.indexed_ = stream.read_boxes(fd, size) && stream.read_header(fd) && stream.read_parts(fd);
    return stream;
}

Codestream::Glance Codestream::glance(int fd, std::uint64_t size) {
    constexpr std::uint64_t kSmallest = kSotBytes + 2;  // and SOD
    Codestream stream;
    if (!stream.read_boxes(fd, size) || !stream.read_header(fd)) return {};  // OpenJPEG has the say
    return {std::uint64_t{stream.grid_.columns()} * stream.grid_.rows() <= size / kSmallest,
            !stream.redefines_channels()};
}

// Boxes within the header box, annex I.5.3; ihdr is the first. What cannot be followed to its end may be anything.
bool Codestream::redefines_channels() const {
    constexpr std::uint32_t kPalette = 0x70636C72;     // pclr
    constexpr std::uint32_t kMapping = 0x636D6170;     // cmap
    constexpr std::uint32_t kDefinition = 0x63646566;  // cdef
    if (image_header_ == 0) return false;
    std::size_t at = image_header_ - 8;
    const std::size_t end = at - 8 + get32(boxes_, at - 8);
    while (end - at >= 8) {
        const std::size_t length = get32(boxes_, at);
        const std::uint32_t kind = get32(boxes_, at + 4);
        if (length < 8 || length > end - at || kind == kPalette || kind == kMapping || kind == kDefinition) return true;
        at += length;
    }
    return at != end;
}

// Signature, file type and header boxes are kept; others have nothing to do with pixels.
bool Codestream::read_boxes(int fd, std::uint64_t size) {
    constexpr std::uint32_t kCodestream = 0x6A703263;   // jp2c
    constexpr std::uint32_t kHeader = 0x6A703268;       // jp2h
    constexpr std::uint32_t kImageHeader = 0x69686472;  // ihdr
    constexpr std::uint32_t kSignature = 0x6A502020;
    constexpr std::uint32_t kFileType = 0x66747970;
    std::array<unsigned char, 24> start{};
    std::uint64_t at = 0;
    for (std::size_t count = 0; count < kMostBoxes && at < size; ++count) {
        const std::size_t got = read_at(fd, start, at);
        if (got < 8) return false;
        if (at == 0 && get16(start, 0) == kSoc) {
            end_ = size;
            return true;
        }
        std::uint64_t length = get32(start, 0);
        std::uint32_t head = 8;
        if (length == 0) length = size - at;
        if (length == 1) {
            if (got < 16) return false;
            head = 16;
            length = std::uint64_t{get32(start, 8)} << 32U | get32(start, 12);
        }
        if (length < head || length > size - at) return false;
        const std::uint32_t kind = get32(start, 4);
        if (kind == kCodestream) {
            start_ = at + head;
            end_ = at + length;
            return image_header_ != 0;
        }
        if (kind == kHeader) {
            // Its first box has to be ihdr, whose width and height OpenJPEG compares with the codestream's.
            if (head != 8 || image_header_ != 0 || length < 8 + 8 + 14 || got < 24 || get32(start, 12) != kImageHeader)
                return false;
            image_header_ = boxes_.size() + 16;
        }
        if (kind == kHeader || kind == kSignature || kind == kFileType) {
            if (length > kMostBoxBytes - boxes_.size()) return false;
            if (!append(fd, at, static_cast<std::size_t>(length), boxes_)) return false;
        }
        at += length;
    }
    return false;
}

bool Codestream::read_header(int fd) {
    if (!append(fd, start_, 2, header_) || get16(header_, 0) != kSoc) return false;
    std::uint64_t at = start_ + 2;
    Bytes segment;
    while (at + 4 <= end_ && header_.size() < kMostHeaderBytes) {
        segment.clear();
        if (!append(fd, at, 4, segment)) return false;
        const std::uint16_t marker = get16(segment, 0);
        if (marker == kSot) {
            start_ = at;
            return grid_.tile_width != 0;
        }
        const std::size_t length = get16(segment, 2);
        if (marker < 0xFF00 || length < 2 || length + 2 > end_ - at) return false;
        if (!append(fd, at + 4, length - 2, segment)) return false;
        if (!read_marker(marker, segment)) return false;
        // Lengths of other tiles' parts would be wrong in what tile() makes.
        const bool needed = marker != kTlm && marker != kPlm && marker != kCom;
        if (needed) header_.insert(header_.end(), segment.begin(), segment.end());
        at += length + 2;
    }
    return false;
}

bool Codestream::read_marker(std::uint16_t marker, std::span<const unsigned char> segment) {
    constexpr unsigned kHighThroughput = 0x40;  // ISO/IEC 15444-15 annex A
    if (marker == kPpm) return false;           // packet headers of all tiles, mixed
    // SIZ is the first of all, annex A.5.1.
    if ((marker == kSiz) != (header_.size() == 2)) return false;
    if (marker == kSiz) return read_size(segment);
    if (marker == kCod) {
        if (segment.size() < 14) return false;
        high_throughput_ = high_throughput_ || (segment[12] & kHighThroughput) != 0;
    } else if (marker == kCoc) {
        const std::size_t style = grid_.components < 257 ? 9 : 10;
        if (segment.size() <= style) return false;
        high_throughput_ = high_throughput_ || (segment[style] & kHighThroughput) != 0;
    }
    return true;
}

bool Codestream::read_size(std::span<const unsigned char> s) {
    if (s.size() < 43) return false;
    grid_.image = {get32(s, 14), get32(s, 18), get32(s, 6), get32(s, 10)};
    grid_.tile_width = get32(s, 22);
    grid_.tile_height = get32(s, 26);
    grid_.tile_x = get32(s, 30);
    grid_.tile_y = get32(s, 34);
    grid_.components = get16(s, 38);
    if (grid_.image.empty() || grid_.tile_width == 0 || grid_.tile_height == 0) return false;
    if (grid_.image.x1 > std::numeric_limits<std::int32_t>::max() ||
        grid_.image.y1 > std::numeric_limits<std::int32_t>::max())
        return false;
    if (grid_.tile_x > grid_.image.x0 || grid_.tile_y > grid_.image.y0 ||
        grid_.image.x0 - grid_.tile_x >= grid_.tile_width || grid_.image.y0 - grid_.tile_y >= grid_.tile_height)
        return false;
    constexpr std::uint64_t kMostTiles = 65535;
    if (std::uint64_t{grid_.columns()} * grid_.rows() > kMostTiles) return false;
    if (grid_.components == 0 || s.size() != 40 + std::size_t{3} * grid_.components) return false;
    // The first component is the measure of all others.
    constexpr std::uint32_t kMostSteps = 64;
    if (s[41] != 1 || s[42] != 1) return false;
    for (std::size_t i = 0; i < grid_.components; ++i) {
        if (s[41 + 3 * i] == 0 || s[42 + 3 * i] == 0) return false;
        grid_.step_x = std::lcm(grid_.step_x, std::uint32_t{s[41 + 3 * i]});
        grid_.step_y = std::lcm(grid_.step_y, std::uint32_t{s[42 + 3 * i]});
        if (grid_.step_x > kMostSteps || grid_.step_y > kMostSteps) return false;
    }
    return true;
}

bool Codestream::read_parts(int fd) {
    const std::uint32_t tiles = grid_.columns() * grid_.rows();
    std::vector<std::uint8_t> seen(tiles);  // parts of each
    std::array<unsigned char, kSotBytes> sot{};
    std::uint64_t at = start_;
    while (true) {
        if (end_ - at < 2) return false;
        const std::size_t got = read_at(fd, sot, at);
        if (got >= 2 && get16(sot, 0) == kEoc) break;
        if (got != sot.size() || get16(sot, 0) != kSot || get16(sot, 2) != kSotBytes - 2) return false;
        const std::uint32_t tile = get16(sot, 4);
        std::uint64_t length = get32(sot, 6);
        // Zero: up to EOC, which ends the codestream.
        const bool last = length == 0;
        if (last) length = end_ - at - 2;
        if (length < kSotBytes + 2 || length > end_ - at || length > std::numeric_limits<std::uint32_t>::max())
            return false;
        if (tile >= tiles || sot[10] != seen[tile] || seen[tile] == 255 || parts_.size() == kMostParts) return false;
        ++seen[tile];
        parts_.push_back({at, static_cast<std::uint32_t>(length), tile});
        at += length;
    }
    if (std::find(seen.begin(), seen.end(), 0) != seen.end()) return false;
    std::stable_sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) { return a.tile < b.tile; });
    return true;
}

std::size_t Codestream::memory() const {
    return sizeof(*this) + boxes_.capacity() + header_.capacity() + parts_.capacity() * sizeof(Part);
}

Pieces Codestream::tile(std::uint32_t column, std::uint32_t row) const {
    const Box box = grid_.tile(column, row);
    Bytes head = boxes_;
    if (!boxes_.empty()) {
        put32(head, image_header_, box.height());
        put32(head, image_header_ + 4, box.width());
        constexpr std::array<unsigned char, 8> kToTheEnd = {0, 0, 0, 0, 'j', 'p', '2', 'c'};
        head.insert(head.end(), kToTheEnd.begin(), kToTheEnd.end());
    }
    const std::size_t size = head.size() + 2;  // SIZ follows SOC
    head.insert(head.end(), header_.begin(), header_.end());
    put32(head, size + 6, box.x1);
    put32(head, size + 10, box.y1);
    put32(head, size + 14, box.x0);
    put32(head, size + 18, box.y0);
    put32(head, size + 30, grid_.tile_x + column * grid_.tile_width);
    put32(head, size + 34, grid_.tile_y + row * grid_.tile_height);

    Pieces pieces;
    const std::uint32_t index = row * grid_.columns() + column;
    const auto [first, last] = std::equal_range(parts_.begin(), parts_.end(), Part{0, 0, index},
                                                [](const Part& a, const Part& b) { return a.tile < b.tile; });
    const auto count = static_cast<std::uint32_t>(last - first);
    for (auto part = first; part != last; ++part) {
        const std::size_t at = head.size();
        head.resize(at + kSotBytes);
        put16(head, at, kSot);
        put16(head, at + 2, kSotBytes - 2);
        put16(head, at + 4, 0);
        put32(head, at + 6, part->length);
        head[at + 10] = static_cast<unsigned char>(part - first);
        head[at + 11] = static_cast<unsigned char>(count);
        pieces.push_back({std::move(head), 0, 0});
        pieces.push_back({{}, part->offset + kSotBytes, part->length - kSotBytes});
        head = {};
    }
    pieces.push_back({{kEoc >> 8U, kEoc & 0xFFU}, 0, 0});
    return pieces;
}

}  // namespace iiif::render
