// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_plain.h"

#include <tiff.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "render/tiff_directory.h"

namespace iiif::render {
namespace {

constexpr std::uint64_t kStripBytes = std::uint64_t{1} << 20U;

struct Layout {
    std::uint32_t width, height, bands;
    bool bitonal;

    [[nodiscard]] std::uint64_t row_bytes() const {
        return bitonal ? (std::uint64_t{width} + 7) / 8 : std::uint64_t{width} * bands;
    }
};

TiffBytes head_of(VipsImage* image, const Layout& layout) {
    const std::uint64_t rows =
        std::clamp<std::uint64_t>(kStripBytes / std::max<std::uint64_t>(layout.row_bytes(), 1), 1, layout.height);
    const std::uint64_t strips = (layout.height + rows - 1) / rows;
    const bool alpha = layout.bands == 2 || layout.bands == 4;
    const void* profile = nullptr;
    std::size_t profile_length = 0;
    if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0) {
        (void)vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &profile_length);
    }
    // Sixteen bytes for each strip, and some for the rest.
    const std::uint64_t most = layout.row_bytes() * layout.height + strips * 16 + profile_length + 4096;
    const bool big = most > std::numeric_limits<std::uint32_t>::max();
    const std::uint16_t offset = big ? TIFF_LONG8 : TIFF_LONG;

    const auto with_pixels_at = [&](std::uint64_t at) {
        std::vector<std::uint64_t> offsets(strips);
        std::vector<std::uint64_t> counts(strips);
        for (std::uint64_t i = 0; i < strips; ++i) {
            offsets[i] = at + i * rows * layout.row_bytes();
            counts[i] = std::min(rows, layout.height - i * rows) * layout.row_bytes();
        }
        constexpr std::uint32_t kDotsPerInch = 72;
        TiffDirectoryWriter directory(big);
        directory.add(TIFFTAG_IMAGEWIDTH, TIFF_LONG, {layout.width});
        directory.add(TIFFTAG_IMAGELENGTH, TIFF_LONG, {layout.height});
        directory.add(TIFFTAG_BITSPERSAMPLE, TIFF_SHORT,
                      std::vector<std::uint64_t>(layout.bands, layout.bitonal ? 1 : 8));
        directory.add(TIFFTAG_COMPRESSION, TIFF_SHORT, {COMPRESSION_NONE});
        directory.add(TIFFTAG_PHOTOMETRIC, TIFF_SHORT,
                      {layout.bands < 3 ? std::uint64_t{PHOTOMETRIC_MINISBLACK} : PHOTOMETRIC_RGB});
        directory.add(TIFFTAG_STRIPOFFSETS, offset, offsets);
        directory.add(TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, {layout.bands});
        directory.add(TIFFTAG_ROWSPERSTRIP, TIFF_LONG, {rows});
        directory.add(TIFFTAG_STRIPBYTECOUNTS, TIFF_LONG, counts);
        directory.add_rational(TIFFTAG_XRESOLUTION, kDotsPerInch);
        directory.add_rational(TIFFTAG_YRESOLUTION, kDotsPerInch);
        directory.add(TIFFTAG_PLANARCONFIG, TIFF_SHORT, {PLANARCONFIG_CONTIG});
        directory.add(TIFFTAG_RESOLUTIONUNIT, TIFF_SHORT, {RESUNIT_INCH});
        if (alpha) directory.add(TIFFTAG_EXTRASAMPLES, TIFF_SHORT, {EXTRASAMPLE_UNASSALPHA});
        if (profile != nullptr) directory.add_bytes(TIFFTAG_ICCPROFILE, profile, profile_length);
        // The header, and what fills up to the next multiple of eight.
        TiffBytes file = tiff_header(big, big ? 16 : 8);
        file.align();
        file.append(directory.written(file.size(), 0));
        return file;
    };
    return with_pixels_at(with_pixels_at(0).size());
}

struct Writer {
    Layout layout;
    Output& out;
    std::vector<std::byte> bits;

    bool row(const VipsPel* pixels) {
        const auto length = static_cast<std::size_t>(layout.row_bytes());
        if (!layout.bitonal) return out.write({reinterpret_cast<const std::byte*>(pixels), length});
        bits.assign(length, std::byte{0});
        for (std::uint32_t x = 0; x < layout.width; ++x) {
            if (pixels[x] >= 128) bits[x / 8] |= std::byte{0x80} >> (x % 8);
        }
        return out.write(bits);
    }
};

int on_rows(VipsRegion* region, VipsRect* area, void* user) {
    auto& writer = *static_cast<Writer*>(user);
    for (int y = area->top; y < area->top + area->height; ++y) {
        if (!writer.row(VIPS_REGION_ADDR(region, 0, y))) return -1;
    }
    return 0;
}

}  // namespace

bool write_plain_tiff(VipsImage* image, bool bitonal, Output& out) {
    const Layout layout{static_cast<std::uint32_t>(image->Xsize), static_cast<std::uint32_t>(image->Ysize),
                        static_cast<std::uint32_t>(image->Bands), bitonal};
    Writer writer{layout, out, std::vector<std::byte>(static_cast<std::size_t>(layout.row_bytes()))};
    const TiffBytes head = head_of(image, layout);
    return out.write(head.all()) && vips_sink_disc(image, on_rows, &writer) == 0;
}

}  // namespace iiif::render
