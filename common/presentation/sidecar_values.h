// SPDX-License-Identifier: Apache-2.0
// What words in a sidecar mean, in YAML as in a table. Internal to presentation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "presentation/sidecar.h"

namespace iiif::presentation::values {

// Without control characters (line breaks become blanks) and blanks at its ends; what is not UTF-8 stays, JSON has a
// character for that.
std::string clean(std::string_view text);
// A summary or a value of metadata may be HTML, and is taken for it if it begins with '<' and ends with '>'. What
// people write is text: a blank at its end says so; section 4.5 of Presentation API 3.0.
std::string as_text(std::string text);
// Lower case, without blanks, hyphens and underscores: how keys and heads are compared.
std::string folded(std::string_view text);

// Each: what `text` means, or why it means nothing, with what to write instead.
template <class T>
struct Meaning {
    std::optional<T> value;
    std::string problem;  // when there is no value; behind the key's name: "is ...; write ..."
};
Meaning<std::string> uri(std::string_view text);
Meaning<std::string> rights(std::string_view text);
Meaning<std::string> nav_date(std::string_view text);
Meaning<protocol::PhysicalScale> scale(std::string_view text);
Meaning<bool> yes_or_no(std::string_view text);
Meaning<std::string> viewing_direction(std::string_view text);
Meaning<std::string> behavior(std::string_view text);
// facing-pages and non-paged: of Canvases only.
bool is_of_pages(std::string_view behavior);
// As written, behind "ark:" or "doi:" where that was left out.
Meaning<std::string> ark(std::string_view text);
Meaning<std::string> doi(std::string_view text);
Meaning<std::string> item_name(std::string_view text);  // of a file or sub-folder of this folder
// The same, or the id of a canvas that is included.
Meaning<std::string> item_name_or_uri(std::string_view text);
inline bool is_uri(std::string_view name) {
    return name.starts_with("http://") || name.starts_with("https://");
}

// Whether a behavior can stand beside those before it; section 3.4 of Presentation API 3.0.
bool agree(const std::vector<std::string>& before, std::string_view behavior);

// "title@cy" is "title", in "cy"; without a suffix, or with one that is no language, "none".
struct Head {
    std::string name, language;
};
Head split_language(std::string_view head);
bool is_language(std::string_view tag);

protocol::LabelledValue attribution(std::string_view text, std::string_view language);

// The one of `known` that was probably meant; "": none.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace iiif::presentation::values
