// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_image.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>

#include "render/tiff_samples.h"

namespace iiif::render {
namespace {

using Kind = SampleLayout::Kind;

// Strips up to this size are decoded whole, in any order. Larger ones line by line, from the top.
constexpr std::uint64_t kMaxStripBytes = std::uint64_t{16} << 20U;
// A tile, or a strip of a kind that cannot be read by lines.
constexpr std::uint64_t kMaxBlockBytes = std::uint64_t{512} << 20U;
constexpr std::uint64_t kMaxCachedStripBytes = std::uint64_t{32} << 20U;
constexpr std::uint64_t kMaxCachedTileBytes = std::uint64_t{64} << 20U;
constexpr std::uint32_t kLines = 16;  // decoded together in line mode
// How much libvips' cache takes: longer sides become its default without an error, and it looks through its blocks one
// by one.
constexpr std::uint32_t kLongestCached = 1'000'000;
constexpr std::uint64_t kMostCachedBlocks = 16'384;

std::vector<std::array<std::uint8_t, 3>> read_palette(TIFF* tiff, std::uint16_t bits) {
    std::vector<std::array<std::uint8_t, 3>> palette;
    std::array<std::uint16_t*, 3> channels{};
    if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &channels[0], &channels[1], &channels[2]) != 1) return palette;
    const std::size_t count = std::size_t{1} << bits;
    palette.resize(count);
    // The colour map is 16-bit; some writers fill in 0..255.
    bool wide = false;
    for (const std::uint16_t* channel : channels) {
        wide = wide || std::any_of(channel, channel + count, [](std::uint16_t value) { return value > 255; });
    }
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t c = 0; c < channels.size(); ++c) {
            palette[i].at(c) = static_cast<std::uint8_t>(wide ? (channels.at(c)[i] + 128U) / 257U : channels.at(c)[i]);
        }
    }
    return palette;
}

Kind kind_of(const TiffDirectory& d) {
    switch (d.photometric) {
        case PHOTOMETRIC_MINISWHITE: return Kind::gray_inverted;
        case PHOTOMETRIC_MINISBLACK: return Kind::gray;
        case PHOTOMETRIC_PALETTE: return Kind::palette;
        case PHOTOMETRIC_SEPARATED: return Kind::cmyk;
        case PHOTOMETRIC_CIELAB: return Kind::cielab;
        case PHOTOMETRIC_ICCLAB: return Kind::icclab;
        default: return Kind::rgb;
    }
}

VipsInterpretation interpretation_of(const SampleLayout& layout) {
    switch (layout.kind) {
        case Kind::gray:
        case Kind::gray_inverted: return layout.wide() ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
        case Kind::cmyk: return VIPS_INTERPRETATION_CMYK;
        case Kind::cielab:
        case Kind::icclab: return VIPS_INTERPRETATION_LAB;
        default: return layout.wide() ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    }
}

class Reader {
public:
    Reader(std::unique_ptr<TiffFile> file, TiffDirectory directory, std::function<bool()> cancelled)
        : file_(std::move(file)), directory_(std::move(directory)), cancelled_(std::move(cancelled)) {}

    // False: blocks of a size that nobody wrote in good faith.
    bool prepare();
    bool fill(VipsRegion* region);

    [[nodiscard]] const SampleLayout& layout() const { return layout_; }
    [[nodiscard]] const TiffDirectory& directory() const { return directory_; }
    [[nodiscard]] protocol::Extent block() const { return block_; }

private:
    enum class Access : std::uint8_t { blocks, lines, converted };

    [[nodiscard]] bool given_up() const { return cancelled_ && cancelled_(); }
    bool decode(std::uint32_t x, std::uint32_t y);
    bool decode_block(std::uint32_t x, std::uint32_t y);
    bool decode_lines(std::uint32_t y);
    bool decode_converted(std::uint32_t x, std::uint32_t y);
    void copy(std::uint32_t line, std::uint32_t column, std::uint32_t width, unsigned char* out) const;

    std::unique_ptr<TiffFile> file_;
    TiffDirectory directory_;
    std::function<bool()> cancelled_;  // asked before each block, as those of hostile files take seconds
    SampleLayout layout_;
    Access access_ = Access::blocks;
    protocol::Extent block_;     // what is decoded at once
    std::size_t row_bytes_ = 0;  // of one plane of a block
    std::size_t plane_bytes_ = 0;
    std::uint32_t strip_rows_ = 1, next_line_ = 0;  // of line mode
    bool holds_ = false;                            // a block, that at:
    std::uint32_t held_x_ = 0, held_y_ = 0;
    std::vector<unsigned char> pixels_;     // the decoded block
    std::vector<std::uint32_t> converted_;  // the same, when libtiff converts it
    std::mutex mutex_;                      // a TIFF handle has one position
};

