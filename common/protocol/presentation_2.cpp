// SPDX-License-Identifier: Apache-2.0
// Section numbers are of Presentation API 2.1.1.
#include "protocol/presentation_2.h"

#include <algorithm>

#include "protocol/json_writer.h"

namespace iiif::protocol::presentation_2 {
namespace {

constexpr std::string_view kContext = "http://iiif.io/api/presentation/2/context.json";
constexpr std::string_view kImageContext = "http://iiif.io/api/image/2/context.json";

// Section 4.3: a string; or strings, each with its language where one is known.
void write_map(JsonWriter& json, std::string_view key, const LanguageMap& map) {
    if (map.empty()) return;
    json.key(key);
    const auto& all = map.all();
    const bool one = all.size() == 1 && all.front().second.size() == 1;
    if (one && all.front().first == "none") {
        json.value(all.front().second.front());
        return;
    }
    json.begin_array();
    for (const auto& [language, texts] : all) {
        for (const std::string& text : texts) {
            if (language == "none") {
                json.value(text);
                continue;
            }
            json.begin_object();
            json.member("@value", text);
            json.member("@language", language);
            json.end_object();
        }
    }
    json.end_array();
}

void write_links(JsonWriter& json, std::string_view key, const std::vector<ExternalLink>& links) {
    if (links.empty()) return;
    json.key(key);
    json.begin_array();
    for (const ExternalLink& link : links) {
        json.begin_object();
        json.member("@id", link.id);
        write_map(json, "label", link.label);
        json.member_if("format", link.format);
        json.member_if("profile", link.profile);
        json.end_object();
    }
    json.end_array();
}

void write_service(JsonWriter& json, const ImageServices& services) {
    if (services.v2.empty() && services.v3.empty()) return;
    json.key("service");
    json.begin_object();
    if (!services.v2.empty()) {
        json.member("@context", kImageContext);
        json.member("@id", services.v2);
        json.member("profile", "http://iiif.io/api/image/2/level" + std::to_string(services.level2) + ".json");
    } else {
        json.member("@context", std::string_view("http://iiif.io/api/image/3/context.json"));
        json.member("@id", services.v3);
        json.member("profile", "level" + std::to_string(services.level3));
    }
    json.end_object();
}

void write_extent(JsonWriter& json, Extent extent) {
    if (extent.width == 0 || extent.height == 0) return;
    json.member("height", std::uint64_t{extent.height});
    json.member("width", std::uint64_t{extent.width});
}

void write_image(JsonWriter& json, const ServedImage& image) {
    json.begin_object();
    json.member("@id", image.id);
    json.member("@type", std::string_view("dctypes:Image"));
    json.member_if("format", image.format);
    write_extent(json, image.extent);
    write_service(json, image.services);
    json.end_object();
}

void write_image(JsonWriter& json, std::string_view key, const ServedImage& image) {
    json.key(key);
    write_image(json, image);
}

std::string logo_of(const std::vector<Agent>& provider) {
    for (const Agent& agent : provider) {
        if (!agent.logo.empty()) return agent.logo.front().id;
    }
    return "";
}

// Section 3.3: each is said of some kinds of resources only. "": none.
std::string_view hint_of(const std::vector<std::string>& behavior, Resource kind) {
    struct Hint {
        std::string_view name;
        bool of_collections, of_manifests, of_canvases;
    };
    constexpr Hint kHints[] = {{"individuals", true, true, false}, {"paged", false, true, false},
                               {"continuous", false, true, false}, {"multi-part", true, false, false},
                               {"non-paged", false, false, true},  {"facing-pages", false, false, true}};
    for (const Hint& hint : kHints) {
        const bool fits = kind == Resource::canvas       ? hint.of_canvases
                          : kind == Resource::collection ? hint.of_collections
                                                         : hint.of_manifests;
        if (fits && std::ranges::find(behavior, hint.name) != behavior.end()) return hint.name;
    }
    return {};
}

// Section 3.4: a rendering has a format. Where nobody said which, its address tells; else it is a page to look at.
std::vector<ExternalLink> with_formats(std::vector<ExternalLink> links) {
    struct Known {
        std::string_view suffix, format;
    };
    constexpr Known kFormats[] = {{".pdf", "application/pdf"}, {".epub", "application/epub+zip"},
                                  {".zip", "application/zip"}, {".txt", "text/plain"},
                                  {".xml", "application/xml"}, {".json", "application/json"}};
    for (ExternalLink& link : links) {
        if (!link.format.empty()) continue;
        const std::string_view address = std::string_view(link.id).substr(0, link.id.find_first_of("?#"));
        const auto known =
            std::ranges::find_if(kFormats, [address](const Known& one) { return address.ends_with(one.suffix); });
        link.format = known == std::end(kFormats) ? "text/html" : known->format;
    }
    return links;
}

// Section 3: what is now a requiredStatement was the attribution; a provider's logo and homepage were the resource's.
void write_descriptive(JsonWriter& json, const Descriptive& says, Resource kind) {
    write_map(json, "label", says.label);
    write_map(json, "description", says.summary);
    if (!says.metadata.empty()) {
        json.key("metadata");
        json.begin_array();
        for (const LabelledValue& pair : says.metadata) {
            json.begin_object();
            write_map(json, "label", pair.label);
            write_map(json, "value", pair.value);
            json.end_object();
        }
        json.end_array();
    }
    if (says.required_statement) write_map(json, "attribution", says.required_statement->value);
    json.member_if("license", says.rights);
    if (kind != Resource::canvas) json.member_if("navDate", says.nav_date);
    std::vector<ExternalLink> related = says.homepage;
    for (const Agent& agent : says.provider) {
        related.insert(related.end(), agent.homepage.begin(), agent.homepage.end());
    }
    json.member_if("logo", logo_of(says.provider));
    write_links(json, "related", related);
    write_links(json, "seeAlso", says.see_also);
    write_links(json, "rendering", with_formats(says.rendering));
    const std::string_view hint = hint_of(says.behavior, kind);
    const bool has_direction = kind == Resource::manifest;
    if (has_direction && says.viewing_direction.empty() && hint == "continuous") {
        json.member("viewingDirection", std::string_view("left-to-right"));  // the default; it has to be said
    } else if (has_direction) {
        json.member_if("viewingDirection", says.viewing_direction);
    }
    if (!hint.empty()) json.member("viewingHint", hint);
}

void write_head(JsonWriter& json, const std::string& id, std::string_view type, bool top) {
    json.begin_object();
    if (top) json.member("@context", kContext);
    json.member("@id", id);
    json.member("@type", type);
}

void write_annotation(JsonWriter& json, const Canvas& canvas, bool top) {
    write_head(json, id_at(canvas.base, Resource::annotation), "oa:Annotation", top);
    json.member("motivation", std::string_view("sc:painting"));
    write_image(json, "resource", canvas.image);
    json.member("on", id_of(canvas));
    json.end_object();
}

void write_thumbnail(JsonWriter& json, const std::optional<ServedImage>& thumbnail) {
    if (thumbnail) write_image(json, "thumbnail", *thumbnail);
}

// Of others: each image that is painted, onto its part of the canvas.
void write_paintings(JsonWriter& json, const Foreign& canvas) {
    for (const Painting& painting : canvas.paintings) {
        write_head(json, painting.id, "oa:Annotation", false);
        json.member("motivation", std::string_view("sc:painting"));
        if (painting.choices.size() == 1) {
            write_image(json, "resource", painting.choices.front());
        } else {
            json.key("resource");
            json.begin_object();
            json.member("@type", std::string_view("oa:Choice"));
            write_image(json, "default", painting.choices.front());
            json.key("item");
            json.begin_array();
            for (std::size_t i = 1; i < painting.choices.size(); ++i) write_image(json, painting.choices[i]);
            json.end_array();
            json.end_object();
        }
        json.member("on", painting.fragment.empty() ? canvas.id : canvas.id + '#' + painting.fragment);
        json.end_object();
    }
}

void write_canvas(JsonWriter& json, const Canvas& canvas, const Reference* whole) {
    write_head(json, id_of(canvas), "sc:Canvas", whole != nullptr);
    write_descriptive(json, canvas.says, Resource::canvas);
    write_extent(json, canvas.extent);
    write_thumbnail(json, canvas.thumbnail);
    if (canvas.foreign) {
        json.member("within", canvas.foreign->part_of.id);
    } else if (whole != nullptr) {
        json.member("within", whole->id);
    }
    json.key("images");
    json.begin_array();
    if (canvas.foreign) {
        write_paintings(json, *canvas.foreign);
    } else {
        write_annotation(json, canvas, false);
    }
    json.end_array();
    if (canvas.scale) {
        json.key("service");
        json.begin_object();
        json.member("@context", std::string_view("http://iiif.io/api/annex/services/physdim/1/context.json"));
        json.member("profile", std::string_view("http://iiif.io/api/annex/services/physdim"));
        json.key("physicalScale");
        json.raw(canvas.scale->factor);
        json.member("physicalUnits", canvas.scale->units);
        json.end_object();
    }
    json.end_object();
}

void write_sequence_of(JsonWriter& json, const Manifest& manifest, bool top) {
    write_head(json, id_at(manifest.base, Resource::sequence), "sc:Sequence", top);
    json.member_if("viewingDirection", manifest.says.viewing_direction);
    json.member_if("startCanvas", manifest.start);
    json.key("canvases");
    json.begin_array();
    for (const Canvas& canvas : manifest.canvases) write_canvas(json, canvas, nullptr);
    json.end_array();
    json.end_object();
}

// Section 5.3.8: a list without nesting, each naming its parts.
void write_ranges(JsonWriter& json, const Range& range, const Reference* whole) {
    write_head(json, range.id, "sc:Range", whole != nullptr);
    write_map(json, "label", range.label);
    if (whole != nullptr) json.member("within", whole->id);
    if (!range.canvases.empty()) {
        json.key("canvases");
        json.begin_array();
        for (const std::string& canvas : range.canvases) json.value(canvas);
        json.end_array();
    }
    if (!range.ranges.empty()) {
        json.key("ranges");
        json.begin_array();
        for (const Range& inner : range.ranges) json.value(inner.id);
        json.end_array();
    }
    json.end_object();
    if (whole != nullptr) return;
    for (const Range& inner : range.ranges) write_ranges(json, inner, nullptr);
}

void write_references(JsonWriter& json, std::string_view key, const std::vector<Reference>& items, bool collections) {
    const auto is_one = [collections](const Reference& item) { return item.collection == collections; };
    if (std::ranges::none_of(items, is_one)) return;
    json.key(key);
    json.begin_array();
    for (const Reference& item : items) {
        if (!is_one(item)) continue;
        write_head(json, item.id, collections ? "sc:Collection" : "sc:Manifest", false);
        write_map(json, "label", item.label);
        if (item.required_statement) write_map(json, "attribution", item.required_statement->value);
        json.member_if("license", item.rights);
        json.member_if("navDate", item.nav_date);
        json.member_if("logo", logo_of(item.provider));
        write_thumbnail(json, item.thumbnail);
        json.end_object();
    }
    json.end_array();
}

}  // namespace

std::string write(const Manifest& manifest) {
    constexpr std::size_t kForCanvas = 1400;
    JsonWriter json;
    json.reserve(4096 + manifest.canvases.size() * kForCanvas);
    write_head(json, id_at(manifest.base, Resource::manifest), "sc:Manifest", true);
    write_descriptive(json, manifest.says, Resource::manifest);
    write_thumbnail(json, manifest.thumbnail);
    if (manifest.part_of) json.member("within", manifest.part_of->id);
    json.key("sequences");
    json.begin_array();
    write_sequence_of(json, manifest, false);
    json.end_array();
    if (!manifest.ranges.empty()) {
        json.key("structures");
        json.begin_array();
        for (const Range& range : manifest.ranges) write_ranges(json, range, nullptr);
        json.end_array();
    }
    json.end_object();
    return json.take();
}

std::string write(const Collection& collection) {
    JsonWriter json;
    write_head(json, id_at(collection.base, Resource::collection), "sc:Collection", true);
    write_descriptive(json, collection.says, Resource::collection);
    write_thumbnail(json, collection.thumbnail);
    if (collection.part_of) json.member("within", collection.part_of->id);
    // Section 5.8: two lists, which older viewers know, and not "members".
    write_references(json, "collections", collection.items, true);
    write_references(json, "manifests", collection.items, false);
    json.end_object();
    return json.take();
}

std::string write(Resource resource, const Canvas& canvas, const Reference& manifest) {
    JsonWriter json;
    if (resource == Resource::annotation) {
        write_annotation(json, canvas, true);
    } else {
        write_canvas(json, canvas, &manifest);
    }
    return json.take();
}

std::string write(const Range& range, const Reference& manifest) {
    JsonWriter json;
    write_ranges(json, range, &manifest);
    return json.take();
}

std::string write_sequence(const Manifest& manifest) {
    JsonWriter json;
    write_sequence_of(json, manifest, true);
    return json.take();
}

}  // namespace iiif::protocol::presentation_2
