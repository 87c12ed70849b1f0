// SPDX-License-Identifier: Apache-2.0
// A TIFF without compression, written from its first byte to its last: the one kind whose every offset is known before
// the first pixel is. TIFF Revision 6.0; beyond 4 GB, BigTIFF.
#pragma once

#include "render/output.h"
#include "render/vips.h"

namespace iiif::render {

// 8-bit gray or RGB, with alpha or without, and its ICC profile. `bitonal`: one band of 0 and 255, written as bits.
// false: the pixels could not be had (libvips says why), or nobody takes the bytes.
[[nodiscard]] bool write_plain_tiff(VipsImage* image, bool bitonal, Output& out);

}  // namespace iiif::render
