// SPDX-License-Identifier: Apache-2.0
// From a file to pixels of one level of one page.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "protocol/geometry.h"
#include "protocol/refusal.h"
#include "render/vips.h"
#include "source/description.h"

namespace iiif::render {

inline constexpr double kPdfDpi = 150;  // of a page's first level

// A page of a container that libvips decodes (not TIFF, not JPEG 2000), lazily and from the top. `reduction` is
// Level::page: the DCT shrink of a JPEG, the divisor of a PDF's resolution; 1 for all others.
Expected<Image> open_with_vips(int fd, source::Container, std::uint32_t page, std::int32_t reduction,
                               std::string& detail);

// `area` of a level, exactly that large. What is decoded is what lies in it, as far as the container allows.
Expected<Image> load_area(int fd, std::uint32_t page, const source::Description&, const source::Level&,
                          protocol::Rect area, const std::function<bool()>& cancelled, std::string& detail);

}  // namespace iiif::render
