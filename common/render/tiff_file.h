// SPDX-License-Identifier: Apache-2.0
// One TIFF open through libtiff, and its directories as plain values.
#pragma once

#include <tiffio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/geometry.h"

namespace iiif::render {

struct TiffDirectory {
    enum class Alpha : std::uint8_t { none, straight, premultiplied };

    std::uint64_t offset = 0;  // in the file
    protocol::Extent extent;
    protocol::Extent tile;  // 0x0: strips
    std::uint32_t subfile_type = 0;
    std::uint16_t bits = 1, samples = 1, photometric = 0, compression = COMPRESSION_NONE;
    std::uint16_t sample_format = SAMPLEFORMAT_UINT, orientation = 1, ink_set = INKSET_CMYK;
    bool separate = false;  // one plane per sample
    Alpha alpha = Alpha::none;
    std::uint16_t alpha_sample = 0;  // when there is one
    std::vector<std::uint64_t> subifds;

    // Samples that are colour: 1, 3 or 4; 0 for a photometric interpretation we do not know.
    [[nodiscard]] std::uint16_t colour_samples() const;
};

// Reads with pread(2), so the descriptor's position never matters; the descriptor stays the caller's and outlives this.
class TiffFile {
public:
    // nullptr: not a TIFF that libtiff opens.
    static std::unique_ptr<TiffFile> open(int fd, std::string& detail);
    TiffFile(const TiffFile&) = delete;
    TiffFile& operator=(const TiffFile&) = delete;
    ~TiffFile();

    [[nodiscard]] TIFF* get() const { return tiff_; }
    [[nodiscard]] bool select(std::uint64_t directory) { return TIFFSetSubDirectory(tiff_, directory) == 1; }
    // The current directory; nullopt when sizes or sample counts make no sense.
    [[nodiscard]] std::optional<TiffDirectory> directory() const;
    // What libtiff complained about so far.
    [[nodiscard]] const std::string& words() const { return words_; }

private:
    explicit TiffFile(int fd) : fd_(fd) {}
    struct Callbacks;
    int fd_;
    std::uint64_t position_ = 0, size_ = 0;
    std::string words_;
    TIFF* tiff_ = nullptr;
};

// An empty sentence: this server reads such pixels. Else why not, for a 501.
std::string unsupported(const TiffDirectory&);

// Colours that libtiff itself turns into 8-bit RGB: subsampled YCbCr without JPEG, old-style JPEG, LogLuv.
bool needs_conversion(const TiffDirectory&);

}  // namespace iiif::render
