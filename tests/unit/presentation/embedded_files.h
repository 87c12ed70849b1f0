// SPDX-License-Identifier: Apache-2.0
// Image files that say something of themselves, made here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "presentation/embedded.h"

namespace iiif::presentation::test {

// EXIF of these tags, in one directory; `original`: DateTimeOriginal, in the second.
std::string exif_of(const std::vector<std::pair<unsigned, std::string>>& tags, bool big = false,
                    const std::string& original = "");
std::string utf16(std::string_view ascii);
// Record 2 of IIM.
std::string iptc_of(const std::vector<std::pair<unsigned, std::string>>& sets, bool utf8 = false);
// `properties`: XML, within the one rdf:Description.
std::string xmp_of(const std::string& properties, const std::string& attributes = "");
// A property with language alternatives.
std::string alternatives(const std::string& name,
                         const std::vector<std::pair<std::string, std::string>>& language_and_text);

// Segments and no picture: what is read ends before it. "": no such segment.
std::string jpeg_of(const std::string& exif, const std::string& iptc = "", const std::string& xmp = "");

// What libvips makes of 64 x 64 pixels and these; ".jpg", ".png", ".webp", ".avif" or ".tif".
std::string written_by_vips(const std::string& suffix, const std::string& exif, const std::string& iptc,
                            const std::string& xmp);
// JPEG 2000's boxes, as Exiv2 writes them.
std::string jp2_of(const std::string& xmp);
// `mode`: libtiff's, "w", "w8", "wb".
std::string tiff_of(const char* mode, const std::vector<std::pair<unsigned, std::string>>& tags,
                    const std::string& iptc, const std::string& xmp);

// In memory; its position stands at 5.
class MemoryFile {
public:
    explicit MemoryFile(const std::string& bytes);
    ~MemoryFile();
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

// Asserts that the descriptor's position stayed.
Embedded embedded_in(const std::string& bytes, source::Container);

}  // namespace iiif::presentation::test
