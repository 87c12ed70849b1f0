// SPDX-License-Identifier: Apache-2.0
#include "delivery/wire.h"

#include <algorithm>
#include <charconv>

namespace iiif::delivery {
namespace {

constexpr std::string_view kDescriptionField = "IIIF-Description";
constexpr std::string_view kPyramidField = "IIIF-Pyramid";
constexpr std::string_view kTimingField = "IIIF-Timing";
constexpr std::string_view kBodyField = "IIIF-Body";
constexpr std::string_view kPieces = "pieces";
constexpr std::size_t kMaxHeaders = 64;

template <class Number>
bool read(std::string_view text, Number& out) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && at == end && !text.empty();
}

// A NUL ends a value: what a client sent behind one would be a field of its own. Servers let none through.
void field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += '\0';
    out += value.substr(0, value.find('\0'));
    out += '\0';
}

// Header values come from requests and files: a line break in one would end the head early.
bool is_clean(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return lower(x) == lower(y);
    });
}

bool is_token(std::string_view name) {
    static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kOthers.find(c) != std::string_view::npos;
    });
}

// What answers of ours have. A renderer that was broken into sets no cookies for the site, and redirects no browser
// with a header that nobody here has thought of.
std::optional<std::string_view> known_header(std::string_view name) {
    static constexpr std::string_view kNames[] = {
        "Content-Type",
        "ETag",
        "Last-Modified",
        "Cache-Control",
        "Link",
        "Location",
        "Vary",
        "Allow",
        "Retry-After",
        "Content-Disposition",
        "X-Content-Type-Options",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers",
        "Access-Control-Max-Age",
    };
    const auto known =
        std::ranges::find_if(kNames, [name](std::string_view one) { return equals_ignoring_case(name, one); });
    return known == std::end(kNames) ? std::nullopt : std::optional(*known);
}

bool take_call_field(std::string_view name, std::string_view value, RenderCall& call) {
    HttpRequest& http = call.http;
    if (name == "IIIF_SERVICE") return read(value, call.service);
    if (name == "IIIF_ASKED") return read(value, call.asked_ms);
    if (name == "IIIF_PAGE") return read(value, call.page) && call.page >= 1;
    if (name == "IIIF_FILE_DEVICE") return read(value, call.key.device);
    if (name == "IIIF_FILE_INODE") return read(value, call.key.inode);
    if (name == "IIIF_FILE_SIZE") return read(value, call.key.size);
    if (name == "IIIF_FILE_MTIME") return read(value, call.key.mtime_ns);
    std::string* text = nullptr;
    if (name == "REQUEST_METHOD") text = &http.method;
    if (name == "REQUEST_URI") text = &http.raw_uri;
    if (name == "IIIF_BASE") text = &http.base;
    if (name == "IIIF_PATH") text = &call.path;
    if (name == "HTTP_ACCEPT") text = &http.accept;
    if (name == "HTTP_IF_NONE_MATCH") text = &http.if_none_match;
    if (name == "HTTP_IF_MODIFIED_SINCE") text = &http.if_modified_since;
    if (text != nullptr) *text = value;
    if (name == "IIIF_BASE_CONFIGURED") http.base_is_configured = value == "1";
    return true;  // unknown fields are for later versions
}

}  // namespace

std::string encode_call(const RenderCall& call) {
    std::string body;
    body.reserve(512);
    field(body, "CONTENT_LENGTH", "0");
    field(body, "SCGI", "1");
    field(body, "REQUEST_METHOD", call.http.method);
    field(body, "REQUEST_URI", call.http.raw_uri);
    field(body, "IIIF_SERVICE", std::to_string(call.service));
    field(body, "IIIF_PATH", call.path);
    field(body, "IIIF_PAGE", std::to_string(call.page));
    if (call.asked_ms != 0) field(body, "IIIF_ASKED", std::to_string(call.asked_ms));
    field(body, "IIIF_FILE_DEVICE", std::to_string(call.key.device));
    field(body, "IIIF_FILE_INODE", std::to_string(call.key.inode));
    field(body, "IIIF_FILE_SIZE", std::to_string(call.key.size));
    field(body, "IIIF_FILE_MTIME", std::to_string(call.key.mtime_ns));
    field(body, "IIIF_BASE", call.http.base);
    field(body, "IIIF_BASE_CONFIGURED", call.http.base_is_configured ? "1" : "0");
    field(body, "HTTP_ACCEPT", call.http.accept);
    field(body, "HTTP_IF_NONE_MATCH", call.http.if_none_match);
    field(body, "HTTP_IF_MODIFIED_SINCE", call.http.if_modified_since);
    return std::to_string(body.size()) + ':' + body + ',';
}

