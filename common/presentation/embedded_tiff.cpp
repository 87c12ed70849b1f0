// SPDX-License-Identifier: Apache-2.0
// TIFF and BigTIFF by libtiff: Exiv2 maps a TIFF whole, and does not read BigTIFF.
#include <algorithm>
#include <exception>
#include <utility>

#include "presentation/embedded_packets.h"
#include "presentation/texts.h"
#include "render/tiff_file.h"

namespace iiif::presentation {
namespace {

std::string text_of(TIFF* tiff, std::uint32_t tag) {
    const char* text = nullptr;
    if (TIFFGetField(tiff, tag, &text) != 1 || text == nullptr) return "";
    return clean_text(text);
}

std::string bytes_of(TIFF* tiff, std::uint32_t tag) {
    std::uint32_t count = 0;
    const void* data = nullptr;
    if (TIFFGetField(tiff, tag, &count, &data) != 1 || data == nullptr) return "";
    const int width = TIFFFieldSetGetSize(TIFFFieldWithTag(tiff, tag));  // IPTC was counted in numbers of 4 bytes once
    const std::size_t length = std::size_t{count} * static_cast<std::size_t>(std::max(1, width));
    return length > kMostPacket ? "" : std::string(static_cast<const char*>(data), length);
}

// Old writers declare IPTC as numbers of 4 bytes, which libtiff turns around where the file's order is not the
// machine's. Each data set begins with 0x1C.
void turn_back(std::string& iptc) {
    if (iptc.size() < 4 || iptc[0] == '\x1C' || iptc[3] != '\x1C') return;
    for (std::size_t at = 0; at + 4 <= iptc.size(); at += 4) {
        std::swap(iptc[at], iptc[at + 3]);
        std::swap(iptc[at + 1], iptc[at + 2]);
    }
}

}  // namespace

Packets packets_of_tiff(int fd, Embedded& said) try {
    Packets found;
    std::string ignored;
    const auto file = render::TiffFile::open(fd, ignored);
    if (!file) return found;
    TIFF* const tiff = file->get();
    said.creator = text_of(tiff, TIFFTAG_ARTIST);
    said.copyright = text_of(tiff, TIFFTAG_COPYRIGHT);
    said.rights = rights_uri_in(said.copyright);
    said.date = date_of(text_of(tiff, TIFFTAG_DATETIME));
    put_image_description(said, text_of(tiff, TIFFTAG_IMAGEDESCRIPTION));
    found.xmp = bytes_of(tiff, TIFFTAG_XMLPACKET);
    found.iptc = bytes_of(tiff, TIFFTAG_RICHTIFFIPTC);
    turn_back(found.iptc);
    return found;
} catch (const std::exception&) {
    return {};
}

}  // namespace iiif::presentation
