// SPDX-License-Identifier: Apache-2.0
// Folders and their sidecars, as they are now; everything that is looked at is noted.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "presentation/sidecar.h"
#include "presentation/snapshot.h"
#include "presentation/watch.h"
#include "source/folder.h"

namespace iiif::presentation {

// By its name: whether it is an image that this server reads.
bool is_named_as_image(std::string_view name);

struct View {
    std::string path;                    // "" is the root
    source::FileKey key;                 // of the folder
    std::vector<source::Entry> images;   // natural order
    std::vector<source::Entry> folders;  // as the sidecar orders them, the others in natural order
    Sidecar sidecar;
    Included included;  // what the sidecar includes, as far as it has been fetched
};

class Reader {
public:
    // Both must outlive this.
    Reader(const source::Root& root, Watch& watch) : root_(root), watch_(watch) {}

    // Refusals as source::Folder has them.
    Expected<View> view(std::string_view path);
    // Only what is said of the folder, and in it of its parts. nullptr: there is no such folder, or it cannot be read.
    std::shared_ptr<const Sidecar> sidecar_of(std::string_view path);
    // nullopt: there is no such file or folder.
    std::optional<source::Entry> look_at(std::string_view path);
    // A small file of the folder; nullopt: there is none, or it is larger than `most`.
    std::optional<std::string> text_of(std::string_view folder, std::string_view name, std::size_t most);
    // What is kept in the folder under a hidden name; nullopt: nothing, or more than `most`.
    std::optional<std::string> hidden_text_of(const source::Folder& folder, std::string_view name, std::size_t most);

private:
    std::shared_ptr<const Sidecar> sidecar_in(const source::Folder& folder);
    Sidecar read_sidecar_in(const source::Folder& folder);
    void heed_access_file(const source::Folder& folder, Sidecar& sidecar);
    std::optional<SidecarText> read_text(const source::Folder& folder, std::string_view name, std::size_t most,
                                         std::vector<Problem>& problems);

    const source::Root& root_;
    Watch& watch_;
    // Each sub-folder asks what those above it say. Of one folder and those it is in: a tree is walked branch by
    // branch.
    std::map<std::string, std::shared_ptr<const Sidecar>, std::less<>> sidecars_;
};

// "a/b/c" is in "a/b", and called "c"; "a" is in "".
std::string_view parent_of(std::string_view path);
std::string_view last_of(std::string_view path);
std::string joined(std::string_view folder, std::string_view name);

}  // namespace iiif::presentation
