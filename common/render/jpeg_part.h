// SPDX-License-Identifier: Apache-2.0
// A part of a plain JPEG file as a JPEG of its own: the codes of its MCUs are copied bit by bit, and but for the first
// differences of each row no coefficient is decoded.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/geometry.h"
#include "render/jpeg_file.h"

namespace iiif::render {

// Of the rows of MCUs [row, end_row), all known, from one stop to another.
struct PartOfScan {
    std::uint32_t row = 0, end_row = 0;
    std::uint32_t stop = 0, end_stop = 0;
};

// Pixels of the picture.
protocol::Rect pixels_of(const JpegFile& file, const PartOfScan& part);

// Empty: damaged or changed meanwhile, a table lacks a code, or more than 64 MiB.
std::string part_of_jpeg(int fd, const JpegFile& file, const PartOfScan& part);

}  // namespace iiif::render
