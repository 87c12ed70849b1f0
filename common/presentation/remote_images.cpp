// SPDX-License-Identifier: Apache-2.0
// What is painted on canvases of others, and which pictures stand for them. Section numbers are of Presentation
// API 3.0.
#include <algorithm>
#include <array>
#include <charconv>

#include "presentation/remote_reader.h"
#include "presentation/remote_scrub.h"

namespace iiif::presentation {

using json::all;
using json::member;
using json::set;
using json::shared;
using protocol::Extent;
using protocol::Foreign;
using protocol::Painting;
using protocol::ServedImage;

namespace {

constexpr std::uint32_t kThumbnail = 200;  // pixels on the longer side

struct Service {
    unsigned version = 0;  // 2, 3; 0: no image service that is known
    std::string id;
    int level = 0;
};

Service service_of(const json_t* value) {
    Service out;
    const std::string_view type = json::type(value);
    std::string_view profile;
    for (const json_t* one : all(member(value, "profile"))) {
        if (profile.empty()) profile = json::text(one);
    }
    const std::string_view context = json::text(value, "@context");
    const auto says = [&](std::string_view part) {
        return context.find(part) != std::string_view::npos || profile.find(part) != std::string_view::npos;
    };
    out.id = json::id(value);
    if (!json::is_address(out.id)) return {};
    if (type == "ImageService3" || says("/image/3")) out.version = 3;
    if (type == "ImageService2" || (out.version == 0 && says("/image/2"))) out.version = 2;
    const auto level = profile.find("level");
    if (level != std::string_view::npos && level + 5 < profile.size()) {
        const char digit = profile[level + 5];
        if (digit >= '0' && digit <= '2') out.level = digit - '0';
    }
    return out;
}

// The image in a body: itself, what a choice begins with, or the source of a part.
const json_t* image_in(const json_t* body, unsigned depth = 0) {
    constexpr unsigned kDeepest = 3;
    if (depth > kDeepest) return nullptr;
    const std::string_view type = json::type(body);
    if (type == "Image") return body;
    if (type == "SpecificResource") return image_in(member(body, "source"), depth + 1);
    if (type == "Choice") {
        for (const json_t* one : all(member(body, "items"))) {
            if (const json_t* const image = image_in(one, depth + 1)) return image;
        }
    }
    return nullptr;
}

std::vector<ServedImage> choices_in(const json_t* body) {
    std::vector<ServedImage> out;
    const auto each = json::type(body) == "Choice" ? all(member(body, "items")) : std::vector<const json_t*>{body};
    for (const json_t* one : each) {
        if (auto image = served_image(image_in(one))) out.push_back(std::move(*image));
    }
    return out;
}

// "xywh=0,0,100,100", or with "percent:" or "pixel:"; "": none.
std::string fragment_in(const json_t* target) {
    std::string_view fragment;
    if (json_is_string(target)) {
        const std::string_view whole = json::text(target);
        const auto at = whole.find('#');
        if (at != std::string_view::npos) fragment = whole.substr(at + 1);
    } else {
        fragment = json::text(member(target, "selector"), "value");
    }
    if (!fragment.starts_with("xywh=")) return "";
    std::string_view numbers = fragment.substr(5);
    for (const std::string_view unit : {"percent:", "pixel:"}) {
        if (numbers.starts_with(unit)) numbers.remove_prefix(unit.size());
    }
    const bool fine = !numbers.empty() && numbers.find_first_not_of("0123456789.,") == std::string_view::npos &&
                      numbers.size() < 80 && std::ranges::count(numbers, ',') == 3;
    return fine ? std::string(fragment) : "";
}

// A size that any server of level 1 has.
Json small(const ServedImage& image, const json_t* services, Extent canvas) {
    Extent extent = image.extent.width > 0 && image.extent.height > 0 ? image.extent : canvas;
    const bool three = !image.services.v3.empty() && image.services.level3 >= 1;
    const bool two = !image.services.v2.empty() && image.services.level2 >= 1;
    if (extent.width == 0 || extent.height == 0) return nullptr;
    Json to = owned(json_object());
    if (std::max(extent.width, extent.height) <= 2 * kThumbnail) {
        set(to.get(), "id", json::string(image.id));
    } else if (three || two) {
        std::string base = three ? image.services.v3 : image.services.v2;
        while (base.ends_with('/')) base.pop_back();
        const bool wide = extent.width >= extent.height;
        const std::uint64_t longer = std::max(extent.width, extent.height);
        const std::uint64_t shorter = std::min(extent.width, extent.height);
        const auto other =
            static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (shorter * kThumbnail + longer / 2) / longer));
        extent = wide ? Extent{kThumbnail, other} : Extent{other, kThumbnail};
        const std::string size = wide ? std::to_string(kThumbnail) + ',' : ',' + std::to_string(kThumbnail);
        set(to.get(), "id", json::string(base + "/full/" + size + "/0/default.jpg"));
    } else {
        return nullptr;
    }
    set(to.get(), "type", json_string("Image"));
    set(to.get(), "format", json::string(three || two || image.format.empty() ? "image/jpeg" : image.format));
    set(to.get(), "height", json_integer(extent.height));
    set(to.get(), "width", json_integer(extent.width));
    if (services != nullptr) set(to.get(), "service", shared(services));
    return to;
}

}  // namespace

