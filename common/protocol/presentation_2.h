// SPDX-License-Identifier: Apache-2.0
// Presentation API 2.1, as JSON. Internal to protocol: presentation.h chooses the version.
#pragma once

#include <string>

#include "protocol/presentation.h"

namespace iiif::protocol::presentation_2 {

std::string write(const Manifest&);
std::string write(const Collection&);
std::string write(Resource, const Canvas&, const Reference& manifest);
std::string write(const Range&, const Reference& manifest);
std::string write_sequence(const Manifest&);
}  // namespace iiif::protocol::presentation_2
