// SPDX-License-Identifier: Apache-2.0
// Texts that people, cameras and programs have written into images and beside them, made fit to be shown. Internal to
// presentation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace iiif::presentation {

inline constexpr std::size_t kMostEmbeddedText = 4096;  // bytes

// RFC 3629: neither overlong forms nor surrogates.
bool is_utf8(std::string_view bytes);
// Each byte a character; what is not assigned is dropped.
std::string from_windows_1252(std::string_view bytes);

// UTF-8 as it is, anything else taken as Windows-1252, which includes what Latin-1 prints. Blanks, tabs and line ends
// become one blank, other control characters go; trimmed, and cut to kMostEmbeddedText between two characters.
std::string clean_text(std::string_view bytes);

// From UTF-16, little-endian, as Windows writes its EXIF tags; cleaned.
std::string clean_utf16(std::string_view bytes);

// What cameras and programs write where a title belongs: "OLYMPUS DIGITAL CAMERA", "DSC_0123", "ImageJ=1.53". `text` is
// clean.
bool says_nothing(std::string_view text);

// The first URI of creativecommons.org or rightsstatements.org in it, as these name their licences: with http:, without
// www., translation or page. "": there is none.
std::string rights_uri_in(std::string_view text);

// "2024:05:01 12:00:00" as "2024-05-01T12:00:00"; other texts that begin with a year as they are; else "".
std::string date_of(std::string_view text);

}  // namespace iiif::presentation
