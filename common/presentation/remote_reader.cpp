// SPDX-License-Identifier: Apache-2.0
// Section numbers are of Presentation API 3.0.
#include "presentation/remote_reader.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "presentation/remote_scrub.h"
#include "presentation/sidecar_values.h"
#include "presentation/texts.h"

namespace iiif::presentation {

using json::all;
using json::member;
using protocol::Agent;
using protocol::Canvas;
using protocol::Descriptive;
using protocol::ExternalLink;
using protocol::LabelledValue;
using protocol::LanguageMap;
using protocol::Reference;
using protocol::ServedImage;

namespace {

constexpr std::size_t kMostTexts = 200;  // in one language map, and of pairs, links and agents

LanguageMap in(const char* language, std::string text) {
    LanguageMap map;
    map.add(language, std::move(text));
    return map;
}

std::vector<const json_t*> some(const json_t* value) {
    auto out = all(value);
    if (out.size() > kMostTexts) out.resize(kMostTexts);
    return out;
}

}  // namespace

void RemoteReader::say(const std::string& sentence, bool loss) const {
    remark(remarks_, sentence, loss);
}

// Section 4.3. A text alone, as 2.1 has it, is one without a language.
LanguageMap RemoteReader::map(const json_t* value, const std::string& name) const {
    LanguageMap out;
    if (value == nullptr) return out;
    if (!json_is_object(value)) {
        for (const json_t* one : some(value)) out.add("none", values::clean(json::text(one)));
        say("its " + name +
                (out.empty() ? " is no text, and is left out"
                             : " is no language map ({\"en\": [\"...\"]}); it was read as a text"),
            out.empty());
        return out;
    }
    const char* key = nullptr;
    json_t* texts = nullptr;
    json_object_foreach(const_cast<json_t*>(value), key, texts) {  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        const std::string language = values::is_language(key) ? key : "none";
        if (json_is_string(texts)) say("its " + name + " has a text where a list of texts belongs", false);
        for (const json_t* one : some(texts)) out.add(language, values::clean(json::text(one)));
        if (out.all().size() >= kMostTexts) break;
    }
    return out;
}

std::optional<LabelledValue> RemoteReader::pair(const json_t* value, const std::string& name) const {
    if (!json_is_object(value)) return std::nullopt;
    LabelledValue out{map(member(value, "label"), name), map(member(value, "value"), name)};
    if (out.value.empty()) return std::nullopt;
    if (out.label.empty()) out.label = in("en", "Attribution");
    return out;
}

std::string RemoteReader::text(const json_t* value, const std::string& name) const {
    const auto values = all(value);
    if (values.empty()) return "";
    if (!json_is_string(value)) say("its " + name + " is not one text", json::id(values.front()).empty());
    return values::clean(json::id(values.front()));
}

std::vector<ExternalLink> RemoteReader::links(const json_t* value, const std::string& name) const {
    std::vector<ExternalLink> out;
    for (const json_t* one : some(value)) {
        ExternalLink link;
        link.id = json::id(one);
        if (!json::is_address(link.id)) {
            say("its " + name + " has no address", true);
            continue;
        }
        link.type = json::text(one, "type");
        link.format = json::text(one, "format");
        link.profile = json::text(one, "profile");
        link.label = map(member(one, "label"), "label of " + name);
        if (link.label.empty()) link.label.add("none", link.id);
        out.push_back(std::move(link));
    }
    return out;
}

std::vector<Agent> RemoteReader::providers(const json_t* value) const {
    std::vector<Agent> out;
    for (const json_t* one : some(value)) {
        Agent agent;
        agent.id = json::id(one);
        agent.label = map(member(one, "label"), "label of provider");
        agent.homepage = links(member(one, "homepage"), "homepage of provider");
        agent.see_also = links(member(one, "seeAlso"), "seeAlso of provider");
        for (const json_t* logo : some(member(one, "logo"))) {
            if (auto image = served_image(logo)) agent.logo.push_back(std::move(*image));
        }
        if (!json::is_address(agent.id)) agent.id = agent.homepage.empty() ? "" : agent.homepage.front().id;
        if (agent.id.empty()) {
            say("its provider has no id with http or https, and is left out", true);
            continue;
        }
        if (agent.label.empty()) {
            say("its provider has no label", false);
            agent.label.add("none", label_from(agent.id));
        }
        out.push_back(std::move(agent));
    }
    return out;
}

// Appendix of 3.0: rights are a URI of Creative Commons or RightsStatements.org. Other terms are to be shown all the
// same.
void RemoteReader::rights(const json_t* from, std::string& rights, std::optional<LabelledValue>& statement) const {
    statement = pair(member(from, "requiredStatement"), "requiredStatement");
    const std::string given = text(member(from, "rights"), "rights");
    if (given.empty()) return;
    rights = rights_uri_in(given);
    if (!rights.empty()) return;
    say("its rights are not of creativecommons.org or rightsstatements.org: \"" +
            std::string(json::beginning(given, 200)) + "\"; they are shown as a text that is required",
        false);
    if (!statement) statement = LabelledValue{in("en", "Rights"), {}};
    statement->value.add("none", given);
}

void RemoteReader::describe(const json_t* from, Descriptive& says) const {
    says.label = map(member(from, "label"), "label");
    says.summary = map(member(from, "summary"), "summary");
    for (const json_t* one : some(member(from, "metadata"))) {
        if (auto labelled = pair(one, "metadata")) says.metadata.push_back(std::move(*labelled));
    }
    rights(from, says.rights, says.required_statement);
    if (const std::string date = text(member(from, "navDate"), "navDate"); !date.empty()) {
        const auto meaning = values::nav_date(date);
        if (meaning.value) says.nav_date = *meaning.value;
        if (!meaning.value) say("its navDate " + meaning.problem, true);
    }
    says.provider = providers(member(from, "provider"));
    says.homepage = links(member(from, "homepage"), "homepage");
    says.see_also = links(member(from, "seeAlso"), "seeAlso");
    says.rendering = links(member(from, "rendering"), "rendering");
    for (const json_t* one : some(member(from, "behavior"))) {
        constexpr std::array kOfCanvas = {"facing-pages", "non-paged", "auto-advance", "no-auto-advance"};
        if (std::ranges::find(kOfCanvas, json::text(one)) != kOfCanvas.end())
            says.behavior.emplace_back(json::text(one));
    }
}

Shown RemoteReader::shown(const json_t* resource, std::string_view uri) const {
    Shown out;
    Reference& whole = out.reference;
    Descriptive says;
    describe(resource, says);
    whole.id = uri;
    whole.collection = json::type(resource).ends_with("Collection");
    whole.label = std::move(says.label);
    if (whole.label.empty()) {
        say("it has no label; its address is shown instead", false);
        whole.label = LanguageMap(label_from(uri));
    }
    whole.required_statement = std::move(says.required_statement);
    whole.rights = std::move(says.rights);
    whole.nav_date = std::move(says.nav_date);
    whole.provider = std::move(says.provider);
    whole.thumbnail = first_image(member(resource, "thumbnail"));
    for (const json_t* one : all(member(resource, "items"))) {
        if (json::type(one) != "Canvas") continue;
        if (auto read = canvas(one, whole)) out.canvases.push_back(std::move(*read));
    }
    return out;
}

std::optional<Canvas> RemoteReader::canvas(const json_t* from, const Reference& manifest) const {
    const std::string id(without_fragment(json::id(from)));
    if (!json::is_address(id)) return std::nullopt;
    Canvas out;
    out.foreign.emplace();
    out.foreign->id = id;
    out.extent = {pixels(member(from, "width")), pixels(member(from, "height"))};
    if (out.extent.width == 0 || out.extent.height == 0) out.extent = {};
    if (const json_t* const duration = member(from, "duration");
        json_is_number(duration) && std::isfinite(json_number_value(duration)) && json_number_value(duration) > 0) {
        out.foreign->duration = json::dump(duration);
    }
    if (out.extent.width == 0 && out.foreign->duration.empty()) {
        say("its canvas \"" + id + "\" has no width and height; it is left out", true);
        return std::nullopt;
    }
    describe(from, out.says);
    if (out.says.label.empty()) {
        say("its canvas \"" + id + "\" has no label", false);
        out.says.label = LanguageMap(label_from(id));
    }
    if (out.says.rights.empty()) out.says.rights = manifest.rights;
    if (!out.says.required_statement) out.says.required_statement = manifest.required_statement;
    if (out.says.provider.empty()) out.says.provider = manifest.provider;
    out.foreign->part_of.id = manifest.id;
    out.foreign->part_of.label = manifest.label;

    const Json pages = owned(json_array());
    for (const json_t* one : all(member(from, "items"))) {
        const std::string page_id = id + "/page/" + std::to_string(json_array_size(pages.get()) + 1);
        if (const Json read = page(one, page_id, *out.foreign)) (void)json_array_append(pages.get(), read.get());
    }
    if (json_array_size(pages.get()) == 0) say("its canvas \"" + id + "\" shows no image", true);
    out.foreign->items = json::dump(pages.get());
    out.thumbnail = first_image(member(from, "thumbnail"));
    if (!out.thumbnail) {
        if (const Json thumbnail = thumbnail_json(from)) out.thumbnail = served_image(thumbnail.get());
    }
    return out;
}

}  // namespace iiif::presentation
