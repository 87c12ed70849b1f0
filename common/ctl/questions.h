// SPDX-License-Identifier: Apache-2.0
// What everybody needs who asks a server something and judges the answer.
#pragma once

#include <jansson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ctl/http.h"
#include "protocol/geometry.h"

namespace iiif::ctl {

using Json = std::unique_ptr<json_t, void (*)(json_t*)>;

// "" when it is no string, or not there.
std::string text_of(const json_t* value);
std::string text_of(const json_t* object, const char* key);
// 0 when it is no positive integer.
std::uint32_t number_of(const json_t* object, const char* key);
// On one line, and of a length that a terminal shows.
std::string in_short(const std::string& text);
// The same of JSON; "nothing" for nullptr.
std::string in_short(const json_t* value);
// "status 404", or why there was no answer.
std::string said(const HttpAnswer& answer);
// "640 x 480"
std::string words(protocol::Extent extent);
// Its header says how large a picture is; nothing is decoded. nullopt: no picture that can be read.
std::optional<protocol::Extent> size_of(const std::string& picture);
Json json_of(const std::string& text);  // nullptr: it is none

}  // namespace iiif::ctl
