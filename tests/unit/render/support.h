// SPDX-License-Identifier: Apache-2.0
// Pictures with known colours, written in the ways that sources come in, and answers read back.
#pragma once

#include <tiffio.h>
#include <vips/vips.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "render/render.h"
#include "suite.h"  // last: check.h has macros, "fail" among them, that the standard library does not survive

namespace iiif::render::test {

using Colour = std::array<int, 4>;  // as many as there are bands

struct Picture {
    std::uint32_t width = 0, height = 0, bands = 3;
    std::vector<std::uint8_t> pixels;

    [[nodiscard]] std::uint8_t at(std::uint32_t x, std::uint32_t y, std::uint32_t band) const {
        return pixels.at((std::size_t{y} * width + x) * bands + band);
    }
};

// The colour of a 100-pixel square: no two of the first hundred alike.
Colour square_colour(std::uint32_t column, std::uint32_t row);
// Squares of those colours; bands 1: their red, 2: with alpha, 4: RGB with alpha.
// The alpha of a square is 255, or 0 where column + row is divisible by three.
Picture squares(std::uint32_t width, std::uint32_t height, std::uint32_t bands = 3);

// A folder of the test's own, gone when it ends.
class Folder {
public:
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::string path(const std::string& name) const { return (directory_ / name).string(); }

private:
    std::filesystem::path directory_;
};

// A libvips image of the picture; the caller unrefs.
VipsImage* image_of(const Picture&, VipsInterpretation);
// By libvips, which chooses the format by suffix and takes options in brackets.
void write_with_vips(const Picture&, const std::string& path, VipsInterpretation = VIPS_INTERPRETATION_sRGB);

struct TiffOptions {
    const char* mode = "w";  // libtiff's: b big-endian, l little-endian, 8 BigTIFF
    std::uint32_t tile = 0;  // 0: strips
    std::uint32_t rows = 32;
    std::uint16_t compression = COMPRESSION_NONE, photometric = PHOTOMETRIC_RGB;
    std::uint16_t bits = 8, samples = 3, sample_format = SAMPLEFORMAT_UINT;
    bool separate = false;
    int extra = -1;  // EXTRASAMPLE_* of the last sample
    std::uint16_t orientation = 1;
    std::uint32_t subfile = 0;
    std::vector<std::uint16_t> palette;  // red, then green, then blue
    std::string profile;
    std::uint16_t across = 2, down = 2;  // YCbCr in JPEG: pixels to one sample of chroma
    int quality = 95;                    // of JPEG
};
// `rows`: packed as TIFF packs them, each starting on a byte, in the machine's byte order.
void write_directory(TIFF*, const TiffOptions&, std::uint32_t width, std::uint32_t height, const std::uint8_t* rows);
void write_tiff(const std::string& path, const TiffOptions&, std::uint32_t width, std::uint32_t height,
                const std::uint8_t* rows);
inline void write_tiff(const std::string& path, const TiffOptions& options, const Picture& picture) {
    write_tiff(path, options, picture.width, picture.height, picture.pixels.data());
}
// Every second pixel of every second row, as a writer of pyramids would with nearest neighbour.
Picture halved(const Picture&);

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);
// Makes the file as old as what is kept has to be.
void settle(const std::string& path);

// Fails the test when the file is not described.
source::Description described(const std::string& path, std::uint32_t page = 1);
Expected<source::Description> try_describe(const std::string& path, std::uint32_t page = 1, Limits = {});

// A job for the whole of the image at its own size.
Job whole(const source::Description&, protocol::Format = protocol::Format::png);
Job part(protocol::Rect region, protocol::Extent size, protocol::Format = protocol::Format::png);
protocol::Rotation rotation(std::uint64_t degrees, bool mirror = false);

Expected<std::vector<std::byte>> try_render(const std::string& path, const source::Description&, const Job&,
                                            std::uint32_t page = 1, const Cancelled& = nullptr);
// Fails the test when it is refused; decodes the answer.
Picture rendered(const std::string& path, const source::Description&, const Job&, std::uint32_t page = 1);
Picture rendered(const std::string& path, std::uint32_t page = 1);
// Any of our formats; TIFF and JPEG 2000 through our own reader.
Picture decoded(const std::vector<std::byte>& bytes, protocol::Format);

void assert_pixel(const Picture&, std::uint32_t x, std::uint32_t y, Colour expected, int bands, int tolerance,
                  const char* what);
// The middles of all whole squares of the unscaled picture.
void assert_squares(const Picture&, int tolerance, const char* what);

// A TCase whose tests run with libvips started.
TCase* started_case(const char* name);

}  // namespace iiif::render::test
