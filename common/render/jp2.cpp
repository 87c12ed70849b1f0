// SPDX-License-Identifier: Apache-2.0
#include "render/jp2.h"

#include <openjpeg.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "render/sniff.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Rect;

constexpr std::uint64_t kBandSamples = std::uint64_t{16} << 20U;
constexpr std::uint32_t kMaxComponents = 5;

struct Reading {
    int fd;
    std::uint64_t position, size;
};

OPJ_SIZE_T read_bytes(void* buffer, OPJ_SIZE_T length, void* user) {
    auto& reading = *static_cast<Reading*>(user);
    const std::size_t count =
        read_at(reading.fd, std::span(static_cast<unsigned char*>(buffer), length), reading.position);
    reading.position += count;
    return count == 0 ? static_cast<OPJ_SIZE_T>(-1) : count;
}

OPJ_OFF_T skip_bytes(OPJ_OFF_T count, void* user) {
    auto& reading = *static_cast<Reading*>(user);
    if (count < 0 || static_cast<std::uint64_t>(count) > reading.size - reading.position) return -1;
    reading.position += static_cast<std::uint64_t>(count);
    return count;
}

OPJ_BOOL seek_to(OPJ_OFF_T offset, void* user) {
    auto& reading = *static_cast<Reading*>(user);
    if (offset < 0 || static_cast<std::uint64_t>(offset) > reading.size) return OPJ_FALSE;
    reading.position = static_cast<std::uint64_t>(offset);
    return OPJ_TRUE;
}

void complain(const char* message, void* user) {
    std::string& words = *static_cast<std::string*>(user);
    if (words.size() < 1024) words.append("openjpeg: ").append(message);
}

struct StreamFree {
    void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
struct CodecFree {
    void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
struct ImageFree {
    void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};

// One pass over the file: header read, ready to decode. OpenJPEG allows several windows per pass only for
// codestreams of one tile, so each band takes a new one.
class Decoder {
public:
    bool open(int fd, std::uint32_t reduction, std::string& detail) {
        struct stat status {};
        if (fstat(fd, &status) != 0) return false;
        reading_ = {fd, 0, static_cast<std::uint64_t>(status.st_size)};
        std::array<unsigned char, 4> start{};
        if (read_at(fd, start, 0) != start.size()) return false;
        codec_.reset(opj_create_decompress(start[0] == 0xFF ? OPJ_CODEC_J2K : OPJ_CODEC_JP2));
        stream_.reset(opj_stream_create(std::size_t{64} << 10U, OPJ_STREAM_READ));
        if (!codec_ || !stream_) return false;
        opj_stream_set_user_data(stream_.get(), &reading_, nullptr);
        opj_stream_set_user_data_length(stream_.get(), reading_.size);
        opj_stream_set_read_function(stream_.get(), read_bytes);
        opj_stream_set_skip_function(stream_.get(), skip_bytes);
        opj_stream_set_seek_function(stream_.get(), seek_to);
        opj_set_error_handler(codec_.get(), complain, &detail);
        opj_dparameters_t parameters;
        opj_set_default_decoder_parameters(&parameters);
        parameters.cp_reduce = reduction;
        if (opj_setup_decoder(codec_.get(), &parameters) != OPJ_TRUE) return false;
        opj_image_t* image = nullptr;
        const bool read = opj_read_header(stream_.get(), codec_.get(), &image) == OPJ_TRUE;
        image_.reset(image);
        return read && image != nullptr;
    }

    // Whether code blocks are coded by part 15, high throughput (ISO/IEC 15444-15 annex A, Scod's style bit 6).
    [[nodiscard]] bool high_throughput() const {
        constexpr OPJ_UINT32 kStyle = 0x40;
        opj_codestream_info_v2_t* info = opj_get_cstr_info(codec_.get());
        if (info == nullptr) return false;
        const opj_tccp_info_t* components = info->m_default_tile_info.tccp_info;
        const bool found = components != nullptr && (components[0].cblksty & kStyle) != 0;
        opj_destroy_cstr_info(&info);
        return found;
    }

