// SPDX-License-Identifier: Apache-2.0
#include "presentation/texts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace iiif::presentation {
namespace {

using namespace std::string_view_literals;

// 0x80 to 0x9F; 0: not assigned.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// As they stand, without regard to case.
constexpr std::array kNothing = {"ascii"sv,
                                 "default"sv,
                                 "digicam"sv,
                                 "digital camera"sv,
                                 "document"sv,
                                 "exif_jpeg_picture"sv,
                                 "exif jpeg"sv,
                                 "hdrpl"sv,
                                 "image"sv,
                                 "img"sv,
                                 "jpeg"sv,
                                 "konica minolta digital camera"sv,
                                 "minolta digital camera"sv,
                                 "mdka"sv,
                                 "n/a"sv,
                                 "no title"sv,
                                 "none"sv,
                                 "null"sv,
                                 "(null)"sv,
                                 "olympus digital camera"sv,
                                 "photo"sv,
                                 "picture"sv,
                                 "samsung"sv,
                                 "samsung camera pictures"sv,
                                 "scan"sv,
                                 "scanned document"sv,
                                 "scanned image"sv,
                                 "sony dsc"sv,
                                 "title"sv,
                                 "unknown"sv,
                                 "unnamed"sv,
                                 "untitled"sv,
                                 "vignette"sv,
                                 "xp comment"sv};

// Programs, and what they write for themselves.
constexpr std::array kPrograms = {"acdsee"sv,      "adobe photoshop"sv, "adobe lightroom"sv, "aperio"sv,
                                  "capture one"sv, "created by "sv,     "created with "sv,   "file written by "sv,
                                  "gimp"sv,        "imagej="sv,         "imagemagick"sv,     "lead technologies"sv,
                                  "made with "sv,  "paint.net"sv,       "picasa"sv,          "processed with "sv,
                                  "shape="sv,      "silverfast"sv,      "untitled-"sv,       "vuescan"sv};

// Of cameras' file names: a few letters, then digits alone.
constexpr std::array kCounters = {"dsc"sv, "dscf"sv, "dscn"sv, "img"sv, "image"sv, "imgp"sv,
                                  "p"sv,   "pict"sv, "pxl"sv,  "sam"sv, "scan"sv};

void append(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | code >> 6U);
        byte(0x80 | (code & 0x3FU));
    } else if (code < 0x10000) {
        byte(0xE0 | code >> 12U);
        byte(0x80 | (code >> 6U & 0x3FU));
        byte(0x80 | (code & 0x3FU));
    } else {
        byte(0xF0 | code >> 18U);
        byte(0x80 | (code >> 12U & 0x3FU));
        byte(0x80 | (code >> 6U & 0x3FU));
        byte(0x80 | (code & 0x3FU));
    }
}

// The character that begins at `at`, which moves on; false: no UTF-8 (RFC 3629: neither overlong nor a surrogate).
bool next(std::string_view bytes, std::size_t& at, std::uint32_t& code) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const std::size_t more = first < 0x80                    ? 0
                             : first >= 0xC2 && first < 0xE0 ? 1
                             : first >= 0xE0 && first < 0xF0 ? 2
                                                             : 3;
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || at + more >= bytes.size()) return false;
    code = more == 0 ? first : first & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
        const auto byte = static_cast<unsigned char>(bytes[at + i]);
        if ((byte & 0xC0U) != 0x80) return false;
        code = code << 6U | (byte & 0x3FU);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10FFFF))) return false;
    if (code >= 0xD800 && code < 0xE000) return false;
    at += more + 1;
    return true;
}

// Blanks and such may go, but not for megabytes. Cut between two characters where it is UTF-8.
std::string_view beginning(std::string_view bytes) {
    if (bytes.size() <= 4 * kMostEmbeddedText) return bytes;
    bytes = bytes.substr(0, 4 * kMostEmbeddedText);
    for (std::size_t cut = 0; cut < 4; ++cut) {
        if (const std::string_view shorter = bytes.substr(0, bytes.size() - cut); is_utf8(shorter)) return shorter;
    }
    return bytes;
}

std::uint32_t of_windows_1252(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 && byte < 0xA0 ? kWindows1252.at(byte - 0x80U) : byte;
}

// Collects characters as clean_text() promises.
class Cleaned {
public:
    void add(std::uint32_t code) {
        if (code == ' ' || (code >= '\t' && code <= '\r') || code == 0xA0 || code == 0x2028 || code == 0x2029) {
            blank_ = !text_.empty();
            return;
        }
        const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
        const bool unseen = code == 0xFEFF || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
        if (control || unseen || full_) return;
        const std::size_t before = text_.size();
        if (blank_) text_ += ' ';
        append(text_, code);
        blank_ = false;
        full_ = text_.size() > kMostEmbeddedText;
        if (full_) text_.resize(before);
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
    bool blank_ = false, full_ = false;
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return c < 0x80 ? std::tolower(c) : c; });
    return out;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// "DSC_0123", "img 12.jpg"
bool is_counter(std::string_view text) {
    const auto digit = std::ranges::find_if(text, is_digit);
    const auto letters = static_cast<std::size_t>(digit - text.begin());
    if (letters == text.size()) return false;
    std::string_view word = text.substr(0, letters);
    while (!word.empty() && (word.back() == '_' || word.back() == '-' || word.back() == ' ')) word.remove_suffix(1);
    if (std::ranges::find(kCounters, word) == kCounters.end()) return false;
    std::string_view rest = text.substr(letters);
    if (const auto dot = rest.rfind('.'); dot != std::string_view::npos && rest.size() - dot <= 5)
        rest = rest.substr(0, dot);
    return std::ranges::all_of(rest, [](char c) { return is_digit(c) || c == '_' || c == '-'; });
}

