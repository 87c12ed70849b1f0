// SPDX-License-Identifier: Apache-2.0
#include "render/jp2.h"

#include <openjpeg.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "render/jp2_decoder.h"
#include "render/jp2_reader.h"
#include "render/jp2_samples.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Rect;

// Packed pixels in memory.
class ImageSink : public Jp2Sink {
public:
    Image image;

    bool begin(Extent window, const Meaning& meaning, const std::string& profile) override {
        image = Image(vips_image_new_memory());
        vips_image_init_fields(image.get(), static_cast<int>(window.width), static_cast<int>(window.height),
                               static_cast<int>(meaning.bands()), meaning.wide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR,
                               VIPS_CODING_NONE, meaning.interpretation, 1, 1);
        if (vips_image_write_prepare(image.get()) != 0) return false;
        if (!profile.empty()) {
            vips_image_set_blob_copy(image.get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
        }
        return true;
    }

    void put(const Jp2Pixels& pixels, const Box& part, std::uint32_t x, std::uint32_t y) override {
        VipsPel* out = VIPS_IMAGE_ADDR(image.get(), static_cast<int>(x), static_cast<int>(y));
        for (std::uint32_t row = part.y0; row < part.y1; ++row, out += VIPS_IMAGE_SIZEOF_LINE(image.get())) {
            std::memcpy(out, pixels.at(part.x0, row), part.width() * pixels.pixel_bytes);
        }
    }
};

}  // namespace

Expected<Jp2Header> read_jp2_header(int fd, std::string& detail) {
    struct stat status {};
    Decoder decoder;
    if (fstat(fd, &status) != 0 || status.st_size < 0) return damaged(detail);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const Codestream::Glance glance = Codestream::glance(fd, size);
    if (!glance.room_for_tiles) {
        detail += "more tiles than the file has room for";
        return damaged(detail);
    }
    if (!decoder.open(fd, Codestream::whole(size), 0, detail)) return damaged(detail);
    const opj_image_t& image = decoder.image();
    if (image.comps[0].w == 0 || image.comps[0].h == 0) return damaged(detail);
    if (const std::string why = unsupported(image); !why.empty()) return refuse(501, why);
    Jp2Header header;
    header.bits = static_cast<std::uint8_t>(image.comps[0].prec);
    if (glance.components_are_channels) header.colours = meaning_of(image).colours;
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
        const Box reduced = halved({image.x0, image.y0, image.x1, image.y1}, r);
        if (reduced.empty()) break;
        header.resolutions.push_back({reduced.width(), reduced.height()});
    }
    if (header.resolutions.empty()) return damaged(detail);
    return header;
}

Expected<Image> read_jp2(int fd, std::uint32_t reduction, Rect area, const std::function<bool()>& cancelled,
                         std::string& detail) {
    Jp2Reader reader(fd, reduction, detail);
    if (!reader.open()) return damaged(detail);
    ImageSink sink;
    if (auto done = reader.read(area, sink, cancelled); !done) return tl::unexpected(done.error());
    return std::move(sink.image);
}

}  // namespace iiif::render