bool Reader::prepare() {
    TIFF* tiff = file_->get();
    const TiffDirectory& d = directory_;
    const bool tiled = d.tile != protocol::Extent{};
    if (needs_conversion(d)) {
        access_ = Access::converted;
        layout_.kind = Kind::rgb;
        layout_.bits = 8;
        layout_.samples = 3;
    } else {
        layout_ = {
            kind_of(d),
            d.sample_format == SAMPLEFORMAT_IEEEFP ? SampleLayout::Encoding::floating : SampleLayout::Encoding::integer,
            d.bits,
            d.samples,
            d.separate,
            d.alpha != TiffDirectory::Alpha::none,
            d.alpha_sample,
            {}};
        if (layout_.alpha && layout_.alpha_sample < d.colour_samples()) layout_.alpha = false;
        if (layout_.kind == Kind::palette) {
            layout_.palette = read_palette(tiff, d.bits);
            if (layout_.palette.empty()) return false;
        }
        // The JPEG decoder upsamples and turns YCbCr to RGB itself; set before any size is asked for.
        if (d.photometric == PHOTOMETRIC_YCBCR) TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    }

    std::uint32_t rows = d.extent.height;
    if (!tiled) TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    rows = std::clamp(rows, 1U, d.extent.height);
    block_ = tiled ? d.tile : protocol::Extent{d.extent.width, rows};
    if (access_ == Access::converted) {
        const std::uint64_t count = std::uint64_t{block_.width} * block_.height;
        if (count > kMaxBlockBytes / sizeof(std::uint32_t)) return false;
        return true;
    }
    const std::uint64_t row_bytes = tiled ? TIFFTileRowSize64(tiff) : TIFFScanlineSize64(tiff);
    std::uint64_t plane_bytes = tiled ? TIFFTileSize64(tiff) : TIFFVStripSize64(tiff, rows);
    const std::uint64_t planes = d.separate ? d.samples : 1;
    // Trusted below: every row of a block holds the samples of its width.
    const std::uint64_t least = (std::uint64_t{block_.width} * d.bits * (d.separate ? 1 : d.samples) + 7) / 8;
    if (row_bytes < least || row_bytes > kMaxBlockBytes || plane_bytes < row_bytes * block_.height) return false;
    if (!tiled && !d.separate && plane_bytes > kMaxStripBytes) {
        access_ = Access::lines;
        strip_rows_ = rows;
        block_.height = std::min(kLines, rows);
        plane_bytes = row_bytes * block_.height;
    }
    if (plane_bytes > kMaxBlockBytes / planes) return false;
    row_bytes_ = static_cast<std::size_t>(row_bytes);
    plane_bytes_ = static_cast<std::size_t>(plane_bytes);
    return true;
}

bool Reader::decode_block(std::uint32_t x, std::uint32_t y) {
    TIFF* tiff = file_->get();
    const bool tiled = directory_.tile != protocol::Extent{};
    const std::uint16_t planes = directory_.separate ? directory_.samples : 1;
    for (std::uint16_t plane = 0; plane < planes; ++plane) {
        unsigned char* out = pixels_.data() + plane * plane_bytes_;
        const auto size = static_cast<tmsize_t>(plane_bytes_);
        const tmsize_t read = tiled ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, plane), out, size)
                                    : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, plane), out, size);
        if (read < 0) return false;
    }
    return true;
}

bool Reader::decode_lines(std::uint32_t y) {
    // Compressed lines can only be read in turn: those above are decoded and overwritten.
    const std::uint32_t end = std::min(y + block_.height, directory_.extent.height);
    const std::uint32_t strip = y - y % strip_rows_;
    if (next_line_ > y || next_line_ < strip) next_line_ = strip;
    for (; next_line_ < end; ++next_line_) {
        if (next_line_ % kLines == 0 && given_up()) return false;
        const std::uint32_t row = next_line_ > y ? next_line_ - y : 0;
        if (TIFFReadScanline(file_->get(), pixels_.data() + row * row_bytes_, next_line_, 0) < 0) return false;
    }
    return true;
}

