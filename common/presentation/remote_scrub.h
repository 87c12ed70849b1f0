// SPDX-License-Identifier: Apache-2.0
// JSON of others, made fit to stand inside of ours. Internal to presentation.
#pragma once

#include <string>
#include <vector>

#include "presentation/json_tree.h"
#include "presentation/remote.h"

namespace iiif::presentation {

inline constexpr unsigned kDeepestRemote = 24;

// A copy without "@context" (image services have a type instead), without ids that are no addresses, without what lies
// deeper than kDeepestRemote; the order of keys stays.
Json scrubbed(const json_t* value, std::vector<Remark>& remarks);

}  // namespace iiif::presentation
