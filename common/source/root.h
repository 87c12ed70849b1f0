// SPDX-License-Identifier: Apache-2.0
// The one place that opens files. Nothing outside the root is ever opened: openat2(2) with RESOLVE_BENEATH.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/refusal.h"

struct stat;

namespace iiif::source {

class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept;
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd();
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

// The same for several owners; the last one closes it.
class SharedFd {
public:
    SharedFd() = default;
    explicit SharedFd(UniqueFd fd) : fd_(std::make_shared<const UniqueFd>(std::move(fd))) {}
    [[nodiscard]] int get() const { return fd_ ? fd_->get() : -1; }
    explicit operator bool() const { return get() >= 0; }
    // Nobody else reads through this descriptor, or ever will. One whose position is moved has to be.
    [[nodiscard]] bool is_only_owner() const { return fd_.use_count() == 1; }

private:
    std::shared_ptr<const UniqueFd> fd_;
};

// Which file, in which state: equal keys mean equal bytes.
struct FileKey {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t mtime_ns = 0;
    bool operator==(const FileKey&) const = default;
};
FileKey file_key(const struct stat&);
// When anything about it changed last (st_ctime), in nanoseconds: a time that nobody can set.
std::int64_t changed_ns(const struct stat&);
// Whether a key can be trusted to change with the file's next byte: it has not changed within the last two seconds.
// The clocks of file systems tick every few milliseconds, of some every second or two.
bool is_settled(const FileKey&);

struct OpenFile {
    SharedFd fd;
    FileKey key;
    std::string path;  // relative to the root
};

enum class Symlinks : std::uint8_t {
    beneath,  // followed while they stay beneath the root
    refused   // none, in any component
};

// True for what Root::open looks up at all: a relative path without NUL whose components are neither empty nor
// hidden (leading '.', which "." and ".." have too).
bool is_servable(std::string_view relative);

// A folder held open by path: reopened per process so that a remounted folder comes back.
class Root {
public:
    Root(std::string directory, Symlinks symlinks) : directory_(std::move(directory)), symlinks_(symlinks) {}

    // Opens a regular file for reading (O_NONBLOCK|O_NOCTTY|O_CLOEXEC: fifos and devices are refused after fstat).
    // `relative` was made by mapping: no NUL. Hidden components (leading '.'), empty components, ".", ".." and
    // absolute paths are "not found" (404), as is anything that leaves the root. Unreadable: 403. Other errors: 500.
    // Refusals never carry a server path.
    [[nodiscard]] Expected<OpenFile> open(std::string_view relative) const;

    // A folder beneath the root, "" the root itself, for reading its names. Refusals as open() has them.
    [[nodiscard]] Expected<UniqueFd> open_folder(std::string_view relative) const;
    // The state of what `relative` names beneath the root, without opening it: a file or a folder. Refusals as open().
    [[nodiscard]] Expected<struct stat> look_at(std::string_view relative) const;
    // Whether `relative` is a folder beneath the root, readable or not.
    [[nodiscard]] bool has_folder(std::string_view relative) const;

    // For configuration: an error sentence when the directory is not one, "" when fine.
    [[nodiscard]] std::string check() const;

    [[nodiscard]] const std::string& directory() const { return directory_; }
    [[nodiscard]] Symlinks symlinks() const { return symlinks_; }

private:
    // "" is the root itself.
    [[nodiscard]] Expected<UniqueFd> open_any(std::string_view relative, int flags) const;

    std::string directory_;
    Symlinks symlinks_;
};

}  // namespace iiif::source
