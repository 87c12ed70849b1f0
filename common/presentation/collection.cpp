// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "presentation/builder.h"

namespace iiif::presentation {

using protocol::Collection;
using protocol::Reference;
using protocol::Resource;
using protocol::ServedImage;

std::optional<ServedImage> Builder::thumbnail_of(std::string_view path) {
    if (path.empty()) return std::nullopt;
    const auto page = addresses_.split_page(path);
    for (const auto& [file, number] : {Addresses::Page{std::string(path), 1}, page}) {
        const auto entry = reader_.look_at(file);
        const auto folder = source::Folder::open(service_.root, parent_of(file));
        if (!entry || entry->is_folder || !folder) continue;
        View view;
        view.path = parent_of(file);
        view.key = folder->key();
        if (const auto facts = facts_of(view, *entry, number)) {
            return addresses_.thumbnail(addresses_.page_path(file, number), *facts);
        }
    }
    return std::nullopt;
}

std::optional<Reference> Builder::collection_at(std::string_view path) {
    const auto sidecar = reader_.sidecar_of(path);
    if (!sidecar) return std::nullopt;
    Reference reference;
    reference.id = addresses_.id(path, Resource::collection);
    reference.collection = true;
    reference.label = describer_.folder(path, *sidecar).says.label;
    return reference;
}

std::optional<Reference> Builder::collection_above(std::string_view path) {
    return path.empty() ? std::nullopt : collection_at(parent_of(path));
}

std::optional<Builder::Listed> Builder::first_below(const View& view, unsigned depth) {
    for (const source::Entry& folder : view.folders) {
        auto found = listed(view.sidecar, joined(view.path, folder.name), depth + 1);
        if (found) return found;
    }
    return std::nullopt;
}

// Images of its own and no objects below: a Manifest. Objects below: a Collection, with its own images as one of them.
// nullopt: nothing to show.
std::optional<Builder::Listed> Builder::listed(const Sidecar& above, std::string_view path, unsigned depth) {
    if (depth >= kDeepest || is_cancelled()) return std::nullopt;
    const auto view = reader_.view(path);
    if (!view) {
        leave_out(std::string(path), view.error());
        return std::nullopt;
    }
    About about = describer_.folder_in(above, path, view->sidecar);
    if (!about.published || about.withdrawn) return std::nullopt;

    const auto images = in_order(*view);
    const bool is_object = !images.empty() && view->sidecar.objects != Objects::files;
    const std::optional<Listed> below = first_below(*view, depth);
    if (images.empty() && !below) return std::nullopt;

    Listed out;
    const bool is_manifest = (is_object && !below) || view->sidecar.objects == Objects::chapters;
    out.reference.collection = !is_manifest;
    out.reference.id = addresses_.id(path, is_manifest ? Resource::manifest : Resource::collection);
    out.reference.label = std::move(about.says.label);
    out.reference.nav_date = std::move(about.says.nav_date);
    if (!view->sidecar.thumbnail.empty()) {
        out.thumbnail = joined(path, view->sidecar.thumbnail);
    } else if (!images.empty()) {
        out.thumbnail = joined(path, images.front()->name);
    } else if (below) {
        out.thumbnail = below->thumbnail;
    }
    return out;
}

Expected<bool> Builder::add_files(const View& view, Collection& to) {
    for (const source::Entry* file : in_order(view)) {
        if (is_cancelled()) return tl::unexpected(cancelled_refusal());
        const auto facts = facts_of(view, *file, 1);
        if (!facts) continue;
        const std::string path = joined(view.path, file->name);
        About about = describer_.object(path, view.sidecar, facts->embedded);
        if (!about.published) continue;
        Reference reference;
        reference.id = addresses_.id(path, Resource::manifest);
        reference.label = std::move(about.says.label);
        reference.nav_date = std::move(about.says.nav_date);
        reference.thumbnail = addresses_.thumbnail(path, *facts);
        to.items.push_back(std::move(reference));
    }
    return true;
}

Expected<Collection> Builder::collection_of(std::string_view path) {
    const auto view = reader_.view(path);
    if (!view) return tl::unexpected(view.error());
    complain_about(*view);
    Collection collection;
    collection.base = addresses_.base(path);
    About about = describer_.folder(path, view->sidecar);
    collection.says = std::move(about.says);
    // Of Manifests and Canvases only; section 3.4.
    collection.says.viewing_direction.clear();
    std::erase_if(collection.says.behavior, [](const std::string& one) {
        return one != "multi-part" && one != "together" && one != "unordered" && one != "individuals" &&
               one != "continuous" && one != "paged" && one != "auto-advance" && one != "no-auto-advance" &&
               one != "repeat" && one != "no-repeat";
    });
    withdrawn_ = about.withdrawn;
    if (withdrawn_) return collection;

    if (view->sidecar.objects == Objects::files) {
        if (auto done = add_files(*view, collection); !done) return tl::unexpected(done.error());
    } else if (const auto images = in_order(*view); !images.empty()) {
        Reference own;
        own.id = addresses_.id(path, Resource::manifest);
        own.label = collection.says.label;
        own.nav_date = collection.says.nav_date;
        own.thumbnail = thumbnail_of(joined(path, images.front()->name));
        collection.items.push_back(std::move(own));
    }
    if (view->sidecar.objects != Objects::chapters) {
        for (const source::Entry& folder : view->folders) {
            if (is_cancelled()) return tl::unexpected(cancelled_refusal());
            auto item = listed(view->sidecar, joined(path, folder.name), 0);
            if (!item) continue;
            item->reference.thumbnail = thumbnail_of(item->thumbnail);
            collection.items.push_back(std::move(item->reference));
        }
    }
    if (collection.items.empty() && !path.empty()) return refuse(404, "this folder holds nothing that can be shown");
    if (!view->sidecar.thumbnail.empty()) {
        collection.thumbnail = thumbnail_of(joined(path, view->sidecar.thumbnail));
    } else if (!collection.items.empty()) {
        collection.thumbnail = collection.items.front().thumbnail;
    }
    collection.part_of = collection_above(path);
    return collection;
}

}  // namespace iiif::presentation
