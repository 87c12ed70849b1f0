// SPDX-License-Identifier: Apache-2.0
// What commands print.
#pragma once

#include <jansson.h>

#include <cstddef>
#include <memory>
#include <string>

namespace iiif::ctl {

using Json = std::unique_ptr<json_t, void (*)(json_t*)>;

// Names are bytes. What is no UTF-8, or would do something to a terminal, is shown as a question mark.
std::string shown(const std::string& text);
json_t* string(const std::string& text);
void print(const Json& object);
// Says on stderr why the command cannot work; its exit status.
int unable(const std::string& sentence);
// "1 image", "2 images"
std::string counted(std::size_t count, const char* one, const char* many);

}  // namespace iiif::ctl
