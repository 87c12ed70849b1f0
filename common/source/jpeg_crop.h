// SPDX-License-Identifier: Apache-2.0
// A JPEG cut at its right and lower side between its Huffman codes: no coefficient is decoded, none is coded anew. That
// takes less time than passing a request to a renderer.
#pragma once

#include <span>
#include <string>

#include "protocol/geometry.h"

namespace iiif::source {

// `stream`: a whole JPEG file. The left upper `extent` of it, at most the whole: the same segments, but for the extent
// in the frame header, and the same coefficients of all blocks that the part touches. Empty: `extent` is none of it,
// the file is not baseline with one scan and no restarts, its tables lack a code that is now needed, or it is damaged
// as far as it was read. What to do then is the caller's to know.
std::string cropped_jpeg(std::span<const unsigned char> stream, protocol::Extent extent);

}  // namespace iiif::source
