// SPDX-License-Identifier: Apache-2.0
// A location that a server's configuration writes as a regular expression or with wildcards: which URIs lie in it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/refusal.h"

namespace iiif::source {

class UriPattern {
public:
    enum class Kind : std::uint8_t {
        regex,  // PCRE2, as nginx and httpd have it: bytes, unanchored unless it says ^ $
        caseless_regex,
        wildcards  // ? * [] as in fnmatch(3) with FNM_PATHNAME, of the whole path, as httpd has it
    };
    // The refusal's sentence says what is wrong; status is unused (0).
    static Expected<UriPattern> compile(std::string_view pattern, Kind kind);
    UriPattern(UriPattern&&) noexcept;
    UriPattern& operator=(UriPattern&&) noexcept;
    ~UriPattern();

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] Kind kind() const { return kind_; }
    // `path`: decoded. What takes too long to find out lies in it.
    [[nodiscard]] bool matches(std::string_view path) const;

private:
    struct Compiled;
    UriPattern(std::string text, Kind kind, std::unique_ptr<Compiled> compiled);

    std::string text_;
    Kind kind_;
    std::unique_ptr<Compiled> compiled_;  // null: wildcards
};

}  // namespace iiif::source
