// SPDX-License-Identifier: Apache-2.0
// Where image files keep what is said of them, and what the packets say. Internal to embedded.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "presentation/embedded.h"

namespace iiif::presentation {

inline constexpr std::size_t kMostPacket = std::size_t{1} << 20U;  // bytes of each; longer ones are not read

struct Packets {
    std::string exif;  // from its byte order mark on
    std::string iptc;  // data sets of IIM
    std::string xmp;
};

// Each reads with pread(2) alone, and never throws. What a damaged file still says is kept.
Packets packets_of_jpeg(int fd);
Packets packets_by_exiv2(int fd, source::Container);  // png, webp, jp2, heif
// `said`: what the tags of its first directory say.
Packets packets_of_tiff(int fd, Embedded& said);

// What one packet says; empty where it is damaged. None throws but for want of memory.
Embedded said_in_exif(std::string_view);
Embedded said_in_iptc(const std::string&);
Embedded said_in_xmp(std::string_view);

// ImageDescription, which is either: a short one is a title, unless there is one already.
void put_image_description(Embedded&, std::string text);

}  // namespace iiif::presentation
