// SPDX-License-Identifier: Apache-2.0
#include "protocol/uri.h"

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
constexpr bool may_stand_raw(unsigned char c) {
    constexpr std::string_view kOthers = "-._~!$&'()*+,;=:";
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kOthers.find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view raw) {
    std::string decoded;
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
        if (may_stand_raw(byte)) {
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
    return raw_uri.substr(0, raw_uri.find_first_of("?#"));
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
    for (;;) {
        const std::size_t slash = raw_path.find('/');
        segments.push_back(raw_path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        raw_path.remove_prefix(slash + 1);
    }
}

}  // namespace iiif::protocol
