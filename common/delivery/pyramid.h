// SPDX-License-Identifier: Apache-2.0
// Pyramids of our own. Some sources can only be decoded whole, whatever is asked of them: striped TIFF, PNG, JPEG at
// full size and the like. For these a renderer writes a pyramid of JPEG tiles once, into a folder of the
// administrator's, and from then on every such answer is made from it; its tiles are sent as they are stored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "delivery/answer.h"
#include "delivery/service.h"
#include "source/description.h"
#include "source/open_files.h"
#include "source/root.h"

namespace iiif::delivery {

// Answers that take fewer decoded pixels than this are made from the source.
inline constexpr std::uint64_t kPyramidPixels = 4U << 20U;

// Whether this answer is made from a pyramid of the image: a rule of the source and the request alone, and not of what
// happens to be in the folder, so that an ETag never names two bodies. JPEG only, since the pyramid has lost what JPEG
// loses; not JPEG 2000, which is decoded in parts, and not PDF, which has no pixels.
bool wants_pyramid(const Service&, const RenderPlan&, const source::Description&);

// The name of its file: it changes with the source and with everything that decides about the pyramid's bytes.
std::string pyramid_name(const Service&, const SourceState&);
// Whether a file in that folder may be one of ours, by its name.
bool is_pyramid_name(std::string_view);

// Sides of its tiles: what info.json offers, rounded up to what TIFF allows.
std::uint32_t pyramid_tile(const Service&);

// nullopt: it has not been made, or not yet.
std::optional<source::OpenFile> open_pyramid(const Service&, const SourceState&, source::OpenFiles&);

// Whether what is said of a pyramid can be of that image.
bool is_pyramid_of(const source::Description& pyramid, const source::Description& image);

}  // namespace iiif::delivery
