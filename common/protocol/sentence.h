// SPDX-License-Identifier: Apache-2.0
// Pieces of refusals. Internal to protocol; refusals are rare, so clarity goes before speed here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/geometry.h"
#include "protocol/parameters.h"

namespace iiif::protocol::sentence {

// A client's text, fit for a text/plain answer and a log line: in double quotes, at most 60 bytes,
// everything but printable ASCII as '?'.
std::string quoted(std::string_view text);

std::string text_of(const Region&);                             // "0,0,10,10"
std::string text_of(const Size&);                               // "^!300,200"
std::string pixels(std::uint64_t width, std::uint64_t height);  // "6000 x 4000 pixels"
std::string text_of(const Limits&);                             // "at most 3000 pixels wide and 2000 pixels high"

}  // namespace iiif::protocol::sentence
