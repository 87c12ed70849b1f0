// SPDX-License-Identifier: Apache-2.0
// Where the tiles of a JPEG 2000 file lie (ISO/IEC 15444-1 annexes A and I), and codestreams of one tile made of them:
// a request then costs the bytes of its tiles, however many others there are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace iiif::render {

// x0 <= x < x1; which pixels are counted, the name that holds one says.
struct Box {
    std::uint32_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    bool operator==(const Box&) const = default;
    [[nodiscard]] bool empty() const { return x1 <= x0 || y1 <= y0; }
    [[nodiscard]] std::uint32_t width() const { return empty() ? 0 : x1 - x0; }
    [[nodiscard]] std::uint32_t height() const { return empty() ? 0 : y1 - y0; }
    [[nodiscard]] std::uint64_t pixels() const { return std::uint64_t{width()} * height(); }
};
Box common_part(const Box&, const Box&);
Box around(const Box&, const Box&);  // of an empty one: the other
// After `halvings`: each place divided by 2^halvings and rounded up, equation B-15.
Box halved(const Box&, std::uint32_t halvings);

// SIZ: the image and its tiles on the reference grid.
struct Grid {
    Box image;
    std::uint32_t tile_x = 0, tile_y = 0, tile_width = 0, tile_height = 0;
    // Components are sampled at every so manieth pixel: the least common multiple of all.
    std::uint32_t step_x = 1, step_y = 1;
    std::uint32_t components = 1;

    [[nodiscard]] std::uint32_t columns() const;
    [[nodiscard]] std::uint32_t rows() const;
    [[nodiscard]] Box tile(std::uint32_t column, std::uint32_t row) const;
};

// What OpenJPEG reads instead of the file: ranges of it and bytes of ours, one after the other.
struct Piece {
    std::vector<unsigned char> bytes;
    std::uint64_t offset = 0, length = 0;  // of the file, when there are no bytes
};
using Pieces = std::vector<Piece>;

class Codestream {
public:
    // Never fails: a file that is damaged, incomplete or unusual (packed packet headers, parts out of order) is not
    // indexed, and OpenJPEG has the say about the whole of it.
    static Codestream read(int fd, std::uint64_t size);
    // What is seen without OpenJPEG, of its boxes and of the codestream's main header.
    struct Glance {
        // False when so many tiles are declared that the file of `size` bytes cannot have the headers of all. OpenJPEG
        // would make room for each of them first.
        bool room_for_tiles = true;
        // Whether the components are the channels, in their order: no palette and no channel definitions.
        bool components_are_channels = false;
    };
    static Glance glance(int fd, std::uint64_t size);

    [[nodiscard]] bool indexed() const { return indexed_; }
    [[nodiscard]] const Grid& grid() const { return grid_; }
    // One tile whose code blocks, or some of them, are coded by part 15.
    [[nodiscard]] bool high_throughput() const { return high_throughput_; }
    [[nodiscard]] std::size_t memory() const;  // bytes
    // The file as it is.
    [[nodiscard]] static Pieces whole(std::uint64_t size) { return {{{}, 0, size}}; }
    // A file whose image is that tile alone, at its place of the reference grid. Only when indexed.
    [[nodiscard]] Pieces tile(std::uint32_t column, std::uint32_t row) const;

private:
    struct Part {
        std::uint64_t offset;
        std::uint32_t length, tile;  // `length` from SOT to the last byte
    };
    bool read_boxes(int fd, std::uint64_t size);
    [[nodiscard]] bool redefines_channels() const;
    bool read_header(int fd);
    bool read_marker(std::uint16_t marker, std::span<const unsigned char> segment);
    bool read_size(std::span<const unsigned char> segment);
    bool read_parts(int fd);

    bool indexed_ = false, high_throughput_ = false;
    Grid grid_;
    std::uint64_t start_ = 0, end_ = 0;  // of the codestream, then of what of it is still to be read
    std::vector<unsigned char> boxes_;   // before the codestream; empty: there are none
    std::size_t image_header_ = 0;       // where in them the content of ihdr lies
    std::vector<unsigned char> header_;  // SOC and the segments before the first SOT that a tile needs
    std::vector<Part> parts_;            // by tile, then as they follow each other
};

}  // namespace iiif::render
