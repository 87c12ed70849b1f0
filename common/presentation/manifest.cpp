// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include "presentation/builder.h"

namespace iiif::presentation {

using protocol::Canvas;
using protocol::Manifest;
using protocol::Range;
using protocol::Resource;

Refusal cancelled_refusal() {
    return {503, "this could not be put together in time; try again, what has been read is remembered"};
}

void Builder::complain(std::string sentence) {
    if (complaints_.size() < kMostComplaints) complaints_.push_back(std::move(sentence));
}

void Builder::leave_out(const std::string& path, const Refusal& refusal) {
    complete_ = false;
    complain('"' + path + "\" is left out: " + refusal.sentence);
}

void Builder::complain_about(const View& view) {
    for (const Problem& problem : view.sidecar.problems) {
        const std::string line = problem.line == 0 ? "" : ", line " + std::to_string(problem.line);
        complain('"' + joined(view.path, problem.file) + '"' + line + ": " + problem.sentence);
    }
}

std::shared_ptr<const Facts> Builder::facts_of(const View& view, const source::Entry& file, std::uint32_t page) {
    watch_.saw(view.path, view.key, file.name, &file.key);
    if (auto known = sources_.kept.find(file.key, page)) return known;
    const std::string path = joined(view.path, file.name);
    auto facts = sources_.facts(path, page);
    if (!facts) {
        leave_out(path, facts.error());
        return nullptr;
    }
    return sources_.kept.keep(file.key, page, std::move(*facts));
}

// Those that the sidecar orders, then the others.
std::vector<const source::Entry*> Builder::in_order(const View& view) const {
    std::vector<const source::Entry*> first;
    std::unordered_map<std::string_view, const source::Entry*> left;
    if (!view.sidecar.order.empty()) {
        for (const source::Entry& image : view.images) left.emplace(image.name, &image);
    }
    for (const std::string& name : view.sidecar.order) {
        const auto found = left.find(name);
        if (found == left.end()) continue;
        first.push_back(found->second);
        left.erase(found);
    }
    for (const source::Entry& image : view.images) {
        if (view.sidecar.order.empty() || left.contains(image.name)) first.push_back(&image);
    }
    std::erase_if(first,
                  [&](const source::Entry* one) { return !describer_.is_shown(view.sidecar, view.path, one->name); });
    return first;
}

Canvas Builder::canvas_of(const View& view, std::string_view name, std::uint32_t page, const Facts& facts) {
    const std::string page_path = addresses_.page_path(joined(view.path, name), page);
    // What is said of "book.pdf" is said of the whole file, of its first page under the name "book.pdf;1".
    const std::uint32_t pages = addresses_.pages_of(facts);
    About about = Describer::image(view.sidecar, pages > 1 ? addresses_.numbered(name, page) : std::string(name), page,
                                   pages, facts.embedded);
    Canvas canvas;
    canvas.base = addresses_.base(page_path);
    canvas.extent = facts.extent;
    canvas.says = std::move(about.says);
    canvas.image = addresses_.image(page_path, facts);
    canvas.thumbnail = addresses_.thumbnail(page_path, facts);
    canvas.scale = std::move(about.scale);
    return canvas;
}

// Each page of a file that has several; these are a part of their own, unless nothing else is in the object.
Expected<bool> Builder::add_file(const View& view, const source::Entry& file, Manifest& to, Range* part) {
    auto facts = facts_of(view, file, 1);
    if (!facts) return true;
    const auto first = facts;
    const std::uint32_t pages = std::min(addresses_.pages_of(*first), kMostPages);
    Range of_file;
    for (std::uint32_t page = 1; page <= pages; ++page) {
        if (is_cancelled()) return tl::unexpected(cancelled_refusal());
        if (to.canvases.size() >= kMostCanvases) {
            return refuse(403, "this holds more than " + std::to_string(kMostCanvases) +
                                   " images; make sub-folders objects of their own");
        }
        if (page > 1) facts = facts_of(view, file, page);
        if (!facts) continue;
        to.canvases.push_back(canvas_of(view, file.name, page, *facts));
        of_file.canvases.push_back(protocol::id_of(to.canvases.back()));
    }
    if (pages > 1) {
        const std::string path = joined(view.path, file.name);
        of_file.id = addresses_.id(path, Resource::range);
        of_file.label = Describer::image(view.sidecar, file.name, 1, 1, first->embedded).says.label;
        (part != nullptr ? part->ranges : to.ranges).push_back(std::move(of_file));
    } else if (part != nullptr) {
        part->canvases.insert(part->canvases.end(), of_file.canvases.begin(), of_file.canvases.end());
    }
    return true;
}

Expected<bool> Builder::add_canvases(const View& view, Manifest& to, Range* part) {
    for (const source::Entry* file : in_order(view)) {
        if (is_cancelled()) return tl::unexpected(cancelled_refusal());
        if (auto done = add_file(view, *file, to, part); !done) return done;
    }
    return true;
}

// Each sub-folder that has images, in it or further down, is a part.
Expected<bool> Builder::add_chapters(const View& view, Manifest& to, unsigned depth) {
    if (depth >= kDeepest) return true;
    for (const source::Entry& folder : view.folders) {
        if (!describer_.is_shown(view.sidecar, view.path, folder.name)) continue;
        const std::string path = joined(view.path, folder.name);
        const auto inner = reader_.view(path);
        if (!inner || inner->sidecar.publish == false || inner->sidecar.withdrawn) continue;
        Range part;
        part.id = addresses_.id(path, Resource::range);
        part.label = describer_.folder_in(view.sidecar, path, inner->sidecar).says.label;
        if (auto done = add_canvases(*inner, to, &part); !done) return done;
        Manifest below;
        below.canvases.swap(to.canvases);
        auto done = add_chapters(*inner, below, depth + 1);
        to.canvases.swap(below.canvases);
        if (!done) return done;
        part.ranges.insert(part.ranges.end(), below.ranges.begin(), below.ranges.end());
        if (!part.canvases.empty() || !part.ranges.empty()) to.ranges.push_back(std::move(part));
    }
    return true;
}

namespace {

Range written(const Chapter& chapter, const std::string& id, const Addresses& addresses, const View& view,
              const std::vector<std::string>& known) {
    Range range;
    range.id = id + ".json";
    range.label = chapter.label;
    for (const std::string& name : chapter.items) {
        const auto page = addresses.split_page(name);
        const std::string canvas =
            addresses.id(addresses.page_path(joined(view.path, page.path), page.page), Resource::canvas);
        if (std::ranges::binary_search(known, canvas)) range.canvases.push_back(canvas);
    }
    unsigned number = 0;
    for (const Chapter& inner : chapter.chapters) {
        Range below = written(inner, id + '-' + std::to_string(++number), addresses, view, known);
        if (!below.canvases.empty() || !below.ranges.empty()) range.ranges.push_back(std::move(below));
    }
    return range;
}

}  // namespace

void Builder::add_written_chapters(const View& view, Manifest& to) {
    std::vector<std::string> known;
    known.reserve(to.canvases.size());
    for (const Canvas& canvas : to.canvases) known.push_back(protocol::id_of(canvas));
    std::ranges::sort(known);
    unsigned number = 0;
    for (const Chapter& chapter : view.sidecar.chapters) {
        const std::string id = addresses_.base(view.path) + "/range-" + std::to_string(++number);
        Range range = written(chapter, id, addresses_, view, known);
        if (!range.canvases.empty() || !range.ranges.empty()) to.ranges.push_back(std::move(range));
    }
}

void Builder::finish(Manifest& manifest, std::string_view path, const Sidecar& sidecar) {
    const auto named = [&](const std::string& name) -> const Canvas* {
        if (name.empty()) return nullptr;
        const auto page = addresses_.split_page(joined(path, name));
        const std::string id = addresses_.id(addresses_.page_path(page.path, page.page), Resource::canvas);
        const auto found =
            std::ranges::find_if(manifest.canvases, [&](const Canvas& one) { return protocol::id_of(one) == id; });
        return found == manifest.canvases.end() ? nullptr : &*found;
    };
    if (const Canvas* const start = named(sidecar.start)) manifest.start = protocol::id_of(*start);
    const Canvas* const shown = named(sidecar.thumbnail);
    if (shown != nullptr) {
        manifest.thumbnail = shown->thumbnail;
    } else if (!manifest.canvases.empty()) {
        manifest.thumbnail = manifest.canvases.front().thumbnail;
    }
}

Expected<Manifest> Builder::manifest_of_folder(std::string_view path) {
    const auto view = reader_.view(path);
    if (!view) return tl::unexpected(view.error());
    complain_about(*view);
    Manifest manifest;
    manifest.base = addresses_.base(path);
    About about = describer_.folder(path, view->sidecar);
    manifest.says = std::move(about.says);
    withdrawn_ = about.withdrawn;
    if (withdrawn_) return manifest;
    if (view->sidecar.objects == Objects::files) {
        return refuse(404, "each file of this folder is an object of its own; its collection.json lists them");
    }
    if (auto done = add_canvases(*view, manifest, nullptr); !done) return tl::unexpected(done.error());
    // A file alone is the object, not a part of it.
    if (view->images.size() == 1 && view->sidecar.objects != Objects::chapters) manifest.ranges.clear();
    if (view->sidecar.objects == Objects::chapters) {
        if (auto done = add_chapters(*view, manifest, 0); !done) return tl::unexpected(done.error());
    }
    if (manifest.canvases.empty()) {
        if (!view->images.empty()) return refuse(404, "none of the images in this folder can be shown");
        return refuse(404, view->folders.empty()
                               ? "this folder holds no images"
                               : "this folder holds no images itself; its collection.json lists what is below it");
    }
    add_written_chapters(*view, manifest);
    finish(manifest, path, view->sidecar);
    // Where there are objects below, this one stands beside them.
    const bool among_others = view->sidecar.objects != Objects::chapters && first_below(*view, 0).has_value();
    manifest.part_of = among_others ? collection_at(path) : collection_above(path);
    return manifest;
}

Expected<Manifest> Builder::manifest_of_file(std::string_view path) {
    const std::string folder(parent_of(path));
    const auto entry = reader_.look_at(path);
    const auto opened = source::Folder::open(service_.root, folder);
    if (!entry || entry->is_folder || !opened) return refuse(404, "there is nothing of this name here");
    View view;
    view.path = folder;
    view.key = opened->key();
    const auto sidecar = reader_.sidecar_of(folder);
    if (!sidecar) return refuse(404, "there is nothing of this name here");
    view.sidecar = *sidecar;
    const std::string_view name = last_of(path);

    Manifest manifest;
    manifest.base = addresses_.base(path);
    const Item* const item = view.sidecar.item(name);
    withdrawn_ = item != nullptr && item->withdrawn;
    const auto facts = withdrawn_ ? nullptr : facts_of(view, *entry, 1);
    manifest.says = describer_.object(path, view.sidecar, facts ? facts->embedded : Embedded{}).says;
    if (withdrawn_) return manifest;
    if (!facts) return refuse(404, "this is no image that can be shown");
    if (auto done = add_file(view, *entry, manifest, nullptr); !done) return tl::unexpected(done.error());
    manifest.ranges.clear();
    manifest.thumbnail = manifest.canvases.empty() ? std::nullopt : manifest.canvases.front().thumbnail;
    if (addresses_.pages_of(*facts) == 1 && !manifest.canvases.empty()) {
        // What is said of the object is not said of its only canvas again.
        manifest.canvases.front().says = {};
        manifest.canvases.front().says.label = manifest.says.label;
    }
    manifest.part_of = collection_at(folder);
    return manifest;
}

std::optional<std::string> Builder::object_of(std::string_view path) {
    const auto own = reader_.sidecar_of(path);
    if (!own || own->objects == Objects::files) return std::nullopt;
    std::string object(path);
    std::string_view above = path;
    while (!above.empty()) {
        above = parent_of(above);
        const auto sidecar = reader_.sidecar_of(above);
        if (!sidecar || sidecar->objects != Objects::chapters) break;
        object = above;
    }
    return object;
}

}  // namespace iiif::presentation