    // Decodes `area` of the reduced first component. `inner` is where it then lies in image(): OpenJPEG 2.5.0 gives
    // grey for parts of a tile with high-throughput code blocks, so those are decoded by whole tiles.
    bool decode(Rect area, std::uint32_t reduction, Rect& inner) {
        const opj_image_comp_t& first = image_->comps[0];
        Span x = span(image_->x0, image_->x1, area.x, area.width, reduction);
        Span y = span(image_->y0, image_->y1, area.y, area.height, reduction);
        inner = {0, 0, area.width, area.height};
        if (high_throughput()) {
            opj_codestream_info_v2_t* info = opj_get_cstr_info(codec_.get());
            if (info == nullptr) return false;
            const Span whole_x = whole_tiles(x, info->tx0, info->tdx, image_->x0, image_->x1);
            const Span whole_y = whole_tiles(y, info->ty0, info->tdy, image_->y0, image_->y1);
            opj_destroy_cstr_info(&info);
            inner.x = halved(x.start, reduction) - halved(whole_x.start, reduction);
            inner.y = halved(y.start, reduction) - halved(whole_y.start, reduction);
            x = whole_x;
            y = whole_y;
        }
        return opj_set_decode_area(codec_.get(), image_.get(), static_cast<OPJ_INT32>(x.start),
                                   static_cast<OPJ_INT32>(y.start), static_cast<OPJ_INT32>(x.end),
                                   static_cast<OPJ_INT32>(y.end)) == OPJ_TRUE &&
               opj_decode(codec_.get(), stream_.get(), image_.get()) == OPJ_TRUE && first.data != nullptr &&
               std::uint64_t{inner.x} + area.width <= first.w && std::uint64_t{inner.y} + area.height <= first.h;
    }

    [[nodiscard]] const opj_image_t& image() const { return *image_; }
    [[nodiscard]] opj_codec_t* codec() const { return codec_.get(); }

private:
    struct Span {
        std::uint32_t start, end;  // on the reference grid
    };

    static std::uint32_t halved(std::uint64_t at, std::uint32_t reduction) {
        const std::uint64_t unit = std::uint64_t{1} << reduction;
        return static_cast<std::uint32_t>((at + unit - 1) / unit);
    }

    // Reduced pixel k of a component begins at (ceil(origin / 2^r) + k) 2^r of the reference grid, which may not start
    // at zero.
    static Span span(std::uint32_t origin, std::uint32_t end, std::uint32_t at, std::uint32_t length,
                     std::uint32_t reduction) {
        const auto grid = [&](std::uint64_t pixel) {
            const std::uint64_t place = (halved(origin, reduction) + pixel) << reduction;
            return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(place, origin, end));
        };
        return {grid(at), grid(std::uint64_t{at} + length)};
    }

    static Span whole_tiles(Span part, std::uint32_t first, std::uint32_t step, std::uint32_t origin,
                            std::uint32_t end) {
        if (step == 0 || part.start < first || part.end <= part.start) return {origin, end};
        const std::uint64_t from = std::uint64_t{first} + (part.start - first) / step * std::uint64_t{step};
        const std::uint64_t to = std::uint64_t{first} + ((part.end - 1 - first) / step + 1) * std::uint64_t{step};
        return {static_cast<std::uint32_t>(std::max<std::uint64_t>(from, origin)),
                static_cast<std::uint32_t>(std::min<std::uint64_t>(to, end))};
    }

