// SPDX-License-Identifier: Apache-2.0
// Presentation API 2.1.
#include <map>
#include <regex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "ctl/validate_document.h"

namespace iiif::ctl {
namespace {

bool is_list(const json_t* value) {
    return json_is_array(value) && json_array_size(value) > 0;
}

std::string at(const std::string& where, const char* key) {
    return where.empty() ? key : where + '.' + key;
}

std::string at(const std::string& where, const char* key, std::size_t index) {
    return at(where, key) + '[' + std::to_string(index) + ']';
}

// An object with an @id, or the id alone.
std::string id_of(const json_t* value) {
    return json_is_object(value) ? text_of(value, "@id") : text_of(value);
}

// 4.3: a text, {"@value": ..., "@language": ...}, or an array of these.
bool is_text(const json_t* value) {
    if (!json_is_array(value)) return json_is_string(value) || json_is_string(json_object_get(value, "@value"));
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(value, i, one) {
        if (json_is_array(one) || !is_text(one)) return false;
    }
    return json_array_size(value) > 0;
}

class Version2 {
public:
    Version2(std::string url, Questions& questions) : url_(std::move(url)), ask_(questions) {}
    void document(const json_t* document);

private:
    bool must(const char* section, const char* asked, bool holds, const std::string& where, const json_t* seen) {
        return ask_.ask(section, true, asked, holds, where, holds ? "" : in_short(seen));
    }
    void should(const char* section, const char* asked, bool holds, const std::string& where, const json_t* seen) {
        (void)ask_.ask(section, false, asked, holds, where, holds ? "" : in_short(seen));
    }
    void described(const json_t* thing, const std::string& where);
    void technical(const json_t* thing, const std::string& where);
    void manifest(const json_t* manifest);
    void canvas(const json_t* canvas, const std::string& where);
    void image(const json_t* annotation, const std::string& where, const json_t* canvas);
    void collection(const json_t* collection);
    Pictured pictured(const json_t* image, const std::string& where);

