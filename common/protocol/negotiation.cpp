// SPDX-License-Identifier: Apache-2.0
// Which media type info.json, and what the Presentation API describes, is sent as. RFC 9110 section 12.5.1; Image
// API 3.0 section 5.1, 2.1.1 section 5.
#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/info.h"
#include "protocol/presentation.h"

namespace iiif::protocol {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kJsonLd = "application/ld+json";
constexpr std::string_view kJsonLd3 = R"(application/ld+json;profile="http://iiif.io/api/image/3/context.json")";

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Takes the text before the next `delimiter` that is not in a quoted string.
std::string_view take_until(std::string_view& text, char delimiter) {
    bool in_quotes = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            in_quotes = !in_quotes;
        } else if (in_quotes && text[i] == '\\') {
            ++i;
        } else if (!in_quotes && text[i] == delimiter) {
            const std::string_view taken = text.substr(0, i);
            text.remove_prefix(i + 1);
            return taken;
        }
    }
    return std::exchange(text, {});
}

// "0.8" in thousandths. What is no weight counts as none given.
int parse_weight(std::string_view text) {
    constexpr int kWhole = 1000;
    if (text.empty() || (text[0] != '0' && text[0] != '1')) return kWhole;
    if (text[0] == '1' || text.size() == 1) return text[0] == '1' ? kWhole : 0;
    if (text[1] != '.' || text.size() > 5) return kWhole;
    int weight = 0;
    int unit = kWhole;
    for (const char c : text.substr(2)) {
        if (c < '0' || c > '9') return kWhole;
        unit /= 10;
        weight += (c - '0') * unit;
    }
    return weight;
}

struct Accepted {  // weights in thousandths
    std::optional<int> json, json_ld, application, any, html;

    [[nodiscard]] int by_range() const { return application.value_or(any.value_or(0)); }
};

Accepted parse_accept(std::string_view accept) {
    Accepted accepted;
    while (!accept.empty()) {
        std::string_view element = take_until(accept, ',');
        const std::string_view type = trim(take_until(element, ';'));
        int weight = 1000;
        while (!element.empty()) {
            const std::string_view parameter = trim(take_until(element, ';'));
            if (parameter.starts_with("q=") || parameter.starts_with("Q=")) weight = parse_weight(parameter.substr(2));
        }
        const auto note = [&](std::string_view name, std::optional<int>& into) {
            if (equals_ignoring_case(type, name)) into = std::max(into.value_or(0), weight);
        };
        note(kJson, accepted.json);
        note(kJsonLd, accepted.json_ld);
        note("application/*", accepted.application);
        note("*/*", accepted.any);
        note("text/html", accepted.html);
    }
    return accepted;
}

std::string_view media_type(Version version, std::string_view accept, std::string_view json_ld_3) {
    const Accepted accepted = parse_accept(accept);
    const int json = accepted.json.value_or(accepted.by_range());
    if (version == Version::v2) {
        // Only who names application/ld+json gets it.
        const int json_ld = accepted.json_ld.value_or(0);
        return json_ld > 0 && json_ld >= json ? kJsonLd : kJson;
    }
    const int json_ld = accepted.json_ld.value_or(accepted.by_range());
    // A browser takes anything but names neither; it shows application/json and would offer the other for download.
    const bool browser = accepted.html.has_value() && !accepted.json && !accepted.json_ld && json > 0;
    return json > json_ld || browser ? kJson : json_ld_3;
}

}  // namespace

std::string_view info_media_type(Version version, std::string_view accept) {
    return media_type(version, accept, kJsonLd3);
}

std::string_view presentation_media_type(Version version, std::string_view accept) {
    return media_type(version, accept,
                      R"(application/ld+json;profile="http://iiif.io/api/presentation/3/context.json")");
}

}  // namespace iiif::protocol