    Reading reading_{};
    std::unique_ptr<opj_stream_t, StreamFree> stream_;
    std::unique_ptr<opj_codec_t, CodecFree> codec_;
    std::unique_ptr<opj_image_t, ImageFree> image_;
};

// An empty sentence, or why such components are not read.
std::string unsupported(const opj_image_t& image) {
    const opj_image_comp_t& first = image.comps[0];
    if (image.numcomps > kMaxComponents) {
        return "This JPEG 2000 image has more than four colours, which this server does not read.";
    }
    for (std::uint32_t i = 0; i < image.numcomps; ++i) {
        const opj_image_comp_t& component = image.comps[i];
        if (component.prec == 0 || component.prec > 16) {
            return "This JPEG 2000 image has samples of more than 16 bits, which this server does not read.";
        }
        if (component.dx == 0 || component.dy == 0) return "This JPEG 2000 image has a component without a size.";
    }
    if (first.dx != 1 || first.dy != 1) {
        return "This JPEG 2000 image stores every component subsampled, which this server does not read.";
    }
    return "";
}

// What the decoded components mean; a palette has been applied by then.
struct Meaning {
    std::uint32_t colours = 1;
    bool alpha = false;
    std::uint32_t alpha_component = 0;
    bool ycc = false;
    bool wide = false;
    VipsInterpretation interpretation = VIPS_INTERPRETATION_B_W;
    [[nodiscard]] std::uint32_t bands() const { return colours + (alpha ? 1 : 0); }
};

Meaning meaning_of(const opj_image_t& image) {
    Meaning meaning;
    const std::uint32_t count = image.numcomps;
    std::uint32_t colours = count;
    for (std::uint32_t i = 0; i < count; ++i) {
        meaning.wide = meaning.wide || image.comps[i].prec > 8;
        if (image.comps[i].alpha == 0) continue;
        if (!meaning.alpha) meaning.alpha_component = i;
        meaning.alpha = true;
        colours = std::min(colours, i);  // alpha follows the colours
    }
    const bool cmyk = image.color_space == OPJ_CLRSPC_CMYK && colours >= 4;
    meaning.colours = cmyk ? 4 : colours >= 3 ? 3 : 1;
    // A second or fourth component without a channel definition is transparency by custom.
    if (!meaning.alpha && !cmyk && (count == 2 || count == 4)) {
        meaning.alpha = true;
        meaning.alpha_component = count - 1;
    }
    const bool subsampled = count >= 3 && image.comps[1].dx > 1 && image.comps[2].dx > 1;
    meaning.ycc =
        meaning.colours == 3 && (image.color_space == OPJ_CLRSPC_SYCC || image.color_space == OPJ_CLRSPC_EYCC ||
                                 (subsampled && image.color_space != OPJ_CLRSPC_SRGB));
    if (cmyk) {
        meaning.interpretation = VIPS_INTERPRETATION_CMYK;
    } else if (meaning.colours == 3) {
        meaning.interpretation = meaning.wide ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
    } else {
        meaning.interpretation = meaning.wide ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    }
    return meaning;
}

// ISO/IEC 10918-5 (JFIF): full range, as sYCC has it.
void ycc_to_rgb(std::array<double, kMaxComponents>& v) {
    const double y = v[0];
    const double cb = v[1] - 0.5;
    const double cr = v[2] - 0.5;
    v[0] = y + 1.402 * cr;
    v[1] = y - 0.344136 * cb - 0.714136 * cr;
    v[2] = y + 1.772 * cb;
}

// `inner` of the decoded first component.
template <class T>
void pack(const opj_image_t& image, const Meaning& meaning, Rect inner, T* out) {
    constexpr std::uint64_t kMost = static_cast<T>(~T{0});
    const std::uint32_t width = image.comps[0].w;
    const std::uint32_t height = image.comps[0].h;
    const std::uint32_t bands = meaning.bands();
    std::array<double, kMaxComponents> unit{};
    for (std::uint32_t y = inner.y; y < inner.y + inner.height; ++y) {
        for (std::uint32_t x = inner.x; x < inner.x + inner.width; ++x, out += bands) {
            for (std::uint32_t band = 0; band < bands; ++band) {
                const opj_image_comp_t& c = image.comps[band < meaning.colours ? band : meaning.alpha_component];
                // Subsampled components are repeated; of the window's own size otherwise.
                const std::uint64_t cx = c.w == width ? x : std::uint64_t{x} * c.w / width;
                const std::uint64_t cy = c.h == height ? y : std::uint64_t{y} * c.h / height;
                const std::int64_t most = (std::int64_t{1} << c.prec) - 1;
                const std::int64_t offset = c.sgnd != 0 ? std::int64_t{1} << (c.prec - 1) : 0;
                const auto value =
                    static_cast<std::uint64_t>(std::clamp<std::int64_t>(c.data[cy * c.w + cx] + offset, 0, most));
                const auto range = static_cast<std::uint64_t>(most);
                if (meaning.ycc) unit.at(band) = static_cast<double>(value) / static_cast<double>(range);
                out[band] = static_cast<T>(range == kMost ? value : (value * kMost + range / 2) / range);
            }
            if (!meaning.ycc) continue;
            ycc_to_rgb(unit);
            for (std::uint32_t band = 0; band < 3; ++band) {
                out[band] =
                    static_cast<T>(std::lround(std::clamp(unit.at(band), 0.0, 1.0) * static_cast<double>(kMost)));
            }
        }
    }
}

// ISO/IEC 15444-1 equation B-15: the reference grid may not start at zero.
std::uint32_t reduced(std::uint32_t start, std::uint32_t end, std::uint32_t halvings) {
    const auto halved = [&](std::uint64_t at) { return (at + (std::uint64_t{1} << halvings) - 1) >> halvings; };
    return end > start ? static_cast<std::uint32_t>(halved(end) - halved(start)) : 0;
}

bool complete(const opj_image_t& image) {
    for (std::uint32_t i = 0; i < image.numcomps; ++i) {
        const opj_image_comp_t& c = image.comps[i];
        if (c.data == nullptr || c.w == 0 || c.h == 0 || c.prec == 0 || c.prec > 16) return false;
    }
    return image.numcomps > 0 && image.numcomps <= kMaxComponents;
}

}  // namespace

