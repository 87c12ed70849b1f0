// SPDX-License-Identifier: Apache-2.0
#include "presentation/reader.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "presentation/access_file.h"

namespace iiif::presentation {
namespace {

bool is_within(std::string_view path, std::string_view folder) {
    return folder.empty() || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

// As many bytes as there are now, at most `most`.
std::string read_whole(int fd, std::size_t most) {
    std::string text;
    std::array<char, 16384> piece{};
    while (text.size() < most) {
        const ssize_t got =
            ::pread(fd, piece.data(), std::min(piece.size(), most - text.size()), static_cast<off_t>(text.size()));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace

bool is_named_as_image(std::string_view name) {
    constexpr std::array<std::string_view, 18> kSuffixes = {"tif",  "tiff", "ptif", "btf",  "jpg",  "jpeg",
                                                            "jpe",  "jp2",  "jpx",  "j2k",  "jph",  "png",
                                                            "webp", "gif",  "heic", "heif", "avif", "jxl"};
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    std::string suffix(name.substr(dot + 1));
    std::ranges::transform(suffix, suffix.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return suffix == "pdf" || std::ranges::find(kSuffixes, suffix) != kSuffixes.end();
}

std::string_view parent_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view last_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string joined(std::string_view folder, std::string_view name) {
    std::string path(folder);
    if (!path.empty()) path += '/';
    return path += name;
}

namespace {

// What `order` names comes first.
void put_in_order(const std::vector<std::string>& order, std::vector<source::Entry>& folders) {
    if (order.empty() || folders.empty()) return;
    std::map<std::string_view, std::size_t> places;
    for (const std::string& name : order) places.emplace(name, places.size());
    std::ranges::stable_sort(folders, {}, [&](const source::Entry& folder) {
        const auto place = places.find(folder.name);
        return place == places.end() ? places.size() : place->second;
    });
}

}  // namespace

std::optional<SidecarText> Reader::read_text(const source::Folder& folder, std::string_view name, std::size_t most,
                                             std::vector<Problem>& problems) {
    const auto entry = folder.find(name);
    watch_.saw(folder, name, entry ? &entry->key : nullptr);
    if (!entry || entry->is_folder) return std::nullopt;
    if (entry->key.size > most) {
        problems.push_back({std::string(name), 0,
                            "is larger than " + std::to_string(most >> 20U) +
                                " MiB, and was not read; sub-folders with files of their own can be smaller"});
        return std::nullopt;
    }
    const auto file = root_.open(folder.path_of(name));
    if (!file) {
        problems.push_back({std::string(name), 0, "cannot be read: " + file.error().sentence});
        return std::nullopt;
    }
    return SidecarText{std::string(name), read_whole(file->fd.get(), most)};
}

Sidecar Reader::read_sidecar_in(const source::Folder& folder) {
    std::vector<Problem> problems;
    std::optional<SidecarText> text;
    for (const std::string_view name : kSidecarNames) {
        auto found = read_text(folder, name, kMostSidecarBytes, problems);
        if (!found) continue;
        if (text) {
            problems.push_back({found->name, 0, "is not read, because there is " + text->name + " beside it"});
        } else {
            text = std::move(found);
        }
    }
    const auto table = read_text(folder, kTableName, kMostSidecarBytes, problems);
    Sidecar sidecar;
    if (text || table) sidecar = read_sidecar(text ? &*text : nullptr, table ? &*table : nullptr);
    sidecar.problems.insert(sidecar.problems.end(), problems.begin(), problems.end());
    heed_access_file(folder, sidecar);
    return sidecar;
}

void Reader::heed_access_file(const source::Folder& folder, Sidecar& sidecar) {
    const auto entry = folder.find_hidden(kAccessFileName);
    watch_.saw(folder, kAccessFileName, entry ? &entry->key : nullptr);
    if (!entry && folder.is_absent(kAccessFileName)) return;
    const auto file = folder.open_hidden(kAccessFileName);
    // httpd refuses everything where it cannot read it, and follows links, which is not done here.
    const std::uint32_t line = file ? line_that_guards(read_whole(file.get(), kMostAccessFileBytes)) : 1;
    if (line == 0) return;
    sidecar.guarded = true;
    if (sidecar.publish) return;
    sidecar.problems.push_back({std::string(kAccessFileName), line,
                                "does not guard what IIIF delivers of this folder, for IIIF requests go by their URIs: "
                                "write a <Location> or location for it in the server's configuration; Collections do "
                                "not list it, unless its iiif.yaml says \"publish: true\" (\"publish: false\" keeps it "
                                "out, without this message)"});
}

std::shared_ptr<const Sidecar> Reader::sidecar_in(const source::Folder& folder) {
    if (const auto known = sidecars_.find(folder.path()); known != sidecars_.end()) return known->second;
    std::erase_if(sidecars_, [&folder](const auto& other) {
        return !is_within(folder.path(), other.first) && !is_within(other.first, folder.path());
    });
    auto read = std::make_shared<const Sidecar>(read_sidecar_in(folder));
    sidecars_.emplace(folder.path(), read);
    return read;
}

std::shared_ptr<const Sidecar> Reader::sidecar_of(std::string_view path) {
    if (const auto known = sidecars_.find(path); known != sidecars_.end()) return known->second;
    const auto folder = source::Folder::open(root_, path);
    return folder ? sidecar_in(*folder) : nullptr;
}

Expected<View> Reader::view(std::string_view path) {
    const auto folder = source::Folder::open(root_, path);
    if (!folder) return tl::unexpected(folder.error());
    watch_.saw(*folder);
    auto entries = folder->list();
    if (!entries) return tl::unexpected(entries.error());
    View view;
    view.path = path;
    view.key = folder->key();
    for (source::Entry& entry : *entries) {
        if (entry.is_folder) {
            view.folders.push_back(std::move(entry));
        } else if (is_named_as_image(entry.name)) {
            view.images.push_back(std::move(entry));
        }
    }
    view.sidecar = *sidecar_in(*folder);
    put_in_order(view.sidecar.order, view.folders);
    if (!view.sidecar.remotes.empty()) {
        const auto text = hidden_text_of(*folder, kSnapshotName, kMostSnapshotBytes);
        view.included = included_by(view.sidecar, text ? read_snapshot(*text) : Snapshot{});
    }
    return view;
}

std::optional<source::Entry> Reader::look_at(std::string_view path) {
    const auto folder = source::Folder::open(root_, parent_of(path));
    if (!folder) return std::nullopt;
    auto entry = folder->find(last_of(path));
    watch_.saw(*folder, last_of(path), entry ? &entry->key : nullptr);
    return entry;
}

std::optional<std::string> Reader::text_of(std::string_view folder, std::string_view name, std::size_t most) {
    const auto opened = source::Folder::open(root_, folder);
    if (!opened) return std::nullopt;
    std::vector<Problem> problems;
    auto text = read_text(*opened, name, most, problems);
    if (!text) return std::nullopt;
    return std::move(text->text);
}

std::optional<std::string> Reader::hidden_text_of(const source::Folder& folder, std::string_view name,
                                                  std::size_t most) {
    const auto entry = folder.find_hidden(name);
    watch_.saw(folder, name, entry ? &entry->key : nullptr);
    if (!entry || entry->key.size > most) return std::nullopt;
    const auto file = folder.open_hidden(name);
    if (!file) return std::nullopt;
    return read_whole(file.get(), most);
}

}  // namespace iiif::presentation
