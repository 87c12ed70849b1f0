// SPDX-License-Identifier: Apache-2.0
// The right-hand side of a mapping rule: text with captures of the left-hand side. Syntax: see MapRule.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/refusal.h"

namespace iiif::source {

// The capture groups of a regular expression.
struct Groups {
    std::uint32_t highest = 0;
    std::map<std::string, std::uint32_t, std::less<>> named;
};

class Template {
public:
    // Refuses (status 0) wrong syntax, groups that the expression does not have, and fixed text that no servable
    // path can contain, so that a rule which could never find a file is a configuration error.
    static Expected<Template> parse(std::string_view text, const Groups&);

    // `captures[n]` is group n and [0] the whole match; there are Groups::highest + 1.
    [[nodiscard]] std::string expand(std::string_view identifier, std::span<const std::string_view> captures) const;

private:
    using Transform = std::function<std::string(std::string_view)>;
    struct Piece {
        std::string text;          // fixed, or
        bool substituted = false;  // `transform` (none: unchanged) of
        bool identifier = false;   // the whole identifier, or
        std::uint32_t group = 0;   // this group
        Transform transform;
    };
    friend class TemplateParser;
    std::vector<Piece> pieces_;
};

}  // namespace iiif::source