bool Reader::decode_converted(std::uint32_t x, std::uint32_t y) {
    std::array<char, 1024> why{};
    TIFFRGBAImage image;
    if (TIFFRGBAImageBegin(&image, file_->get(), 1, why.data()) != 1) {
        vips_error("tiff", "%s", why.data());
        return false;
    }
    image.req_orientation = image.orientation;  // rows as they are stored
    image.row_offset = static_cast<int>(y);
    image.col_offset = static_cast<int>(x);
    const std::uint32_t width = std::min(block_.width, directory_.extent.width - x);
    const std::uint32_t height = std::min(block_.height, directory_.extent.height - y);
    const bool read = TIFFRGBAImageGet(&image, converted_.data(), width, height) == 1;
    TIFFRGBAImageEnd(&image);
    if (!read) return false;
    // Spread to the pitch of a whole block, from the last row up, so that rows do not overwrite one another.
    for (std::uint32_t row = height; width != block_.width && row-- > 0;) {
        std::memmove(&converted_[std::size_t{row} * block_.width], &converted_[std::size_t{row} * width],
                     std::size_t{width} * sizeof(std::uint32_t));
    }
    return true;
}

bool Reader::decode(std::uint32_t x, std::uint32_t y) {
    if (holds_ && held_x_ == x && held_y_ == y) return true;
    holds_ = false;
    if (given_up()) return false;
    // Not before: who only wants to know the size does not wait for the memory.
    if (access_ == Access::converted) {
        converted_.resize(std::size_t{block_.width} * block_.height);
    } else {
        pixels_.resize(plane_bytes_ * (directory_.separate ? directory_.samples : 1U));
    }
    switch (access_) {
        case Access::blocks: holds_ = decode_block(x, y); break;
        case Access::lines: holds_ = decode_lines(y); break;
        case Access::converted: holds_ = decode_converted(x, y); break;
    }
    held_x_ = x;
    held_y_ = y;
    return holds_;
}

void Reader::copy(std::uint32_t line, std::uint32_t column, std::uint32_t width, unsigned char* out) const {
    if (access_ == Access::converted) {
        const std::uint32_t* pixel = &converted_[std::size_t{line} * block_.width + column];
        for (std::uint32_t i = 0; i < width; ++i, ++pixel) {
            *out++ = static_cast<unsigned char>(TIFFGetR(*pixel));
            *out++ = static_cast<unsigned char>(TIFFGetG(*pixel));
            *out++ = static_cast<unsigned char>(TIFFGetB(*pixel));
        }
        return;
    }
    std::array<const unsigned char*, 64> planes{};
    const std::size_t count = directory_.separate ? directory_.samples : 1;
    for (std::size_t i = 0; i < count; ++i) planes.at(i) = pixels_.data() + i * plane_bytes_ + line * row_bytes_;
    unpack_row(layout_, std::span(planes).first(count), column, width, out);
}

bool Reader::fill(VipsRegion* region) {
    const std::lock_guard lock(mutex_);
    const VipsRect& want = region->valid;
    const auto left = static_cast<std::uint32_t>(want.left);
    const auto top = static_cast<std::uint32_t>(want.top);
    const std::uint32_t right = left + static_cast<std::uint32_t>(want.width);
    const std::uint32_t bottom = top + static_cast<std::uint32_t>(want.height);
    for (std::uint32_t y = top - top % block_.height; y < bottom; y += block_.height) {
        for (std::uint32_t x = left - left % block_.width; x < right; x += block_.width) {
            if (!decode(x, y)) {
                vips_error("tiff", "block at %u,%u: %s", x, y, file_->words().c_str());
                return false;
            }
            const std::uint32_t end = std::min({bottom, y + block_.height, directory_.extent.height});
            const std::uint32_t start = std::max(x, left);
            const std::uint32_t width = std::min(right, x + block_.width) - start;
            for (std::uint32_t line = std::max(y, top); line < end; ++line) {
                copy(line - y, start - x, width,
                     VIPS_REGION_ADDR(region, static_cast<int>(start), static_cast<int>(line)));
            }
        }
    }
    return true;
}

// Two rows, since what is asked for lies across the border of two; of large tiles one, which is the least: answers are
// encoded line by line, and each tile of a row would be decoded for every few of its lines. Turned by 90 degrees, such
// a line is a column.
std::uint64_t kept_tiles(VipsImage* image, protocol::Extent tile) {
    const std::uint64_t row = 1 + std::max(static_cast<std::uint32_t>(image->Xsize) / tile.width,
                                           static_cast<std::uint32_t>(image->Ysize) / tile.height);
    const std::uint64_t bytes = VIPS_IMAGE_SIZEOF_PEL(image) * tile.width * tile.height;
    const std::uint64_t wanted = std::clamp(kMaxCachedTileBytes / bytes, row + 2, 2 * row + 2);
    return std::min({wanted, std::max<std::uint64_t>(kMaxBlockBytes / bytes, 1), kMostCachedBlocks});
}

