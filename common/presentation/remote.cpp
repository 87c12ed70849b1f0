// SPDX-License-Identifier: Apache-2.0
#include "presentation/remote.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>

#include "presentation/remote_2.h"
#include "presentation/remote_reader.h"
#include "presentation/remote_scrub.h"
#include "presentation/sidecar_values.h"
#include "presentation/texts.h"

namespace iiif::presentation {
namespace {

using json::all;
using json::member;
using json::set;
using json::shared;

constexpr std::array kOfBoth = {"id",     "type",    "label",    "requiredStatement",
                                "rights", "navDate", "provider", "thumbnail"};
constexpr std::array kOfCanvas = {
    "id",     "type",    "label",    "height",   "width",   "duration",  "summary",  "metadata",  "requiredStatement",
    "rights", "navDate", "provider", "homepage", "seeAlso", "rendering", "behavior", "thumbnail", "items"};

std::string quoted(std::string_view text) {
    constexpr std::size_t kShown = 120;
    return '"' + values::clean(json::beginning(text, kShown)) + (text.size() > kShown ? "...\"" : "\"");
}

// Why `text` is no JSON object; "" with the object in `into`.
std::string parsed(std::string_view text, Json& into) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return "what came is empty";
    if (text.size() > kMostRemoteBytes) {
        return "it is larger than " + std::to_string(kMostRemoteBytes >> 20U) + " MB";
    }
    if (text[first] == '<')
        return "what came is a web page (HTML) or XML, and no JSON: is this the address of a Manifest?";
    if (!is_utf8(text)) return "it is not UTF-8, which JSON has to be";
    json_error_t error{};
    into = owned(json_loadb(text.data(), text.size(), 0, &error));
    if (!into) {
        if (json_error_code(&error) == json_error_stack_overflow) return "its JSON is nested too deeply";
        return "it is no valid JSON: line " + std::to_string(error.line) + ", column " + std::to_string(error.column) +
               ": " + values::clean(error.text);
    }
    if (!json_is_object(into.get())) return "its JSON is no object, as a Manifest or a Collection is";
    return "";
}

// Presentation 3.0, the document itself as it is or made of a 2.1 one.
std::string in_version_3(Json& document, std::vector<Remark>& remarks) {
    const json_t* const root = document.get();
    const std::string type(json::type(root));
    const bool is_2 = type.starts_with("sc:") || (json::text(root, "type").empty() && member(root, "@type") != nullptr);
    const std::string kind = is_2 && type.starts_with("sc:") ? type.substr(3) : type;
    if (type.empty()) {
        if (member(root, "protocol") != nullptr) return "it is the info.json of an image, and no Manifest";
        return "it has no type; a Manifest or a Collection says which it is";
    }
    if (kind != "Manifest" && kind != "Collection") {
        return "it is of type " + quoted(type) + "; only Manifests, Collections and canvases of Manifests are shown";
    }
    if (is_2) {
        document = upgraded(root, remarks);
        return "";
    }
    bool known = false;
    for (const json_t* one : all(member(root, "@context"))) {
        known = known || json::text(one).find("iiif.io/api/presentation/") != std::string_view::npos;
    }
    if (!known) remark(remarks, "it has no @context of the Presentation API; it was read as 3.0", false);
    return "";
}

template <std::size_t N>
Json picked(const json_t* from, const std::array<const char*, N>& names) {
    Json to = owned(json_object());
    for (const char* const name : names) {
        const char* const old = std::strcmp(name, "id") == 0 ? "@id" : nullptr;
        const json_t* value = member(from, name);
        if (value == nullptr && old != nullptr) value = member(from, old);
        if (value != nullptr) set(to.get(), name, shared(value));
    }
    return to;
}

// What nobody says is made of the first canvas: a picture without which nothing is found on a wall of them.
void find_thumbnail(json_t* to, const json_t* from, const RemoteReader& reader) {
    if (!all(member(to, "thumbnail")).empty()) return;
    for (const json_t* item : all(member(from, "items"))) {
        if (Json thumbnail = reader.thumbnail_json(item)) {
            set(to, "thumbnail", json_pack("[O]", thumbnail.get()));
            return;
        }
        if (json::type(item) == "Canvas") return;
    }
}

void pick(json_t* to, const json_t* from, const std::vector<std::string>& picks, std::vector<Remark>& remarks) {
    json_t* const items = json_array();
    const auto canvases = all(member(from, "items"));
    for (const std::string& wanted : picks) {
        const auto found = std::ranges::find_if(
            canvases, [&](const json_t* one) { return json::id(one) == without_fragment(wanted); });
        if (found == canvases.end()) {
            const std::string first = canvases.empty() ? "" : std::string(json::id(canvases.front()));
            remark(remarks,
                   "it has no canvas " + quoted(wanted) + "; it has " + std::to_string(canvases.size()) +
                       (first.empty() ? "" : ", the first is " + quoted(first)),
                   true);
            continue;
        }
        const Json canvas = scrubbed(picked(*found, kOfCanvas).get(), remarks);
        if (!canvas) continue;
        const std::size_t size = json::dump(canvas.get()).size();
        if (size > kMostCanvasBytes) {
            remark(remarks,
                   "its canvas " + quoted(wanted) + " takes " + std::to_string(size >> 10U) +
                       " KB of JSON, more than " + std::to_string(kMostCanvasBytes >> 10U) + "; it is left out",
                   true);
            continue;
        }
        (void)json_array_append(items, canvas.get());
    }
    set(to, "items", items);
}

}  // namespace