std::uint32_t pixels(const json_t* value) {
    constexpr double kMost = 2147483647.0;
    if (json_is_number(value)) {
        const double number = json_number_value(value);
        return number >= 1 && number <= kMost ? static_cast<std::uint32_t>(number) : 0;
    }
    const std::string_view text = json::text(value);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number <= 2147483647U ? number : 0;
}

std::optional<ServedImage> served_image(const json_t* value) {
    ServedImage out;
    out.id = json::id(value);
    if (!json::is_address(out.id)) return std::nullopt;
    out.format = json::text(value, "format");
    out.extent = {pixels(member(value, "width")), pixels(member(value, "height"))};
    for (const json_t* one : all(member(value, "service"))) {
        const Service service = service_of(one);
        if (service.version == 3 && out.services.v3.empty()) {
            out.services.v3 = service.id;
            out.services.level3 = service.level;
        }
        if (service.version == 2 && out.services.v2.empty()) {
            out.services.v2 = service.id;
            out.services.level2 = service.level;
        }
    }
    return out;
}

std::optional<ServedImage> first_image(const json_t* value) {
    for (const json_t* one : all(value)) {
        if (auto image = served_image(one)) return image;
    }
    return std::nullopt;
}

Json RemoteReader::thumbnail_json(const json_t* item) const {
    for (const json_t* one : all(member(item, "thumbnail"))) {
        if (!served_image(one)) continue;
        return owned(json_is_string(one) ? json_pack("{s:o, s:s}", "id", shared(one), "type", "Image") : shared(one));
    }
    const Extent canvas{pixels(member(item, "width")), pixels(member(item, "height"))};
    for (const json_t* page : all(member(item, "items"))) {
        for (const json_t* annotation : all(member(page, "items"))) {
            for (const json_t* body : all(member(annotation, "body"))) {
                const json_t* const image = image_in(body);
                const auto served = served_image(image);
                if (!served) continue;
                if (Json made = small(*served, member(image, "service"), canvas)) return made;
            }
        }
    }
    return nullptr;
}

Json RemoteReader::page(const json_t* from, const std::string& id, Foreign& to) const {
    const json_t* const items = member(from, "items");
    if (!json_is_object(from) || json::type(from) != "AnnotationPage" || !json_is_array(items)) {
        say("a canvas of it has an item that is no AnnotationPage with items; it is left out", true);
        return nullptr;
    }
    Json out = owned(json_object());
    const std::string_view own = json::id(from);
    if (own.empty()) say("an AnnotationPage of it has no id; one was made for it", false);
    set(out.get(), "id", json::string(own.empty() ? std::string_view(id) : own));
    set(out.get(), "type", json_string("AnnotationPage"));
    json_t* const annotations = json_array();
    for (const json_t* one : all(items)) {
        const std::string made = id + "/annotation/" + std::to_string(json_array_size(annotations) + 1);
        if (const Json read = annotation(one, made, to)) (void)json_array_append(annotations, read.get());
    }
    const bool empty = json_array_size(annotations) == 0;
    set(out.get(), "items", annotations);
    return empty ? nullptr : out;
}

// Section 5.6: painting, onto this canvas.
Json RemoteReader::annotation(const json_t* from, const std::string& id, Foreign& to) const {
    bool painting = false;
    for (const json_t* one : all(member(from, "motivation"))) painting = painting || json::text(one) == "painting";
    if (!painting || json::type(from) != "Annotation") {
        say("among what is painted on a canvas of it stands something that is no painting annotation; it is left out",
            true);
        return nullptr;
    }
    const auto bodies = all(member(from, "body"));
    Painting read;
    bool other = false;
    for (const json_t* body : bodies) {
        auto choices = choices_in(body);
        if (read.choices.empty()) read.choices = std::move(choices);
        const std::string_view type = json::type(body);
        other = other || type == "TextualBody" ||
                (!type.empty() && type != "Image" && type != "Choice" && json::is_address(json::id(body)));
    }
    if (read.choices.empty() && !other) {
        say("an annotation on a canvas of it has no body with an address; it is left out", true);
        return nullptr;
    }
    Json out = owned(json_object());
    const std::string_view own = json::id(from);
    if (own.empty()) say("an annotation of it has no id; one was made for it", false);
    read.id = own.empty() ? id : std::string(own);
    set(out.get(), "id", json::string(read.id));
    set(out.get(), "type", json_string("Annotation"));
    set(out.get(), "motivation", json_string("painting"));
    set(out.get(), "body", shared(member(from, "body")));
    const json_t* const target = member(from, "target");
    const std::string_view source = json_is_object(target) && member(target, "source") != nullptr
                                        ? json::id(member(target, "source"))
                                        : json::id(target);
    if (without_fragment(source) == to.id) {
        set(out.get(), "target", shared(target));
        read.fragment = fragment_in(target);
    } else {
        say("an annotation has a target that is not the canvas it stands in; it was taken to be meant", false);
        set(out.get(), "target", json::string(to.id));
    }
    if (!read.choices.empty()) to.paintings.push_back(std::move(read));
    return out;
}

}  // namespace iiif::presentation
