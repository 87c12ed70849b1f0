// SPDX-License-Identifier: Apache-2.0
#include "presentation/sidecar.h"

#include "presentation/about.h"
#include "presentation/sidecar_table.h"
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

Sidecar read_sidecar(const SidecarText* sidecar, const SidecarText* table) {
    Sidecar out;
    if (sidecar != nullptr) read_yaml_sidecar(*sidecar, out);
    if (table == nullptr) return out;

    Sidecar rows;
    read_table(*table, rows);
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
    return out;
}

}  // namespace iiif::presentation
