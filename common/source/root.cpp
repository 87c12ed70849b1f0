// SPDX-License-Identifier: Apache-2.0
#include "source/root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace iiif::source {
namespace {

constexpr std::string_view kNoOpenat2 =
    "openat2(2) is missing, and without it nothing is served: Linux 5.6 or newer is needed, and a container's seccomp "
    "profile has to allow the call";

// openat2 gives EAGAIN when a ".." inside a symlink raced with a rename somewhere, and O_NONBLOCK gives it for a
// file under a write lease that is being broken. Either is over in an instant or is somebody else's doing.
constexpr int kAttempts = 16;

int open_beneath(int root, const char* path, int flags, Symlinks symlinks) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    if (symlinks == Symlinks::refused) how.resolve |= RESOLVE_NO_SYMLINKS;
    for (int attempt = 1;; ++attempt) {
        const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0) return static_cast<int>(fd);
        if (errno != EINTR && !(errno == EAGAIN && attempt < kAttempts)) return -1;
    }
}

// Where no symlink lies on the way, from "/" on, and no "..", a file is beneath the folder that its path says, and one
// call does instead of three. -1 says nothing but that the other way has to be tried.
int open_directly(const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how));
}

UniqueFd open_directory(const std::string& directory) {
    return UniqueFd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

tl::unexpected<Refusal> not_found() {
    return refuse(404, "there is no such image here");
}

tl::unexpected<Refusal> refusal_of(int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR:
        case ELOOP:
        case EXDEV:
        case ENAMETOOLONG:
        case ESTALE:
        case ENXIO:   // a socket, or a device
        case ENODEV:  // without a driver
            return not_found();
        case EACCES: return refuse(403, "the server is not allowed to read this image");
        case EMFILE:
        case ENFILE: return refuse(503, "the server has too many files open at the moment; try again later");
        case EAGAIN: return refuse(503, "this image is being changed at the moment; try again later");
        case ENOSYS: return refuse(500, std::string(kNoOpenat2));
        default: return refuse(500, std::string("this image cannot be opened: ") + std::strerror(error));
    }
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

UniqueFd::~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
}

namespace {

// Unsigned, because a file system may hold times beyond the years that 64-bit nanoseconds reach (2262);
// there it wraps, which is as good a key.
std::int64_t nanoseconds(const timespec& time) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
                                     static_cast<std::uint64_t>(time.tv_nsec));
}

}  // namespace

FileKey file_key(const struct stat& file) {
    return {.device = file.st_dev,
            .inode = file.st_ino,
            .size = static_cast<std::uint64_t>(file.st_size),
            .mtime_ns = nanoseconds(file.st_mtim)};
}

std::int64_t changed_ns(const struct stat& file) {
    return nanoseconds(file.st_ctim);
}

bool is_settled(const FileKey& file) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    timespec now{};
    (void)::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    const std::int64_t at = static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
    // Compared, not subtracted: a file may claim any time, and the difference may be beyond what 64 bits hold.
    return file.mtime_ns < at - 2 * kSecond || file.mtime_ns > at + 2 * kSecond;
}

bool is_servable(std::string_view relative) {
    if (relative.find('\0') != std::string_view::npos) return false;
    for (;;) {
        if (relative.empty() || relative.front() == '.' || relative.front() == '/') return false;
        const auto slash = relative.find('/');
        if (slash == std::string_view::npos) return true;
        relative.remove_prefix(slash + 1);
    }
}

Expected<OpenFile> Root::open(std::string_view relative) const {
    if (!is_servable(relative)) return not_found();
    std::string path(relative);
    constexpr int kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    struct stat file {};
    if (UniqueFd fd(open_directly(directory_ + '/' + path, kFlags)); fd) {
        if (::fstat(fd.get(), &file) != 0) return refusal_of(errno);
        if (!S_ISREG(file.st_mode)) return not_found();
        return OpenFile{SharedFd(std::move(fd)), file_key(file), std::move(path)};
    }

    const UniqueFd root = open_directory(directory_);
    if (!root) {
        // Not 404: the images have not gone, their folder has (an unmounted volume, a typing mistake).
        if (errno == EMFILE || errno == ENFILE) return refusal_of(errno);
        return refuse(500, "the folder of images is not available on this server");
    }
    UniqueFd fd(open_beneath(root.get(), path.c_str(), kFlags, symlinks_));
    const int error = errno;
    if (!fd) {
        if (error == EACCES) {
            // A folder that may not be listed is no image, readable or not.
            const UniqueFd name(open_beneath(root.get(), path.c_str(), O_PATH, symlinks_));
            if (name && ::fstat(name.get(), &file) == 0 && !S_ISREG(file.st_mode)) return not_found();
        }
        return refusal_of(error);
    }
    if (::fstat(fd.get(), &file) != 0) return refusal_of(errno);
    if (!S_ISREG(file.st_mode)) return not_found();
    return OpenFile{SharedFd(std::move(fd)), file_key(file), std::move(path)};
}

Expected<UniqueFd> Root::open_any(std::string_view relative, int flags) const {
    if (!relative.empty() && !is_servable(relative)) return not_found();
    const std::string path = relative.empty() ? "." : std::string(relative);
    if (UniqueFd fd(open_directly(directory_ + '/' + path, flags)); fd) return fd;
    const UniqueFd root = open_directory(directory_);
    if (!root) return refuse(500, "the folder of images is not available on this server");
    UniqueFd fd(open_beneath(root.get(), path.c_str(), flags, symlinks_));
    if (!fd) return refusal_of(errno);
    return fd;
}

Expected<UniqueFd> Root::open_folder(std::string_view relative) const {
    return open_any(relative, O_RDONLY | O_DIRECTORY);
}

Expected<struct stat> Root::look_at(std::string_view relative) const {
    const auto fd = open_any(relative, O_PATH);
    if (!fd) return tl::unexpected(fd.error());
    struct stat found {};
    if (::fstat(fd->get(), &found) != 0) return refusal_of(errno);
    return found;
}

bool Root::has_folder(std::string_view relative) const {
    const auto found = look_at(relative);
    return found && S_ISDIR(found->st_mode);
}

std::string Root::check() const {
    const UniqueFd root = open_directory(directory_);
    if (!root) {
        if (errno == ENOENT) return "there is no such folder";
        if (errno == ENOTDIR) return "this is not a folder; name the folder that holds the images";
        return std::string("this folder cannot be opened: ") + std::strerror(errno);
    }
    const UniqueFd probe(open_beneath(root.get(), ".", O_PATH | O_DIRECTORY, symlinks_));
    if (probe) return "";
    // Old seccomp profiles answer EPERM for calls they do not know.
    if (errno == ENOSYS || errno == EPERM) return std::string(kNoOpenat2);
    return std::string("nothing can be opened in this folder: ") + std::strerror(errno);
}

}  // namespace iiif::source
