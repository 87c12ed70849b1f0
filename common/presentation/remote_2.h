// SPDX-License-Identifier: Apache-2.0
// Presentation API 2.1 as 3.0. Internal to presentation.
#pragma once

#include <string_view>
#include <vector>

#include "presentation/json_tree.h"
#include "presentation/remote.h"

namespace iiif::presentation {

// A Manifest or Collection of 2.1 (or 2.0), without its structures. What does not fit stays away, or stays as it is for
// the reader of 3.0 to complain about.
Json upgraded(const json_t* document, std::vector<Remark>& remarks);

}  // namespace iiif::presentation
