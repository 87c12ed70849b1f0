// SPDX-License-Identifier: Apache-2.0
#include "render/encode.h"

#include <limits>

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Format;

// What a libvips saver returned.
struct Buffer {
    void* data = nullptr;
    std::size_t length = 0;
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { g_free(data); }
};

// Classic TIFF addresses 4 GB; strips and tables need room too.
constexpr std::uint64_t kClassicTiffBytes = std::uint64_t{2} << 30U;

int save(VipsImage* in, Format format, const EncodeOptions& options, bool bitonal, Buffer& out) {
    void** const data = &out.data;
    std::size_t* const length = &out.length;
    switch (format) {
        case Format::jpg:
        case Format::pdf:
            // As our own encoder does. Tables made for one image would also keep all of its coefficients in memory:
            // five gigabytes of a gigapixel.
            return vips_jpegsave_buffer(in, data, length, "Q", options.jpeg_quality, nullptr);
        case Format::png:
            return bitonal ? vips_pngsave_buffer(in, data, length, "compression", options.png_compression, "bitdepth",
                                                 1, nullptr)
                           : vips_pngsave_buffer(in, data, length, "compression", options.png_compression, nullptr);
        case Format::webp:
            return vips_webpsave_buffer(in, data, length, "Q", options.webp_quality, "effort", 2, nullptr);
        case Format::gif: return vips_gifsave_buffer(in, data, length, "effort", 4, nullptr);
        case Format::tif: {
            const std::uint64_t bytes = VIPS_IMAGE_SIZEOF_IMAGE(in);
            return bitonal
                       ? vips_tiffsave_buffer(in, data, length, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4,
                                              "bitdepth", 1, nullptr)
                       : vips_tiffsave_buffer(in, data, length, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
                                              "predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "bigtiff",
                                              bytes > kClassicTiffBytes ? TRUE : FALSE, nullptr);
        }
        case Format::jp2: return vips_jp2ksave_buffer(in, data, length, "Q", options.jp2_quality, nullptr);
        case Format::avif:
            return vips_heifsave_buffer(in, data, length, "Q", options.avif_quality, "compression",
                                        VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "bitdepth", 8, "effort", 2, nullptr);
    }
    return -1;
}

}  // namespace

bool drop_metadata(Image& image, bool keep_profile) {
    if (!image.apply([](VipsImage* in, VipsImage** out) { return vips_copy(in, out, nullptr); })) return false;
    gchar** const fields = vips_image_get_fields(image.get());
    for (gchar** field = fields; *field != nullptr; ++field) {
        if (!keep_profile || std::string_view(*field) != VIPS_META_ICC_NAME) vips_image_remove(image.get(), *field);
    }
    g_strfreev(fields);
    return true;
}

bool carries_alpha(Format format) {
    switch (format) {
        case Format::png:
        case Format::webp:
        case Format::gif:
        case Format::tif:
        case Format::avif: return true;
        default: return false;
    }
}

bool carries_profile(Format format) {
    switch (format) {
        case Format::jpg:
        case Format::png:
        case Format::webp:
        case Format::tif: return true;
        default: return false;
    }
}

std::uint32_t longest_side(Format format) {
    switch (format) {
        case Format::jpg:
        case Format::pdf: return 65500;   // libjpeg's limit
        case Format::webp: return 16383;  // fourteen bits
        case Format::gif: return 65535;
        case Format::avif: return 16384;  // libheif's limit for what it will read again
        default: return VIPS_MAX_COORD;
    }
}

Expected<std::vector<std::byte>> encode(Image image, Format format, const EncodeOptions& options, bool bitonal,
                                        const Cancelled& cancelled, std::string& detail) {
    if (!drop_metadata(image, carries_profile(format))) return unable(detail);
    watch(image, cancelled);
    Buffer buffer;
    if (save(image.get(), format, options, bitonal && image.bands() == 1, buffer) != 0) return unable(detail);
    if (format == Format::pdf) {
        const Extent extent = {static_cast<std::uint32_t>(image.width()), static_cast<std::uint32_t>(image.height())};
        return pdf_around(buffer.data, buffer.length, extent, image.bands());
    }
    const auto* const bytes = static_cast<const std::byte*>(buffer.data);
    return std::vector<std::byte>(bytes, bytes + buffer.length);
}

protocol::FormatSet encodable() {
    protocol::FormatSet formats = 0;
    VipsImage* black = nullptr;
    if (vips_black(&black, 16, 16, "bands", 3, nullptr) != 0) return 0;
    Image sample(black);
    if (!sample.apply([](VipsImage* in, VipsImage** out) {
            return vips_copy(in, out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
        })) {
        return 0;
    }
    for (const Format format : protocol::kFormats) {
        std::string detail;
        if (encode(sample.share(), format, {}, false, nullptr, detail)) formats |= protocol::bit(format);
    }
    return formats;
}

}  // namespace iiif::render
