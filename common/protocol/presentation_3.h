// SPDX-License-Identifier: Apache-2.0
// Presentation API 3.0, as JSON. Internal to protocol: presentation.h chooses the version.
#pragma once

#include <string>

#include "protocol/presentation.h"

namespace iiif::protocol::presentation_3 {

std::string write(const Manifest&);
std::string write(const Collection&);
std::string write(Resource, const Canvas&, const Reference& manifest);
std::string write(const Range&, const Reference& manifest);

}  // namespace iiif::protocol::presentation_3
