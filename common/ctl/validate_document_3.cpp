// SPDX-License-Identifier: Apache-2.0
// Presentation API 3.0.
#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

#include "ctl/validate_document.h"

namespace iiif::ctl {
namespace {

using Words = std::set<std::string_view>;

bool is_one_of(const std::string& word, const Words& words) {
    return words.contains(word);
}

bool is_list(const json_t* value) {
    return json_is_array(value) && json_array_size(value) > 0;
}

std::string at(const std::string& where, const char* key) {
    return where.empty() ? key : where + '.' + key;
}

std::string at(const std::string& where, const char* key, std::size_t index) {
    return at(where, key) + '[' + std::to_string(index) + ']';
}

// {"en": ["..."], "none": ["..."]}
bool is_language_map(const json_t* value) {
    if (!json_is_object(value) || json_object_size(value) == 0) return false;
    static const std::regex tag("none|[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*");
    const char* key = nullptr;
    json_t* texts = nullptr;
    json_object_foreach(const_cast<json_t*>(value), key, texts) {
        if (!std::regex_match(key, tag) || !is_list(texts)) return false;
        std::size_t i = 0;
        json_t* text = nullptr;
        json_array_foreach(texts, i, text) {
            if (!json_is_string(text)) return false;
        }
    }
    return true;
}

template <class Function>
void each_text(const json_t* map, const Function& function) {
    const char* key = nullptr;
    json_t* texts = nullptr;
    json_object_foreach(const_cast<json_t*>(map), key, texts) {
        std::size_t i = 0;
        json_t* text = nullptr;
        json_array_foreach(texts, i, text) function(text_of(text));
    }
}

class Version3 {
public:
    Version3(std::string url, Questions& questions) : url_(std::move(url)), ask_(questions) {}
    void document(const json_t* document);

private:
    bool must(const char* section, const char* asked, bool holds, const std::string& where, const json_t* seen) {
        return ask_.ask(section, true, asked, holds, where, holds ? "" : in_short(seen));
    }
    void should(const char* section, const char* asked, bool holds, const std::string& where, const json_t* seen) {
        (void)ask_.ask(section, false, asked, holds, where, holds ? "" : in_short(seen));
    }
    void anything(const json_t* value, const std::string& where, bool top);
    void described(const json_t* thing, const std::string& where);
    void marked_up(const json_t* map, const std::string& where);
    void linked(const json_t* thing, const std::string& where);
    void ruled(const json_t* thing, const std::string& where);
    void manifest(const json_t* manifest);
    void canvas(const json_t* canvas, const std::string& where);
    void painting(const json_t* annotation, const std::string& where, const json_t* canvas);
    void body(const json_t* body, const std::string& where, const json_t* canvas);
    void range(const json_t* range, const std::string& where, unsigned depth);
    void collection(const json_t* collection);
    Pictured pictured(const json_t* image, const std::string& where);

