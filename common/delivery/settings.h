// SPDX-License-Identifier: Apache-2.0
// The table of directives and the words an administrator wrote for them. One table, two servers and the renderers:
// the renderers receive the same words and read them with the same code.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iiif/iiif.h"
#include "protocol/refusal.h"

namespace iiif::delivery {

std::span<const iiif_directive> directives();

// What was written in one context. Values are checked when they are set, so a Settings never holds a bad one.
class Settings {
public:
    struct Entry {
        const iiif_directive* directive;
        std::vector<std::string> values;
    };

    // Refusal status is unused (0); the sentence names the value and what is allowed.
    Expected<bool> set(std::string_view name, std::vector<std::string> values);
    void inherit(const Settings& parent);

    [[nodiscard]] std::span<const Entry> entries() const { return entries_; }
    // The values of the only entry of that name; empty when it was not written.
    [[nodiscard]] std::span<const std::string> values(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] bool is_on(std::string_view name, bool standard) const;
    [[nodiscard]] std::uint64_t number(std::string_view name,
                                       std::uint64_t standard) const;  // sizes, times (ms), counts
    [[nodiscard]] std::string text(std::string_view name, std::string_view standard) const;

    [[nodiscard]] std::string to_json() const;  // [["max_width","3000"],["map","a","b"],...]
    static Expected<Settings> from_json(std::string_view);

private:
    std::vector<Entry> entries_;
};

// How long a request may wait for a renderer, in milliseconds: the second word of `queue`.
std::uint32_t queue_wait_ms(const Settings& pool);

}  // namespace iiif::delivery

// The ABI's handle is the thing itself.
struct iiif_options {
    iiif_spelling spelling;
    iiif::delivery::Settings settings;
};
