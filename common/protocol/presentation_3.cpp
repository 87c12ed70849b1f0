// SPDX-License-Identifier: Apache-2.0
// Section numbers are of Presentation API 3.0.
#include "protocol/presentation_3.h"

#include "protocol/json_writer.h"

namespace iiif::protocol::presentation_3 {
namespace {

constexpr std::string_view kContext = "http://iiif.io/api/presentation/3/context.json";

void write_map(JsonWriter& json, std::string_view key, const LanguageMap& map) {
    if (map.empty()) return;
    json.key(key);
    json.begin_object();
    for (const auto& [language, texts] : map.all()) {
        json.key(language);
        json.begin_array();
        for (const std::string& text : texts) json.value(text);
        json.end_array();
    }
    json.end_object();
}

void write_pair(JsonWriter& json, const LabelledValue& pair) {
    json.begin_object();
    write_map(json, "label", pair.label);
    write_map(json, "value", pair.value);
    json.end_object();
}

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) json.value(text);
    json.end_array();
}

void write_links(JsonWriter& json, std::string_view key, const std::vector<ExternalLink>& links) {
    if (links.empty()) return;
    json.key(key);
    json.begin_array();
    for (const ExternalLink& link : links) {
        json.begin_object();
        json.member("id", link.id);
        json.member("type", link.type.empty() ? std::string_view("Text") : std::string_view(link.type));
        write_map(json, "label", link.label);
        json.member_if("format", link.format);
        json.member_if("profile", link.profile);
        write_texts(json, "language", link.language);
        json.end_object();
    }
    json.end_array();
}

void write_extent(JsonWriter& json, Extent extent) {
    if (extent.width == 0 || extent.height == 0) return;
    json.member("height", std::uint64_t{extent.height});
    json.member("width", std::uint64_t{extent.width});
}

// Section 3.4 and appendix A of Image API 3.0: services of older versions keep their own keys.
void write_services(JsonWriter& json, const ImageServices& services) {
    if (services.v3.empty() && services.v2.empty()) return;
    json.key("service");
    json.begin_array();
    if (!services.v3.empty()) {
        json.begin_object();
        json.member("id", services.v3);
        json.member("type", std::string_view("ImageService3"));
        json.member("profile", "level" + std::to_string(services.level3));
        json.end_object();
    }
    if (!services.v2.empty()) {
        json.begin_object();
        json.member("@id", services.v2);
        json.member("@type", std::string_view("ImageService2"));
        json.member("profile", "http://iiif.io/api/image/2/level" + std::to_string(services.level2) + ".json");
        json.end_object();
    }
    json.end_array();
}

void write_image(JsonWriter& json, const ServedImage& image) {
    json.begin_object();
    json.member("id", image.id);
    json.member("type", std::string_view("Image"));
    json.member_if("format", image.format);
    write_extent(json, image.extent);
    write_services(json, image.services);
    json.end_object();
}

void write_thumbnail(JsonWriter& json, const std::optional<ServedImage>& thumbnail) {
    if (!thumbnail) return;
    json.key("thumbnail");
    json.begin_array();
    write_image(json, *thumbnail);
    json.end_array();
}

void write_providers(JsonWriter& json, const std::vector<Agent>& providers) {
    if (providers.empty()) return;
    json.key("provider");
    json.begin_array();
    for (const Agent& agent : providers) {
        json.begin_object();
        json.member("id", agent.id);
        json.member("type", std::string_view("Agent"));
        write_map(json, "label", agent.label);
        write_links(json, "homepage", agent.homepage);
        if (!agent.logo.empty()) {
            json.key("logo");
            json.begin_array();
            for (const ServedImage& logo : agent.logo) write_image(json, logo);
            json.end_array();
        }
        write_links(json, "seeAlso", agent.see_also);
        json.end_object();
    }
    json.end_array();
}

// Section 3.4 and appendix A: what only Manifests, or only Collections, can be is left out elsewhere.
std::vector<std::string> behavior_of(const Descriptive& says, Resource kind) {
    std::vector<std::string> out;
    for (const std::string& one : says.behavior) {
        const bool of_pages = one == "facing-pages" || one == "non-paged";
        const bool of_canvas = of_pages || one == "auto-advance" || one == "no-auto-advance";
        const bool of_collection = one == "multi-part" || one == "together";
        const bool of_others = !of_pages && (!of_collection || kind == Resource::collection);
        if (kind == Resource::canvas ? of_canvas : of_others) out.push_back(one);
    }
    return out;
}

void write_descriptive(JsonWriter& json, const Descriptive& says, Resource kind) {
    write_map(json, "label", says.label);
    write_map(json, "summary", says.summary);
    if (!says.metadata.empty()) {
        json.key("metadata");
        json.begin_array();
        for (const LabelledValue& pair : says.metadata) write_pair(json, pair);
        json.end_array();
    }
    if (says.required_statement) {
        json.key("requiredStatement");
        write_pair(json, *says.required_statement);
    }
    json.member_if("rights", says.rights);
    json.member_if("navDate", says.nav_date);
    write_providers(json, says.provider);
    write_links(json, "homepage", says.homepage);
    write_links(json, "seeAlso", says.see_also);
    write_links(json, "rendering", says.rendering);
    if (kind != Resource::canvas) json.member_if("viewingDirection", says.viewing_direction);
    write_texts(json, "behavior", behavior_of(says, kind));
}

// "id" and "type", which everything begins with; section 3.2.
void write_head(JsonWriter& json, const std::string& id, std::string_view type, bool top) {
    json.begin_object();
    if (top) json.member("@context", kContext);
    json.member("id", id);
    json.member("type", type);
}