RemoteDocument read_remote(std::string_view text, std::string_view uri, const std::vector<std::string>& picks) {
    RemoteDocument out;
    Json document;
    out.wrong = parsed(text, document);
    if (out.wrong.empty()) out.wrong = in_version_3(document, out.remarks);
    if (!out.wrong.empty()) return out;

    const std::string id(json::id(document.get()));
    if (id.empty()) {
        remark(out.remarks, "it has no id", false);
    } else if (id != uri) {
        remark(out.remarks, "it says that its id is " + quoted(id), false);
    }
    if (member(document.get(), "id") == nullptr && member(document.get(), "@id") != nullptr) {
        remark(out.remarks, "it writes @id, where Presentation 3.0 writes id", false);
    }
    const RemoteReader reader(out.remarks);
    const Json raw = picked(document.get(), kOfBoth);
    find_thumbnail(raw.get(), document.get(), reader);
    Json kept = scrubbed(raw.get(), out.remarks);
    if (!kept || json::dump(kept.get()).size() > kMostStubBytes) {
        out.wrong = "its label, rights, provider and thumbnail are larger than " +
                    std::to_string(kMostStubBytes >> 10U) + " KB";
        return out;
    }
    set(kept.get(), "type", json::string(json::type(document.get())));
    if (!picks.empty()) pick(kept.get(), document.get(), picks, out.remarks);
    // What of this will not be shown is said now.
    (void)reader.shown(kept.get(), uri);
    out.kept = std::move(kept);
    return out;
}

Shown shown_of(const json_t* kept, std::string_view uri) {
    std::vector<Remark> said_before;
    const Json clean = scrubbed(kept, said_before);
    return RemoteReader(said_before).shown(clean.get(), uri);
}

std::string_view without_fragment(std::string_view id) {
    return id.substr(0, id.find('#'));
}

std::string label_from(std::string_view uri) {
    const auto host = uri.find("//") + 2;
    const auto end = std::min(uri.find_first_of("/?#", host), uri.size());
    std::string_view path = uri.substr(end);
    path = path.substr(0, path.find_first_of("?#"));
    std::string at(uri.substr(host, end - host));
    while (!path.empty()) {
        const auto slash = path.rfind('/');
        const std::string_view last = path.substr(slash + 1);
        if (!last.empty() && last != "manifest.json" && last != "collection.json" && last != "manifest" &&
            last != "collection") {
            return std::string(last) + " (" + at + ')';
        }
        path = path.substr(0, slash);
    }
    return at;
}

}  // namespace iiif::presentation
