// SPDX-License-Identifier: Apache-2.0
#include "pool/sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>

namespace iiif::pool {
namespace {

using source::UniqueFd;

constexpr std::array<const char*, 2> kNames = {"tiles", "heavy"};
constexpr std::string_view kLongestTail = "/iiif-4194304-99999/tiles";  // the kernel's largest PID
constexpr std::size_t kLongestRuntime = sizeof(sockaddr_un::sun_path) - 1 - kLongestTail.size();
constexpr unsigned kLastGeneration = 99999;
// Between mkdir and listen a folder of another server looks abandoned; nobody needs this long for it.
constexpr std::time_t kAbandonedAfter = 10;  // seconds

std::string quoted(const std::string& path) {
    return "runtime_directory \"" + path + "\"";
}

tl::unexpected<Refusal> failed(const std::string& what, int error) {
    return refuse(500, what + ": " + std::strerror(error));
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return address;
}

std::string parent_of(const std::string& path) {
    const auto end = path.find_last_not_of('/');
    const auto slash = path.find_last_of('/', end);
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

Expected<UniqueFd> listen_at(const UniqueFd& directory, const char* name, const std::string& path, uid_t uid, gid_t gid,
                             int backlog) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return failed("cannot make a socket for the renderers", errno);
    const sockaddr_un address = address_of(path);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        return failed("cannot bind the renderers' socket \"" + path + "\"", errno);
    }
    // The folder is still ours alone (0700): nobody can connect, or put something else here, before the modes are
    // right.
    if (::fchmodat(directory.get(), name, S_IRUSR | S_IWUSR, 0) != 0 ||
        (::geteuid() == 0 && ::fchownat(directory.get(), name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)) {
        return failed("cannot give the renderers' socket \"" + path + "\" to the workers' user", errno);
    }
    if (::listen(fd.get(), backlog) != 0) return failed("cannot listen on \"" + path + "\"", errno);
    return fd;
}

Expected<bool> make_runtime(const std::string& runtime, uid_t uid, gid_t gid) {
    if (::mkdir(runtime.c_str(), S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH) != 0) {
        if (errno == EEXIST) return true;
        return failed("cannot make " + quoted(runtime), errno);
    }
    // The renderers remove their folder when they end, as the workers' user.
    if (::geteuid() == 0 && ::lchown(runtime.c_str(), uid, gid) != 0) {
        return failed("cannot give " + quoted(runtime) + " to the workers' user", errno);
    }
    return true;
}

bool is_ours(const char* name, pid_t& owner) {
    unsigned pid = 0;
    unsigned generation = 0;
    int used = 0;
    if (std::sscanf(name, "iiif-%7u-%5u%n", &pid, &generation, &used) != 2 || name[used] != '\0') return false;
    owner = static_cast<pid_t>(pid);
    return true;
}

bool somebody_listens(const std::string& path) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return true;
    const sockaddr_un address = address_of(path);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return true;
    return errno != ECONNREFUSED && errno != ENOENT;  // EAGAIN: the queue is full, so there is one
}

}  // namespace

std::string check_runtime_directory(const std::string& runtime) {
    if (runtime.empty() || runtime.front() != '/') return quoted(runtime) + " is not an absolute path";
    if (runtime.size() > kLongestRuntime) {
        return quoted(runtime) + " is too long for unix sockets beneath it: at most " +
               std::to_string(kLongestRuntime) + " bytes";
    }
    struct stat status {};
    if (::stat(runtime.c_str(), &status) != 0) {
        if (errno != ENOENT) return quoted(runtime) + " cannot be used: " + std::strerror(errno);
        const std::string parent = parent_of(runtime);
        if (::faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
            return quoted(runtime) + " does not exist and cannot be made in \"" + parent +
                   "\": " + std::strerror(errno);
        }
        return "";
    }
    if (!S_ISDIR(status.st_mode)) return quoted(runtime) + " is not a directory";
    // Anybody could put their own sockets in the place of ours.
    if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0) {
        return quoted(runtime) + " is writable for everybody: it needs mode 0755, or the sticky bit";
    }
    if (::faccessat(AT_FDCWD, runtime.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        return quoted(runtime) + " is not writable: " + std::strerror(errno);
    }
    return "";
}

Expected<Sockets> listen_beneath(const std::string& runtime, uid_t uid, gid_t gid, int backlog) {
    static std::atomic<unsigned> generation{0};
    if (std::string wrong = check_runtime_directory(runtime); !wrong.empty()) return refuse(500, std::move(wrong));
    if (auto made = make_runtime(runtime, uid, gid); !made) return tl::unexpected(made.error());

    Sockets sockets;
    const std::string stem = runtime + (runtime.back() == '/' ? "iiif-" : "/iiif-") + std::to_string(::getpid()) + '-';
    do {
        // A name may be taken: by a predecessor with the same PID that was killed, as is usual in containers.
        if (generation.load() >= kLastGeneration) generation = 0;
        sockets.directory = stem + std::to_string(++generation);
        if (::mkdir(sockets.directory.c_str(), S_IRWXU) == 0) break;
        if (errno != EEXIST) return failed("cannot make a folder in " + quoted(runtime), errno);
    } while (true);

    const UniqueFd directory(::open(sockets.directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) {
        auto refusal = failed("cannot open \"" + sockets.directory + "\"", errno);
        remove_sockets(sockets.directory);
        return refusal;
    }
    for (std::size_t lane = 0; lane < kNames.size(); ++lane) {
        sockets.paths[lane] = sockets.directory + '/' + kNames[lane];
        auto listener = listen_at(directory, kNames[lane], sockets.paths[lane], uid, gid, backlog);
        if (!listener) {
            remove_sockets(sockets.directory);
            return tl::unexpected(listener.error());
        }
        sockets.listeners[lane] = std::move(*listener);
    }
    // Last, because from now on the workers' user may change what is in it.
    if (::geteuid() == 0 && ::fchown(directory.get(), uid, gid) != 0) {
        auto refusal = failed("cannot give \"" + sockets.directory + "\" to the workers' user", errno);
        remove_sockets(sockets.directory);
        return refusal;
    }
    return sockets;
}

void remove_sockets(const std::string& path) {
    {
        const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!directory) return;
        for (const char* name : kNames) (void)::unlinkat(directory.get(), name, 0);
    }
    (void)::rmdir(path.c_str());
}

void sweep(const std::string& runtime) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(runtime.c_str()), ::closedir);
    if (!entries) return;
    const std::time_t now = std::time(nullptr);
    while (const dirent* entry = ::readdir(entries.get())) {
        pid_t owner = 0;
        if (!is_ours(entry->d_name, owner)) continue;
        struct stat status {};
        if (::fstatat(::dirfd(entries.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISDIR(status.st_mode)) continue;
        if (owner != ::getpid() && now - status.st_mtime < kAbandonedAfter) continue;
        const std::string path = runtime + '/' + entry->d_name;
        const bool alive =
            std::ranges::any_of(kNames, [&path](const char* name) { return somebody_listens(path + '/' + name); });
        if (!alive) remove_sockets(path);
    }
}

}  // namespace iiif::pool
