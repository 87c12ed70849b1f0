// SPDX-License-Identifier: Apache-2.0
// A YAML or JSON text as a tree, with the lines that things begin in. Internal to presentation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace iiif::presentation {

struct YamlMember;

struct YamlNode {
    enum class Kind : std::uint8_t { nothing, text, list, mapping };
    Kind kind = Kind::nothing;
    std::uint32_t line = 0;  // 1-based
    std::string text;
    std::vector<YamlNode> items;
    std::vector<YamlMember> members;  // of a mapping
};

struct YamlMember {
    YamlNode first, second;  // the key is a text
};

struct YamlTree {
    YamlNode root;        // nothing: an empty text
    std::string problem;  // "": the text is YAML; then `line` is where it stops being it
    std::uint32_t line = 0;
};

// Anchors and aliases, several documents and nesting of more than 32 levels are problems, too: nobody writes these by
// hand, and with them a kilobyte can mean a gigabyte.
YamlTree read_yaml(std::string_view text);

}  // namespace iiif::presentation