Parse decode_call(std::string_view bytes, RenderCall& out) {
    const auto colon = bytes.find(':');
    if (colon == std::string_view::npos) {
        const bool digits = std::ranges::all_of(bytes, [](char c) { return c >= '0' && c <= '9'; });
        return digits && bytes.size() <= 6 ? Parse::more : Parse::bad;
    }
    std::size_t length = 0;
    if (colon > 6 || !read(bytes.substr(0, colon), length) || length > kMaxRequestBytes) return Parse::bad;
    if (bytes.size() < colon + 1 + length + 1) return Parse::more;
    if (bytes[colon + 1 + length] != ',' || bytes.size() != colon + length + 2) return Parse::bad;

    std::string_view body = bytes.substr(colon + 1, length);
    RenderCall call;
    bool first = true;
    while (!body.empty()) {
        const auto name_end = body.find('\0');
        if (name_end == std::string_view::npos) return Parse::bad;
        const auto value_end = body.find('\0', name_end + 1);
        if (value_end == std::string_view::npos) return Parse::bad;
        const std::string_view name = body.substr(0, name_end);
        const std::string_view value = body.substr(name_end + 1, value_end - name_end - 1);
        if (first && (name != "CONTENT_LENGTH" || value != "0")) return Parse::bad;
        if (!take_call_field(name, value, call)) return Parse::bad;
        first = false;
        body.remove_prefix(value_end + 1);
    }
    if (call.http.method.empty() || call.http.raw_uri.empty()) return Parse::bad;
    out = std::move(call);
    return Parse::done;
}

std::string encode_reply_head(const Answer& answer, const source::Description* description, std::string_view timing,
                              const source::Description* pyramid) {
    std::string head = "Status: " + std::to_string(answer.status) + "\r\n";
    const auto line = [&head](std::string_view name, std::string_view value) {
        if (!is_clean(value)) return;
        head += name;
        head += ": ";
        head += value;
        head += "\r\n";
    };
    for (const auto& [name, value] : answer.headers) line(name, value);
    if (answer.content_length >= 0) line("Content-Length", std::to_string(answer.content_length));
    if (description != nullptr) line(kDescriptionField, source::serialize(*description));
    if (pyramid != nullptr) line(kPyramidField, source::serialize(*pyramid));
    if (!timing.empty()) line(kTimingField, timing);
    head += "\r\n";
    return head;
}

std::string in_pieces(std::string head) {
    head.insert(head.size() - 2, std::string(kBodyField) + ": " + std::string(kPieces) + "\r\n");
    return head;
}

Parse decode_reply_head(std::string_view bytes, ReplyHead& out, std::size_t& head_len) {
    const auto end = bytes.substr(0, kMaxReplyHeadBytes).find("\r\n\r\n");
    if (end == std::string_view::npos) return bytes.size() < kMaxReplyHeadBytes ? Parse::more : Parse::bad;
    head_len = end + 4;

    ReplyHead head;
    std::string_view rest = bytes.substr(0, end + 2);
    while (!rest.empty()) {
        const auto line_end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, line_end);
        rest.remove_prefix(line_end + 2);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return Parse::bad;
        const std::string_view name = line.substr(0, colon);
        std::string_view value = line.substr(colon + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        if (!is_token(name) || !is_clean(value)) return Parse::bad;
        if (equals_ignoring_case(name, "Status")) {
            if (!read(value.substr(0, 3), head.status) || head.status < 200 || head.status > 599) return Parse::bad;
        } else if (equals_ignoring_case(name, "Content-Length")) {
            if (!read(value, head.content_length) || head.content_length < 0) return Parse::bad;
        } else if (equals_ignoring_case(name, kDescriptionField)) {
            head.description = source::parse_description(value);
            if (!head.description) return Parse::bad;
        } else if (equals_ignoring_case(name, kPyramidField)) {
            head.pyramid = source::parse_description(value);
            if (!head.pyramid) return Parse::bad;
        } else if (equals_ignoring_case(name, kBodyField)) {
            if (value != kPieces) return Parse::bad;
            head.pieces = true;
        } else if (equals_ignoring_case(name, kTimingField)) {
            head.timing = value.substr(0, 256);
        } else {
            const auto known = known_header(name);
            if (head.headers.size() >= kMaxHeaders || !known) return Parse::bad;
            head.headers.emplace_back(*known, value);
        }
    }
    if (head.status == 0 || (head.pieces && head.content_length >= 0)) return Parse::bad;
    out = std::move(head);
    return Parse::done;
}

}  // namespace iiif::delivery
