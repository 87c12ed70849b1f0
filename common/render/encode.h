// SPDX-License-Identifier: Apache-2.0
// Finished pixels to the bytes of an answer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "render/output.h"
#include "render/pipeline.h"
#include "render/render.h"
#include "render/vips.h"

namespace iiif::render {

[[nodiscard]] bool carries_alpha(protocol::Format);
[[nodiscard]] bool carries_profile(protocol::Format);
// The longest side the format, or its encoder, can express.
[[nodiscard]] std::uint32_t longest_side(protocol::Format);

// What its encoder takes for each pixel, in bytes, as measured; 0: it writes as it goes.
[[nodiscard]] std::uint64_t bytes_held(protocol::Format);

// 8-bit gray or RGB, with alpha only where carries_alpha(). `bitonal`: one band, 0 and 255 only. Metadata is not
// written, but for an ICC profile that the image still has and the format carries. After a refusal, `out` may have
// passed on a part of the image.
Expected<bool> encode(Image, protocol::Format, const EncodeOptions&, bool bitonal, const Cancelled&, Output& out,
                      std::string& detail);

// EXIF, XMP and the like describe the source, not an answer, and its orientation has been used up.
[[nodiscard]] bool drop_metadata(Image&, bool keep_profile);

// A page with one JPEG on it, one point to a pixel (ISO 32000-1). No dates or identifiers: equal pixels, equal bytes.
struct PdfAround {
    std::string before;  // the JPEG,
    std::string after;   // and behind it
};
// `after` depends on how long the JPEG was.
PdfAround pdf_around(std::uint64_t jpeg_length, protocol::Extent, int bands);

}  // namespace iiif::render
