// SPDX-License-Identifier: Apache-2.0
#include "presentation/sidecar.h"

#include "presentation/about.h"
#include "presentation/sidecar_table.h"
#include "presentation/sidecar_values.h"
#include "presentation/sidecar_yaml.h"

namespace iiif::presentation {

const Item* Sidecar::item(std::string_view name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? nullptr : &items[place->second];
}

Item& Sidecar::make_item(std::string_view name) {
    const auto place = places_.find(name);
    if (place != places_.end()) return items[place->second];
    places_.emplace(name, items.size());
    items.emplace_back();
    items.back().name = name;
    return items.back();
}

namespace {

void keep_as_text(protocol::LanguageMap& map) {
    protocol::LanguageMap out;
    for (const auto& [language, texts] : map.all()) {
        for (const std::string& text : texts) out.add(language, values::as_text(text));
    }
    map = std::move(out);
}

void keep_as_text(protocol::Descriptive& says) {
    keep_as_text(says.summary);
    for (protocol::LabelledValue& pair : says.metadata) keep_as_text(pair.value);
    if (says.required_statement) keep_as_text(says.required_statement->value);
}

void add_rows(Sidecar& rows, Sidecar& out) {
    fill(out.says, rows.says);
    if (!out.publish) out.publish = rows.publish;
    if (!out.scale) out.scale = rows.scale;
    out.withdrawn = out.withdrawn || rows.withdrawn;
    if (out.order.empty()) out.order = std::move(rows.order);
    if (out.identifiers.empty()) out.identifiers = std::move(rows.identifiers);
    for (Item& row : rows.items) {
        Item& item = out.make_item(row.name);
        fill(item.says, row.says);
        if (!item.publish) item.publish = row.publish;
        if (!item.scale) item.scale = std::move(row.scale);
        item.withdrawn = item.withdrawn || row.withdrawn;
        if (item.identifiers.empty()) item.identifiers = std::move(row.identifiers);
        if (item.line == 0) item.line = row.line;
    }
    out.problems.insert(out.problems.end(), rows.problems.begin(), rows.problems.end());
}

}  // namespace

Sidecar read_sidecar(const SidecarText* sidecar, const SidecarText* table) {
    Sidecar out;
    if (sidecar != nullptr) read_yaml_sidecar(*sidecar, out);
    if (table != nullptr) {
        Sidecar rows;
        read_table(*table, rows);
        add_rows(rows, out);
    }
    keep_as_text(out.says);
    for (Item& item : out.items) keep_as_text(item.says);
    return out;
}

}  // namespace iiif::presentation
