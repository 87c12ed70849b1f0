// SPDX-License-Identifier: Apache-2.0
#include "delivery/pages.h"

#include <jansson.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <utility>

#include "protocol/http_date.h"
#include "protocol/uri.h"
#include "source/file_blocks.h"

namespace iiif::delivery {
namespace {

constexpr std::string_view kFolder = "pages/";
constexpr std::string_view kShell = "index.html";
constexpr std::string_view kMissing = "missing.html";
constexpr std::string_view kSite = "site.json";
// Stands in the HTML wherever the endpoint's public path belongs: one file is sent at any depth.
constexpr std::string_view kPlace = "{{endpoint}}";
constexpr std::size_t kMostHtml = 256U << 10U;

// Scripts come from here alone, so nothing that a stranger's Manifest says can become one. Pictures and JSON may come
// from anywhere, since Manifests name services of other institutions, and anybody may show a page in theirs.
// OpenSeadragon and Mirador make styles while they run.
constexpr std::string_view kPolicy =
    "default-src 'self'; img-src * data: blob:; connect-src *; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors *";

struct Type {
    std::string_view extension, media_type;
};
// None is an image's: an identifier such as pages/0001.tif stays one.
constexpr std::array kTypes = {Type{".html", "text/html; charset=utf-8"}, Type{".js", "text/javascript; charset=utf-8"},
                               Type{".css", "text/css; charset=utf-8"}, Type{".svg", "image/svg+xml"},
                               Type{".txt", "text/plain; charset=utf-8"}};

std::string_view media_type_of(std::string_view name) {
    if (name == kSite) return "application/json";
    const auto* type = std::ranges::find_if(kTypes, [name](const Type& t) { return name.ends_with(t.extension); });
    return type == kTypes.end() ? "" : type->media_type;
}

bool is_html(std::string_view name) {
    return name.ends_with(".html");
}

// The path of an endpoint's public URI, as browsers see it: the page may come by another host, or by https where this
// server hears http, and its parts have to come the same way.
std::string public_path(std::string_view endpoint) {
    const auto slash = endpoint.find('/', endpoint.find("//") + 2);
    return slash == std::string_view::npos ? std::string() : std::string(endpoint.substr(slash));
}

std::string html_escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string with_endpoint(std::string_view html, const std::string& path) {
    std::string out;
    for (;;) {
        const auto at = html.find(kPlace);
        out += html.substr(0, at);
        if (at == std::string_view::npos) return out;
        out += path;
        html.remove_prefix(at + kPlace.size());
    }
}

std::string hex(std::uint64_t number) {
    std::string out;
    for (unsigned digits = 16; digits-- > 0;) out += "0123456789abcdef"[number >> (4 * digits) & 0xFU];
    return out;
}

Expected<std::string> read_whole(const source::OpenFile& file) {
    if (file.key.size > kMostHtml) return refuse(500, "this page is larger than a page may be");
    std::string text(file.key.size, '\0');
    const std::span bytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    if (!source::read_at(file.fd.get(), 0, bytes)) return refuse(500, "this page cannot be read");
    return text;
}

std::string site_json(const Settings& settings) {
    json_t* site = json_object();
    for (const char* const name : {"name", "logo", "colour"}) {
        std::string value = settings.text("pages_" + std::string(name), "");
        if (value.empty()) continue;
        if (std::string_view(name) == "colour" && !value.starts_with('#')) value.insert(0, 1, '#');
        json_object_set_new(site, name, json_stringn(value.data(), value.size()));
    }
    char* text = json_dumps(site, JSON_COMPACT);
    json_decref(site);
    std::string out = text == nullptr ? "{}" : text;
    std::free(text);
    return out;
}

Headers headers_of(std::string_view name, const std::string& etag) {
    Headers headers;
    headers.emplace_back("Access-Control-Allow-Origin", "*");
    headers.emplace_back("ETag", etag);
    // A new version of the pages is there at once: HTML is asked for each time, and what it names within the hour.
    headers.emplace_back("Cache-Control", is_html(name) || name == kSite ? "no-cache" : "max-age=3600");
    headers.emplace_back("X-Content-Type-Options", "nosniff");
    if (is_html(name)) {
        headers.emplace_back("Content-Security-Policy", kPolicy);
        headers.emplace_back("Referrer-Policy", "strict-origin-when-cross-origin");
    }
    return headers;
}

Answer not_modified(Headers headers) {
    Answer answer;
    answer.status = 304;
    answer.headers = std::move(headers);
    return answer;
}

Answer memory_answer(const HttpRequest& http, bool head, std::string_view name, int status, std::string body) {
    const std::string etag = content_tag(body);
    Headers headers = headers_of(name, etag);
    if (status == 200 && protocol::not_modified(http.if_none_match, "", etag, 0)) {
        return not_modified(std::move(headers));
    }
    if (status != 200) std::erase_if(headers, [](const auto& header) { return header.first == "ETag"; });
    Answer answer;
    answer.status = status;
    answer.headers = std::move(headers);
    answer.headers.emplace_back("Content-Type", media_type_of(name));
    answer.content_length = static_cast<std::int64_t>(body.size());
    if (!head) answer.body = std::move(body);
    return answer;
}

Answer html_answer(const Service& service, const HttpRequest& http, const Request& request, std::string_view name,
                   int status) {
    const auto file = service.pages->open(name);
    const auto text = file ? read_whole(*file) : Expected<std::string>(tl::unexpected(file.error()));
    if (!text) {
        if (status == 200 && text.error().status == 404) {
            return name == kMissing ? refusal_answer({404, "There is no such page here."}, request.head)
                                    : html_answer(service, http, request, kMissing, 404);
        }
        return refusal_answer({status == 200 ? text.error().status : status, "There is no such page here."},
                              request.head);
    }
    std::string body = with_endpoint(*text, html_escaped(public_path(request.id)));
    return memory_answer(http, request.head, name, status, std::move(body));
}

PageAnswer asset_answer(const Service& service, const HttpRequest& http, const Request& request) {
    // A descriptor of its own: the server sends from it, and may move its position.
    auto file = service.pages->open(request.page_file);
    if (!file) {
        if (file.error().status == 404) return {refusal_answer({404, "There is no such file here."}, request.head), {}};
        return {refusal_answer(file.error(), request.head), {}};
    }
    const std::string etag =
        '"' + hex(static_cast<std::uint64_t>(file->key.mtime_ns)) + '-' + std::to_string(file->key.size) + '"';
    const std::int64_t changed = file->key.mtime_ns / 1'000'000'000;
    Headers headers = headers_of(request.page_file, etag);
    headers.emplace_back("Last-Modified", protocol::http_date(changed));
    if (protocol::not_modified(http.if_none_match, http.if_modified_since, etag, changed)) {
        return {not_modified(std::move(headers)), {}};
    }
    PageAnswer out;
    out.answer.headers = std::move(headers);
    out.answer.headers.emplace_back("Content-Type", media_type_of(request.page_file));
    out.answer.content_length = static_cast<std::int64_t>(file->key.size);
    if (!request.head && file->key.size > 0) {
        out.file = std::move(file->fd);
        out.answer.file = {out.file.get(), 0, file->key.size};
    }
    return out;
}

// 200: there is such a folder or file beneath the root; else how it is refused.
int status_of(const Service& service, const Request& request, source::OpenFiles& files,
              std::optional<std::string_view> computed_path) {
    const std::string& path = request.identifier;
    if (path.empty()) return 200;
    if (!source::is_servable(path)) return 404;
    if (service.root.has_folder(path)) return 200;
    const auto file = source::locate(service.root, files, service.mapping, path, computed_path);
    if (file) return 200;
    return file.error().status == 400 ? 404 : file.error().status;
}

Answer redirect(std::string location) {
    Answer answer;
    answer.status = 303;
    answer.headers.emplace_back("Access-Control-Allow-Origin", "*");
    answer.headers.emplace_back("Location", std::move(location));
    answer.headers.emplace_back("Cache-Control", "no-cache");
    answer.content_length = 0;
    return answer;
}

}  // namespace

bool read_page_request(const Service& service, std::string_view method, std::string_view below,
                       const std::string& public_prefix, Request& request) {
    std::string_view rest = below;
    if (rest.starts_with('/')) rest.remove_prefix(1);
    if (rest.starts_with(kFolder)) {
        const std::string_view name = rest.substr(kFolder.size());
        if (!name.empty() && name.find_first_of("/%\\") == std::string_view::npos && !media_type_of(name).empty()) {
            request.kind = is_html(name) ? Kind::page : Kind::asset;
            request.page_file = name;
        }
    }
    if (request.page_file.empty()) {
        if (!rest.empty() && !rest.ends_with('/')) return false;
        request.kind = Kind::page;
        if (!below.empty()) request.page_file = kShell;
        const auto first = rest.substr(0, rest.find('/'));
        if ((first == "3" || first == "2") && rest.size() > 1) {
            const auto version = first == "2" ? protocol::Version::v2 : protocol::Version::v3;
            if (std::ranges::find(service.versions, version) != service.versions.end()) {
                request.version = version;
                rest.remove_prefix(2);
            }
        }
        if (rest.ends_with('/')) rest.remove_suffix(1);
        // What cannot be decoded names nothing: the page says so, as for any other name that is not here.
        request.identifier = protocol::percent_decode(rest).value_or("/");
    }
    request.id = public_prefix;
    if (method == "OPTIONS") request.kind = Kind::options;
    return true;
}

PageAnswer answer_page(const Service& service, const HttpRequest& http, const Request& request,
                       source::OpenFiles& files, std::optional<std::string_view> computed_path) {
    if (request.page_file.empty()) return {redirect(request.id + '/'), {}};
    if (request.page_file == kSite) {
        return {memory_answer(http, request.head, kSite, 200, site_json(service.settings)), {}};
    }
    if (request.kind == Kind::asset) return asset_answer(service, http, request);
    const int status = request.page_file == kShell ? status_of(service, request, files, computed_path) : 200;
    return {html_answer(service, http, request, status == 200 ? std::string_view(request.page_file) : kMissing, status),
            {}};
}

std::optional<Answer> page_redirect(const Service& service, const Request& request) {
    if (!service.pages || request.kind != Kind::base || !service.root.has_folder(request.identifier)) {
        return std::nullopt;
    }
    return redirect(request.id + '/');
}

std::string check_pages(const source::Root& directory) {
    if (std::string wrong = directory.check(); !wrong.empty()) return wrong;
    for (const std::string_view name : {kShell, kMissing}) {
        if (!directory.open(name)) return "there is no " + std::string(name) + " that could be read in it";
    }
    return "";
}

}  // namespace iiif::delivery
