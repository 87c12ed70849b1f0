// SPDX-License-Identifier: Apache-2.0
// Input: a line with a regular expression, one with a template, one with an identifier; the rest is a map file.
#include "fuzz.h"
#include "source/mapping.h"
#include "source/transforms.h"

using iiif::fuzz::claim;

namespace {

// Sentences go to administrators' terminals and to clients.
void claim_shown(const iiif::Refusal& refusal) {
    claim(!refusal.sentence.empty(), "a refusal says why");
    for (const char c : refusal.sentence) {
        claim(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a refusal holds no control characters");
    }
}

void transform(std::string_view text) {
    using namespace iiif::source;
    claim(pairtree(text).size() <= 5 * text.size() + 1, "a pair tree is in proportion to the identifier");
    claim(lower(upper(text)) == lower(text), "letters change their case and nothing else does");
    const std::string shown = readable(text, 20);
    claim(shown.size() <= 23 && readable(shown, 23) == shown, "what has been made readable is");
    for (int from = -3; from <= 3; ++from) claim(substring(text, from, 2).size() <= 2, "a substring is no longer");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    iiif::fuzz::Input input(data, size);
    const std::string_view regex = input.line();
    const std::string_view path = input.line();
    const std::string_view identifier = input.line().substr(0, 1024);
    transform(identifier);

    // Administrators write expressions: PCRE2's own time for compiling long ones is no concern of ours.
    if (regex.size() <= 200) {
        const auto rule = iiif::source::MapRule::compile(regex, path);
        if (!rule) {
            claim_shown(rule.error());
        } else if (const auto mapped = rule->apply(identifier)) {
            claim(rule->apply(identifier) == mapped, "a rule always gives the same path");
        }
    }

    const iiif::fuzz::MemoryFile file(input.rest());
    const auto map = iiif::source::MapFile::open(file.path());
    if (!map) {
        claim_shown(map.error());
    } else if (const auto found = (*map)->find(identifier)) {
        claim(iiif::source::is_servable(*found), "a map file gives only paths that are looked up");
    }
    return 0;
}
