// SPDX-License-Identifier: Apache-2.0
// A directory of a TIFF, as bytes. TIFF Revision 6.0, section 2; BigTIFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace iiif::render {

// Little-endian, and zero-filled.
class TiffBytes {
public:
    void number(std::uint64_t value, std::size_t width);
    void append(const void* data, std::size_t length);
    void append(const TiffBytes& other) { append(other.bytes_.data(), other.bytes_.size()); }
    void align() { bytes_.resize((bytes_.size() + 7) / 8 * 8); }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] std::span<const std::byte> all() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

// What a little-endian file begins with; `first` is where its first directory lies.
TiffBytes tiff_header(bool big, std::uint64_t first);

class TiffDirectoryWriter {
public:
    explicit TiffDirectoryWriter(bool big) : big_(big) {}

    // In ascending order of their tags.
    void add(std::uint16_t tag, std::uint16_t type, const std::vector<std::uint64_t>& values);
    void add_rational(std::uint16_t tag, std::uint32_t value);
    void add_bytes(std::uint16_t tag, const void* data, std::size_t length);

    // The directory and what its entries point to, to lie at `at`, a multiple of eight; as long as one, too. `next` is
    // where the next directory lies; 0: there is none. Depends on the values in nothing but their widths.
    [[nodiscard]] TiffBytes written(std::uint64_t at, std::uint64_t next) const;

private:
    struct Entry {
        std::uint16_t tag;
        std::uint16_t type;
        std::uint64_t count;
        TiffBytes value;
    };
    bool big_;
    std::vector<Entry> entries_;
};

}  // namespace iiif::render
