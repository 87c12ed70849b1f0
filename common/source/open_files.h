// SPDX-License-Identifier: Apache-2.0
// Files that stay open from one request to the next. A viewer asks for hundreds of tiles of one image, and opening the
// file takes a tenth of what a tile costs.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "source/root.h"

namespace iiif::source {

// Bounded: each path has one place, and goes when another one needs it. Safe for threads.
class OpenFiles {
public:
    // What is open keeps a volume from being unmounted and a deleted file's space from coming free. So what nobody has
    // asked for since kUnused is closed, as long as somebody calls close_unused(); and where a path leads to is found
    // out anew, under the root's rules, after kTrusted. Milliseconds.
    static constexpr std::int64_t kUnused = 2000, kTrusted = 10000;

    // Keeps nothing until it is told to.
    OpenFiles() = default;
    // From now on at most `places` files. Before the first thread that opens.
    void keep(std::size_t places) { places_ = std::vector<Place>(places); }

    // As Root::open(). What is kept is looked at with stat(2) each time: it is still what this path leads to, nobody
    // has written to it, and neither its owner nor its rights have changed.
    Expected<OpenFile> open(const Root& root, std::string_view relative);

    // Closes what has not been used since kUnused. Returns whether others are left.
    bool close_unused();

private:
    struct Place {
        std::string path;  // from "/" on; empty: nobody's
        // Two roots may lead to one path, and only one of them allow what lies on the way.
        std::size_t root_length = 0;
        Symlinks symlinks = Symlinks::refused;
        SharedFd fd;
        FileKey key;
        std::int64_t changed_ns = 0;  // ctime
        std::int64_t opened = 0, used = 0;
    };
    // What is kept of `path`, still the same; no descriptor: nothing.
    OpenFile find(const Root& root, const std::string& path, std::string_view relative);
    void store(const Root& root, std::string path, const OpenFile& file);
    bool close_those_unused_since(std::int64_t milliseconds);  // whether others are left
    Place& place_of(const std::string& path);

    std::mutex mutex_;
    std::vector<Place> places_;
};

}  // namespace iiif::source
