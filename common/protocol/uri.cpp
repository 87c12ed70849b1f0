// SPDX-License-Identifier: Apache-2.0
#include "protocol/uri.h"

#include "protocol/char_set.h"

namespace iiif::protocol {
namespace {

constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// Takes one byte, escaped or not, from the front of `raw`; nullopt for a broken escape or NUL.
// Not called with nothing left.
std::optional<char> take_byte(std::string_view& raw) {
    char byte = raw.front();
    std::size_t length = 1;
    if (byte == '%') {
        if (raw.size() < 3) return std::nullopt;
        const int high = hex_value(raw[1]);
        const int low = hex_value(raw[2]);
        if (high < 0 || low < 0) return std::nullopt;
        byte = static_cast<char>(high * 16 + low);
        length = 3;
    }
    if (byte == '\0') return std::nullopt;
    raw.remove_prefix(length);
    return byte;
}

// RFC 3986 pchar without '@', which the Image API wants encoded in an identifier.
constexpr CharSet kRaw("-._~!$&'()*+,;=:", CharSet::Also::letters_and_digits);
constexpr CharSet kEndOfPath("?#");
constexpr CharSet kToDecode(std::string_view("%\0", 2));

}  // namespace

std::optional<std::string> percent_decode(std::string_view raw) {
    std::string decoded;
    // Most hold no escape at all.
    if (kToDecode.first_in(raw) == std::string_view::npos) return std::string(raw);
    decoded.reserve(raw.size());
    while (!raw.empty()) {
        const auto byte = take_byte(raw);
        if (!byte) return std::nullopt;
        decoded += *byte;
    }
    return decoded;
}

std::string percent_encode(std::string_view decoded) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(decoded.size());
    for (const char c : decoded) {
        const auto byte = static_cast<unsigned char>(c);
        if (kRaw.has(c)) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kHex[byte >> 4U];
            encoded += kHex[byte & 0x0FU];
        }
    }
    return encoded;
}

std::string percent_encode_path(std::string_view decoded) {
    std::string out;
    for (;;) {
        const auto slash = decoded.find('/');
        out += percent_encode(decoded.substr(0, slash));
        if (slash == std::string_view::npos) return out;
        out += '/';
        decoded.remove_prefix(slash + 1);
    }
}

std::string_view path_of(std::string_view raw_uri) {
    return raw_uri.substr(0, kEndOfPath.first_in(raw_uri));
}

std::optional<std::string_view> cut_prefix(std::string_view raw_path, std::string_view prefix) {
    for (const char expected : prefix) {
        if (raw_path.empty()) return std::nullopt;
        const auto byte = take_byte(raw_path);
        if (!byte || *byte != expected) return std::nullopt;
    }
    if (!raw_path.empty() && raw_path.front() != '/') return std::nullopt;
    return raw_path;
}

std::vector<std::string_view> split_segments(std::string_view raw_path) {
    std::vector<std::string_view> segments;
    segments.reserve(8);  // an image request's, behind an identifier of a few
    for (;;) {
        const std::size_t slash = raw_path.find('/');
        segments.push_back(raw_path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        raw_path.remove_prefix(slash + 1);
    }
}

}  // namespace iiif::protocol
