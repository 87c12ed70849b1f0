// SPDX-License-Identifier: Apache-2.0
// The names in a folder beneath the root, and what they are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/root.h"

namespace iiif::source {

struct Entry {
    std::string name;
    bool is_folder = false;  // else a regular file
    FileKey key;             // of a folder: as Folder::key()
};

// As people number things: "page 9" before "page 10", "A" beside "a". A total order: texts that differ only in what
// this looks past are told apart by their bytes.
bool in_natural_order(std::string_view a, std::string_view b);

// A folder held open. Symlinks are what they point to, as long as the root's rules let them be followed.
class Folder {
public:
    static constexpr std::size_t kMostEntries = 100'000;

    // `root` must outlive this. "" is the root itself.
    static Expected<Folder> open(const Root& root, std::string_view relative);

    [[nodiscard]] const std::string& path() const { return path_; }  // relative to the root
    // Changes when a name comes or goes. Its time is the one that nobody can set (st_ctime): copying programs put a
    // folder's modification time back when they have put files into it.
    [[nodiscard]] const FileKey& key() const { return key_; }
    // Files and folders whose names are servable, in natural order. 403: more than kMostEntries. Once.
    [[nodiscard]] Expected<std::vector<Entry>> list() const;
    // nullopt: no servable name of a file or folder.
    [[nodiscard]] std::optional<Entry> find(std::string_view name) const;
    // Whether nothing at all is called that here, so that key() changes before it can be found. A link that leads
    // nowhere, or what may not be looked at, is something.
    [[nodiscard]] bool is_absent(std::string_view name) const;
    // What is kept here for the server itself: a regular file of a hidden name, no link. Never listed, never served.
    [[nodiscard]] std::optional<Entry> find_hidden(std::string_view name) const;
    [[nodiscard]] UniqueFd open_hidden(std::string_view name) const;
    // The path of what is called `name` here.
    [[nodiscard]] std::string path_of(std::string_view name) const;

private:
    Folder(const Root& root, std::string path, UniqueFd fd, FileKey key)
        : root_(&root), path_(std::move(path)), fd_(std::move(fd)), key_(key) {}

    const Root* root_;
    std::string path_;
    UniqueFd fd_;
    FileKey key_;
};

}  // namespace iiif::source
