// SPDX-License-Identifier: Apache-2.0
// JPEG 2000 of 8 bits, gray or RGB: decoded to planes at the coarsest resolution that still has a pixel for each one
// asked for, and scaled from there by fractions of a pixel. All else is declined: libvips works on it.
#pragma once

#include <optional>
#include <string>

#include "protocol/geometry.h"
#include "protocol/refusal.h"
#include "render/planes.h"
#include "render/render.h"
#include "source/description.h"

namespace iiif::render {

struct Jp2Scaled {
    Planes planes;        // gray or rgb
    std::string profile;  // ICC, as the file has it; empty: none
};

// `region` of the stored image in `size`, not yet turned. nullopt: declined. Refusals are read_jp2()'s.
Expected<std::optional<Jp2Scaled>> scaled_jp2(int fd, const source::Description&, protocol::Rect region,
                                              protocol::Extent size, const Cancelled&, std::string& detail);

}  // namespace iiif::render
