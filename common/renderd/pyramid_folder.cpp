// SPDX-License-Identifier: Apache-2.0
// What keeps the folder of pyramids in order; see pyramids.h.
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "renderd/pyramids.h"

namespace iiif::renderd {
namespace {

using source::UniqueFd;

struct Entry {
    std::string name;
    std::uint64_t bytes;
    timespec used;
};

constexpr std::uint64_t kBlock = 512;             // st_blocks counts these, whatever the file system's own are
constexpr std::int64_t kAbandoned = 3600;         // seconds; longer than anybody works on a temporary file
constexpr std::string_view kTemporary = "vips-";  // what libvips names its temporary files

bool is_abandoned(int folder, const std::string& name, const struct stat& status) {
    timespec now{};
    (void)::clock_gettime(CLOCK_REALTIME, &now);
    const bool old = now.tv_sec - status.st_mtim.tv_sec > kAbandoned;
    if (name.starts_with(kTemporary)) return old;
    if (!name.starts_with('.') || !delivery::is_pyramid_name(std::string_view(name).substr(1))) return false;
    // Being written, however long that takes, means being locked.
    const UniqueFd fd(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    return old && fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

std::vector<Entry> pyramids_in(int folder) {
    std::vector<Entry> out;
    const int duplicate = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> list(duplicate < 0 ? nullptr : ::fdopendir(duplicate), ::closedir);
    if (!list) return out;
    while (const dirent* found = ::readdir(list.get())) {
        struct stat status {};
        const std::string name = found->d_name;
        if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
        if (delivery::is_pyramid_name(name)) {
            out.push_back({name, static_cast<std::uint64_t>(status.st_blocks) * kBlock, status.st_atim});
        } else if (is_abandoned(folder, name, status)) {
            (void)::unlinkat(folder, name.c_str(), 0);
        }
    }
    return out;
}

}  // namespace

std::string prepare_pyramid_folder(const std::string& folder, uid_t uid, gid_t gid) {
    const auto wrong = [&folder](const char* what) {
        return "pyramids \"" + folder + "\": " + what + ": " + std::strerror(errno);
    };
    const bool made = ::mkdir(folder.c_str(), S_IRWXU) == 0;
    if (!made && errno != EEXIST) return wrong("cannot be made");
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return wrong("cannot be opened");
    if (made && ::geteuid() == 0 && ::fchown(fd.get(), uid, gid) != 0) return wrong("cannot be given to the workers");
    return "";
}

void make_room(int folder, std::uint64_t max_bytes) {
    std::vector<Entry> entries = pyramids_in(folder);
    std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
        return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec : a.used.tv_nsec < b.used.tv_nsec;
    });
    std::uint64_t total = 0;
    for (const Entry& entry : entries) total += entry.bytes;
    for (const Entry& entry : entries) {
        if (total <= max_bytes) return;
        if (::unlinkat(folder, entry.name.c_str(), 0) == 0) total -= entry.bytes;
    }
}

}  // namespace iiif::renderd
