// SPDX-License-Identifier: Apache-2.0
// Finished pixels to the bytes of an answer.
#pragma once

#include <cstddef>
#include <vector>

#include "render/pipeline.h"
#include "render/render.h"
#include "render/vips.h"

namespace iiif::render {

[[nodiscard]] bool carries_alpha(protocol::Format);
[[nodiscard]] bool carries_profile(protocol::Format);
// The longest side the format, or its encoder, can express.
[[nodiscard]] std::uint32_t longest_side(protocol::Format);

// 8-bit gray or RGB, with alpha only where carries_alpha(). `bitonal`: one band, 0 and 255 only. Metadata is not
// written, but for an ICC profile that the image still has and the format carries.
Expected<std::vector<std::byte>> encode(Image, protocol::Format, const EncodeOptions&, bool bitonal, const Cancelled&,
                                        std::string& detail);

// EXIF, XMP and the like describe the source, not an answer, and its orientation has been used up.
[[nodiscard]] bool drop_metadata(Image&, bool keep_profile);

// A page with one JPEG on it, one point to a pixel (ISO 32000-1). No dates or identifiers: equal pixels, equal bytes.
std::vector<std::byte> pdf_around(const void* jpeg, std::size_t length, protocol::Extent, int bands);

}  // namespace iiif::render
