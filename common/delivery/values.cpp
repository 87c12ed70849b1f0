// SPDX-License-Identifier: Apache-2.0
#include "delivery/values.h"

#include <algorithm>
#include <limits>

#include "protocol/char_set.h"
#include "source/mapping.h"

namespace iiif::delivery::values {
namespace {

constexpr std::uint64_t kMaxPixels = std::numeric_limits<std::int32_t>::max();

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string between(std::uint64_t low, std::uint64_t high, std::string_view what) {
    return "allowed is " + std::string(what) + " from " + std::to_string(low) + " to " + std::to_string(high);
}

std::string check_range(Words words, std::uint64_t low, std::uint64_t high, std::string_view what) {
    const auto number = read_number(words[0]);
    return number && *number >= low && *number <= high ? "" : between(low, high, what);
}

bool is_plain_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

// A number followed by the longest unit that matches; nullopt on overflow.
struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

std::optional<std::uint64_t> read_with_unit(std::string_view text, std::span<const Unit> units) {
    const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    const auto number = read_number(text.substr(0, digits));
    if (!number) return std::nullopt;
    const std::string_view unit = text.substr(digits);
    for (const Unit& candidate : units) {
        if (unit != candidate.name) continue;
        if (*number > std::numeric_limits<std::uint64_t>::max() / candidate.factor) return std::nullopt;
        return *number * candidate.factor;
    }
    return std::nullopt;
}

}  // namespace

std::optional<bool> read_switch(std::string_view text) {
    // httpd's administrators write On, nginx's on.
    if (text == "on" || text == "On" || text == "ON") return true;
    if (text == "off" || text == "Off" || text == "OFF") return false;
    return std::nullopt;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
    if (text.empty() || text.size() > 18 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
    return value;
}

std::optional<std::uint64_t> read_time_ms(std::string_view text) {
    static constexpr Unit kUnits[] = {{"", 1000},       {"ms", 1},         {"s", 1000},        {"m", 60'000},
                                      {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}, {"y", 31'536'000'000}};
    return read_with_unit(text, kUnits);
}

std::optional<std::uint64_t> read_size(std::string_view text) {
    static constexpr Unit kUnits[] = {{"", 1},          {"k", 1U << 10U}, {"K", 1U << 10U}, {"m", 1U << 20U},
                                      {"M", 1U << 20U}, {"g", 1U << 30U}, {"G", 1U << 30U}};
    return read_with_unit(text, kUnits);
}

std::optional<std::array<std::uint8_t, 3>> read_color(std::string_view text) {
    if (text.starts_with('#')) text.remove_prefix(1);
    if (text.size() != 6) return std::nullopt;
    std::array<std::uint8_t, 3> color{};
    for (std::size_t i = 0; i < 6; ++i) {
        const char c = text[i];
        int digit = 0;
        if (is_digit(c)) {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        } else {
            return std::nullopt;
        }
        color[i / 2] = static_cast<std::uint8_t>(color[i / 2] * 16 + digit);
    }
    return color;
}

std::optional<std::uint64_t> read_quantity(std::string_view directive, std::string_view text) {
    if (directive == "timeout" || directive == "max_age") return read_time_ms(text);
    if (directive.ends_with("_memory")) return read_size(text);
    return read_number(text);
}

std::string check_nothing(Words) {
    return "";
}

std::string check_switch(Words words) {
    return read_switch(words[0]) ? "" : "allowed is on or off";
}

std::string check_absolute_path(Words words) {
    const std::string& path = words[0];
    return path.starts_with('/') && path.find('\0') == std::string::npos && path.size() < 4096
               ? ""
               : "allowed is an absolute path, such as /srv/images";
}

std::string check_map(Words words) {
    const auto rule = source::MapRule::compile(words[0], words[1]);
    return rule ? "" : rule.error().sentence;
}

std::string check_extensions(Words words) {
    const bool fine = std::ranges::all_of(words, [](std::string_view word) {
        if (word.starts_with('.')) word.remove_prefix(1);
        return !word.empty() && word.size() <= 16 && !word.starts_with('.') &&
               word.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos && is_plain_text(word);
    });
    return fine ? "" : "allowed are file name extensions such as tif jp2 jpg, each of at most 16 characters";
}

std::string check_page_delimiter(Words words) {
    const std::string& word = words[0];
    const bool fine = !word.empty() && word.size() <= 8 && is_plain_text(word) && word.find('/') == std::string::npos &&
                      std::ranges::none_of(word, is_digit);
    return fine ? "" : "allowed is off, or 1 to 8 characters without digits and slashes, such as ;";
}

std::string check_symlinks(Words words) {
    return words[0] == "beneath" || read_switch(words[0]) == false
               ? ""
               : "allowed is beneath (followed while they stay beneath the root) or off (never followed)";
}

std::string check_pyramids(Words words) {
    if (words.size() == 1 && read_switch(words[0]) == false) return "";
    const auto size = words.size() > 1 ? read_size(words[1]) : std::uint64_t{64} << 20U;
    return check_absolute_path(words).empty() && size && *size >= (64U << 20U)
               ? ""
               : "allowed is off, or an absolute path and, if it may hold more or less than 10g, a size of at least "
                 "64m, such as /var/cache/iiif 50g";
}

std::string check_map_file(Words words) {
    if (std::string wrong = check_absolute_path(words.first(1)); !wrong.empty()) return wrong;
    const auto size = words.size() > 1 ? read_size(words[1]) : std::uint64_t{1};
    return size && *size >= 1 && *size <= (std::uint64_t{4} << 30U)
               ? ""
               : "allowed as the largest size of the file is one up to 4g, such as 64m";
}

std::string check_max_identifier(Words words) {
    return check_range(words, 16, 4096, "a number of bytes");
}

std::string check_versions(Words words) {
    const bool fine = std::ranges::all_of(words, [](const std::string& w) { return w == "3" || w == "2"; }) &&
                      (words.size() < 2 || words[0] != words[1]);
    return fine ? ""
                : "allowed are 3 and 2, each once; the first is the one that answers without a version in the path";
}

// RFC 3986, section 3.2, without userinfo: host, or [IPv6 address], and a port.
bool is_authority(std::string_view text) {
    std::size_t end = text.find(':');
    if (text.starts_with('[')) {
        end = text.find(']');
        if (end == std::string_view::npos || end < 3) return false;
        const bool address = std::ranges::all_of(text.substr(1, end - 1), [](char c) {
            return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
        });
        if (!address) return false;
        ++end;
    }
    const std::string_view host = text.substr(0, end);
    const std::string_view port = text.substr(std::min(end, text.size()));
    return !host.empty() && (host.starts_with('[') || host.find_first_of("[]@") == std::string_view::npos) &&
           (port.empty() ||
            (port.starts_with(':') && port.size() <= 6 && std::ranges::all_of(port.substr(1), is_digit)));
}

bool is_http_uri(std::string_view uri) {
    std::string_view rest;
    if (uri.starts_with("https://")) {
        rest = uri.substr(8);
    } else if (uri.starts_with("http://")) {
        rest = uri.substr(7);
    } else {
        return false;
    }
    using protocol::CharSet;
    static constexpr CharSet kEnd("/?#");
    static constexpr CharSet kAllowed("-._~:/?#[]@!$&'()*+,;=%", CharSet::Also::letters_and_digits);
    if (uri.size() > 2048 || !is_authority(rest.substr(0, kEnd.first_in(rest)))) return false;
    return std::ranges::all_of(rest, [](char c) { return kAllowed.has(c); });
}

std::string check_base_uri(Words words) {
    const std::string& uri = words[0];
    return is_http_uri(uri) && uri.find_first_of("?#") == std::string::npos
               ? ""
               : "allowed is an http or https URI without query, such as https://images.example.org or "
                 "https://example.org/iiif";
}

std::string check_uri(Words words) {
    return is_http_uri(words[0]) ? "" : "allowed is an http or https URI";
}

std::string check_text(Words words) {
    return is_plain_text(words[0]) && words[0].size() <= 4096 ? "" : "allowed is a line of text";
}

std::string check_resource(Words words) {
    std::string uri = words[0];
    if (const auto place = uri.find("${id}"); place != std::string::npos) uri.replace(place, 5, "id");
    if (!is_http_uri(uri)) return "the first value has to be an http or https URI; ${id} stands for the identifier";
    const bool fine =
        std::ranges::all_of(words, [](const std::string& w) { return is_plain_text(w) && w.size() <= 2048; });
    return fine ? "" : "allowed are lines of text";
}

std::string check_pixels(Words words) {
    return check_range(words, 1, kMaxPixels, "a number of pixels");
}

std::string check_area(Words words) {
    return check_range(words, 1, kMaxPixels * kMaxPixels / 8, "a number of pixels");
}

std::string check_max_area(Words words) {
    if (read_switch(words[0]) == false) return "";
    const std::string wrong = check_area(words);
    return wrong.empty() ? "" : wrong + ", or off for no limit";
}

std::string check_tile_size(Words words) {
    return check_range(words, 64, 4096, "a number of pixels");
}

std::string check_formats(Words words) {
    if (std::ranges::all_of(words, [](const std::string& w) { return protocol::format_named(w).has_value(); }))
        return "";
    std::string allowed = "allowed are";
    for (const auto format : protocol::kFormats) allowed += ' ' + std::string(protocol::name_of(format));
    return allowed;
}

std::string check_qualities(Words words) {
    const bool fine =
        std::ranges::all_of(words, [](const std::string& w) { return protocol::quality_named(w).has_value(); });
    return fine ? "" : "allowed are default color gray bitonal";
}

std::string check_percent(Words words) {
    return check_range(words, 1, 100, "a quality");
}

std::string check_png_compression(Words words) {
    return check_range(words, 0, 9, "a compression level");
}

std::string check_background(Words words) {
    return read_color(words[0]) ? "" : "allowed is a colour as six hexadecimal digits, such as FFFFFF";
}

std::string check_icc(Words words) {
    return words[0] == "srgb" || words[0] == "embed" ? "" : "allowed is srgb (convert) or embed (keep the profile)";
}

std::string check_presentation(Words words) {
    if (words[0] == "opt_in" || read_switch(words[0])) return "";
    return "allowed is on (every folder is listed, unless its sidecar says otherwise), opt_in (only those whose "
           "sidecar says publish: true) or off";
}

// A path is one of this server: "//host" would be another's.
std::string check_logo(Words words) {
    const std::string& place = words[0];
    const bool is_path = place.starts_with('/') && !place.starts_with("//") && is_http_uri("http://host" + place);
    return is_path || is_http_uri(place) ? "" : "allowed is an http or https URI, or a path such as /logo.svg";
}

std::string check_sandbox(Words words) {
    if (words[0] == "require" || words[0] == "prefer" || words[0] == "off") return "";
    return "allowed is require (do not start where the kernel lacks a part of it), prefer (use what there is) or off";
}

std::string check_time(Words words) {
    const auto time = read_time_ms(words[0]);
    return time && *time <= 315'360'000'000 ? "" : "allowed is a time up to ten years, such as 0, 30s, 10m, 12h or 7d";
}

std::string check_timeout(Words words) {
    const auto time = read_time_ms(words[0]);
    return time && *time >= 1000 && *time <= 3'600'000 ? "" : "allowed is a time from 1s to 1h, such as 60s";
}

std::string check_renderers(Words words) {
    return words[0] == "auto" ? "" : check_range(words, 1, 256, "auto or a number of processes");
}

std::string check_queue(Words words) {
    if (std::string wrong = check_range(words, 1, 4096, "a number of waiting requests"); !wrong.empty()) return wrong;
    const auto wait = words.size() > 1 ? read_time_ms(words[1]) : std::uint64_t{1000};
    return wait && *wait >= 100 && *wait <= 3'600'000
               ? ""
               : "allowed as the time that a request may wait is one from 100ms to 1h, such as 30s";
}

std::string check_status(Words words) {
    const bool fine = read_switch(words[0]) == false || check_absolute_path(words).empty();
    return fine ? "" : "allowed is off, or the absolute path of a file, such as /run/iiif/status.json";
}

std::string check_memory(Words words) {
    const auto size = read_size(words[0]);
    return size && *size >= (64U << 20U) ? "" : "allowed is a size of at least 64m, such as 512m or 2g";
}

std::string check_count(Words words) {
    return check_range(words, 1, 1'000'000'000, "a number");
}

}  // namespace iiif::delivery::values
