// SPDX-License-Identifier: Apache-2.0
#include "renderd/pyramids.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include "render/pyramid.h"
#include "renderd/slot.h"

namespace iiif::renderd {
namespace {

using source::UniqueFd;

constexpr std::int64_t kTryAgainAfter = 60'000;  // ms
constexpr std::size_t kFailuresKept = 256;
constexpr std::chrono::milliseconds kLookEvery{20};

std::string words(const std::string& folder, const std::string& what) {
    return "pyramids \"" + folder + "\": " + what + ": " + std::strerror(errno);
}

bool is_at(int folder, const std::string& name, int fd) {
    struct stat there {};
    struct stat here {};
    return ::fstatat(folder, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(fd, &here) == 0 &&
           there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

enum class Locked : std::uint8_t { yes, stopped, failed };

// The file a pyramid is written to, hidden from the server, and locked by who writes: the lock ends with its process.
Locked lock(int folder, const std::string& making, const render::Cancelled& stop,
            const std::function<bool()>& made_meanwhile, UniqueFd& out) {
    while (true) {
        UniqueFd fd(::openat(folder, making.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (!fd) return Locked::failed;
        while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK && errno != EINTR) return Locked::failed;
            if (stop()) return Locked::stopped;
            std::this_thread::sleep_for(kLookEvery);
        }
        // Whoever held it has given the file its final name, or has removed it.
        if (is_at(folder, making, fd.get())) {
            out = std::move(fd);
            return Locked::yes;
        }
        if (made_meanwhile()) return Locked::stopped;
    }
}

}  // namespace

std::optional<Pyramid> Pyramids::find(const PyramidSource& source) {
    source::OpenFiles none_kept;
    auto file = delivery::open_pyramid(source.service, source.state, none_kept);
    if (!file) return std::nullopt;
    auto description = descriptions_.find(file->key, 1);
    if (!description) {
        std::string detail;
        auto described = render::describe(file->fd.get(), 1, {}, detail);
        if (!described) return std::nullopt;
        description = std::make_shared<const source::Description>(std::move(*described));
        descriptions_.keep(file->key, 1, *description);
        // So that use shows where reading does not (noatime). The time of change is part of the file's key.
        const std::array<timespec, 2> times = {timespec{0, UTIME_NOW}, timespec{0, UTIME_OMIT}};
        (void)::futimens(file->fd.get(), times.data());
    }
    if (!delivery::is_pyramid_of(*description, source.image)) return std::nullopt;
    return Pyramid{std::move(*file), std::move(description)};
}

std::optional<Pyramid> Pyramids::make(const PyramidSource& source, const render::Cancelled& stop,
                                      const render::Cancelled& late, const std::function<void()>& begins,
                                      std::string& complaint) {
    const std::string name = delivery::pyramid_name(source.service, source.state);
    const std::string making = '.' + name;
    if (const auto failure = failed_.find(name); failure != failed_.end()) {
        if (now_ms() - failure->second < kTryAgainAfter) return std::nullopt;
        failed_.erase(failure);
    }
    const auto give_up = [&](std::string why) {
        if (failed_.size() >= kFailuresKept) failed_.clear();
        failed_[name] = now_ms();
        complaint = std::move(why);
        return std::nullopt;
    };
    const std::string& path = source.service.pyramids->folder.directory();
    const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return give_up(words(path, "cannot be opened"));

    std::optional<Pyramid> found;
    const auto made_meanwhile = [&] { return (found = find(source)).has_value(); };
    UniqueFd fd;
    switch (lock(folder.get(), making, stop, made_meanwhile, fd)) {
        case Locked::stopped: return found;
        case Locked::failed: return give_up(words(path, "cannot be written to"));
        case Locked::yes: break;
    }
    if (made_meanwhile()) {
        (void)::unlinkat(folder.get(), making.c_str(), 0);
        return found;
    }
    begins();
    std::string why;
    if (!write(source, folder.get(), making, fd.get(), late, why)) {
        (void)::unlinkat(folder.get(), making.c_str(), 0);
        return give_up(std::move(why));
    }
    make_room(folder.get(), source.service.pyramids->max_bytes);
    if (made_meanwhile()) return found;
    return give_up("pyramids \"" + path + "\": what was made of \"" + source.state.path +
                   "\" is larger than all that the folder may hold, or cannot be read");
}

// As `making`, then under its name, at once whole.
bool Pyramids::write(const PyramidSource& source, int folder, const std::string& making, int fd,
                     const render::Cancelled& late, std::string& complaint) {
    const std::string& path = source.service.pyramids->folder.directory();
    if (::ftruncate(fd, 0) != 0 || ::lseek(fd, 0, SEEK_SET) != 0) {
        complaint = words(path, "cannot be written to");
        return false;
    }
    std::string detail;
    const auto written = render::write_pyramid(source.fd, source.state.page, source.image, source.encode,
                                               delivery::pyramid_tile(source.service), fd, late, detail);
    if (!written) {
        complaint = "pyramids \"" + path + "\": \"" + source.state.path +
                    "\" could not be made into one: " + (detail.empty() ? written.error().sentence : detail);
        return false;
    }
    struct stat status {};
    if (::fstat(source.fd, &status) != 0 || !(source::file_key(status) == source.state.key)) {
        complaint = "pyramids \"" + path + "\": \"" + source.state.path + "\" changed while it was made into one";
        return false;
    }
    // Not a name without its bytes, should the machine lose its power.
    if (::fdatasync(fd) != 0 || ::renameat(folder, making.c_str(), folder, making.c_str() + 1) != 0) {
        complaint = words(path, "\"" + source.state.path + "\" cannot be kept");
        return false;
    }
    return true;
}

}  // namespace iiif::renderd
