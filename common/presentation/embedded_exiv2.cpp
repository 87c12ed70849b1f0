// SPDX-License-Identifier: Apache-2.0
// Files of boxes and chunks, whose packets Exiv2 finds.
#include <exiv2/bmffimage.hpp>
#include <exiv2/exif.hpp>
#include <exiv2/image.hpp>
#include <exiv2/iptc.hpp>
#include <exiv2/jp2image.hpp>
#include <exiv2/pngimage.hpp>
#include <exiv2/webpimage.hpp>
#include <exiv2/xmp_exiv2.hpp>
#include <memory>

#include "presentation/descriptor_io.h"
#include "presentation/embedded_packets.h"

namespace iiif::presentation {
namespace {

std::unique_ptr<Exiv2::Image> image_of(int fd, source::Container container) {
    Exiv2::BasicIo::AutoPtr io(new DescriptorIo(fd));
    switch (container) {
        case source::Container::png: return std::make_unique<Exiv2::PngImage>(io, false);
        case source::Container::webp: return std::make_unique<Exiv2::WebPImage>(io);
        case source::Container::jp2: return std::make_unique<Exiv2::Jp2Image>(io, false);
        case source::Container::heif: return std::make_unique<Exiv2::BmffImage>(io, false);
        default: return nullptr;
    }
}

}  // namespace

Packets packets_by_exiv2(int fd, source::Container container) try {
    // Once, and not while another thread does.
    static const bool started = Exiv2::enableBMFF(true) && Exiv2::XmpParser::initialize();
    Packets found;
    const std::unique_ptr<Exiv2::Image> image = started ? image_of(fd, container) : nullptr;
    if (!image) return found;
    try {
        image->readMetadata();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): what came before the damage holds
    }
    if (!image->exifData().empty()) {
        Exiv2::ExifData& all = image->exifData();
        Exiv2::ExifData wanted;
        for (const char* const name :
             {"Exif.Image.ImageDescription", "Exif.Image.DateTime", "Exif.Image.Artist", "Exif.Image.Copyright",
              "Exif.Image.XPTitle", "Exif.Image.XPAuthor", "Exif.Photo.DateTimeOriginal"}) {
            const auto one = all.findKey(Exiv2::ExifKey(name));
            if (one != all.end() && one->size() <= 65536) wanted.add(*one);
        }
        Exiv2::Blob bytes;
        if (!wanted.empty()) Exiv2::ExifParser::encode(bytes, Exiv2::littleEndian, wanted);
        found.exif.assign(bytes.begin(), bytes.end());
    }
    if (!image->iptcData().empty()) {
        const Exiv2::DataBuf bytes = Exiv2::IptcParser::encode(image->iptcData());
        found.iptc.assign(reinterpret_cast<const char*>(bytes.pData_), static_cast<std::size_t>(bytes.size_));
    }
    image->writeXmpFromPacket(true);  // as it was read, with its languages in their order
    found.xmp = image->xmpPacket();
    if (found.xmp.empty() && !image->xmpData().empty()) {  // HEIF: the packet itself is not kept
        image->writeXmpFromPacket(false);
        found.xmp = image->xmpPacket();
    }
    return found;
} catch (const std::exception&) {
    return {};
}

}  // namespace iiif::presentation