    std::string url_;
    Questions& ask_;
    std::set<std::string> canvases_;
};

constexpr std::array kArrays = {"thumbnail", "homepage",  "seeAlso",     "service",  "services", "behavior",   "partOf",
                                "provider",  "rendering", "annotations", "metadata", "items",    "structures", "logo"};

// What holds for every object, wherever it stands. Services have rules of their own.
void Version3::anything(const json_t* value, const std::string& where, bool top) {
    if (json_is_array(value)) {
        std::size_t i = 0;
        json_t* one = nullptr;
        json_array_foreach(value, i, one) anything(one, where + '[' + std::to_string(i) + ']', false);
        return;
    }
    if (!json_is_object(value)) return;
    const char* key = nullptr;
    json_t* part = nullptr;
    json_object_foreach(const_cast<json_t*>(value), key, part) {
        const std::string_view name(key);
        if (name.starts_with('@') && !(top && name == "@context")) {
            must("4.6", "no name begins with '@', but @context at the top, and in services of older versions", false,
                 at(where, key), part);
        }
        if (std::ranges::find(kArrays, name) != kArrays.end()) {
            if (must("4.3", "what may have several values is an array", json_is_array(part), at(where, key), part) &&
                name != "behavior" && name != "metadata") {
                std::size_t i = 0;
                json_t* one = nullptr;
                json_array_foreach(part, i, one) {
                    must("4.2", "what is linked to is an object with id and type", json_is_object(one),
                         at(where, key, i), one);
                }
            }
        }
        if (name != "service" && name != "services" && name != "label" && name != "summary" && name != "value") {
            anything(part, at(where, key), false);
        }
    }
    described(value, where);
    ruled(value, where);
    linked(value, where);
}

// 4.5: HTML in values only, and of elements that viewers show.
void Version3::marked_up(const json_t* map, const std::string& where) {
    each_text(map, [&](const std::string& text) {
        if (!text.starts_with('<') || !text.ends_with('>')) return;
        const Json seen(json_string(in_short(text).c_str()), json_decref);
        if (!must("4.5", "HTML is one well-formed element", is_well_formed(text), where, seen.get())) return;
        static const std::regex element("<\\s*/?\\s*([A-Za-z0-9:-]+)");
        static const Words shown = {"a", "b", "br", "i", "img", "p", "small", "span", "sub", "sup"};
        for (std::sregex_iterator one(text.begin(), text.end(), element), end; one != end; ++one) {
            should("4.5", "HTML has only elements that viewers show: a b br i img p small span sub sup",
                   shown.contains((*one)[1].str()), where, seen.get());
        }
    });
}

void Version3::described(const json_t* thing, const std::string& where) {
    for (const char* key : {"label", "summary"}) {
        const json_t* const map = json_object_get(thing, key);
        if (map == nullptr) continue;
        if (!must("4.4", "texts are by language: {\"en\": [\"...\"]}, or \"none\"", is_language_map(map),
                  at(where, key), map)) {
            continue;
        }
        if (std::string_view(key) == "summary") {
            marked_up(map, at(where, key));
        } else {
            each_text(map, [&](const std::string& text) {
                should("4.5", "labels hold no HTML", !(text.starts_with('<') && text.ends_with('>')), at(where, key),
                       map);
            });
        }
    }
    const auto pair = [&](const json_t* one, const std::string& place) {
        const json_t* const label = json_object_get(one, "label");
        const json_t* const value = json_object_get(one, "value");
        if (must("4.4", "metadata and requiredStatement have a label and a value, both by language",
                 is_language_map(label) && is_language_map(value), place, one)) {
            marked_up(value, at(place, "value"));
        }
    };
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(json_object_get(thing, "metadata"), i, one) pair(one, at(where, "metadata", i));
    if (const json_t* const statement = json_object_get(thing, "requiredStatement")) {
        pair(statement, at(where, "requiredStatement"));
    }
}

void Version3::ruled(const json_t* thing, const std::string& where) {
    static const Words directions = {"left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top"};
    static const Words behaviors = {"auto-advance", "no-auto-advance", "repeat",     "no-repeat",
                                    "unordered",    "individuals",     "continuous", "paged",
                                    "facing-pages", "non-paged",       "multi-part", "together",
                                    "sequence",     "thumbnail-nav",   "no-nav",     "hidden"};
    static const std::array<Words, 6> exclusive = {Words{"unordered", "individuals", "continuous", "paged"},
                                                   Words{"auto-advance", "no-auto-advance"},
                                                   Words{"repeat", "no-repeat"},
                                                   Words{"multi-part", "together"},
                                                   Words{"sequence", "thumbnail-nav", "no-nav"},
                                                   Words{"paged", "facing-pages", "non-paged"}};
    if (const json_t* const rights = json_object_get(thing, "rights")) {
        const std::string uri = text_of(rights);
        const bool secure =
            uri.starts_with("https://creativecommons.org/") || uri.starts_with("https://rightsstatements.org/");
        must("3.1", "rights is one URI, of creativecommons.org or rightsstatements.org with http, not https",
             is_uri(uri) && !secure, at(where, "rights"), rights);
    }
    if (const json_t* const date = json_object_get(thing, "navDate")) {
        static const std::regex right(R"(-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))");
        must("3.1", "navDate is a date, a time and a zone: 1890-05-31T00:00:00Z",
             std::regex_match(text_of(date), right), at(where, "navDate"), date);
    }
    if (const json_t* const direction = json_object_get(thing, "viewingDirection")) {
        must("3.2", "viewingDirection is one of the four", is_one_of(text_of(direction), directions),
             at(where, "viewingDirection"), direction);
    }
    const json_t* const behavior = json_object_get(thing, "behavior");
    std::set<std::string> words;
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(behavior, i, one) {
        words.insert(text_of(one));
        must("3.2", "behavior is of the words that there are", is_one_of(text_of(one), behaviors),
             at(where, "behavior"), behavior);
    }
    for (const Words& set : exclusive) {
        must("3.2", "no two words of behavior contradict each other",
             std::ranges::count_if(words, [&](const std::string& word) { return set.contains(word); }) < 2,
             at(where, "behavior"), behavior);
    }
}

void Version3::linked(const json_t* thing, const std::string& where) {
    struct Link {
        const char* key;
        bool label;
    };
    for (const Link& link : {Link{"homepage", true},
                             {"rendering", true},
                             {"seeAlso", false},
                             {"partOf", false},
                             {"thumbnail", false},
                             {"logo", false}}) {
        std::size_t i = 0;
        json_t* one = nullptr;
        json_array_foreach(json_object_get(thing, link.key), i, one) {
            if (!json_is_object(one)) continue;
            must("3.3",
                 "homepage, rendering, seeAlso, partOf, thumbnail and logo have id and type, the first two a label",
                 is_uri(text_of(one, "id")) && !text_of(one, "type").empty() &&
                     (!link.label || json_object_get(one, "label") != nullptr),
                 at(where, link.key, i), one);
        }
    }
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(json_object_get(thing, "provider"), i, one) {
        if (!json_is_object(one)) continue;
        must("3.1", "a provider has id, type \"Agent\" and label",
             is_uri(text_of(one, "id")) && text_of(one, "type") == "Agent" && json_object_get(one, "label") != nullptr,
             at(where, "provider", i), one);
    }
    json_array_foreach(json_object_get(thing, "thumbnail"), i, one) {
        if (json_is_object(one)) ask_.thumbnails.push_back(pictured(one, at(where, "thumbnail", i)));
    }
}

Pictured Version3::pictured(const json_t* image, const std::string& where) {
    Pictured out;
    out.where = where;
    out.id = text_of(image, "id");
    out.extent = {number_of(image, "width"), number_of(image, "height")};
    std::size_t i = 0;
    json_t* service = nullptr;
    json_array_foreach(json_object_get(image, "service"), i, service) {
        const std::string old = text_of(service, "@id");
        const std::string type = text_of(service, old.empty() ? "type" : "@type");
        if (!type.starts_with("ImageService")) continue;
        const std::string id = old.empty() ? text_of(service, "id") : old;
        const std::string profile = text_of(service, "profile");
        const bool known = type == "ImageService3" ? profile == "level0" || profile == "level1" || profile == "level2"
                                                   : !profile.empty();
        must("5.7", "an image service has id, type and profile, in the names of its version",
             is_uri(id) && known && (type == "ImageService3") == old.empty(), at(where, "service", i), service);
        if (out.service.empty()) out.service = id;
    }
    return out;
}

void Version3::body(const json_t* body, const std::string& where, const json_t* canvas) {
    if (text_of(body, "type") == "Choice") {
        Version3::body(json_array_get(json_object_get(body, "items"), 0), at(where, "items", 0), canvas);
        return;
    }
    const std::string id = text_of(body, "id");
    const std::string type = text_of(body, "type");
    if (!must("5.6", "what is painted has id and type", is_uri(id) && !type.empty(), where, body) || type != "Image") {
        return;
    }
    Pictured image = pictured(body, where);
    image.canvas = {number_of(canvas, "width"), number_of(canvas, "height")};
    should("5.7", "an image says its format, width and height",
           !text_of(body, "format").empty() && image.extent.width > 0 && image.extent.height > 0, where, body);
    if (must("5.7", "an image's id is of the image, not of its service", id != image.service, where, body)) {
        ask_.images.push_back(std::move(image));
    }
}

void Version3::painting(const json_t* annotation, const std::string& where, const json_t* canvas) {
    must("5.6", "an annotation has id and type \"Annotation\"",
         is_uri(text_of(annotation, "id")) && text_of(annotation, "type") == "Annotation", where, annotation);
    const json_t* const motivation = json_object_get(annotation, "motivation");
    must("5.5", "what a canvas has in items is there for painting",
         text_of(json_is_array(motivation) ? json_array_get(motivation, 0) : motivation) == "painting",
         at(where, "motivation"), motivation);
    const json_t* const target = json_object_get(annotation, "target");
    const json_t* const source = json_is_object(target) ? json_object_get(target, "source") : target;
    std::string id = json_is_object(source) ? text_of(source, "id") : text_of(source);
    if (id.empty()) id = text_of(target, "id");
    id.resize(std::min(id.find('#'), id.size()));  // a region of it
    must("5.6", "the target of a painting annotation is the canvas that it stands in", id == text_of(canvas, "id"),
         at(where, "target"), target);
    const json_t* const painted = json_object_get(annotation, "body");
    body(json_is_array(painted) ? json_array_get(painted, 0) : painted, at(where, "body"), canvas);
}

void Version3::canvas(const json_t* canvas, const std::string& where) {
    const std::string id = text_of(canvas, "id");
    must("5.3", "a canvas has type \"Canvas\"", text_of(canvas, "type") == "Canvas", where, canvas);
    must("5.3", "a canvas has an http or https id without a fragment, and each its own",
         is_uri(id) && id.find('#') == std::string::npos && canvases_.insert(id).second, where,
         json_object_get(canvas, "id"));
    const bool plane = number_of(canvas, "width") > 0 && number_of(canvas, "height") > 0;
    const bool half = (json_object_get(canvas, "width") == nullptr) != (json_object_get(canvas, "height") == nullptr);
    must("5.3", "a canvas has a width and a height, positive integers, or a duration",
         plane || (!half && json_object_get(canvas, "width") == nullptr &&
                   json_is_number(json_object_get(canvas, "duration"))),
         where, json_object_get(canvas, "width"));
    should("5.3", "a canvas has a label", json_object_get(canvas, "label") != nullptr, where, nullptr);
    const json_t* const pages = json_object_get(canvas, "items");
    should("5.3", "a canvas has something painted on it", is_list(pages), at(where, "items"), pages);
    std::size_t i = 0;
    json_t* page = nullptr;
    json_array_foreach(pages, i, page) {
        const std::string place = at(where, "items", i);
        must("5.5", "an annotation page has id and type \"AnnotationPage\"",
             is_uri(text_of(page, "id")) && text_of(page, "type") == "AnnotationPage", place, page);
        std::size_t j = 0;
        json_t* annotation = nullptr;
        json_array_foreach(json_object_get(page, "items"), j, annotation) {
            painting(annotation, at(place, "items", j), canvas);
        }
    }
}

void Version3::range(const json_t* range, const std::string& where, unsigned depth) {
    constexpr unsigned kDeepest = 32;
    must("5.4", "a range has id and type \"Range\"", is_uri(text_of(range, "id")) && text_of(range, "type") == "Range",
         where, range);
    const json_t* const items = json_object_get(range, "items");
    must("5.4", "a range has at least one item", is_list(items), at(where, "items"), items);
    std::size_t i = 0;
    json_t* item = nullptr;
    json_array_foreach(items, i, item) {
        const std::string place = at(where, "items", i);
        const std::string type = text_of(item, "type");
        if (type == "Range") {
            if (depth < kDeepest && json_object_get(item, "items") != nullptr) Version3::range(item, place, depth + 1);
            continue;
        }
        const json_t* const source = json_object_get(item, "source");
        std::string id = type == "SpecificResource" ? (json_is_object(source) ? text_of(source, "id") : text_of(source))
                                                    : text_of(item, "id");
        id.resize(std::min(id.find('#'), id.size()));
        must("5.4", "the items of a range are ranges and canvases of this Manifest", canvases_.contains(id), place,
             item);
    }
}

void Version3::manifest(const json_t* manifest) {
    static constexpr std::array kNot = {"format",   "profile",  "height",   "width",
                                        "duration", "language", "timeMode", "supplementary"};
    for (const char* const key : kNot) {
        must("5.2", "a Manifest has no format, profile, height, width, duration, language or timeMode",
             json_object_get(manifest, key) == nullptr, key, json_object_get(manifest, key));
    }
    const json_t* const items = json_object_get(manifest, "items");
    must("5.2", "a Manifest has at least one canvas", is_list(items), "items", items);
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(items, i, one) canvas(one, at("", "items", i));
    json_array_foreach(json_object_get(manifest, "structures"), i, one) range(one, at("", "structures", i), 0);
    if (const json_t* const start = json_object_get(manifest, "start")) {
        const json_t* const source = json_object_get(start, "source");
        std::string id = text_of(start, "id");
        if (text_of(start, "type") == "SpecificResource") {
            id = json_is_object(source) ? text_of(source, "id") : text_of(source);
        }
        must("3.3", "start is a canvas of this Manifest", canvases_.contains(id.substr(0, id.find('#'))), "start",
             start);
    }
}

void Version3::collection(const json_t* collection) {
    const json_t* const items = json_object_get(collection, "items");
    must("5.1", "a Collection has items", json_is_array(items), "items", items);
    should("5.1", "a Collection lists something", is_list(items), "items", items);
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(items, i, one) {
        const std::string where = at("", "items", i);
        const std::string type = text_of(one, "type");
        const std::string id = text_of(one, "id");
        const bool named =
            must("5.1", "what a Collection lists has id, label and a type, \"Manifest\" or \"Collection\"",
                 is_uri(id) && (type == "Manifest" || type == "Collection") && json_object_get(one, "label") != nullptr,
                 where, one);
        should("5.1", "what a Collection lists has a thumbnail", is_list(json_object_get(one, "thumbnail")), where,
               one);
        must("5.1", "Manifests are not embedded in a Collection",
             type != "Manifest" || json_object_get(one, "items") == nullptr, where, one);
        if (named) ask_.items.push_back({where, id, type});
    }
}

void Version3::document(const json_t* document) {
    const std::string type = text_of(document, "type");
    const std::string id = text_of(document, "id");
    must("3.2", "id is the URI that was asked for, byte for byte", id == url_, "", json_object_get(document, "id"));
    const bool known = must("3.2", "type is \"Manifest\" or \"Collection\"", type == "Manifest" || type == "Collection",
                            "", json_object_get(document, "type"));
    const char* const first = json_object_iter_key(json_object_iter(const_cast<json_t*>(document)));
    should("4.6", "@context comes first", first != nullptr && std::string_view(first) == "@context", "",
           json_object_get(document, "@context"));
    if (!known) return;
    const bool is_manifest = type == "Manifest";
    const char* const section = is_manifest ? "5.2" : "5.1";
    must(section, "it has a label", json_object_get(document, "label") != nullptr, "", nullptr);
    should(section, "it has a summary, of what is to be seen", json_object_get(document, "summary") != nullptr, "",
           nullptr);
    should(section, "it has metadata", is_list(json_object_get(document, "metadata")), "", nullptr);
    should(section, "it has a provider", is_list(json_object_get(document, "provider")), "", nullptr);
    should(section, "it has a thumbnail", is_list(json_object_get(document, "thumbnail")), "", nullptr);
    anything(document, "", true);
    if (is_manifest) {
        manifest(document);
    } else {
        collection(document);
    }
}

}  // namespace

void ask_version_3(const json_t* document, const std::string& url, Questions& questions) {
    Version3(url, questions).document(document);
}

}  // namespace iiif::ctl
