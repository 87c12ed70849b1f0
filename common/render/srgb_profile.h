// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace iiif::render {

// Whether an ICC profile says no more than that its pixels are sRGB: converting them would change nothing. Most
// profiles in images are of this kind, under many names and in many lengths. False for any that is broken.
bool is_srgb(const std::string& profile);

}  // namespace iiif::render
