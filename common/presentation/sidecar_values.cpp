// SPDX-License-Identifier: Apache-2.0
#include "presentation/sidecar_values.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "presentation/identifiers.h"
#include "presentation/texts.h"

namespace iiif::presentation::values {
namespace {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string quoted(std::string_view text) {
    constexpr std::size_t kShown = 60;
    return '"' + std::string(text.substr(0, kShown)) + (text.size() > kShown ? "...\"" : "\"");
}

template <class T>
Meaning<T> wrong(std::string_view text, const std::string& instead) {
    return {std::nullopt, "is " + quoted(text) + "; write " + instead};
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, is_digit);
}

// Short names of licences and statements, folded.
struct Known {
    std::string_view name, uri;
};
constexpr auto kRights = std::to_array<Known>({
    {"cc0", "http://creativecommons.org/publicdomain/zero/1.0/"},
    {"cc010", "http://creativecommons.org/publicdomain/zero/1.0/"},
    {"pdm", "http://creativecommons.org/publicdomain/mark/1.0/"},
    {"publicdomainmark", "http://creativecommons.org/publicdomain/mark/1.0/"},
    {"ccby", "http://creativecommons.org/licenses/by/4.0/"},
    {"ccbysa", "http://creativecommons.org/licenses/by-sa/4.0/"},
    {"ccbynd", "http://creativecommons.org/licenses/by-nd/4.0/"},
    {"ccbync", "http://creativecommons.org/licenses/by-nc/4.0/"},
    {"ccbyncsa", "http://creativecommons.org/licenses/by-nc-sa/4.0/"},
    {"ccbyncnd", "http://creativecommons.org/licenses/by-nc-nd/4.0/"},
    {"incopyright", "http://rightsstatements.org/vocab/InC/1.0/"},
    {"inc", "http://rightsstatements.org/vocab/InC/1.0/"},
    {"inceduc", "http://rightsstatements.org/vocab/InC-EDU/1.0/"},
    {"incedu", "http://rightsstatements.org/vocab/InC-EDU/1.0/"},
    {"incoweu", "http://rightsstatements.org/vocab/InC-OW-EU/1.0/"},
    {"incruu", "http://rightsstatements.org/vocab/InC-RUU/1.0/"},
    {"incnc", "http://rightsstatements.org/vocab/InC-NC/1.0/"},
    {"noccr", "http://rightsstatements.org/vocab/NoC-CR/1.0/"},
    {"nocnc", "http://rightsstatements.org/vocab/NoC-NC/1.0/"},
    {"nocus", "http://rightsstatements.org/vocab/NoC-US/1.0/"},
    {"cne", "http://rightsstatements.org/vocab/CNE/1.0/"},
    {"und", "http://rightsstatements.org/vocab/UND/1.0/"},
    {"nkc", "http://rightsstatements.org/vocab/NKC/1.0/"},
});

}  // namespace

std::string clean(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool control = byte < 0x20 || byte == 0x7F;
        if (control && c != '\n' && c != '\t' && c != '\r') continue;
        out += control ? ' ' : c;
    }
    const auto first = out.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

std::string as_text(std::string text) {
    if (text.starts_with('<') && text.ends_with('>')) text += ' ';
    return text;
}

std::string folded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ' || c == '_' || c == '-' || c == '\t') continue;
        out += lower(c);
    }
    return out;
}

Meaning<std::string> uri(std::string_view text) {
    std::string out = clean(text);
    const bool scheme = out.starts_with("http://") || out.starts_with("https://");
    const auto host = out.find("//") + 2;
    if (!scheme || out.size() <= host || out[host] == '/') {
        return wrong<std::string>(out, "an address that begins with https://");
    }
    constexpr std::string_view kNot = " \"<>\\^`{|}";
    if (out.find_first_of(kNot) != std::string::npos) return wrong<std::string>(out, "a blank in it as %20");
    // What browsers show in other letters than those of a URI is sent as they send it.
    std::string coded;
    for (const char c : out) {
        constexpr std::string_view kHex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            coded += c;
        } else {
            coded += {'%', kHex[byte >> 4U], kHex[byte & 0x0FU]};
        }
    }
    return {std::move(coded), ""};
}

Meaning<std::string> rights(std::string_view text) {
    const std::string given = clean(text);
    if (given.starts_with("http") && given.find(' ') == std::string::npos) {
        if (std::string uri = rights_uri_in(given); !uri.empty()) return {std::move(uri), ""};
    }
    std::string name = folded(given);
    for (const std::string_view version : {"4.0", "1.0", "international"}) {
        if (name.size() > version.size() && name.ends_with(version)) name.resize(name.size() - version.size());
    }
    for (const Known& known : kRights) {
        if (name == folded(known.name)) return {std::string(known.uri), ""};
    }
    return {std::nullopt,
            "is " + quoted(given) +
                ", which is no licence that viewers know; write a URI of creativecommons.org or "
                "rightsstatements.org, or a name like \"CC BY 4.0\", \"CC0\", \"PDM\" or \"In Copyright\" "
                "(and use attribution for any other text)"};
}

