// SPDX-License-Identifier: Apache-2.0
#include "presentation/build.h"

#include <sys/stat.h>

#include "presentation/builder.h"
#include "source/transforms.h"

namespace iiif::presentation {
namespace {

using protocol::Canvas;
using protocol::Manifest;
using protocol::Range;
using protocol::Reference;
using protocol::Resource;

Reference reference_to(const Manifest& manifest) {
    Reference reference;
    reference.id = protocol::id_at(manifest.base, Resource::manifest);
    reference.label = manifest.says.label;
    return reference;
}

const Range* find_range(const std::vector<Range>& ranges, const std::string& id) {
    for (const Range& range : ranges) {
        if (range.id == id) return &range;
        if (const Range* const inner = find_range(range.ranges, id)) return inner;
    }
    return nullptr;
}

Refusal not_found(std::string_view path) {
    return {404, "there is no folder and no image \"" + source::readable(path) + "\" here"};
}

struct Target {
    std::string path;  // of the folder or file
    std::uint32_t page = 1;
    bool is_folder = false;
};

// A folder or file of the whole name; else a page of a file.
std::optional<Target> find_target(Builder& builder, const std::string& path) {
    if (path.empty()) return Target{"", 1, true};
    if (!source::is_servable(path)) return std::nullopt;
    if (const auto entry = builder.reader().look_at(path)) return Target{path, 1, entry->is_folder};
    const auto page = builder.addresses().split_page(path);
    if (page.path == path || !source::is_servable(page.path)) return std::nullopt;
    const auto entry = builder.reader().look_at(page.path);
    if (!entry || entry->is_folder) return std::nullopt;
    return Target{page.path, page.page, false};
}

// The Manifest in which what lies at the target is a canvas or a range.
Expected<Manifest> manifest_around(Builder& builder, const Target& target) {
    const std::string folder(target.is_folder ? target.path : std::string(parent_of(target.path)));
    const auto object = builder.object_of(folder);
    return object ? builder.manifest_of_folder(*object) : builder.manifest_of_file(target.path);
}

Expected<std::string> part_of(Builder& builder, const Target& target, const delivery::Request& request) {
    const Resource resource = request.presentation->resource;
    const auto manifest = manifest_around(builder, target);
    if (!manifest) return tl::unexpected(manifest.error());
    const Reference whole = reference_to(*manifest);
    if (resource == Resource::range) {
        const Range* const range = find_range(manifest->ranges, request.id);
        if (range == nullptr) return refuse(404, "there is no such part here");
        return protocol::range_json(request.version, *range, whole);
    }
    const std::string id =
        builder.addresses().id(builder.addresses().page_path(target.path, target.page), Resource::canvas);
    for (const Canvas& canvas : manifest->canvases) {
        if (protocol::id_of(canvas) == id) return protocol::canvas_json(request.version, resource, canvas, whole);
    }
    return refuse(404, "there is no such page here");
}

// For what needs to know of no file what is in it.
class Looking {
public:
    Looking(const delivery::Service& service, const delivery::Request& request)
        : builder_(service, request, sources_, watch_) {}
    Builder& builder() { return builder_; }

private:
    FactStore none_{0};
    Sources sources_{{}, none_, {}};
    Watch watch_;
    Builder builder_;
};

}  // namespace

bool is_there(const delivery::Service& service, const delivery::Request& request) {
    Looking looking(service, request);
    return find_target(looking.builder(), request.presentation->path).has_value();
}

std::optional<std::string> location_of(const delivery::Service& service, const delivery::Request& request,
                                       const std::string& path) {
    Looking looking(service, request);
    Builder& builder = looking.builder();
    const auto target = find_target(builder, path);
    if (!target) return std::nullopt;
    if (target->is_folder) {
        const bool collection =
            request.presentation->resource == Resource::collection || !builder.has_manifest(target->path);
        return builder.addresses().id(target->path, collection ? Resource::collection : Resource::manifest);
    }
    const std::string_view folder = parent_of(target->path);
    const auto sidecar = builder.reader().sidecar_of(folder);
    const Item* const item = sidecar ? sidecar->item(last_of(target->path)) : nullptr;
    const bool withdrawn = item != nullptr && item->withdrawn;
    const auto object = withdrawn ? std::nullopt : builder.object_of(folder);
    return builder.addresses().id(object ? *object : target->path, Resource::manifest);
}

Expected<Document> build(const delivery::Service& service, const delivery::Request& request, const Sources& sources,
                         Watch& watch) {
    Builder builder(service, request, sources, watch);
    const auto target = find_target(builder, request.presentation->path);
    if (!target) return tl::unexpected(not_found(request.presentation->path));

    Document document;
    switch (request.presentation->resource) {
        case Resource::collection: {
            if (!target->is_folder) return refuse(404, "this is an image; it has a manifest.json");
            const auto collection = builder.collection_of(target->path);
            if (!collection) return tl::unexpected(collection.error());
            document.json = protocol::collection_json(request.version, *collection);
            break;
        }
        case Resource::manifest:
        case Resource::sequence: {
            if (target->page != 1) return refuse(404, "a page has no manifest.json of its own; its file has one");
            const auto manifest =
                target->is_folder ? builder.manifest_of_folder(target->path) : builder.manifest_of_file(target->path);
            if (!manifest) return tl::unexpected(manifest.error());
            document.json = request.presentation->resource == Resource::sequence
                                ? protocol::sequence_json(*manifest)
                                : protocol::manifest_json(request.version, *manifest);
            break;
        }
        default: {
            auto json = part_of(builder, *target, request);
            if (!json) return tl::unexpected(json.error());
            document.json = std::move(*json);
            break;
        }
    }
    // What was left out because time was over must not look as if it were not there.
    if (sources.cancelled && sources.cancelled()) return tl::unexpected(cancelled_refusal());
    if (builder.is_withdrawn()) document.status = 410;
    document.complete = builder.is_complete();
    document.complaints = std::move(builder.complaints());
    return document;
}

}  // namespace iiif::presentation
