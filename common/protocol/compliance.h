// SPDX-License-Identifier: Apache-2.0
// Which compliance level an endpoint meets, and what it does beyond that. Image API 3.0 and 2.1.1 compliance
// documents. Internal to protocol.
#pragma once

#include <string_view>
#include <vector>

#include "protocol/info.h"

namespace iiif::protocol {

// Names of features beyond `level`, in the order of the alphabet.
std::vector<std::string_view> extra_features(Version, int level, const Limits&);

// Formats and qualities beyond `level`. Everything listed works; "color" is left out where the image has none.
std::vector<Format> extra_formats(int level, FormatSet offered);
std::vector<Quality> extra_qualities(Version, int level, Quality standard, QualitySet offered);

}  // namespace iiif::protocol
