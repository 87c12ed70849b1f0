// SPDX-License-Identifier: Apache-2.0
#include "presentation/about.h"

#include <algorithm>
#include <utility>

#include "presentation/sidecar_values.h"

namespace iiif::presentation {
namespace {

using protocol::Descriptive;
using protocol::LabelledValue;
using protocol::LanguageMap;

LanguageMap in_english(std::string text) {
    LanguageMap map;
    map.add("en", std::move(text));
    return map;
}

template <class T>
void fill_one(T& to, const T& from) {
    if (to.empty()) to = from;
}

void fill_rights(Descriptive& to, const Descriptive& from) {
    fill_one(to.rights, from.rights);
    fill_one(to.provider, from.provider);
    if (!to.required_statement) to.required_statement = from.required_statement;
}

bool has_rights(const Descriptive& says) {
    return !says.rights.empty() && !says.provider.empty() && says.required_statement;
}

// What a file says of itself, where nobody has written anything.
Descriptive said_by(const Embedded& embedded) {
    Descriptive says;
    says.label = embedded.title;
    for (const auto& [language, texts] : embedded.description.all()) {
        for (const std::string& text : texts) says.summary.add(language, values::as_text(text));
    }
    says.rights = embedded.rights;
    const auto add = [&says](const char* label, const std::string& value) {
        if (!value.empty()) says.metadata.push_back({in_english(label), LanguageMap(values::as_text(value))});
    };
    add("Creator", embedded.creator);
    add("Date", embedded.date);
    add("Credit", embedded.credit);
    add("Copyright", embedded.copyright);
    return says;
}

}  // namespace

void fill(Descriptive& to, const Descriptive& from) {
    fill_one(to.label, from.label);
    fill_one(to.summary, from.summary);
    fill_one(to.metadata, from.metadata);
    fill_one(to.nav_date, from.nav_date);
    fill_one(to.homepage, from.homepage);
    fill_one(to.see_also, from.see_also);
    fill_one(to.rendering, from.rendering);
    fill_one(to.behavior, from.behavior);
    fill_one(to.viewing_direction, from.viewing_direction);
    fill_rights(to, from);
}

std::string made_readable(std::string_view name, bool is_file) {
    if (is_file) {
        const auto dot = name.rfind('.');
        if (dot != std::string_view::npos && dot > 0) name = name.substr(0, dot);
    }
    std::string out;
    for (const char c : name) {
        const char letter = c == '_' ? ' ' : c;
        if (letter == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += letter;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out.empty() ? std::string(name) : out;
}

bool Describer::is_published(std::string_view path, std::optional<bool> own, std::optional<bool> row) const {
    if (own) return *own;
    if (row) return *row;
    return service_.presentation != delivery::Presentation::opt_in && !service_.published_only &&
           !service_.is_apart(path, asked_);
}

namespace {

bool says_publish(const Sidecar& own, const Item* row) {
    return own.publish || (row != nullptr && row->publish);
}

}  // namespace

void Describer::inherit(std::string_view folder_path, Descriptive& says) {
    std::string_view path = folder_path;
    while (!path.empty() && !has_rights(says)) {
        path = parent_of(path);
        if (const auto sidecar = reader_.sidecar_of(path)) fill_rights(says, sidecar->says);
    }
    fill_one(says.rights, service_.info.rights);
    if (!says.required_statement && !service_.info.attribution.empty()) {
        says.required_statement = LabelledValue{in_english("Attribution"), LanguageMap(service_.info.attribution)};
    }
}

About Describer::folder(std::string_view path, const Sidecar& own) {
    if (path.empty()) {
        About about{own.says, own.withdrawn, is_published(path, own.publish, std::nullopt), own.scale};
        if (about.says.label.empty()) {
            about.says.label = LanguageMap(made_readable(last_of(service_.root.directory()), false));
        }
        inherit(path, about.says);
        return about;
    }
    const auto above = reader_.sidecar_of(parent_of(path));
    return folder_in(above ? *above : Sidecar{}, path, own);
}

About Describer::folder_in(const Sidecar& above, std::string_view path, const Sidecar& own) {
    About about{own.says, own.withdrawn, true, own.scale};
    const Item* const row = above.item(last_of(path));
    if (row != nullptr) {
        fill(about.says, row->says);
        about.withdrawn = about.withdrawn || row->withdrawn;
        if (!about.scale) about.scale = row->scale;
    }
    // Whoever writes `publish` knows of an .htaccess.
    about.published = (!own.guarded || says_publish(own, row)) &&
                      is_published(path, own.publish, row == nullptr ? std::nullopt : row->publish);
    if (about.says.label.empty()) about.says.label = LanguageMap(made_readable(last_of(path), false));
    fill_rights(about.says, above.says);
    inherit(parent_of(path), about.says);
    return about;
}

About Describer::image(const Sidecar& folder, std::string_view name, std::uint32_t page, std::uint32_t pages,
                       const Embedded& embedded) {
    About about;
    about.scale = folder.scale;
    const Item* const item = folder.item(name);
    if (item != nullptr) {
        about.says = item->says;
        about.withdrawn = item->withdrawn;
        if (item->scale) about.scale = item->scale;
    }
    if (pages > 1) {
        // What the file says of itself is of all its pages.
        if (about.says.label.empty()) about.says.label = LanguageMap(std::to_string(page));
        return about;
    }
    fill(about.says, said_by(embedded));
    if (about.says.label.empty()) about.says.label = LanguageMap(made_readable(name, true));
    return about;
}

bool Describer::is_shown(const Sidecar& sidecar, std::string_view folder, std::string_view name) const {
    const Item* const item = sidecar.item(name);
    if (item != nullptr && item->withdrawn) return false;
    if (item != nullptr && item->publish) return *item->publish;
    return !service_.is_apart(joined(folder, name), folder);
}

bool Describer::is_chapter(const Sidecar& sidecar, std::string_view folder, std::string_view name,
                           const Sidecar& own) const {
    if (own.publish == false || own.withdrawn || !is_shown(sidecar, folder, name)) return false;
    return !(own.guarded || service_.published_only) || says_publish(own, sidecar.item(name));
}

About Describer::object(std::string_view path, const Sidecar& folder, const Embedded& embedded) {
    About about = image(folder, last_of(path), 1, 1, embedded);
    const Item* const item = folder.item(last_of(path));
    about.published = is_published(path, item == nullptr ? std::nullopt : item->publish, folder.publish);
    fill_rights(about.says, folder.says);
    inherit(parent_of(path), about.says);
    return about;
}

}  // namespace iiif::presentation
