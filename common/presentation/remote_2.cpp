// SPDX-License-Identifier: Apache-2.0
// Section numbers are of Presentation API 2.1.1.
#include "presentation/remote_2.h"

#include <array>
#include <string>
#include <utility>

#include "presentation/sidecar_values.h"

namespace iiif::presentation {
namespace {

using json::all;
using json::member;
using json::set;
using json::shared;
using json::string;
using json::text;

std::string_view host_of(std::string_view uri) {
    const auto host = uri.find("//");
    if (host == std::string_view::npos) return {};
    return uri.substr(host + 2, uri.find_first_of("/?#", host + 2) - host - 2);
}

std::string origin_of(std::string_view uri) {
    const std::string_view host = host_of(uri);
    return std::string(uri.substr(0, uri.find("//") + 2)) + std::string(host) + '/';
}

// Section 4.3: a text, {"@value", "@language"}, or several.
json_t* language_map(const json_t* value) {
    json_t* const map = json_object();
    for (const json_t* one : all(value)) {
        const json_t* const said = json_is_object(one) ? member(one, "@value") : one;
        std::string content(text(said));
        if (json_is_number(said)) content = json::dump(said);
        if (content.empty()) continue;
        const std::string language(text(one, "@language"));
        const char* const tag = values::is_language(language) ? language.c_str() : "none";
        if (member(map, tag) == nullptr) set(map, tag, json_array());
        (void)json_array_append_new(json_object_get(map, tag), string(content));
    }
    return map;
}

void set_map(json_t* to, const char* name, const json_t* value) {
    if (value != nullptr) set(to, name, language_map(value));
}

class Upgrade {
public:
    explicit Upgrade(std::vector<Remark>& remarks) : remarks_(remarks) {}

    Json document(const json_t* from) {
        Json to = owned(json_object());
        const bool collection = json::type(from).ends_with("Collection");
        head(to.get(), from, collection ? "Collection" : "Manifest");
        described(to.get(), from);
        logo(to.get(), from);
        set(to.get(), "items", collection ? members(from) : canvases(from));
        return to;
    }

private:
    static void head(json_t* to, const json_t* from, const char* type) {
        if (const auto id = json::id(from); !id.empty()) set(to, "id", string(id));
        set(to, "type", json_string(type));
    }

    static json_t* links(const json_t* value, const char* type) {
        json_t* const out = json_array();
        for (const json_t* one : all(value)) {
            json_t* const link = json_object();
            head(link, one, type);
            if (const json_t* const label = member(one, "label")) {
                set_map(link, "label", label);
            } else {
                set(link, "label", json_pack("{s:[o]}", "none", string(json::id(one))));
            }
            for (const char* const name : {"format", "profile"}) {
                if (!text(one, name).empty()) set(link, name, string(text(one, name)));
            }
            (void)json_array_append_new(out, link);
        }
        return out;
    }

    void described(json_t* to, const json_t* from) {
        set_map(to, "label", member(from, "label"));
        set_map(to, "summary", member(from, "description"));
        if (const json_t* const pairs = member(from, "metadata")) {
            json_t* const out = json_array();
            for (const json_t* pair : all(pairs)) {
                json_t* const said = json_object();
                set_map(said, "label", member(pair, "label"));
                set_map(said, "value", member(pair, "value"));
                (void)json_array_append_new(out, said);
            }
            set(to, "metadata", out);
        }
        if (const json_t* const attribution = member(from, "attribution")) {
            set(to, "requiredStatement",
                json_pack("{s:{s:[s]}, s:o}", "label", "en", "Attribution", "value", language_map(attribution)));
        }
        const auto licenses = all(member(from, "license"));
        if (!licenses.empty()) set(to, "rights", string(json::id(licenses.front())));
        if (licenses.size() > 1) {
            remark(remarks_, "it names " + std::to_string(licenses.size()) + " licenses; the first is shown", true);
        }
        if (const json_t* const date = member(from, "navDate")) set(to, "navDate", shared(date));
        if (const json_t* const related = member(from, "related")) set(to, "homepage", links(related, "Text"));
        if (const json_t* const see = member(from, "seeAlso")) set(to, "seeAlso", links(see, "Dataset"));
        if (const json_t* const files = member(from, "rendering")) set(to, "rendering", links(files, "Text"));
        hint(to, from);
        thumbnail(to, from);
    }

    static void hint(json_t* to, const json_t* from) {
        json_t* const behavior = json_array();
        for (const json_t* one : all(member(from, "viewingHint"))) {
            if (text(one) != "top") (void)json_array_append_new(behavior, string(text(one)));
        }
        if (json_array_size(behavior) > 0) {
            set(to, "behavior", behavior);
        } else {
            json_decref(behavior);
        }
    }

    void thumbnail(json_t* to, const json_t* from) {
        json_t* const out = json_array();
        for (const json_t* one : all(member(from, "thumbnail"))) (void)json_array_append_new(out, image(one));
        set(to, "thumbnail", out);
    }

    // Section 3.3: there is no provider; who shows a logo is one, by the name that the attribution gives.
    void logo(json_t* to, const json_t* from) {
        const auto logos = all(member(from, "logo"));
        const std::string_view uri = json::id(from);
        if (logos.empty() || host_of(uri).empty()) return;
        json_t* const agent = json_object();
        set(agent, "id", string(origin_of(uri)));
        set(agent, "type", json_string("Agent"));
        json_t* const label = language_map(member(from, "attribution"));
        if (json_object_size(label) == 0) set(label, "none", json_pack("[o]", string(host_of(uri))));
        set(agent, "label", label);
        json_t* const images = json_array();
        for (const json_t* one : logos) (void)json_array_append_new(images, image(one));
        set(agent, "logo", images);
        set(to, "provider", json_pack("[o]", agent));
    }

