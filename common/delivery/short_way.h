// SPDX-License-Identifier: Apache-2.0
// Answers that already lie in a file: a stored tile, or the file itself. No pixel is decoded for these. Both the web
// server's worker and the renderer answer them so, hence one ETag means the same bytes whoever was asked.
#pragma once

#include <cstdint>
#include <optional>

#include "delivery/answer.h"
#include "delivery/service.h"
#include "source/description.h"
#include "source/stored_tile.h"

namespace iiif::delivery {

struct TilePlace {
    std::size_t level = 0;     // of Description::levels
    std::uint64_t number = 0;  // rows from the top, each from the left
    protocol::Extent extent;   // of what lies in the image, from the left upper corner
    bool operator==(const TilePlace&) const = default;
};

// The stored tile whose pixels are exactly the answer: same region, same size, no turn, no change of colours, stored as
// the format asked for. Of an edge tile, which is stored with padding, the part that lies in the image, when stored as
// JPEG. No I/O.
std::optional<TilePlace> place_of_tile(const RenderPlan&, const source::Description&);

// Whether the whole file is the answer. `profiles`: answers may carry a profile other than sRGB. No I/O.
bool is_whole_file(const RenderPlan&, const source::Description&, bool profiles);

// `file` is open on the file in the state of `key`. nullopt: the long way.
std::optional<source::StoredPart> short_way(const Service&, const RenderPlan&, const source::Description&, int file,
                                            const source::FileKey& key, source::FileBlocks&);

}  // namespace iiif::delivery
