// SPDX-License-Identifier: Apache-2.0
#include "presentation/json_tree.h"

#include <algorithm>
#include <cstdlib>

namespace iiif::presentation::json {

const json_t* member(const json_t* of, const char* name) {
    return json_object_get(of, name);
}

std::string_view text(const json_t* value) {
    if (!json_is_string(value)) return {};
    return {json_string_value(value), json_string_length(value)};
}

std::vector<const json_t*> all(const json_t* value) {
    std::vector<const json_t*> out;
    if (json_is_array(value)) {
        const std::size_t size = json_array_size(value);
        out.reserve(size);
        for (std::size_t i = 0; i < size; ++i) out.push_back(json_array_get(value, i));
    } else if (value != nullptr && !json_is_null(value)) {
        out.push_back(value);
    }
    return out;
}

std::string_view id(const json_t* value) {
    if (json_is_string(value)) return text(value);
    const std::string_view own = text(value, "id");
    return own.empty() ? text(value, "@id") : own;
}

std::string_view type(const json_t* value) {
    const std::string_view own = text(value, "type");
    return own.empty() ? text(value, "@type") : own;
}

json_t* string(std::string_view text) {
    json_t* const value = json_stringn(text.data(), text.size());
    return value == nullptr ? json_string("") : value;
}

void set(json_t* object, const char* name, json_t* value) {
    (void)json_object_set_new(object, name, value);
}

json_t* shared(const json_t* value) {
    return json_incref(const_cast<json_t*>(value));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

std::string dump(const json_t* value) {
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), std::free);
    return text ? std::string(text.get()) : std::string();
}

std::string_view beginning(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80) --most;
    return text.substr(0, most);
}

bool is_address(std::string_view text) {
    constexpr std::size_t kLongest = 2000;
    const std::size_t host = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
    if (host == 0 || text.size() <= host || text.size() > kLongest || text[host] == '/') return false;
    return std::ranges::none_of(text, [](unsigned char c) {
        return c <= 0x20 || c == 0x7F ||
               std::string_view("\"<>\\^`{|}").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

}  // namespace iiif::presentation::json
