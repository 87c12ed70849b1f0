// SPDX-License-Identifier: Apache-2.0
#include "ctl/validate_document.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace iiif::ctl {
namespace {

// Of each kind; a Manifest may have thousands.
constexpr std::size_t kMostFetched = 4;

constexpr std::string_view kContext3 = "http://iiif.io/api/presentation/3/context.json";
constexpr std::string_view kContext2 = "http://iiif.io/api/presentation/2/context.json";

std::string context_of(const json_t* document) {
    const json_t* context = json_object_get(document, "@context");
    if (json_is_array(context)) context = json_array_get(context, json_array_size(context) - 1);
    return text_of(context);
}

// Its context says so; where that is wrong, its type.
std::string version_of(const json_t* document) {
    const std::string context = context_of(document);
    const std::string type = text_of(document, "type");
    const std::string old_type = text_of(document, "@type");
    if (context == kContext3 || type == "Manifest" || type == "Collection") return "3.0";
    if (context == kContext2 || old_type == "sc:Manifest" || old_type == "sc:Collection") return "2.1";
    return "";
}

class DocumentVerifier {
public:
    explicit DocumentVerifier(std::string url) : url_(std::move(url)) {}
    std::optional<Verification> run();

private:
    void ask(const char* section_3, const char* section_2, bool must, const std::string& asked, bool holds,
             const std::string& seen) {
        questions_.ask(is_3() ? section_3 : section_2, must, asked, holds, "", seen);
    }
    [[nodiscard]] bool is_3() const { return out_.version == "3.0"; }
    void media_types();
    void headers();
    void pictures(const std::vector<Pictured>& pictures, const char* what);
    void service(const Pictured& picture);
    void items();

