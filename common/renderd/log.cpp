// SPDX-License-Identifier: Apache-2.0
#include "renderd/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "source/root.h"

namespace iiif::renderd {
namespace {

std::string& log_name() {
    static std::string name;  // "": stderr stays what it is
    return name;
}

void make_standard_output(int fd) {
    (void)::dup2(fd, STDERR_FILENO);
    (void)::dup2(fd, STDOUT_FILENO);
}

// Until the new file is there, and may be written, lines go on to the old one: nothing is lost between the two.
void follow_rotation() {
    const std::string& name = log_name();
    struct stat named {
    }, ours{};
    if (name.empty() || ::geteuid() == 0) return;
    if (::lstat(name.c_str(), &named) != 0 || ::fstat(STDERR_FILENO, &ours) != 0) return;
    if ((named.st_dev == ours.st_dev && named.st_ino == ours.st_ino) || !S_ISREG(named.st_mode)) return;
    const source::UniqueFd fresh(::open(name.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fresh) make_standard_output(fresh.get());
}

}  // namespace

std::string escaped(std::string_view text, std::size_t limit) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (out.size() >= limit) {
            out += "...";
            break;
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            out += "\\x";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0x0FU];
        } else {
            out += c;
        }
    }
    return out;
}

void log_to(int fd, std::string path) {
    make_standard_output(fd);
    log_name() = std::move(path);
}

std::string path_of_log(int fd) {
    std::array<char, 4096> path{};
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink == 0) return "";
    const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
    if (length <= 0 || static_cast<std::size_t>(length) == path.size()) return "";
    return {path.data(), static_cast<std::size_t>(length)};
}

void log_line(pid_t pid, std::string_view text) {
    follow_rotation();
    const std::string line = "iiif-renderd[" + std::to_string(pid) + "]: " + escaped(text) + '\n';
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

void say(std::string_view text) {
    std::string line = escaped(text, LineCutter::kMaxLine);
    line += '\n';
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace iiif::renderd
