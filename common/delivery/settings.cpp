// SPDX-License-Identifier: Apache-2.0
#include "delivery/settings.h"

#include <jansson.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

#include "delivery/values.h"

namespace iiif::delivery {
namespace {

constexpr unsigned kMany = UINT_MAX;

using Check = std::string (*)(std::span<const std::string>);  // "" or what is allowed

struct Row {
    iiif_directive directive;
    bool repeatable;
    Check check;
};

constexpr iiif_scope L = IIIF_SCOPE_LOCATION;
constexpr iiif_scope S = IIIF_SCOPE_SERVER;

// Kept in the order of docs/directives.md.
const std::array kRows = {
    Row{{"iiif", "IIIF", L, 1, 1, "on | off"}, false, values::check_switch},
    Row{{"root", "IIIFRoot", L, 1, 1, "DIRECTORY"}, false, values::check_absolute_path},
    Row{{"map", "IIIFMap", L, 2, 2, "REGEX TEMPLATE"}, true, values::check_map},
    Row{{"map_file", "IIIFMapFile", L, 1, 2, "FILE [SIZE]"}, false, values::check_map_file},
    Row{{"source", "IIIFSource", L, 1, 1, "VALUE"}, false, values::check_nothing},
    Row{{"extensions", "IIIFExtensions", L, 1, kMany, "EXTENSION ..."}, false, values::check_extensions},
    Row{{"page_delimiter", "IIIFPageDelimiter", L, 1, 1, "CHARACTERS | off"}, false, values::check_page_delimiter},
    Row{{"max_identifier", "IIIFMaxIdentifier", L, 1, 1, "BYTES"}, false, values::check_max_identifier},
    Row{{"symlinks", "IIIFSymlinks", L, 1, 1, "beneath | off"}, false, values::check_symlinks},
    Row{{"versions", "IIIFVersions", L, 1, 2, "3 | 2 ..."}, false, values::check_versions},
    Row{{"base_uri", "IIIFBaseURI", L, 1, 1, "URI"}, false, values::check_base_uri},
    Row{{"max_width", "IIIFMaxWidth", L, 1, 1, "PIXELS"}, false, values::check_pixels},
    Row{{"max_height", "IIIFMaxHeight", L, 1, 1, "PIXELS"}, false, values::check_pixels},
    Row{{"max_area", "IIIFMaxArea", L, 1, 1, "PIXELS | off"}, false, values::check_max_area},
    Row{{"upscaling", "IIIFUpscaling", L, 1, 1, "on | off"}, false, values::check_switch},
    Row{{"formats", "IIIFFormats", L, 1, kMany, "FORMAT ..."}, false, values::check_formats},
    Row{{"preferred_formats", "IIIFPreferredFormats", L, 1, kMany, "FORMAT ..."}, false, values::check_formats},
    Row{{"qualities", "IIIFQualities", L, 1, kMany, "QUALITY ..."}, false, values::check_qualities},
    Row{{"rights", "IIIFRights", L, 1, 1, "URI"}, false, values::check_uri},
    Row{{"attribution", "IIIFAttribution", L, 1, 1, "TEXT"}, false, values::check_text},
    Row{{"logo", "IIIFLogo", L, 1, 1, "URI"}, false, values::check_uri},
    Row{{"part_of", "IIIFPartOf", L, 2, 3, "URI TYPE [LABEL]"}, true, values::check_resource},
    Row{{"see_also", "IIIFSeeAlso", L, 2, 5, "URI TYPE [LABEL [FORMAT [PROFILE]]]"}, true, values::check_resource},
    Row{{"service", "IIIFService", L, 2, 3, "URI TYPE [PROFILE]"}, true, values::check_resource},
    Row{{"presentation", "IIIFPresentation", L, 1, 1, "on | off | opt_in"}, false, values::check_presentation},
    Row{{"tile_size", "IIIFTileSize", L, 1, 1, "PIXELS"}, false, values::check_tile_size},
    Row{{"as_stored", "IIIFAsStored", L, 1, 1, "on | off"}, false, values::check_switch},
    Row{{"pyramids", "IIIFPyramids", L, 1, 2, "off | DIRECTORY [SIZE]"}, false, values::check_pyramids},
    Row{{"jpeg_quality", "IIIFJPEGQuality", L, 1, 1, "1-100"}, false, values::check_percent},
    Row{{"webp_quality", "IIIFWebPQuality", L, 1, 1, "1-100"}, false, values::check_percent},
    Row{{"avif_quality", "IIIFAVIFQuality", L, 1, 1, "1-100"}, false, values::check_percent},
    Row{{"jp2_quality", "IIIFJP2Quality", L, 1, 1, "1-100"}, false, values::check_percent},
    Row{{"png_compression", "IIIFPNGCompression", L, 1, 1, "0-9"}, false, values::check_png_compression},
    Row{{"background", "IIIFBackground", L, 1, 1, "RRGGBB"}, false, values::check_background},
    Row{{"icc", "IIIFICC", L, 1, 1, "srgb | embed"}, false, values::check_icc},
    Row{{"max_age", "IIIFMaxAge", L, 1, 1, "TIME"}, false, values::check_time},
    Row{{"pages", "IIIFPages", L, 1, 1, "on | off"}, false, values::check_switch},
    Row{{"pages_name", "IIIFPagesName", L, 1, 1, "TEXT"}, false, values::check_text},
    Row{{"pages_logo", "IIIFPagesLogo", L, 1, 1, "URI | PATH"}, false, values::check_logo},
    Row{{"pages_colour", "IIIFPagesColour", L, 1, 1, "RRGGBB"}, false, values::check_background},
    Row{{"pages_directory", "IIIFPagesDirectory", L, 1, 1, "DIRECTORY"}, false, values::check_absolute_path},

    Row{{"renderers", "IIIFRenderers", S, 1, 1, "auto | NUMBER"}, false, values::check_renderers},
    Row{{"queue", "IIIFQueue", S, 1, 2, "NUMBER [TIME]"}, false, values::check_queue},
    Row{{"timeout", "IIIFTimeout", S, 1, 1, "TIME"}, false, values::check_timeout},
    Row{{"max_pixels", "IIIFMaxPixels", S, 1, 1, "PIXELS"}, false, values::check_area},
    Row{{"renderer_memory", "IIIFRendererMemory", S, 1, 1, "SIZE"}, false, values::check_memory},
    Row{{"decoder_memory", "IIIFDecoderMemory", S, 1, 1, "SIZE"}, false, values::check_memory},
    Row{{"encoder_memory", "IIIFEncoderMemory", S, 1, 1, "SIZE"}, false, values::check_memory},
    Row{{"renderer_jobs", "IIIFRendererJobs", S, 1, 1, "NUMBER"}, false, values::check_count},
    Row{{"sandbox", "IIIFSandbox", S, 1, 1, "require | prefer | off"}, false, values::check_sandbox},
    Row{{"status", "IIIFStatus", S, 1, 1, "off | FILE"}, false, values::check_status},
    Row{{"renderer_program", "IIIFRendererProgram", S, 1, 1, "FILE"}, false, values::check_absolute_path},
    Row{{"runtime_directory", "IIIFRuntimeDirectory", S, 1, 1, "DIRECTORY"}, false, values::check_absolute_path},
};

const Row* row_named(std::string_view name) {
    const auto* row = std::ranges::find_if(kRows, [name](const Row& r) { return name == r.directive.name; });
    return row == kRows.end() ? nullptr : row;
}

const std::array<iiif_directive, kRows.size()>& table() {
    static const auto all = [] {
        std::array<iiif_directive, kRows.size()> out{};
        std::ranges::transform(kRows, out.begin(), &Row::directive);
        return out;
    }();
    return all;
}

}  // namespace

std::span<const iiif_directive> directives() {
    return table();
}

Expected<bool> Settings::set(std::string_view name, std::vector<std::string> given) {
    const Row* row = row_named(name);
    if (row == nullptr) return refuse(0, "there is no directive of this name");
    const iiif_directive& directive = row->directive;
    if (given.size() < directive.min_values || given.size() > directive.max_values) {
        return refuse(0, "wrong number of values: expected " + std::string(directive.synopsis));
    }
    if (!row->repeatable && std::ranges::any_of(entries_, [&](const Entry& e) { return e.directive == &directive; })) {
        return refuse(0, "is given twice in the same place");
    }
    for (const std::string& value : given) {
        // The words travel to the renderers as JSON.
        const std::unique_ptr<json_t, void (*)(json_t*)> word(json_stringn(value.data(), value.size()), json_decref);
        if (!word) return refuse(0, "a value is not UTF-8");
    }
    if (std::string wrong = row->check(given); !wrong.empty()) {
        std::string shown;
        for (const std::string& value : given) shown += (shown.empty() ? "\"" : " \"") + value + '"';
        return refuse(0, "invalid value " + shown + ": " + wrong);
    }
    entries_.push_back({&directive, std::move(given)});
    return true;
}

void Settings::inherit(const Settings& parent) {
    const std::size_t own = entries_.size();
    for (const Entry& entry : parent.entries_) {
        const bool said_here = std::any_of(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(own),
                                           [&](const Entry& e) { return e.directive == entry.directive; });
        if (!said_here) entries_.push_back(entry);
    }
}

std::span<const std::string> Settings::values(std::string_view name) const {
    const auto entry = std::ranges::find_if(entries_, [name](const Entry& e) { return name == e.directive->name; });
    if (entry == entries_.end()) return {};
    return entry->values;
}

bool Settings::has(std::string_view name) const {
    return std::ranges::any_of(entries_, [name](const Entry& e) { return name == e.directive->name; });
}

bool Settings::is_on(std::string_view name, bool standard) const {
    const auto given = values(name);
    return given.empty() ? standard : values::read_switch(given[0]).value_or(standard);
}

std::uint64_t Settings::number(std::string_view name, std::uint64_t standard) const {
    const auto given = values(name);
    return given.empty() ? standard : values::read_quantity(name, given[0]).value_or(standard);
}

std::string Settings::text(std::string_view name, std::string_view standard) const {
    const auto given = values(name);
    return std::string(given.empty() ? standard : std::string_view(given[0]));
}

std::string Settings::to_json() const {
    json_t* list = json_array();
    for (const Entry& entry : entries_) {
        json_t* words = json_array();
        json_array_append_new(words, json_string(entry.directive->name));
        for (const std::string& value : entry.values)
            json_array_append_new(words, json_stringn(value.data(), value.size()));
        json_array_append_new(list, words);
    }
    char* text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    std::string out = text == nullptr ? "[]" : text;
    std::free(text);
    return out;
}

Expected<Settings> Settings::from_json(std::string_view text) {
    json_t* list = json_loadb(text.data(), text.size(), 0, nullptr);
    const std::unique_ptr<json_t, void (*)(json_t*)> owner(list, json_decref);
    if (!json_is_array(list)) return refuse(0, "settings are not a JSON array");
    Settings settings;
    for (std::size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* words = json_array_get(list, i);
        if (!json_is_array(words) || json_array_size(words) < 1) return refuse(0, "a setting is not an array of words");
        std::vector<std::string> strings;
        for (std::size_t k = 0; k < json_array_size(words); ++k) {
            const json_t* word = json_array_get(words, k);
            if (!json_is_string(word)) return refuse(0, "a setting's word is not a string");
            strings.emplace_back(json_string_value(word), json_string_length(word));
        }
        // cppcheck-suppress containerOutOfBounds ; a list without words was refused
        const std::string name = strings.front();
        strings.erase(strings.begin());
        if (auto done = settings.set(name, std::move(strings)); !done) return tl::unexpected(done.error());
    }
    return settings;
}

std::uint32_t queue_wait_ms(const Settings& pool) {
    constexpr std::uint64_t kStandard = 30'000;
    const auto words = pool.values("queue");
    const auto wait = words.size() > 1 ? values::read_time_ms(words[1]) : std::nullopt;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(wait.value_or(kStandard), INT32_MAX));
}

}  // namespace iiif::delivery
