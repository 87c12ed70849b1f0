// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <unordered_map>

#include "presentation/builder.h"
#include "presentation/sidecar_values.h"

namespace iiif::presentation {

using protocol::Canvas;
using protocol::Manifest;
using protocol::Range;
using protocol::Resource;

namespace {

Refusal too_many(std::size_t most) {
    return {403, "this holds more than " + std::to_string(most) + " images; make sub-folders objects of their own"};
}

}  // namespace

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
    for (const std::string& sentence : view.included.missing) complain('"' + view.path + "\": " + sentence);
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
            return tl::unexpected(too_many(kMostCanvases));
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

// A canvas of 2.1 has a size; one of sound alone is left out there.
std::vector<Canvas> Builder::others(const View& view) const {
    std::vector<Canvas> out = view.included.canvases;
    if (version_ == protocol::Version::v2) {
        std::erase_if(out, [](const Canvas& one) { return one.extent.width == 0; });
    }
    return out;
}

Expected<bool> Builder::add_other(const Canvas& canvas, Manifest& to, Range* part) {
    if (to.canvases.size() >= kMostCanvases) return tl::unexpected(too_many(kMostCanvases));
    to.canvases.push_back(canvas);
    if (part != nullptr) part->canvases.push_back(protocol::id_of(canvas));
    return true;
}

// What `order` names, of one's own and of others; then the rest of one's own, then that of others.
Expected<bool> Builder::add_canvases(const View& view, Manifest& to, Range* part) {
    const auto files = in_order(view);
    std::vector<Canvas> included = others(view);
    auto next = files.begin();
    const auto add_next = [&]() -> Expected<bool> {
        if (is_cancelled()) return tl::unexpected(cancelled_refusal());
        return add_file(view, **next++, to, part);
    };
    for (const std::string& name : view.sidecar.order) {
        const auto other = std::ranges::find(included, name, protocol::id_of);
        if (other != included.end()) {
            if (auto done = add_other(*other, to, part); !done) return done;
            included.erase(other);
        } else if (next != files.end() && (*next)->name == name) {
            if (auto done = add_next(); !done) return done;
        }
    }
    while (next != files.end()) {
        if (auto done = add_next(); !done) return done;
    }
    for (const Canvas& canvas : included) {
        if (auto done = add_other(canvas, to, part); !done) return done;
    }
    return true;
}

// Each sub-folder that has images, in it or further down, is a part.
Expected<bool> Builder::add_chapters(const View& view, Manifest& to, unsigned depth) {
    if (depth >= kDeepest) return true;
    for (const source::Entry& folder : view.folders) {
        if (!describer_.is_shown(view.sidecar, view.path, folder.name)) continue;  // without looking into it
        const std::string path = joined(view.path, folder.name);
        const auto inner = reader_.view(path);
        if (!inner || !describer_.is_chapter(view.sidecar, view.path, folder.name, inner->sidecar)) continue;
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
            values::is_uri(name)
                ? name
                : addresses.id(addresses.page_path(joined(view.path, page.path), page.page), Resource::canvas);
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

// Somebody may include a canvas of this very server: ids are unique in a Manifest.
void Builder::drop_repeated(Manifest& manifest) {
    const auto is_other = [](const Canvas& one) { return one.foreign.has_value(); };
    if (std::ranges::none_of(manifest.canvases, is_other)) return;
    std::set<std::string> ids;
    for (const Canvas& canvas : manifest.canvases) {
        if (!is_other(canvas)) ids.insert(protocol::id_of(canvas));
    }
    std::erase_if(manifest.canvases, [&](const Canvas& one) {
        if (!is_other(one) || ids.insert(addresses_.in_this_version(one.foreign->id)).second) return false;
        complain('"' + one.foreign->id + "\" is in this Manifest already");
        return true;
    });
}

void Builder::finish(Manifest& manifest, std::string_view path, const Sidecar& sidecar) {
    const auto named = [&](const std::string& name) -> const Canvas* {
        if (name.empty()) return nullptr;
        const auto page = addresses_.split_page(joined(path, name));
        const std::string id =
            values::is_uri(name) ? name : addresses_.id(addresses_.page_path(page.path, page.page), Resource::canvas);
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
    if (view->images.size() == 1 && view->sidecar.objects != Objects::chapters && view->included.canvases.empty()) {
        manifest.ranges.clear();
    }
    if (view->sidecar.objects == Objects::chapters) {
        if (auto done = add_chapters(*view, manifest, 0); !done) return tl::unexpected(done.error());
    }
    if (manifest.canvases.empty()) {
        if (!view->images.empty()) return refuse(404, "none of the images in this folder can be shown");
        return refuse(404, view->folders.empty()
                               ? "this folder holds no images"
                               : "this folder holds no images itself; its collection.json lists what is below it");
    }
    drop_repeated(manifest);
    add_written_chapters(*view, manifest);
    finish(manifest, path, view->sidecar);
    // Where there are objects below, this one stands beside them.
    const bool among_others = view->sidecar.objects != Objects::chapters &&
                              (!view->included.references.empty() || first_below(*view, 0).has_value());
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

bool Builder::has_manifest(std::string_view path) {
    const auto view = reader_.view(path);
    if (!view) return true;
    if (view->sidecar.objects == Objects::chapters || describer_.folder(path, view->sidecar).withdrawn) return true;
    return view->sidecar.objects != Objects::files && !in_order(*view).empty();
}

}  // namespace iiif::presentation
