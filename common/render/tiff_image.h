// SPDX-License-Identifier: Apache-2.0
// The pixels of one TIFF directory as a libvips image that decodes only the tiles or strips it is asked for.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "protocol/refusal.h"
#include "render/tiff_file.h"
#include "render/vips.h"

namespace iiif::render {

// 8 or 16 bits of gray, RGB or CMYK, or float CIELAB; straight alpha last. Stored orientation is not applied.
// `file` stands at the directory; the ICC profile is not read. 501: unsupported().
// `cancelled`, if any, is asked before each tile or strip is decoded, for as long as the image lives.
Expected<Image> open_directory(std::unique_ptr<TiffFile> file, const std::function<bool()>& cancelled,
                               std::string& detail);

}  // namespace iiif::render