    std::string url_;
    Questions& ask_;
    std::set<std::string> canvases_;
};

// Section 3.3: what it is, decides which of these may be said of it.
void Version2::technical(const json_t* thing, const std::string& where) {
    using Words = std::set<std::string_view>;
    static const Words directions = {"left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top"};
    static const std::map<std::string_view, Words> hints = {
        {"individuals", {"sc:Collection", "sc:Manifest", "sc:Sequence", "sc:Range"}},
        {"paged", {"sc:Manifest", "sc:Sequence", "sc:Range"}},
        {"continuous", {"sc:Manifest", "sc:Sequence", "sc:Range"}},
        {"multi-part", {"sc:Collection"}},
        {"non-paged", {"sc:Canvas"}},
        {"top", {"sc:Range"}},
        {"facing-pages", {"sc:Canvas"}}};
    const std::string type = text_of(thing, "@type");
    const bool is_listed = type == "sc:Manifest" || type == "sc:Collection";
    const json_t* const direction = json_object_get(thing, "viewingDirection");
    if (direction != nullptr) {
        must("3.3", "viewingDirection is one of the four, of a Manifest, a sequence or a range",
             directions.contains(text_of(direction)) && type != "sc:Canvas" && type != "sc:Collection",
             at(where, "viewingDirection"), direction);
    }
    if (const json_t* const hint = json_object_get(thing, "viewingHint"); json_is_string(hint)) {
        const auto known = hints.find(text_of(hint));
        must("3.3", "viewingHint is one of the words that there are for its kind of thing, or a URI",
             known == hints.end() ? is_uri(text_of(hint)) : known->second.contains(type), at(where, "viewingHint"),
             hint);
        must("3.3", "what is continuous has a viewingDirection", text_of(hint) != "continuous" || direction != nullptr,
             at(where, "viewingHint"), hint);
    }
    if (const json_t* const date = json_object_get(thing, "navDate")) {
        static const std::regex utc("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
        must("3.3", "navDate is of Manifests and Collections, and in UTC: 1890-05-31T00:00:00Z",
             is_listed && std::regex_match(text_of(date), utc), at(where, "navDate"), date);
    }
    if (!is_listed) return;
    for (const char* key : {"format", "height", "width"}) {
        const json_t* const value = json_object_get(thing, key);
        must("3.3", "a Manifest or Collection has no format, height or width", value == nullptr, at(where, key), value);
    }
}

void Version2::described(const json_t* thing, const std::string& where) {
    for (const char* key : {"label", "description", "attribution"}) {
        const json_t* const text = json_object_get(thing, key);
        if (text != nullptr) {
            must("4.3", "texts are strings, or objects with @value, or arrays of these", is_text(text), at(where, key),
                 text);
        }
    }
    const json_t* const metadata = json_object_get(thing, "metadata");
    if (metadata != nullptr)
        must("4.2", "metadata is an array", json_is_array(metadata), at(where, "metadata"), metadata);
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(metadata, i, one) {
        must("3.1", "metadata has a label and a value",
             is_text(json_object_get(one, "label")) && is_text(json_object_get(one, "value")), at(where, "metadata", i),
             one);
    }
    if (const json_t* const license = json_object_get(thing, "license")) {
        const json_t* const first = json_is_array(license) ? json_array_get(license, 0) : license;
        must("3.2", "license is a URI", is_uri(id_of(first)), at(where, "license"), license);
    }
    if (const json_t* const logo = json_object_get(thing, "logo")) {
        const json_t* const first = json_is_array(logo) ? json_array_get(logo, 0) : logo;
        must("3.2", "logo is a URI, or an object with an @id", is_uri(id_of(first)), at(where, "logo"), logo);
    }
    technical(thing, where);
    std::vector<const json_t*> renderings;
    if (const json_t* const rendering = json_object_get(thing, "rendering")) {
        renderings.push_back(rendering);
        if (json_is_array(rendering)) {
            renderings.clear();
            json_array_foreach(rendering, i, one) renderings.push_back(one);
        }
    }
    for (const json_t* const rendering : renderings) {
        must("3.4", "rendering has a label and a format",
             is_text(json_object_get(rendering, "label")) && !text_of(rendering, "format").empty(),
             at(where, "rendering"), rendering);
    }
    if (const json_t* const thumbnail = json_object_get(thing, "thumbnail")) {
        const json_t* const first = json_is_array(thumbnail) ? json_array_get(thumbnail, 0) : thumbnail;
        if (must("3.1", "thumbnail is a URI, or an object with an @id", is_uri(id_of(first)), at(where, "thumbnail"),
                 thumbnail)) {
            ask_.thumbnails.push_back(pictured(first, at(where, "thumbnail")));
        }
    }
}

Pictured Version2::pictured(const json_t* image, const std::string& where) {
    Pictured out;
    out.where = where;
    out.id = id_of(image);
    out.extent = {number_of(image, "width"), number_of(image, "height")};
    const json_t* service = json_object_get(image, "service");
    if (json_is_array(service)) service = json_array_get(service, 0);
    if (service == nullptr) return out;
    const json_t* profile = json_object_get(service, "profile");
    if (json_is_array(profile)) profile = json_array_get(profile, 0);
    if (must("3.4", "an image service has @context, @id and profile",
             !text_of(service, "@context").empty() && is_uri(text_of(service, "@id")) && is_uri(text_of(profile)),
             at(where, "service"), service)) {
        out.service = text_of(service, "@id");
    }
    return out;
}

void Version2::image(const json_t* annotation, const std::string& where, const json_t* canvas) {
    must("5.4", "an image's annotation has @type \"oa:Annotation\"", text_of(annotation, "@type") == "oa:Annotation",
         where, annotation);
    must("5.4", "an image is there for painting: motivation \"sc:painting\"",
         text_of(annotation, "motivation") == "sc:painting", at(where, "motivation"),
         json_object_get(annotation, "motivation"));
    const json_t* const on = json_object_get(annotation, "on");
    const std::string id = id_of(on);
    must("5.4", "an image is on the canvas that it stands in", id.substr(0, id.find('#')) == text_of(canvas, "@id"),
         at(where, "on"), on);
    const json_t* resource = json_object_get(annotation, "resource");
    const std::string place = at(where, "resource");
    if (text_of(resource, "@type") == "oa:Choice") resource = json_object_get(resource, "default");
    if (!must("5.4", "an image has an @id and @type \"dctypes:Image\"",
              is_uri(text_of(resource, "@id")) && text_of(resource, "@type") == "dctypes:Image", place, resource)) {
        return;
    }
    Pictured one = pictured(resource, place);
    one.canvas = {number_of(canvas, "width"), number_of(canvas, "height")};
    should("5.4", "an image says its format, width and height",
           !text_of(resource, "format").empty() && one.extent.width > 0 && one.extent.height > 0, place, resource);
    if (must("5.4", "an image's @id is of the image, not of its service", one.id != one.service, place, resource)) {
        ask_.images.push_back(std::move(one));
    }
}

void Version2::canvas(const json_t* canvas, const std::string& where) {
    const std::string id = text_of(canvas, "@id");
    must("5.3", "a canvas has @type \"sc:Canvas\"", text_of(canvas, "@type") == "sc:Canvas", where, canvas);
    must("5.3", "a canvas has an http or https @id without a fragment, and each its own",
         is_uri(id) && id.find('#') == std::string::npos && canvases_.insert(id).second, where,
         json_object_get(canvas, "@id"));
    must("5.3", "a canvas has a label", json_object_get(canvas, "label") != nullptr, where, nullptr);
    must("5.3", "a canvas has a width and a height, positive integers",
         number_of(canvas, "width") > 0 && number_of(canvas, "height") > 0, where, json_object_get(canvas, "width"));
    described(canvas, where);
    const json_t* const images = json_object_get(canvas, "images");
    if (images != nullptr) must("4.2", "images is an array", json_is_array(images), at(where, "images"), images);
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(images, i, one) image(one, at(where, "images", i), canvas);
}

void Version2::manifest(const json_t* manifest) {
    const json_t* const sequences = json_object_get(manifest, "sequences");
    const json_t* const first = json_array_get(sequences, 0);
    const json_t* const canvases = json_object_get(first, "canvases");
    must("5.1", "a Manifest has at least one sequence, the first with canvases",
         is_list(sequences) && is_list(canvases), "sequences", sequences);
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(canvases, i, one) canvas(one, at("sequences[0]", "canvases", i));
    if (const json_t* const start = json_object_get(first, "startCanvas")) {
        must("5.2", "startCanvas is a canvas of this Manifest", canvases_.contains(id_of(start)),
             "sequences[0].startCanvas", start);
    }
    const json_t* const structures = json_object_get(manifest, "structures");
    std::set<std::string> ranges;
    json_array_foreach(structures, i, one) ranges.insert(text_of(one, "@id"));
    json_array_foreach(structures, i, one) {
        const std::string where = at("", "structures", i);
        must("5.6", "a range has an @id, a label and @type \"sc:Range\"",
             is_uri(text_of(one, "@id")) && text_of(one, "@type") == "sc:Range" &&
                 is_text(json_object_get(one, "label")),
             where, one);
        std::size_t j = 0;
        json_t* part = nullptr;
        json_array_foreach(json_object_get(one, "canvases"), j, part) {
            const std::string id = id_of(part);
            must("5.6", "the canvases of a range are of this Manifest", canvases_.contains(id.substr(0, id.find('#'))),
                 at(where, "canvases", j), part);
        }
        json_array_foreach(json_object_get(one, "ranges"), j, part) {
            must("5.6", "the ranges of a range are of this Manifest", ranges.contains(id_of(part)),
                 at(where, "ranges", j), part);
        }
    }
}

void Version2::collection(const json_t* collection) {
    bool any = false;
    for (const char* key : {"collections", "manifests", "members"}) {
        const json_t* const list = json_object_get(collection, key);
        if (list == nullptr) continue;
        must("4.2", "collections, manifests and members are arrays", json_is_array(list), key, list);
        std::size_t i = 0;
        json_t* one = nullptr;
        json_array_foreach(list, i, one) {
            any = true;
            const std::string where = at("", key, i);
            const std::string type = text_of(one, "@type");
            const std::string id = text_of(one, "@id");
            if (must("5.8", "what a Collection lists has @id, label and a @type, \"sc:Manifest\" or \"sc:Collection\"",
                     is_uri(id) && (type == "sc:Manifest" || type == "sc:Collection") &&
                         json_object_get(one, "label") != nullptr,
                     where, one)) {
                ask_.items.push_back({where, id, type});
            }
            described(one, where);
        }
    }
    should("5.8", "a Collection lists something", any, "", nullptr);
}

void Version2::document(const json_t* document) {
    const std::string type = text_of(document, "@type");
    must("3.3", "@id is the URI that was asked for, byte for byte", text_of(document, "@id") == url_, "",
         json_object_get(document, "@id"));
    const bool known = must("3.3", "@type is \"sc:Manifest\" or \"sc:Collection\"",
                            type == "sc:Manifest" || type == "sc:Collection", "", json_object_get(document, "@type"));
    if (!known) return;
    const char* const section = type == "sc:Manifest" ? "5.1" : "5.8";
    must(section, "it has a label", json_object_get(document, "label") != nullptr, "", nullptr);
    should(section, "it has a description, of what is to be seen", json_object_get(document, "description") != nullptr,
           "", nullptr);
    should(section, "it has metadata", is_list(json_object_get(document, "metadata")), "", nullptr);
    should(section, "it has a thumbnail", json_object_get(document, "thumbnail") != nullptr, "", nullptr);
    described(document, "");
    if (type == "sc:Manifest") {
        manifest(document);
    } else {
        collection(document);
    }
}

}  // namespace

void ask_version_2(const json_t* document, const std::string& url, Questions& questions) {
    Version2(url, questions).document(document);
}

}  // namespace iiif::ctl