    std::string url_;
    HttpClient client_;
    HttpAnswer answer_;
    Json document_{nullptr, json_decref};
    Verification out_;
    Questions questions_;
};

void DocumentVerifier::media_types() {
    const auto type_for = [this](const std::string& accept) {
        const HttpAnswer answer = client_.get(url_, {"Accept:" + (accept.empty() ? "" : ' ' + accept)});
        std::string type = answer.header("content-type");
        std::erase(type, ' ');
        return type;
    };
    const std::string profiled = "application/ld+json;profile=\"" + std::string(kContext3) + '"';
    const std::string plain = type_for("");
    ask("6.3", "7.2", true, "it is application/ld+json or application/json",
        plain.starts_with("application/ld+json") || plain.starts_with("application/json"), plain);
    if (is_3()) {
        ask("6.3", "", false, "who asks for no type gets " + profiled, plain == profiled, plain);
        const std::string linked = type_for(profiled);
        ask("6.3", "", false, "who asks for it gets it", linked == profiled, linked);
    } else {
        ask("", "7.2", true, "who asks for no type gets application/json", plain.starts_with("application/json"),
            plain);
        const std::string linked = type_for("application/ld+json");
        ask("", "7.2", false, "who asks for application/ld+json gets it", linked.starts_with("application/ld+json"),
            linked);
    }
    const std::string json = type_for("application/json");
    ask("6.3", "7.2", false, "who asks for application/json gets it", json.starts_with("application/json"), json);
    const std::string vary = answer_.header("vary");
    ask("6.3", "7.2", false, "where types differ, caches are told so (Vary: Accept)",
        plain == json || vary.find("ccept") != std::string::npos || vary == "*", vary.empty() ? "nothing" : vary);
}

void DocumentVerifier::headers() {
    const std::string cors = answer_.header("access-control-allow-origin");
    ask("6.3", "7.2", is_3(), "viewers on other sites may read it (Access-Control-Allow-Origin: *)", cors == "*",
        cors.empty() ? "nothing" : cors);
    const HttpAnswer preflight =
        client_.ask("OPTIONS", url_, {"Origin: https://viewer.example", "Access-Control-Request-Method: GET"}, {});
    ask("6.3", "7.2", false, "a browser's question before a request is answered (OPTIONS)",
        preflight.status >= 200 && preflight.status < 300, said(preflight));
    const HttpAnswer head = client_.ask("HEAD", url_, {}, {});
    ask("6", "7", false, "HEAD is answered as GET is", head.status == 200, said(head));
    if (const std::string tag = answer_.header("etag"); !tag.empty()) {
        const HttpAnswer again = client_.get(url_, {"If-None-Match: " + tag});
        ask("6", "7", false, "what has not changed is not sent again (304)", again.status == 304, said(again));
    }
    if (url_.starts_with("https:")) {
        const std::string id = text_of(document_.get(), is_3() ? "id" : "@id");
        ask("6.1", "7.1", false, "its id is https, as the page is that shows it", id.starts_with("https:"), id);
    }
}

void DocumentVerifier::service(const Pictured& picture) {
    const HttpAnswer answer = client_.get(picture.service + "/info.json");
    const Json info = answer.status == 200 ? json_of(answer.body) : Json(nullptr, json_decref);
    const char* const section = is_3() ? "5.7" : "5.4";
    if (!questions_.ask(section, true, "an image service has an info.json", json_is_object(info.get()), picture.where,
                        picture.service + ": " + said(answer))) {
        return;
    }
    const std::string id = text_of(info.get(), json_object_get(info.get(), "id") != nullptr ? "id" : "@id");
    questions_.ask(section, true, "info.json has the id that the service has here, byte for byte",
                   id == picture.service, picture.where, id);
    const protocol::Extent whole{number_of(info.get(), "width"), number_of(info.get(), "height")};
    if (picture.canvas.width == 0 || whole.width == 0 || whole.height == 0) return;
    // Not necessarily as large, but of the same proportions: tiles would lie beside what they show. Rounding is
    // allowed.
    const std::uint64_t a = std::uint64_t{picture.canvas.width} * whole.height;
    const std::uint64_t b = std::uint64_t{picture.canvas.height} * whole.width;
    const std::uint64_t slack = std::max({whole.width, whole.height, picture.canvas.width, picture.canvas.height});
    questions_.ask("5.3", false, "a canvas has the proportions of its image", (a > b ? a - b : b - a) <= slack,
                   picture.where, words(whole) + " on " + words(picture.canvas));
}

void DocumentVerifier::pictures(const std::vector<Pictured>& pictures, const char* what) {
    for (std::size_t i = 0; i < std::min(pictures.size(), kMostFetched); ++i) {
        const Pictured& one = pictures[i];
        const HttpAnswer answer = client_.get(one.id);
        const char* const section = is_3() ? "5.7" : "5.4";
        if (!questions_.ask(section, true, std::string(what) + " is there", answer.status == 200, one.where,
                            one.id + ": " + said(answer))) {
            continue;
        }
        const auto got = size_of(answer.body);
        if (!questions_.ask(section, true, std::string(what) + " is an image", got.has_value(), one.where, one.id) ||
            one.extent.width == 0) {
            continue;
        }
        questions_.ask(section, true, std::string(what) + " is as large as it is said to be",
                       got->width == one.extent.width && got->height == one.extent.height, one.where,
                       words(*got) + " instead of " + words(one.extent));
    }
}

void DocumentVerifier::items() {
    for (std::size_t i = 0; i < std::min(questions_.items.size(), kMostFetched); ++i) {
        const Referred& one = questions_.items[i];
        const HttpAnswer answer = client_.get(one.id);
        const Json inner = answer.status == 200 ? json_of(answer.body) : Json(nullptr, json_decref);
        const char* const section = is_3() ? "5.1" : "5.8";
        if (!questions_.ask(section, true, "what a Collection lists is there", json_is_object(inner.get()), one.where,
                            one.id + ": " + said(answer))) {
            continue;
        }
        const bool new_one = json_object_get(inner.get(), "id") != nullptr;
        const std::string id = text_of(inner.get(), new_one ? "id" : "@id");
        questions_.ask(section, true, "what a Collection lists has the id that is listed", id == one.id, one.where, id);
        std::string type = text_of(inner.get(), new_one ? "type" : "@type");
        if (is_3() && type.starts_with("sc:")) type.erase(0, 3);
        questions_.ask(section, true, "what a Collection lists is what it is listed as", type == one.type, one.where,
                       type);
    }
}

std::optional<Verification> DocumentVerifier::run() {
    const bool is_called_so = url_.substr(0, url_.find_first_of("?#")).ends_with(".json");
    answer_ = client_.get(url_, {"Accept:"});
    if (answer_.status == 200) document_ = json_of(answer_.body);
    out_.version = version_of(document_.get());
    out_.api = "Presentation API";
    if (out_.version.empty() && !is_called_so) return std::nullopt;
    const char* const section = is_3() || out_.version.empty() ? "6.3" : "7.2";
    questions_.ask(section, true, "it is there", answer_.status == 200, "", said(answer_));
    if (answer_.status == 200) {
        questions_.ask(section, true, "it is a JSON object", json_is_object(document_.get()), "",
                       in_short(answer_.body));
    }
    if (json_is_object(document_.get())) {
        const std::string_view right = is_3() ? kContext3 : kContext2;
        const std::string context = context_of(document_.get());
        ask("4.6", "4.5", true, "@context is that of Presentation API 3 or 2, and the last one",
            !out_.version.empty() && context == right, context);
    }
    if (!out_.version.empty()) {
        media_types();
        headers();
        (is_3() ? ask_version_3 : ask_version_2)(document_.get(), url_, questions_);
        pictures(questions_.images, "the image of a canvas");
        pictures(questions_.thumbnails, "a thumbnail");
        std::set<std::string> seen;
        for (const auto* all : {&questions_.images, &questions_.thumbnails}) {
            for (const Pictured& one : *all) {
                if (seen.size() < kMostFetched && !one.service.empty() && seen.insert(one.service).second) service(one);
            }
        }
        items();
    }
    out_.questions = questions_.take();
    return std::move(out_);
}

}  // namespace