// As many as scaling down by a large factor looks at together.
std::uint64_t kept_strips(VipsImage* image, protocol::Extent strip) {
    const std::uint64_t bytes = VIPS_IMAGE_SIZEOF_LINE(image) * strip.height;
    return std::clamp<std::uint64_t>(kMaxCachedStripBytes / bytes, 3, 1024);
}

int generate(VipsRegion* region, void*, void* reader, void*, gboolean*) {
    try {
        return static_cast<Reader*>(reader)->fill(region) ? 0 : -1;
    } catch (const std::exception& error) {  // no memory for a block; libvips is C, and this is one of its threads
        vips_error("tiff", "%s", error.what());
        return -1;
    }
}

void destroy(void* reader) {
    delete static_cast<Reader*>(reader);
}

}  // namespace

Expected<Image> open_directory(std::unique_ptr<TiffFile> file, const std::function<bool()>& cancelled,
                               std::string& detail) {
    const auto directory = file->directory();
    if (!directory) {
        detail += file->words();
        return damaged(detail);
    }
    if (const std::string sentence = unsupported(*directory); !sentence.empty()) return refuse(501, sentence);
    if (directory->extent.width > VIPS_MAX_COORD || directory->extent.height > VIPS_MAX_COORD) {
        return refuse(501,
                      "This TIFF is larger than 10,000,000 pixels in one direction, which this server does not read.");
    }
    std::array<char, 1024> why{};
    if (needs_conversion(*directory) && TIFFRGBAImageOK(file->get(), why.data()) != 1) {
        detail += why.data();
        return refuse(501, "This TIFF stores its colours in a way that this server does not read.");
    }
    auto reader = std::make_unique<Reader>(std::move(file), *directory, cancelled);
    if (!reader->prepare()) {
        detail += "tile, strip or palette sizes do not fit the image";
        return damaged(detail);
    }

    const SampleLayout& layout = reader->layout();
    const protocol::Extent block = reader->block();
    const bool tiled = directory->tile != protocol::Extent{};
    Image image(vips_image_new());
    const VipsBandFormat format = layout.lab()    ? VIPS_FORMAT_FLOAT
                                  : layout.wide() ? VIPS_FORMAT_USHORT
                                                  : VIPS_FORMAT_UCHAR;
    vips_image_init_fields(image.get(), static_cast<int>(directory->extent.width),
                           static_cast<int>(directory->extent.height), static_cast<int>(layout.bands()), format,
                           VIPS_CODING_NONE, interpretation_of(layout), 1, 1);
    // Tells vips_resize to work from top to bottom in whole lines. Otherwise it reduces in squares, each of which
    // reaches over many strips, and every strip is decoded for every square.
    if (!tiled) vips_image_set_int(image.get(), VIPS_META_SEQUENTIAL, 1);
    Reader* const held = reader.release();
    g_object_set_data_full(G_OBJECT(image.get()), "iiif-reader", held, destroy);
    if (vips_image_pipelinev(image.get(), tiled ? VIPS_DEMAND_STYLE_SMALLTILE : VIPS_DEMAND_STYLE_THINSTRIP, nullptr) !=
            0 ||
        vips_image_generate(image.get(), nullptr, generate, nullptr, held, nullptr) != 0) {
        return unable(detail);
    }
    // Neighbouring requests share blocks, which are dear to decode.
    const std::uint64_t blocks = tiled ? kept_tiles(image.get(), block) : kept_strips(image.get(), block);
    const bool cached = image.apply([&](VipsImage* in, VipsImage** out) {
        return vips_tilecache(in, out, "tile_width", static_cast<int>(std::min(block.width, kLongestCached)),
                              "tile_height", static_cast<int>(std::min(block.height, kLongestCached)), "max_tiles",
                              static_cast<int>(blocks), nullptr);
    });
    if (!cached) return unable(detail);
    if (layout.alpha && !layout.lab() && directory->alpha == TiffDirectory::Alpha::premultiplied) {
        const bool straight =
            image.apply([](VipsImage* in, VipsImage** out) { return vips_unpremultiply(in, out, nullptr); }) &&
            image.apply([](VipsImage* in, VipsImage** out) { return vips_rint(in, out, nullptr); }) &&
            image.apply([&](VipsImage* in, VipsImage** out) { return vips_cast(in, out, format, nullptr); });
        if (!straight) return unable(detail);
    }
    return image;
}

}  // namespace iiif::render
