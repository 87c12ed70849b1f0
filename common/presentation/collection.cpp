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

std::optional<ServedImage> Builder::thumbnail_of(const Listed& one) {
    auto own = thumbnail_of(one.thumbnail);
    return own ? own : one.of_another;
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

// Images (its own, or canvases of others) and no objects below: a Manifest. Objects below, or such of others: a
// Collection, with its images as one of them. nullopt: nothing to show.
std::optional<Builder::Listed> Builder::listed(const Sidecar& above, std::string_view path, unsigned depth) {
    if (depth >= kDeepest || is_cancelled()) return std::nullopt;
    const auto view = reader_.view(path);
    if (!view) {
        leave_out(std::string(path), view.error());
        return std::nullopt;
    }
    About about = describer_.folder_in(above, path, view->sidecar);
    if (!about.published && view->sidecar.guarded) complain_about(*view);  // else nobody knows why it is not there
    if (!about.published || about.withdrawn) return std::nullopt;

    const auto images = in_order(*view);
    const auto canvases = others(*view);
    const auto& references = view->included.references;
    const bool is_object = (!images.empty() || !canvases.empty()) && view->sidecar.objects != Objects::files;
    const std::optional<Listed> below = first_below(*view, depth);
    if (!is_object && images.empty() && !below && references.empty()) return std::nullopt;

    Listed out;
    const bool is_manifest =
        view->sidecar.objects == Objects::chapters ? is_object || below : is_object && !below && references.empty();
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
    if (below) out.of_another = below->of_another;
    for (const Reference& reference : references) {
        if (!out.of_another) out.of_another = reference.thumbnail;
    }
    for (const protocol::Canvas& canvas : canvases) {
        const bool chosen = protocol::id_of(canvas) == view->sidecar.thumbnail;
        if (chosen || !out.of_another) out.of_another = canvas.thumbnail;
        if (chosen) out.thumbnail.clear();
    }
    return out;
}

// What is written again and again (a Collection that includes itself) is there once.
void Builder::add_references(const View& view, Collection& to) {
    const std::string own = protocol::id_at(to.base, Resource::collection);
    for (const Reference& reference : view.included.references) {
        const auto same = std::ranges::find(to.items, reference.id, &Reference::id);
        if (addresses_.in_this_version(reference.id) == own || same != to.items.end()) {
            complain('"' + view.path + "\": " + reference.id + " is in this Collection already, or is itself");
        } else {
            to.items.push_back(reference);
        }
    }
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

    const auto canvases = others(*view);
    if (view->sidecar.objects == Objects::files) {
        if (auto done = add_files(*view, collection); !done) return tl::unexpected(done.error());
        if (!canvases.empty())
            complain('"' + std::string(path) + "\": canvases are shown in Manifests; this folder is none");
    } else if (const auto images = in_order(*view); !images.empty() || !canvases.empty()) {
        Reference own;
        own.id = addresses_.id(path, Resource::manifest);
        own.label = collection.says.label;
        own.nav_date = collection.says.nav_date;
        own.thumbnail = images.empty() ? canvases.front().thumbnail : thumbnail_of(joined(path, images.front()->name));
        collection.items.push_back(std::move(own));
    }
    if (view->sidecar.objects != Objects::chapters) {
        for (const source::Entry& folder : view->folders) {
            if (is_cancelled()) return tl::unexpected(cancelled_refusal());
            auto item = listed(view->sidecar, joined(path, folder.name), 0);
            if (!item) continue;
            item->reference.thumbnail = thumbnail_of(*item);
            collection.items.push_back(std::move(item->reference));
        }
    }
    add_references(*view, collection);
    if (collection.items.empty() && !path.empty()) return refuse(404, "this folder holds nothing that can be shown");
    const auto chosen = std::ranges::find(canvases, view->sidecar.thumbnail, protocol::id_of);
    if (chosen != canvases.end()) {
        collection.thumbnail = chosen->thumbnail;
    } else if (!view->sidecar.thumbnail.empty()) {
        collection.thumbnail = thumbnail_of(joined(path, view->sidecar.thumbnail));
    } else if (!collection.items.empty()) {
        collection.thumbnail = collection.items.front().thumbnail;
    }
    collection.part_of = collection_above(path);
    return collection;
}

}  // namespace iiif::presentation
