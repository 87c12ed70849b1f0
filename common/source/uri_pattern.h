// SPDX-License-Identifier: Apache-2.0
// A location that a server's configuration writes as a regular expression: which URIs lie in it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/refusal.h"

namespace iiif::source {

class UriPattern {
public:
    // PCRE2, as nginx and httpd have it: bytes, unanchored unless it says ^ $. The refusal's sentence says what is
    // wrong; status is unused (0).
    static Expected<UriPattern> compile(std::string_view pattern, bool caseless);
    UriPattern(UriPattern&&) noexcept;
    UriPattern& operator=(UriPattern&&) noexcept;
    ~UriPattern();

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool caseless() const { return caseless_; }
    // `path`: decoded. What takes too long to find out lies in it.
    [[nodiscard]] bool matches(std::string_view path) const;

private:
    struct Compiled;
    UriPattern(std::string text, bool caseless, std::unique_ptr<Compiled> compiled);

    std::string text_;
    bool caseless_;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace iiif::source
