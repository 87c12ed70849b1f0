// SPDX-License-Identifier: Apache-2.0
// What a renderer keeps of plain JPEG files between requests: where in its coded data each part of the picture begins,
// and the picture at an eighth and a quarter. For one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "protocol/geometry.h"
#include "render/planes.h"
#include "render/tile_store.h"
#include "source/jpeg_scan.h"
#include "source/root.h"

namespace iiif::render {

// Between two MCUs of the scan.
struct ScanPoint {
    std::uint64_t bit = 0;             // of the file: the next to be read, from the most significant of each byte
    std::array<std::int16_t, 3> dc{};  // what the next differences count from, of each component
};

struct JpegFile {
    source::FileKey key;
    source::JpegHead head;   // of `tables`; its restart interval is the file's
    std::string tables;      // from SOI to SOS: all that a part needs before its coded data
    std::uint64_t data = 0;  // where the coded data begin
    Colours colours = Colours::gray;
    std::string profile;                // ICC; empty: none
    std::array<int, 3> dc_step{};       // of quantisation, of each component
    protocol::Extent mcu, count;        // pixels of an MCU; MCUs of the picture
    std::uint32_t step = 1, stops = 0;  // a row has a point before every `step` MCUs, and one at its end: so many

    // Grows as requests need it, a row of MCUs at a time: the points of row `known` are not there yet.
    std::uint32_t known = 0;
    std::vector<ScanPoint> points;
    // The picture, as far down as it is known, at an eighth: of each block what its DC coefficient says. Of a large
    // picture the means of `fold` by `fold` blocks, a power of two.
    DecodedTile eighth;
    std::uint32_t fold = 1;
    // At a quarter: what answers needed of it. It has planes from the first such answer on.
    DecodedTile quarter;
    bool keeps_quarter = false;
    std::vector<bool> decoded;  // of it: from each stop to the next, row by row

    [[nodiscard]] bool has_restarts_within_rows() const { return head.restart % count.width != 0; }
    // Where a restart is due, the point lies behind it; but at the end of a row before it.
    [[nodiscard]] const ScanPoint& point(std::uint32_t row, std::uint32_t stop) const {
        return points[std::size_t{row} * stops + stop];
    }
    [[nodiscard]] std::size_t memory() const;  // bytes, once everything is known
};

// Of the picture, at each fraction that is kept.
inline constexpr std::uint64_t kKeptPixels = std::uint64_t{2} << 20U;

// Baseline, 8 bits, gray or of three colours, chroma whole or halved, in one scan. nullptr: any other, or damaged.
// `key` is the state of `fd`.
std::shared_ptr<JpegFile> read_jpeg_file(int fd, const source::FileKey& key, std::uint64_t kept_pixels = kKeptPixels);

class JpegFiles {
public:
    // At most `bytes` and kMost files are kept, whatever is looked at. A file takes up to 11 MiB: 4 for points, 6 for
    // an eighth or a quarter of the picture, 1 for the rest.
    explicit JpegFiles(std::size_t bytes, std::uint64_t kept_pixels = kKeptPixels)
        : most_(bytes), kept_pixels_(kept_pixels) {}
    // Read anew, and not kept, when it has changed just now. nullptr: as read_jpeg_file().
    std::shared_ptr<JpegFile> get(int fd);
    [[nodiscard]] std::size_t memory() const;  // bytes

    static constexpr std::size_t kMost = 256;  // each is looked at when one is looked for

private:
    std::size_t most_;
    std::uint64_t kept_pixels_;
    std::list<std::shared_ptr<JpegFile>> files_;  // the last used first
};

inline constexpr std::size_t kJpegFilesBytes = std::size_t{32} << 20U;

// The renderer's own, of that size.
JpegFiles& jpeg_files();
// Forgets everything, and keeps at most `bytes` from now on; 0: nothing.
void keep_jpeg_files(std::size_t bytes, std::uint64_t kept_pixels = kKeptPixels);

}  // namespace iiif::render
