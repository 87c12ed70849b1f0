// SPDX-License-Identifier: Apache-2.0
#include "presentation/embedded_files.h"

#include <sys/mman.h>
#include <tiffio.h>
#include <unistd.h>
#include <vips/vips.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <exiv2/image.hpp>
#include <exiv2/jp2image.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "suite.h"

namespace iiif::presentation::test {
namespace {

std::string number(std::uint64_t value, std::size_t width, bool big) {
    std::string out;
    for (std::size_t i = 0; i < width; ++i) {
        out += static_cast<char>(value >> 8U * (big ? width - 1 - i : i) & 0xFFU);
    }
    return out;
}

std::string directory(const std::vector<std::pair<unsigned, std::string>>& tags, std::uint64_t at, bool big) {
    std::string entries = number(tags.size(), 2, big);
    std::string values;
    const std::size_t values_at = at + 2 + 12 * tags.size() + 4;
    for (const auto& [tag, value] : tags) {
        const bool windows = tag >= 40091;
        const bool pointer = tag == 34665;
        entries += number(tag, 2, big) + number(pointer ? 4 : windows ? 1 : 2, 2, big);
        entries += number(pointer ? 1 : value.size(), 4, big);
        if (value.size() <= 4) {
            entries += (value + std::string(4, '\0')).substr(0, 4);
        } else {
            entries += number(values_at + values.size(), 4, big);
            values += value;
        }
    }
    return entries + number(0, 4, big) + values;
}

std::string segment(int marker, const std::string& body) {
    return std::string("\xFF") + static_cast<char>(marker) + number(body.size() + 2, 2, true) + body;
}

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    ck_assert(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string scratch(const std::string& suffix) {
    const auto pattern = (std::filesystem::temp_directory_path() / "iiif-embedded-XXXXXX").string() + suffix;
    std::string name = pattern;
    const int fd = mkstemps(name.data(), static_cast<int>(suffix.size()));
    ck_assert_int_ge(fd, 0);
    close(fd);
    return name;
}

}  // namespace

std::string exif_of(const std::vector<std::pair<unsigned, std::string>>& tags, bool big, const std::string& original) {
    std::vector<std::pair<unsigned, std::string>> all;
    for (const auto& [tag, value] : tags) {
        if (tag < 40091) all.emplace_back(tag, value + '\0');
    }
    const std::string head = (big ? "MM" : "II") + number(42, 2, big) + number(8, 4, big);
    if (!original.empty()) all.emplace_back(34665, std::string(4, '\0'));
    for (const auto& [tag, value] : tags) {
        if (tag >= 40091) all.emplace_back(tag, value);
    }
    std::string first = directory(all, 8, big);
    if (original.empty()) return head + first;
    const std::uint64_t second = 8 + first.size();
    for (auto& [tag, value] : all) {
        if (tag == 34665) value = number(second, 4, big);
    }
    return head + directory(all, 8, big) + directory({{36867, original + '\0'}}, second, big);
}

std::string utf16(std::string_view ascii) {
    std::string out;
    for (const char c : ascii) out += {c, '\0'};
    return out + std::string(2, '\0');
}

std::string iptc_of(const std::vector<std::pair<unsigned, std::string>>& sets, bool utf8) {
    std::string out;
    const auto add = [&out](int record, unsigned set, const std::string& value) {
        out += std::string("\x1C") + static_cast<char>(record) + static_cast<char>(set) +
               number(value.size(), 2, true) + value;
    };
    if (utf8) add(1, 90, "\x1B%G");
    for (const auto& [set, value] : sets) add(2, set, value);
    return out;
}

std::string xmp_of(const std::string& properties, const std::string& attributes) {
    return "<?xpacket begin='\xEF\xBB\xBF' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
           "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''"
           " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/'"
           " xmlns:xmpRights='http://ns.adobe.com/xap/1.0/rights/' xmlns:cc='http://creativecommons.org/ns#' " +
           attributes + ">" + properties + "</rdf:Description></rdf:RDF></x:xmpmeta>\n  <?xpacket end='w'?>";
}

std::string alternatives(const std::string& name,
                         const std::vector<std::pair<std::string, std::string>>& language_and_text) {
    std::string out = "<" + name + "><rdf:Alt>";
    for (const auto& [language, text] : language_and_text) {
        out += "<rdf:li xml:lang='" + language + "'>" + text + "</rdf:li>";
    }
    return out + "</rdf:Alt></" + name + ">";
}

std::string jpeg_of(const std::string& exif, const std::string& iptc, const std::string& xmp) {
    using namespace std::string_literals;
    std::string out = "\xFF\xD8" + segment(0xE0, "JFIF\0\1\1\0\0\1\0\1\0\0"s);
    if (!exif.empty()) out += segment(0xE1, "Exif\0\0"s + exif);
    if (!xmp.empty()) out += segment(0xE1, "http://ns.adobe.com/xap/1.0/\0"s + xmp);
    if (!iptc.empty()) {
        out += segment(0xED, "Photoshop 3.0\0"s + "8BIM\x04\x04\0\0"s + number(iptc.size(), 4, true) + iptc +
                                 (iptc.size() % 2 == 1 ? "\0"s : ""s));
    }
    return out + segment(0xDA, std::string(10, '\0')) + std::string(100, 'x') + "\xFF\xD9";
}

std::string written_by_vips(const std::string& suffix, const std::string& exif, const std::string& iptc,
                            const std::string& xmp) {
    VipsImage* image = nullptr;
    ck_assert_int_eq(vips_black(&image, 64, 64, "bands", 3, nullptr), 0);
    VipsImage* copy = nullptr;
    ck_assert_int_eq(vips_copy(image, &copy, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr), 0);
    const auto put = [copy](const char* name, const std::string& bytes) {
        if (!bytes.empty()) vips_image_set_blob_copy(copy, name, bytes.data(), bytes.size());
    };
    put(VIPS_META_EXIF_NAME, exif.empty() ? "" : std::string("Exif\0\0", 6) + exif);
    put(VIPS_META_IPTC_NAME, iptc);
    put(VIPS_META_XMP_NAME, xmp);
    const std::string path = scratch(suffix);
    ck_assert_msg(vips_image_write_to_file(copy, path.c_str(), nullptr) == 0, "%s", vips_error_buffer());
    g_object_unref(copy);
    g_object_unref(image);
    std::string bytes = contents(path);
    std::filesystem::remove(path);
    return bytes;
}

std::string jp2_of(const std::string& xmp) {
    const auto image = Exiv2::ImageFactory::create(Exiv2::ImageType::jp2);
    image->setXmpPacket(xmp);
    image->writeXmpFromPacket(true);
    image->writeMetadata();
    Exiv2::BasicIo& io = image->io();
    ck_assert_int_eq(io.open(), 0);
    const Exiv2::DataBuf all = io.read(static_cast<long>(io.size()));
    return {reinterpret_cast<const char*>(all.pData_), static_cast<std::size_t>(all.size_)};
}

std::string tiff_of(const char* mode, const std::vector<std::pair<unsigned, std::string>>& tags,
                    const std::string& iptc, const std::string& xmp) {
    const std::string path = scratch(".tif");
    TIFF* const tiff = TIFFOpen(path.c_str(), mode);
    ck_assert_ptr_nonnull(tiff);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, 8);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, 8);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 8);
    for (const auto& [tag, value] : tags) TIFFSetField(tiff, tag, value.c_str());
    if (!iptc.empty()) {
        const auto width = static_cast<std::size_t>(TIFFFieldSetGetSize(TIFFFieldWithTag(tiff, TIFFTAG_RICHTIFFIPTC)));
        const std::string padded = iptc + std::string((4 - iptc.size() % 4) % 4, '\0');
        TIFFSetField(tiff, TIFFTAG_RICHTIFFIPTC, static_cast<std::uint32_t>(padded.size() / width), padded.data());
    }
    if (!xmp.empty()) TIFFSetField(tiff, TIFFTAG_XMLPACKET, static_cast<std::uint32_t>(xmp.size()), xmp.data());
    std::array<unsigned char, 64> pixels{};
    TIFFWriteEncodedStrip(tiff, 0, pixels.data(), pixels.size());
    TIFFClose(tiff);
    std::string bytes = contents(path);
    std::filesystem::remove(path);
    return bytes;
}

MemoryFile::MemoryFile(const std::string& bytes) : fd_(memfd_create("image", MFD_CLOEXEC)) {
    ck_assert_int_ge(fd_, 0);
    ck_assert_int_eq(pwrite(fd_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    ck_assert_int_eq(lseek(fd_, 5, SEEK_SET), 5);
}

MemoryFile::~MemoryFile() {
    close(fd_);
}

Embedded embedded_in(const std::string& bytes, source::Container container) {
    const MemoryFile file(bytes);
    Embedded said = read_embedded(file.fd(), container);
    ck_assert_int_eq(lseek(file.fd(), 0, SEEK_CUR), 5);
    return said;
}

}  // namespace iiif::presentation::test
