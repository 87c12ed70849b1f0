// SPDX-License-Identifier: Apache-2.0
// Segments of a JPEG up to its first scan. Not by Exiv2: it parses all of EXIF with the notes of cameras, and all of
// XMP, at several times the cost of a Manifest's whole page.
#include <array>
#include <exiv2/jpgimage.hpp>
#include <span>

#include "presentation/embedded_packets.h"
#include "render/sniff.h"

namespace iiif::presentation {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kExif = "Exif\0\0"sv, kXmp = "http://ns.adobe.com/xap/1.0/\0"sv,
                           kPhotoshop = "Photoshop 3.0\0"sv;
constexpr std::uint16_t kStartOfScan = 0xDA, kEndOfImage = 0xD9, kApp1 = 0xE1, kApp13 = 0xED;
constexpr std::size_t kMostSegments = 4096;  // a profile of 16 MiB, and what else there may be

// The file through a window: segments before the first scan are short, and one read holds most of them.
class Window {
public:
    explicit Window(int fd) : fd_(fd) {}

    // Fewer where the file ends; valid up to the next call.
    std::string_view at(std::uint64_t offset, std::size_t length) {
        if (offset < from_ || offset + length > from_ + have_) {
            from_ = offset;
            have_ = render::read_at(fd_, std::span(bytes_), offset);
        }
        const auto begin = static_cast<std::size_t>(offset - from_);
        if (begin >= have_) return {};
        return std::string_view(reinterpret_cast<const char*>(bytes_.data()), have_).substr(begin, length);
    }

private:
    int fd_;
    std::uint64_t from_ = 0;
    std::size_t have_ = 0;
    std::array<unsigned char, 65536> bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init): read before it is used
};

unsigned byte_of(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

// IPTC is one of Photoshop's resources. Several segments APP13 are pieces of one list of them.
std::string iptc_of(const std::string& resources) {
    const auto* const data = reinterpret_cast<const Exiv2::byte*>(resources.data());
    const Exiv2::byte* record = nullptr;
    std::uint32_t head = 0;
    std::uint32_t length = 0;
    if (resources.empty() ||
        Exiv2::Photoshop::locateIptcIrb(data, static_cast<long>(resources.size()), &record, &head, &length) != 0) {
        return "";
    }
    const auto begin = static_cast<std::size_t>(record - data) + head;
    if (begin > resources.size()) return "";
    return resources.substr(begin, length);
}

}  // namespace

Packets packets_of_jpeg(int fd) try {
    Packets found;
    Window file(fd);
    std::string resources;
    std::uint64_t at = 2;
    for (std::size_t count = 0; count < kMostSegments; ++count) {
        const std::string_view head = file.at(at, 4);
        if (head.size() < 4 || byte_of(head, 0) != 0xFF) break;
        const unsigned marker = byte_of(head, 1);
        if (marker == 0xFF) {  // fill bytes
            ++at;
            continue;
        }
        const std::size_t length = byte_of(head, 2) << 8U | byte_of(head, 3);
        if (marker == kStartOfScan || marker == kEndOfImage || length < 2) break;
        if (marker == kApp1 || marker == kApp13) {
            const std::string_view body = file.at(at + 4, length - 2);
            if (body.starts_with(kExif) && found.exif.empty()) found.exif = body.substr(kExif.size());
            if (body.starts_with(kXmp) && found.xmp.empty()) found.xmp = body.substr(kXmp.size());
            if (body.starts_with(kPhotoshop) && resources.size() < kMostPacket)
                resources += body.substr(kPhotoshop.size());
        }
        at += 2 + length;
    }
    found.iptc = iptc_of(resources);
    return found;
} catch (const std::exception&) {
    return {};
}

}  // namespace iiif::presentation
