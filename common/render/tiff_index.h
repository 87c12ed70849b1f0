// SPDX-License-Identifier: Apache-2.0
// Where in a TIFF its tiles are, so that they can be sent without being decoded. libtiff tells what the arrays of tile
// offsets hold, but not where they are, and reading them whole would take time and memory in proportion to the image.
#pragma once

#include "render/tiff_file.h"
#include "source/description.h"

namespace iiif::render {

// Codec and colour of a directory whose tiles are images that a browser shows as they are; Codec::other: they are not.
source::TileIndex stored_as(const TiffDirectory&);

// Completes the indices that stored_as() began, and sets byte order and profile. A level that cannot be indexed is
// Codec::other from then on. `out` is complete otherwise; `page` is the directory of the image itself.
void index_tiles(int fd, const TiffDirectory& page, source::Description& out);

}  // namespace iiif::render
