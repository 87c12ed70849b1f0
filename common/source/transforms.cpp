// SPDX-License-Identifier: Apache-2.0
#include "source/transforms.h"

#include <md5.h>
#include <sha1.h>
#include <sha2.h>

#include <algorithm>
#include <array>

namespace iiif::source {
namespace {

constexpr std::string_view kHexadecimal = "0123456789abcdef";

// Section 3, step one hex-encodes what file systems cannot bear, step two replaces what is common and troublesome.
std::string clean(std::string_view identifier) {
    constexpr std::string_view kTroublesome = "\"*+,<=>?\\^|";
    std::string out;
    out.reserve(identifier.size() + identifier.size() / 2);
    for (const char c : identifier) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x21 || byte > 0x7e || kTroublesome.find(c) != std::string_view::npos) {
            out += {'^', kHexadecimal[byte >> 4U], kHexadecimal[byte & 0xFU]};
        } else if (c == '/') {
            out += '=';
        } else if (c == ':') {
            out += '+';
        } else if (c == '.') {
            out += ',';
        } else {
            out += c;
        }
    }
    return out;
}

// The length of the UTF-8 sequence at the front of `text` if it is a character that can be shown, else 0. RFC 3629.
std::size_t shown_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    const unsigned lead = at(0);
    if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
    if (lead < 0xC2 || lead > 0xF4 || !follows(1)) return 0;
    if (lead < 0xE0) return lead == 0xC2 && at(1) < 0xA0 ? 0 : 2;  // U+0080..U+009F are control characters
    if ((lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) || !follows(2)) return 0;
    if (lead < 0xF0) return 3;
    if ((lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F) || !follows(3)) return 0;
    return 4;
}

}  // namespace

std::string pairtree(std::string_view identifier) {
    const std::string cleaned = clean(identifier);
    std::string out;
    out.reserve(cleaned.size() + cleaned.size() / 2);
    for (std::size_t i = 0; i < cleaned.size(); i += 2) {
        if (i != 0) out += '/';
        out.append(cleaned, i, 2);
    }
    return out;
}

std::size_t hexadecimal_length(Digest digest) {
    switch (digest) {
        case Digest::md5: return std::size_t{2} * MD5_DIGEST_LENGTH;
        case Digest::sha1: return std::size_t{2} * SHA1_DIGEST_LENGTH;
        case Digest::sha256: break;
    }
    return std::size_t{2} * SHA256_DIGEST_LENGTH;
}

std::string hexadecimal_digest(Digest digest, std::string_view bytes) {
    std::array<char, SHA256_DIGEST_STRING_LENGTH> text{};
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    switch (digest) {
        case Digest::md5: MD5Data(data, bytes.size(), text.data()); break;
        case Digest::sha1: SHA1Data(data, bytes.size(), text.data()); break;
        case Digest::sha256: SHA256Data(data, bytes.size(), text.data()); break;
    }
    return {text.data(), hexadecimal_length(digest)};
}

std::string digest_path(Digest digest, std::span<const std::size_t> lengths, std::string_view bytes) {
    const std::string whole = hexadecimal_digest(digest, bytes);
    std::string out;
    std::size_t from = 0;
    for (const std::size_t length : lengths) {
        out.append(whole, from, length) += '/';
        from += length;
    }
    return out += whole;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return out;
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    }
    return out;
}

std::string flat(std::string_view text) {
    std::string out(text);
    std::ranges::replace(out, '/', '_');
    return out;
}

std::string substring(std::string_view text, std::int64_t from, std::size_t length) {
    const auto size = static_cast<std::int64_t>(text.size());
    if (from < 0) from += size;
    if (from < 0 || from > size) return {};
    return std::string(text.substr(static_cast<std::size_t>(from), length));
}

std::string readable(std::string_view text, std::size_t limit) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = shown_length(text);
        const std::string_view shown = length != 0 ? text.substr(0, length) : "?";
        if (out.size() + shown.size() > limit) return out += "...";
        out += shown;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace iiif::source