Expected<Jp2Header> read_jp2_header(int fd, std::string& detail) {
    Decoder decoder;
    if (!decoder.open(fd, 0, detail)) return damaged(detail);
    const opj_image_t& image = decoder.image();
    if (image.numcomps == 0 || image.comps[0].w == 0 || image.comps[0].h == 0) return damaged(detail);
    if (const std::string why = unsupported(image); !why.empty()) return refuse(501, why);
    Jp2Header header;
    header.bits = static_cast<std::uint8_t>(image.comps[0].prec);
    opj_codestream_info_v2_t* info = opj_get_cstr_info(decoder.codec());
    if (info == nullptr) return damaged(detail);
    if (info->tw * info->th > 1) header.tile = {info->tdx, info->tdy};
    std::uint32_t resolutions = 1;
    if (const opj_tccp_info_t* components = info->m_default_tile_info.tccp_info; components != nullptr) {
        // Components may differ; the image can be halved as often as its poorest.
        resolutions = components[0].numresolutions;
        for (std::uint32_t i = 1; i < info->nbcomps; ++i) {
            resolutions = std::min(resolutions, components[i].numresolutions);
        }
    }
    opj_destroy_cstr_info(&info);
    constexpr std::uint32_t kMostResolutions = 32;
    for (std::uint32_t r = 0; r < std::clamp(resolutions, 1U, kMostResolutions); ++r) {
        const Extent extent = {reduced(image.x0, image.x1, r), reduced(image.y0, image.y1, r)};
        if (extent.width == 0 || extent.height == 0) break;
        header.resolutions.push_back(extent);
    }
    if (header.resolutions.empty()) return damaged(detail);
    return header;
}

Expected<Image> read_jp2(int fd, std::uint32_t reduction, Rect area, const std::function<bool()>& cancelled,
                         std::string& detail) {
    Image result;
    Meaning meaning;
    std::size_t line_bytes = 0;
    std::uint32_t rows = area.height;
    for (std::uint32_t done = 0; done < area.height; done += rows) {
        if (cancelled && cancelled()) return refuse(503, "The request was given up before the image was ready.");
        Decoder decoder;
        if (!decoder.open(fd, reduction, detail)) return damaged(detail);
        if (done == 0) {
            const std::uint64_t line = std::uint64_t{area.width} * std::max(decoder.image().numcomps, 1U);
            rows = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(kBandSamples / line, 1, area.height));
            // Whole tiles would be decoded again for every band.
            if (decoder.high_throughput()) rows = area.height;
        }
        const std::uint32_t height = std::min(rows, area.height - done);
        Rect inner;
        if (!decoder.decode({area.x, area.y + done, area.width, height}, reduction, inner) ||
            !complete(decoder.image())) {
            return damaged(detail);
        }
        const opj_image_t& image = decoder.image();
        if (done == 0) {
            meaning = meaning_of(image);
            result = Image(vips_image_new_memory());
            vips_image_init_fields(result.get(), static_cast<int>(area.width), static_cast<int>(area.height),
                                   static_cast<int>(meaning.bands()),
                                   meaning.wide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                                   meaning.interpretation, 1, 1);
            if (vips_image_write_prepare(result.get()) != 0) return unable(detail);
            line_bytes = VIPS_IMAGE_SIZEOF_LINE(result.get());
            if (image.icc_profile_buf != nullptr && image.icc_profile_len > 0) {
                vips_image_set_blob_copy(result.get(), VIPS_META_ICC_NAME, image.icc_profile_buf,
                                         image.icc_profile_len);
            }
        } else if (meaning_of(image).bands() != meaning.bands() || meaning_of(image).wide != meaning.wide) {
            return damaged(detail);
        }
        VipsPel* const out = VIPS_IMAGE_ADDR(result.get(), 0, 0) + line_bytes * done;
        if (meaning.wide) {
            pack(image, meaning, inner, reinterpret_cast<std::uint16_t*>(out));
        } else {
            pack(image, meaning, inner, reinterpret_cast<std::uint8_t*>(out));
        }
    }
    return result;
}

}  // namespace iiif::render
