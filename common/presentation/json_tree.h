// SPDX-License-Identifier: Apache-2.0
// JSON of others, with Jansson. Internal to presentation.
#pragma once

#include <jansson.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace iiif::presentation {

using Json = std::shared_ptr<json_t>;

// Takes what Jansson gave, nullptr too.
inline Json owned(json_t* value) {
    return {value, json_decref};
}

namespace json {

// nullptr where `of` is no object, or has no such member. Borrowed.
const json_t* member(const json_t* of, const char* name);
// "" where it is no string.
std::string_view text(const json_t* value);
inline std::string_view text(const json_t* of, const char* name) {
    return text(member(of, name));
}
// The members of an array; of anything else, itself; of nothing, or null, nothing.
std::vector<const json_t*> all(const json_t* value);
// "id", or as 2.1 has it "@id"; of a string, itself.
std::string_view id(const json_t* value);
std::string_view type(const json_t* value);

// New ones. Text that is not UTF-8 becomes "".
json_t* string(std::string_view text);
// Whether it was put in; `value` is taken either way.
void set(json_t* object, const char* name, json_t* value);
// A new reference to what is somebody else's; constness is Jansson's business, which counts in the value.
json_t* shared(const json_t* value);
std::string dump(const json_t* value);

// At most `most` bytes of it, no character cut.
std::string_view beginning(std::string_view text, std::size_t most);
// Whether `text` can be an address of something here: http or https, a host, no blanks, at most 2,000 bytes.
bool is_address(std::string_view text);

}  // namespace json
}  // namespace iiif::presentation