void write_reference(JsonWriter& json, const Reference& reference) {
    write_head(json, reference.id, reference.collection ? "Collection" : "Manifest", false);
    write_map(json, "label", reference.label);
    if (reference.required_statement) {
        json.key("requiredStatement");
        write_pair(json, *reference.required_statement);
    }
    json.member_if("rights", reference.rights);
    json.member_if("navDate", reference.nav_date);
    write_providers(json, reference.provider);
    write_thumbnail(json, reference.thumbnail);
    json.end_object();
}

void write_part_of(JsonWriter& json, const std::optional<Reference>& whole) {
    if (!whole) return;
    json.key("partOf");
    json.begin_array();
    write_reference(json, *whole);
    json.end_array();
}

void write_annotation(JsonWriter& json, const Canvas& canvas, bool top) {
    write_head(json, id_at(canvas.base, Resource::annotation), "Annotation", top);
    json.member("motivation", std::string_view("painting"));
    json.key("body");
    write_image(json, canvas.image);
    json.member("target", id_of(canvas));
    json.end_object();
}

void write_page(JsonWriter& json, const Canvas& canvas, bool top) {
    write_head(json, id_at(canvas.base, Resource::annotation_page), "AnnotationPage", top);
    json.key("items");
    json.begin_array();
    write_annotation(json, canvas, false);
    json.end_array();
    json.end_object();
}

// Annex "Physical Dimensions": a service of the old kind. It has no id of its own; section 3.4 asks for one.
void write_scale(JsonWriter& json, const Canvas& canvas) {
    const std::optional<PhysicalScale>& scale = canvas.scale;
    if (!scale) return;
    json.key("service");
    json.begin_array();
    json.begin_object();
    json.member("@context", std::string_view("http://iiif.io/api/annex/services/physdim/1/context.json"));
    json.member("@id", id_of(canvas) + "#scale");
    json.member("@type", std::string_view("PhysicalDimensions"));
    json.member("profile", std::string_view("http://iiif.io/api/annex/services/physdim"));
    json.key("physicalScale");
    json.raw(scale->factor);
    json.member("physicalUnits", scale->units);
    json.end_object();
    json.end_array();
}

void write_canvas(JsonWriter& json, const Canvas& canvas, const Reference* whole) {
    write_head(json, id_of(canvas), "Canvas", whole != nullptr);
    write_extent(json, canvas.extent);
    if (canvas.foreign && !canvas.foreign->duration.empty()) {
        json.key("duration");
        json.raw(canvas.foreign->duration);
    }
    write_descriptive(json, canvas.says, Resource::canvas);
    write_thumbnail(json, canvas.thumbnail);
    write_scale(json, canvas);
    if (canvas.foreign) {
        write_part_of(json, canvas.foreign->part_of);
    } else if (whole != nullptr) {
        write_part_of(json, *whole);
    }
    json.key("items");
    if (canvas.foreign) {
        json.raw(canvas.foreign->items);
        json.end_object();
        return;
    }
    json.begin_array();
    write_page(json, canvas, false);
    json.end_array();
    json.end_object();
}

void write_range(JsonWriter& json, const Range& range, const Reference* whole) {
    write_head(json, range.id, "Range", whole != nullptr);
    write_map(json, "label", range.label);
    if (whole != nullptr) write_part_of(json, *whole);
    json.key("items");
    json.begin_array();
    for (const std::string& canvas : range.canvases) {
        write_head(json, canvas, "Canvas", false);
        json.end_object();
    }
    for (const Range& inner : range.ranges) write_range(json, inner, nullptr);
    json.end_array();
    json.end_object();
}

}  // namespace

std::string write(const Manifest& manifest) {
    constexpr std::size_t kForCanvas = 1600;
    JsonWriter json;
    json.reserve(4096 + manifest.canvases.size() * kForCanvas);
    write_head(json, id_at(manifest.base, Resource::manifest), "Manifest", true);
    write_descriptive(json, manifest.says, Resource::manifest);
    write_thumbnail(json, manifest.thumbnail);
    if (!manifest.start.empty()) {
        json.key("start");
        write_head(json, manifest.start, "Canvas", false);
        json.end_object();
    }
    write_part_of(json, manifest.part_of);
    json.key("items");
    json.begin_array();
    for (const Canvas& canvas : manifest.canvases) write_canvas(json, canvas, nullptr);
    json.end_array();
    if (!manifest.ranges.empty()) {
        json.key("structures");
        json.begin_array();
        for (const Range& range : manifest.ranges) write_range(json, range, nullptr);
        json.end_array();
    }
    json.end_object();
    return json.take();
}

std::string write(const Collection& collection) {
    JsonWriter json;
    write_head(json, id_at(collection.base, Resource::collection), "Collection", true);
    write_descriptive(json, collection.says, Resource::collection);
    write_thumbnail(json, collection.thumbnail);
    write_part_of(json, collection.part_of);
    json.key("items");
    json.begin_array();
    for (const Reference& item : collection.items) write_reference(json, item);
    json.end_array();
    json.end_object();
    return json.take();
}

std::string write(Resource resource, const Canvas& canvas, const Reference& manifest) {
    JsonWriter json;
    switch (resource) {
        case Resource::annotation_page: write_page(json, canvas, true); break;
        case Resource::annotation: write_annotation(json, canvas, true); break;
        default: write_canvas(json, canvas, &manifest); break;
    }
    return json.take();
}

std::string write(const Range& range, const Reference& manifest) {
    JsonWriter json;
    write_range(json, range, &manifest);
    return json.take();
}

}  // namespace iiif::protocol::presentation_3
