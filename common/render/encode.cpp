// SPDX-License-Identifier: Apache-2.0
#include "render/encode.h"

#include <span>

#include "render/tiff_plain.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Format;

// Pixels of a TIFF up to which it is compressed. Its directory can then only be written last, but begins the file.
constexpr std::uint64_t kCompressedTiffBytes = std::uint64_t{64} << 20U;

struct Sink {
    Output& out;
    std::uint64_t written = 0;
};

gint64 on_write(VipsTargetCustom* /*target*/, const void* data, gint64 length, void* user) {
    auto& sink = *static_cast<Sink*>(user);
    if (!sink.out.write({static_cast<const std::byte*>(data), static_cast<std::size_t>(length)})) return -1;
    sink.written += static_cast<std::uint64_t>(length);
    return length;
}

int save(VipsImage* in, Format format, const EncodeOptions& options, bool bitonal, VipsTarget* to) {
    switch (format) {
        case Format::jpg:
        case Format::pdf:
            // As our own encoder does. Tables made for one image would also keep all of its coefficients in memory:
            // five gigabytes of a gigapixel.
            return vips_jpegsave_target(in, to, "Q", options.jpeg_quality, nullptr);
        case Format::png:
            return bitonal ? vips_pngsave_target(in, to, "compression", options.png_compression, "bitdepth", 1, nullptr)
                           : vips_pngsave_target(in, to, "compression", options.png_compression, nullptr);
        case Format::webp: return vips_webpsave_target(in, to, "Q", options.webp_quality, "effort", 2, nullptr);
        case Format::gif: return vips_gifsave_target(in, to, "effort", 4, nullptr);
        case Format::tif:
            return bitonal ? vips_tiffsave_target(in, to, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4,
                                                  "bitdepth", 1, nullptr)
                           : vips_tiffsave_target(in, to, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
                                                  "predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, nullptr);
        case Format::jp2:
            // Not subsampled, which libvips does below 90: before 8.18.3 it reads behind the last column and row of a
            // tile then, if they are odd (libvips' pull request 5020), and few readers of JP2 know YCbCr.
            // Of a single pixel, OpenJPEG's allotment of bits leaves out whole components.
            return vips_jp2ksave_target(in, to, "Q", options.jp2_quality, "lossless",
                                        vips_image_get_width(in) == 1 && vips_image_get_height(in) == 1,
                                        "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF, nullptr);
        case Format::avif:
            return vips_heifsave_target(in, to, "Q", options.avif_quality, "compression",
                                        VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "bitdepth", 8, "effort", 2, nullptr);
    }
    return -1;
}

// Of an encoder that writes from the first byte to the last.
bool save_through(VipsImage* in, Format format, const EncodeOptions& options, bool bitonal, Sink& sink) {
    const Owned<VipsTargetCustom> target(vips_target_custom_new());
    if (!target) return false;
    g_signal_connect(target.get(), "write", G_CALLBACK(on_write), &sink);
    return save(in, format, options, bitonal, VIPS_TARGET(target.get())) == 0;
}

// Of one that goes back to what it has written, or is better not interrupted.
bool save_whole(VipsImage* in, Format format, const EncodeOptions& options, bool bitonal, Output& out) {
    const Owned<VipsTarget> target(vips_target_new_to_memory());
    if (!target || save(in, format, options, bitonal, target.get()) != 0) return false;
    VipsBlob* blob = nullptr;
    g_object_get(target.get(), "blob", &blob, nullptr);
    if (blob == nullptr) return false;
    std::size_t length = 0;
    const auto* const data = static_cast<const std::byte*>(vips_blob_get(blob, &length));
    const bool written = out.write({data, length});
    vips_area_unref(VIPS_AREA(blob));
    return written;
}

bool save_pdf(VipsImage* in, const EncodeOptions& options, Output& out) {
    const Extent extent = {static_cast<std::uint32_t>(in->Xsize), static_cast<std::uint32_t>(in->Ysize)};
    const auto write = [&](const std::string& text) { return out.write(std::as_bytes(std::span(text))); };
    Sink jpeg{out};
    return write(pdf_around(0, extent, in->Bands).before) && save_through(in, Format::pdf, options, false, jpeg) &&
           write(pdf_around(jpeg.written, extent, in->Bands).after);
}

bool saved(VipsImage* in, Format format, const EncodeOptions& options, bool bitonal, Output& out) {
    switch (format) {
        case Format::pdf: return save_pdf(in, options, out);
        case Format::jp2:
        // libvips 8.14 loses the memory of a WebP that it cannot write to its end.
        case Format::webp: return save_whole(in, format, options, bitonal, out);
        case Format::tif:
            return VIPS_IMAGE_SIZEOF_IMAGE(in) <= kCompressedTiffBytes ? save_whole(in, format, options, bitonal, out)
                                                                       : write_plain_tiff(in, bitonal, out);
        default: {
            Sink sink{out};
            return save_through(in, format, options, bitonal, sink);
        }
    }
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

std::uint64_t bytes_held(Format format) {
    switch (format) {
        case Format::webp: return 6;
        case Format::gif: return 20;
        case Format::jp2: return 2;
        case Format::avif: return 30;
        default: return 0;
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

Expected<bool> encode(Image image, Format format, const EncodeOptions& options, bool bitonal,
                      const Cancelled& cancelled, Output& out, std::string& detail) {
    if (!drop_metadata(image, carries_profile(format))) return unable(detail);
    watch(image, cancelled);
    if (!saved(image.get(), format, options, bitonal && image.bands() == 1, out)) return unable(detail);
    return true;
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
        Output nowhere;
        if (encode(sample.share(), format, {}, false, nullptr, nowhere, detail)) formats |= protocol::bit(format);
    }
    return formats;
}

}  // namespace iiif::render
