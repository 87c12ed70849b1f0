// SPDX-License-Identifier: Apache-2.0
#include "source/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace iiif::source {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr unsigned char folded(char c) {
    return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

// The digits that `text` begins with, without leading zeros; cut off it.
std::string_view take_number(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && is_digit(text[end])) ++end;
    std::string_view digits = text.substr(0, end);
    text.remove_prefix(end);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

FileKey key_of(const struct stat& found) {
    FileKey key = file_key(found);
    if (S_ISDIR(found.st_mode)) key.mtime_ns = changed_ns(found);
    return key;
}

}  // namespace

bool in_natural_order(std::string_view a, std::string_view b) {
    std::string_view x = a;
    std::string_view y = b;
    while (!x.empty() && !y.empty()) {
        if (is_digit(x.front()) && is_digit(y.front())) {
            const std::string_view m = take_number(x);
            const std::string_view n = take_number(y);
            if (m.size() != n.size()) return m.size() < n.size();
            if (m != n) return m < n;
            continue;
        }
        if (folded(x.front()) != folded(y.front())) return folded(x.front()) < folded(y.front());
        x.remove_prefix(1);
        y.remove_prefix(1);
    }
    if (x.empty() != y.empty()) return x.empty();
    return a < b;
}

Expected<Folder> Folder::open(const Root& root, std::string_view relative) {
    auto fd = root.open_folder(relative);
    if (!fd) return tl::unexpected(fd.error());
    struct stat folder {};
    if (::fstat(fd->get(), &folder) != 0) {
        return refuse(500, std::string("this folder cannot be read: ") + std::strerror(errno));
    }
    return Folder(root, std::string(relative), std::move(*fd), key_of(folder));
}

std::string Folder::path_of(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + '/' + std::string(name);
}

std::optional<Entry> Folder::find(std::string_view name) const {
    if (!is_servable(name) || name.find('/') != std::string_view::npos) return std::nullopt;
    std::string text(name);
    struct stat found {};
    if (::fstatat(fd_.get(), text.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    if (S_ISLNK(found.st_mode)) {
        const auto target = root_->look_at(path_of(name));
        if (!target) return std::nullopt;
        found = *target;
    }
    if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) return std::nullopt;
    return Entry{std::move(text), S_ISDIR(found.st_mode), key_of(found)};
}

bool Folder::is_absent(std::string_view name) const {
    struct stat found {};
    return !name.empty() && name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos &&
           ::fstatat(fd_.get(), std::string(name).c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

namespace {

bool is_hidden_name(std::string_view name) {
    return name.size() > 2 && name.front() == '.' && name != ".." &&
           name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

}  // namespace

std::optional<Entry> Folder::find_hidden(std::string_view name) const {
    std::string text(name);
    struct stat found {};
    if (!is_hidden_name(name) || ::fstatat(fd_.get(), text.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(found.st_mode)) {
        return std::nullopt;
    }
    return Entry{std::move(text), false, file_key(found)};
}

UniqueFd Folder::open_hidden(std::string_view name) const {
    if (!is_hidden_name(name)) return UniqueFd();
    UniqueFd fd(
        ::openat(fd_.get(), std::string(name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat found {};
    if (!fd || ::fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) return UniqueFd();
    return fd;
}

Expected<std::vector<Entry>> Folder::list() const {
    // A descriptor of its own: closedir(3) closes it, and reading moves it.
    const int fd = ::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0);
    DIR* const opened = fd < 0 ? nullptr : ::fdopendir(fd);
    if (opened == nullptr) {
        const int error = errno;
        if (fd >= 0) ::close(fd);
        return refuse(500, std::string("this folder cannot be read: ") + std::strerror(error));
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opened, ::closedir);
    ::rewinddir(folder.get());
    std::vector<Entry> entries;
    for (;;) {
        errno = 0;
        const dirent* const entry = ::readdir(folder.get());
        if (entry == nullptr) {
            if (errno != 0) return refuse(500, std::string("this folder cannot be read: ") + std::strerror(errno));
            break;
        }
        auto found = find(entry->d_name);
        if (!found) continue;
        if (entries.size() == kMostEntries) {
            return refuse(403, "this folder holds more than " + std::to_string(kMostEntries) +
                                   " files; images in sub-folders can be shown");
        }
        entries.push_back(std::move(*found));
    }
    std::ranges::sort(entries, in_natural_order, &Entry::name);
    return entries;
}

}  // namespace iiif::source
