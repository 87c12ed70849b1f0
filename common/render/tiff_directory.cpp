// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_directory.h"

#include <tiff.h>

namespace iiif::render {
namespace {

std::size_t width_of(std::uint16_t type) {
    return type == TIFF_SHORT ? 2 : type == TIFF_LONG8 ? 8 : 4;
}

}  // namespace

void TiffBytes::number(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void TiffBytes::append(const void* data, std::size_t length) {
    const auto* const first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + length);
}

TiffBytes tiff_header(bool big, std::uint64_t first) {
    TiffBytes header;
    header.append("II", 2);
    header.number(big ? 43 : 42, 2);
    if (big) header.number(8, 4);  // the width of an offset, and two bytes of nothing
    header.number(first, big ? 8 : 4);
    return header;
}

void TiffDirectoryWriter::add(std::uint16_t tag, std::uint16_t type, const std::vector<std::uint64_t>& values) {
    Entry entry{tag, type, values.size(), {}};
    for (const std::uint64_t value : values) entry.value.number(value, width_of(type));
    entries_.push_back(std::move(entry));
}

void TiffDirectoryWriter::add_rational(std::uint16_t tag, std::uint32_t value) {
    Entry entry{tag, TIFF_RATIONAL, 1, {}};
    entry.value.number(value, 4);
    entry.value.number(1, 4);
    entries_.push_back(std::move(entry));
}

void TiffDirectoryWriter::add_bytes(std::uint16_t tag, const void* data, std::size_t length) {
    Entry entry{tag, TIFF_UNDEFINED, length, {}};
    entry.value.append(data, length);
    entries_.push_back(std::move(entry));
}

TiffBytes TiffDirectoryWriter::written(std::uint64_t at, std::uint64_t next) const {
    const std::size_t offset_width = big_ ? 8 : 4;
    const std::size_t entry_width = 4 + 2 * offset_width;
    TiffBytes out;
    out.number(entries_.size(), big_ ? 8 : 2);
    const std::size_t end = out.size() + entries_.size() * entry_width + offset_width;
    TiffBytes beyond;
    const std::uint64_t beyond_at = at + (end + 7) / 8 * 8;
    for (const Entry& entry : entries_) {
        out.number(entry.tag, 2);
        out.number(entry.type, 2);
        out.number(entry.count, offset_width);
        if (entry.value.size() <= offset_width) {
            out.append(entry.value);
            out.number(0, offset_width - entry.value.size());
        } else {
            out.number(beyond_at + beyond.size(), offset_width);
            beyond.append(entry.value);
            beyond.align();
        }
    }
    out.number(next, offset_width);
    out.align();
    out.append(beyond);
    return out;
}

}  // namespace iiif::render
