// SPDX-License-Identifier: Apache-2.0
// Which lane a job belongs to: so that a crawler asking for full/max never stands before a viewer's tiles.
#pragma once

#include <cstdint>
#include <optional>

#include "delivery/answer.h"
#include "delivery/request.h"
#include "source/description.h"

namespace iiif::delivery {

// Stored pixels that have to be decoded, estimated from the levels; at least the answer's own pixels. Whatever a
// renderer may keep does not count: this decides about pyramids too, which spare the renderers.
std::uint64_t pixels_to_decode(const source::Description&, const RenderPlan&);

// The same where a renderer gets at parts (Description::parts).
std::uint64_t pixels_to_decode_of_parts(const source::Description&, const RenderPlan&);

// Jobs beyond this many pixels are heavy: about what a renderer decodes in a tenth of a second.
inline constexpr std::uint64_t kHeavyPixels = 8U << 20U;

// Without a description the request's kind decides: what asks for a whole image at full size is heavy.
bool is_heavy(const Request&, const source::Description*, const RenderPlan*);

}  // namespace iiif::delivery