bool is_path_of_licence(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '.' || c == '-' || c == '_' || c == '+';
}

std::string creative_commons(std::string_view path) {
    for (const std::string_view page : {"deed"sv, "legalcode"sv}) {
        if (const auto at = path.find("/" + std::string(page)); at != std::string_view::npos) path = path.substr(0, at);
    }
    while (!path.empty() && (path.back() == '/' || path.back() == '.')) path.remove_suffix(1);
    const bool known = path.starts_with("/licenses/") || path.starts_with("/publicdomain/");
    return known ? "http://creativecommons.org" + lower(path) + "/" : "";
}

std::string rights_statement(std::string_view path) {
    while (!path.empty() && (path.back() == '/' || path.back() == '.')) path.remove_suffix(1);
    for (const std::string_view form : {"/vocab/"sv, "/page/"sv, "/data/"sv}) {
        if (path.starts_with(form) && path.size() > form.size()) {
            return "http://rightsstatements.org/vocab/" + std::string(path.substr(form.size())) + "/";
        }
    }
    return "";
}

}  // namespace

bool is_utf8(std::string_view bytes) {
    std::uint32_t code = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        if (!next(bytes, at, code)) return false;
    }
    return true;
}

std::string from_windows_1252(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const std::uint32_t code = of_windows_1252(c);
        if (code != 0) append(out, code);
    }
    return out;
}

std::string clean_text(std::string_view bytes) {
    bytes = beginning(bytes);
    Cleaned cleaned;
    if (is_utf8(bytes)) {
        std::uint32_t code = 0;
        for (std::size_t at = 0; at < bytes.size() && next(bytes, at, code);) cleaned.add(code);
        return cleaned.take();
    }
    for (const char c : bytes) cleaned.add(of_windows_1252(c));
    return cleaned.take();
}

std::string clean_utf16(std::string_view bytes) {
    Cleaned cleaned;
    const auto unit = [bytes](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]) |
                                          static_cast<unsigned>(static_cast<unsigned char>(bytes[at + 1])) << 8U);
    };
    const std::size_t end = std::min(bytes.size(), 4 * kMostEmbeddedText) / 2 * 2;
    for (std::size_t at = 0; at < end; at += 2) {
        std::uint32_t code = unit(at);
        if (code == 0) break;
        if (code >= 0xD800 && code < 0xE000) {
            if (code >= 0xDC00 || at + 4 > end || (unit(at + 2) & 0xFC00U) != 0xDC00) continue;
            code = 0x10000 + ((code & 0x3FFU) << 10U) + (unit(at + 2) & 0x3FFU);
            at += 2;
        }
        cleaned.add(code);
    }
    return cleaned.take();
}

bool says_nothing(std::string_view text) {
    const std::string word = lower(text);
    const bool readable = std::ranges::any_of(word, [](unsigned char c) { return c >= 0x80 || std::isalnum(c) != 0; });
    // XML and JSON are from programs to programs: OME-TIFF, tifffile.
    if (!readable || word.starts_with('{') || word.starts_with('<')) return true;
    if (std::ranges::find(kNothing, word) != kNothing.end() || is_counter(word)) return true;
    return std::ranges::any_of(kPrograms, [&word](std::string_view program) { return word.starts_with(program); });
}

std::string rights_uri_in(std::string_view text) {
    const std::string small = lower(text);
    for (const bool commons : {true, false}) {
        const std::string_view host = commons ? "creativecommons.org"sv : "rightsstatements.org"sv;
        for (auto at = small.find(host); at != std::string::npos; at = small.find(host, at + 1)) {
            const std::string_view before = std::string_view(small).substr(0, at);
            const bool whole = before.ends_with("http://") || before.ends_with("https://") ||
                               before.ends_with("://www.") || at == 0 || small[at - 1] == ' ' || small[at - 1] == '(' ||
                               before.ends_with(" www.");
            if (!whole) continue;  // of another host: not-creativecommons.org
            std::string_view path = text.substr(at + host.size());
            path = path.substr(
                0, static_cast<std::size_t>(std::ranges::find_if_not(path, is_path_of_licence) - path.begin()));
            std::string found = commons ? creative_commons(path) : rights_statement(path);
            if (!found.empty()) return found;
        }
    }
    return "";
}

std::string date_of(std::string_view text) {
    std::string date = clean_text(text);
    const auto digits = [&date](std::size_t at, std::size_t count) {
        return date.size() >= at + count &&
               std::all_of(date.begin() + static_cast<std::ptrdiff_t>(at),
                           date.begin() + static_cast<std::ptrdiff_t>(at + count), is_digit);
    };
    if (!digits(0, 4) || date.starts_with("0000")) return "";
    if (date.size() >= 10 && date[4] == ':' && date[7] == ':') {
        if (!digits(5, 2) || !digits(8, 2) || date.substr(5, 2) == "00" || date.substr(8, 2) == "00") return "";
        date[4] = date[7] = '-';
        if (date.size() > 10 && date[10] == ' ') date[10] = 'T';
    }
    return date.size() <= 40 ? date : "";
}

}  // namespace iiif::presentation