bool Questions::ask(const char* section, bool must, const std::string& asked, bool holds, const std::string& where,
                    const std::string& seen) {
    const auto [place, is_new] = places_.emplace(asked, all_.size());
    if (is_new) all_.push_back({section, must, asked, true, ""});
    Question& question = all_[place->second];
    if (!holds && question.holds) {
        question.holds = false;
        question.seen = in_short(where.empty() ? seen : where + ": " + seen);
    }
    return holds;
}

bool is_uri(const std::string& text) {
    return (text.starts_with("http://") || text.starts_with("https://")) && text.find("//") + 2 < text.size() &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F' && c != '<' && c != '>' && c != '"'; });
}

bool is_well_formed(std::string_view html) {
    std::vector<std::string> open;
    bool begun = false;
    while (!html.empty()) {
        const auto at = html.find('<');
        if (open.empty() && (begun || at != 0)) return false;  // nothing stands beside the one element
        if (at == std::string_view::npos) return false;
        html.remove_prefix(at + 1);
        const auto end = html.find('>');
        if (end == std::string_view::npos) return false;
        std::string_view tag = html.substr(0, end);
        html.remove_prefix(end + 1);
        const bool closes = tag.starts_with('/');
        const bool alone = tag.ends_with('/');
        if (closes) tag.remove_prefix(1);
        const std::string name(tag.substr(0, tag.find_first_of(" \t\r\n/")));
        if (name.empty() || tag.find('<') != std::string_view::npos) return false;
        begun = true;
        if (!closes) {
            if (!alone) open.push_back(name);
        } else {
            if (open.empty() || open.back() != name) return false;
            open.pop_back();
        }
    }
    return begun && open.empty();
}

std::optional<Verification> verify_document(const std::string& url) {
    if (url.ends_with("/info.json")) return std::nullopt;
    return DocumentVerifier(url).run();
}

}  // namespace iiif::ctl
