// SPDX-License-Identifier: Apache-2.0
#include "presentation/access_file.h"

#include <strings.h>

#include <algorithm>
#include <array>

namespace iiif::presentation {
namespace {

constexpr std::string_view kSpace = " \t\r";

bool is_word(std::string_view text, std::string_view word) {
    return text.size() == word.size() && strncasecmp(text.data(), word.data(), word.size()) == 0;
}

std::string_view next_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kSpace));
    line.remove_prefix(word.size());
    return word;
}

bool guards(std::string_view line) {
    const std::string_view directive = next_word(line);
    constexpr std::array<std::string_view, 4> kAlways = {"Deny", "AuthType", "<RequireNone>", "Satisfy"};
    if (std::ranges::any_of(kAlways, [&](std::string_view one) { return is_word(directive, one); })) return true;
    if (!is_word(directive, "Require")) return false;
    const std::string_view whom = next_word(line);
    return !(is_word(whom, "all") && is_word(next_word(line), "granted"));
}

}  // namespace

std::uint32_t line_that_guards(std::string_view text) {
    for (std::uint32_t line = 1; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        if (guards(text.substr(0, end))) return line;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return 0;
}

}  // namespace iiif::presentation