    json_t* image(const json_t* from) {
        json_t* const to = json_object();
        const std::string_view type = json::type(from);
        head(to, from, type.empty() || type.ends_with("Image") ? "Image" : "Text");
        if (!text(from, "format").empty()) set(to, "format", string(text(from, "format")));
        for (const char* const name : {"height", "width"}) size(to, from, name);
        services(to, from);
        return to;
    }

    void size(json_t* to, const json_t* from, const char* name) {
        const json_t* const given = member(from, name);
        if (given == nullptr) return;
        set(to, name, shared(given));
    }

    // Section 5.4.1, and Image API 2.1: one service or several, each told by its context.
    static void services(json_t* to, const json_t* from) {
        json_t* const out = json_array();
        for (const json_t* one : all(member(from, "service"))) {
            const std::string context(text(one, "@context"));
            std::string profile;
            for (const json_t* each : all(member(one, "profile"))) {
                if (profile.empty()) profile = text(each);
            }
            const bool is_3 = context.find("/image/3") != std::string::npos || json::type(one) == "ImageService3";
            const bool is_1 = context.find("/image/1") != std::string::npos ||
                              context.find("/image-api/1") != std::string::npos ||
                              profile.find("image-api/1") != std::string::npos;
            const bool is_2 = context.find("/image/2") != std::string::npos ||
                              profile.find("/image/2") != std::string::npos || json::type(one) == "ImageService2";
            if (!is_1 && !is_2 && !is_3) continue;
            json_t* const service = json_object();
            set(service, is_3 ? "id" : "@id", string(json::id(one)));
            set(service, is_3 ? "type" : "@type",
                json_string(is_3   ? "ImageService3"
                            : is_2 ? "ImageService2"
                                   : "ImageService1"));
            if (!profile.empty()) set(service, "profile", string(profile));
            (void)json_array_append_new(out, service);
        }
        set(to, "service", out);
    }

    // Of a Collection only what can stand for it.
    json_t* members(const json_t* from) {
        json_t* const out = json_array();
        for (const char* const name : {"manifests", "members", "collections"}) {
            for (const json_t* one : all(member(from, name))) {
                json_t* const item = json_object();
                thumbnail(item, one);
                (void)json_array_append_new(out, item);
            }
        }
        return out;
    }

    json_t* canvases(const json_t* from) {
        json_t* const out = json_array();
        const auto sequences = all(member(from, "sequences"));
        if (sequences.empty()) {
            remark(remarks_, "it has no sequences, so there are no canvases in it", false);
            return out;
        }
        for (const json_t* one : all(member(sequences.front(), "canvases"))) {
            if (json_is_object(one)) (void)json_array_append_new(out, canvas(one));
        }
        return out;
    }

    json_t* canvas(const json_t* from) {
        json_t* const to = json_object();
        head(to, from, "Canvas");
        for (const char* const name : {"height", "width"}) size(to, from, name);
        described(to, from);
        logo(to, from);
        const std::string id(json::id(from));
        json_t* const page = json_object();
        set(page, "type", json_string("AnnotationPage"));
        json_t* const items = json_array();
        for (const json_t* one : all(member(from, "images"))) (void)json_array_append_new(items, annotation(one, id));
        set(page, "items", items);
        set(to, "items", json_pack("[o]", page));
        return to;
    }

    // Sections 5.4 and 6.2 to 6.4: an image, a choice, a segment of an image; on the canvas, or on a part of it.
    json_t* annotation(const json_t* from, const std::string& canvas) {
        json_t* const to = json_object();
        head(to, from, "Annotation");
        set(to, "motivation", json_string("painting"));
        set(to, "body", body(member(from, "resource"), 0));
        const json_t* on = member(from, "on");
        std::string target(json::id(on));
        if (json_is_object(on) && member(on, "full") != nullptr) {
            target = json::id(member(on, "full"));
            const std::string_view region = text(member(on, "selector"), "value");
            if (region.starts_with("xywh=")) target.append(1, '#').append(region);
        }
        const std::string_view whole = without_fragment(target);
        if (whole != canvas) {
            if (!target.empty()) {
                remark(remarks_,
                       "images of it are said to be on what is not the id of their canvas; the canvas was taken to be "
                       "meant",
                       false);
            }
            target = canvas + target.substr(whole.size());
        }
        set(to, "target", string(target));
        return to;
    }

    json_t* body(const json_t* from, unsigned depth) {
        constexpr unsigned kDeepest = 3;  // a choice of segments of images
        const std::string_view type = json::type(from);
        if (depth >= kDeepest) return json_object();
        if (type == "oa:Choice") {
            json_t* const items = json_array();
            const json_t* const first = member(from, "default");
            if (json_is_object(first)) (void)json_array_append_new(items, body(first, depth + 1));
            for (const json_t* one : all(member(from, "item"))) {
                if (json_is_object(one)) (void)json_array_append_new(items, body(one, depth + 1));
            }
            return json_pack("{s:s, s:o}", "type", "Choice", "items", items);
        }
        if (type == "oa:SpecificResource") {
            json_t* const to = json_object();
            head(to, from, "SpecificResource");
            set(to, "source", body(member(from, "full"), depth + 1));
            const json_t* const selector = member(from, "selector");
            if (const auto region = text(selector, "region"); !region.empty()) {
                set(to, "selector", json_pack("{s:s, s:o}", "type", "ImageApiSelector", "region", string(region)));
            }
            return to;
        }
        return image(from);
    }

    std::vector<Remark>& remarks_;
};

}  // namespace

Json upgraded(const json_t* document, std::vector<Remark>& remarks) {
    return Upgrade(remarks).document(document);
}

}  // namespace iiif::presentation
