// SPDX-License-Identifier: Apache-2.0
// Writes JSON text straight into a string: keys stay in the order given, and the result is valid whatever the
// strings hold. Internal to protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace iiif::protocol {

class JsonWriter {
public:
    void begin_object() { begin('{'); }
    void end_object() { end('}'); }
    void begin_array() { begin('['); }
    void end_array() { end(']'); }
    void key(std::string_view name);
    // Bytes that are not UTF-8 become U+FFFD.
    void value(std::string_view text);
    void value(std::uint64_t number);
    // JSON as it is; `text` has been checked. As a member: its key before it, or "key":value,... with several.
    void raw(std::string_view json);

    template <class T>
    void member(std::string_view name, const T& content) {
        key(name);
        value(content);
    }
    // Left out when empty.
    void member_if(std::string_view name, std::string_view text) {
        if (!text.empty()) member(name, text);
    }

    // For much that is the same again and again.
    void reserve(std::size_t bytes) { out_.reserve(bytes); }

    // Leaves the writer empty.
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void begin(char bracket);
    void end(char bracket);
    void separate();
    void quote(std::string_view text);

    std::string out_;
    bool comma_ = false;  // something precedes in this object or array
};

}  // namespace iiif::protocol