namespace {

int days_of(int year, int month) {
    if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

}  // namespace

Meaning<std::string> nav_date(std::string_view text) {
    const std::string given = clean(text);
    const std::string instead = "a date like 1890, 1890-05, 1890-05-31 or 1890-05-31T00:00:00Z";
    const auto digits_at = [&given](std::size_t at, std::size_t count) {
        return given.size() >= at + count && all_digits(std::string_view(given).substr(at, count));
    };
    const auto number = [&given](std::size_t at) { return (given[at] - '0') * 10 + given[at + 1] - '0'; };
    if (!digits_at(0, 4)) return wrong<std::string>(given, instead);
    if (given.size() == 4) return {given + "-01-01T00:00:00Z", ""};
    if (given[4] != '-' || !digits_at(5, 2) || number(5) < 1 || number(5) > 12)
        return wrong<std::string>(given, instead);
    if (given.size() == 7) return {given + "-01T00:00:00Z", ""};
    if (given[7] != '-' || !digits_at(8, 2) || number(8) < 1 ||
        number(8) > days_of(number(0) * 100 + number(2), number(5)))
        return wrong<std::string>(given, instead);
    if (given.size() == 10) return {given + "T00:00:00Z", ""};
    const bool time = given[10] == 'T' && digits_at(11, 2) && given.size() >= 20 && given[13] == ':' &&
                      digits_at(14, 2) && given[16] == ':' && digits_at(17, 2) && number(11) < 24 && number(14) < 60 &&
                      number(17) < 60;
    if (!time) return wrong<std::string>(given, instead);
    const std::string_view zone = std::string_view(given).substr(19);
    const bool offset = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && all_digits(zone.substr(1, 2)) &&
                        zone[3] == ':' && all_digits(zone.substr(4, 2)) && number(20) <= 14 && number(23) < 60;
    if (zone != "Z" && !offset) return wrong<std::string>(given, instead);
    return {given, ""};
}

Meaning<protocol::PhysicalScale> scale(std::string_view text) {
    const std::string given = clean(text);
    const std::string instead =
        "how large a pixel is, like \"0.025 mm\", or how many there are in an inch: \"300 dpi\"";
    const auto end = given.find_first_not_of("0123456789.");
    if (end == 0 || end == std::string::npos) return wrong<protocol::PhysicalScale>(given, instead);
    const std::string number = given.substr(0, end);
    const std::string unit = folded(std::string_view(given).substr(end));
    const auto dot = number.find('.');
    const bool decimal = std::ranges::count(number, '.') <= 1 && dot != 0 && dot != number.size() - 1 &&
                         number.find_first_of("123456789") != std::string::npos && number.size() <= 20 &&
                         (number[0] != '0' || number.size() == 1 || dot == 1);
    if (!decimal) return wrong<protocol::PhysicalScale>(given, instead);
    if (unit == "mm" || unit == "cm" || unit == "in") return {protocol::PhysicalScale{number, unit}, ""};
    if (unit == "inch") return {protocol::PhysicalScale{number, "in"}, ""};
    if (unit != "dpi" && unit != "ppi") return wrong<protocol::PhysicalScale>(given, instead);
    if (!all_digits(number) || number.size() > 6)
        return wrong<protocol::PhysicalScale>(given, "whole dots per inch: \"300 dpi\"");
    // An inch through so many, to ten digits.
    std::uint64_t dots = 0;
    for (const char c : number) dots = dots * 10 + static_cast<std::uint64_t>(c - '0');
    if (dots == 0) return wrong<protocol::PhysicalScale>(given, instead);
    std::string digits = std::to_string(10'000'000'000U / dots);
    digits.insert(0, digits.size() < 10 ? 10 - digits.size() : 0, '0');
    if (digits.size() > 10) return {protocol::PhysicalScale{"1", "in"}, ""};
    while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
    return {protocol::PhysicalScale{"0." + digits, "in"}, ""};
}

Meaning<bool> yes_or_no(std::string_view text) {
    const std::string word = folded(clean(text));
    for (const std::string_view yes : {"true", "yes", "y", "1", "x", "ja", "oui", "ie", "si"}) {
        if (word == yes) return {true, ""};
    }
    for (const std::string_view no : {"false", "no", "n", "0", "nein", "non", "na"}) {
        if (word == no) return {false, ""};
    }
    return wrong<bool>(text, "true or false");
}

Meaning<std::string> viewing_direction(std::string_view text) {
    const std::string word = folded(clean(text));
    for (const std::string_view one : {"left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top"}) {
        if (word == folded(one)) return {std::string(one), ""};
    }
    if (word == "ltr") return {std::string("left-to-right"), ""};
    if (word == "rtl") return {std::string("right-to-left"), ""};
    return wrong<std::string>(text, "left-to-right, right-to-left, top-to-bottom or bottom-to-top");
}

namespace {

// Of what has a group in common, one at most.
struct Behavior {
    std::string_view name;
    unsigned groups;
};
constexpr auto kBehaviors = std::to_array<Behavior>({{"unordered", 1},
                                                     {"individuals", 1},
                                                     {"continuous", 1},
                                                     {"paged", 1 | 2},
                                                     {"facing-pages", 2},
                                                     {"non-paged", 2},
                                                     {"auto-advance", 4},
                                                     {"no-auto-advance", 4},
                                                     {"repeat", 8},
                                                     {"no-repeat", 8},
                                                     {"multi-part", 16},
                                                     {"together", 16}});

constexpr unsigned groups_of(std::string_view behavior) {
    for (const Behavior& one : kBehaviors) {
        if (one.name == behavior) return one.groups;
    }
    return 0;
}

}  // namespace

bool is_of_pages(std::string_view behavior) {
    return behavior == "facing-pages" || behavior == "non-paged";
}

Meaning<std::string> behavior(std::string_view text) {
    const std::string word = folded(clean(text));
    for (const Behavior& one : kBehaviors) {
        if (word == folded(one.name)) return {std::string(one.name), ""};
    }
    return wrong<std::string>(text,
                              "paged, continuous, individuals, unordered, auto-advance, repeat, multi-part or "
                              "together; of a page, non-paged or facing-pages");
}

// The ARK Identifier Scheme, section 2.2: five digits, or more of these and of letters that make no words.
Meaning<std::string> ark(std::string_view text) {
    constexpr std::string_view kAuthority = "0123456789bcdfghjkmnpqrstvwxz";
    constexpr std::size_t kShortest = 5;
    std::string written = clean(text);
    const std::string plain = plain_identifier(written.find("ark:") == std::string::npos ? "ark:" + written : written);
    const std::string_view rest =
        std::string_view(plain).substr(std::min(plain.size(), std::string_view("ark:/").size()));
    const auto slash = rest.find('/');
    if (!plain.starts_with("ark:/") || slash == std::string_view::npos || slash < kShortest ||
        slash + 1 == rest.size() || rest.substr(0, slash).find_first_not_of(kAuthority) != std::string_view::npos) {
        return wrong<std::string>(text, "an ARK like ark:/12025/654xz321: the number of who assigns it, and a name");
    }
    if (!written.starts_with("ark:")) written.insert(0, "ark:");
    return {std::move(written), ""};
}

Meaning<std::string> doi(std::string_view text) {
    std::string written = clean(text);
    if (!plain_identifier(written).starts_with("doi:10.")) {
        return wrong<std::string>(text, "a DOI like 10.1000/182");
    }
    if (!written.starts_with("doi:")) written.insert(0, "doi:");
    return {std::move(written), ""};
}

bool agree(const std::vector<std::string>& before, std::string_view behavior) {
    return std::ranges::none_of(
        before, [behavior](const std::string& one) { return (groups_of(one) & groups_of(behavior)) != 0; });
}

Meaning<std::string> item_name(std::string_view text) {
    std::string name = clean(text);
    if (name.starts_with("./")) name.erase(0, 2);
    while (name.ends_with('/')) name.pop_back();
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos ||
        name.find('\\') != std::string::npos) {
        return wrong<std::string>(text, "the name of a file or folder that is in this folder itself");
    }
    return {std::move(name), ""};
}

Meaning<std::string> item_name_or_uri(std::string_view text) {
    return is_uri(clean(text)) ? uri(text) : item_name(text);
}

bool is_language(std::string_view tag) {
    std::size_t part = 0;
    bool first = true;
    for (std::size_t i = 0; i <= tag.size(); ++i) {
        if (i < tag.size() && tag[i] != '-') {
            const char c = lower(tag[i]);
            if (!(c >= 'a' && c <= 'z') && !(is_digit(c) && !first)) return false;
            ++part;
            continue;
        }
        if (part == 0 || part > 8 || (first && part < 2)) return false;
        part = 0;
        first = false;
    }
    return true;
}

Head split_language(std::string_view head) {
    const auto at = head.rfind('@');
    if (at != std::string_view::npos) {
        const std::string tag = clean(head.substr(at + 1));
        if (is_language(tag)) return {clean(head.substr(0, at)), tag};
    }
    return {clean(head), "none"};
}

protocol::LabelledValue attribution(std::string_view text, std::string_view language) {
    protocol::LabelledValue out;
    out.label.add("en", "Attribution");
    out.value.add(language, clean(text));
    return out;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
    const std::string from = folded(word);
    std::string_view best;
    std::size_t least = 3;  // edits; more are another word
    for (const std::string_view candidate : known) {
        const std::string to = folded(candidate);
        std::vector<std::size_t> row(to.size() + 1);
        for (std::size_t i = 0; i <= to.size(); ++i) row[i] = i;
        for (std::size_t i = 1; i <= from.size() && from.size() < 64; ++i) {
            std::size_t diagonal = row[0];
            row[0] = i;
            for (std::size_t k = 1; k <= to.size(); ++k) {
                const std::size_t above = row[k];
                row[k] = std::min({above + 1, row[k - 1] + 1, diagonal + (from[i - 1] == to[k - 1] ? 0U : 1U)});
                diagonal = above;
            }
        }
        if (from.size() < 64 && row.back() < least) {
            least = row.back();
            best = candidate;
        }
    }
    return best;
}

}  // namespace iiif::presentation::values
