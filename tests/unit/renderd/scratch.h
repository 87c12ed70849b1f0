// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: a folder that goes away again, waiting with an end, small clients.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "source/root.h"

#include "suite.h"  // last: check.h defines macros that the standard library does not survive

namespace iiif::test {

class Folder {
public:
    Folder() {
        std::string name = "/tmp/iiif-renderd-test-XXXXXX";
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string file(std::string_view name, std::string_view content) const {
        const std::string path = path_ + '/' + std::string(name);
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    [[nodiscard]] bool empty() const { return std::filesystem::is_empty(path_); }

private:
    std::string path_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// true as soon as `condition` holds; false when it did not for `seconds`.
template <class Condition>
bool eventually(Condition&& condition, double seconds = 10) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

// Processes whose parent is `pid`.
inline std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> out;
    std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
    for (pid_t child = 0; file >> child;) out.push_back(child);
    return out;
}

inline pid_t parent_of(pid_t pid) {
    const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
    const auto name_end = stat.rfind(") ");
    return name_end == std::string::npos ? -1 : std::stoi(stat.substr(name_end + 4));  // ") S 1234"
}

// Neither gone nor a zombie that waits for an init that may not come.
inline bool lives(pid_t pid) {
    const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
    return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

inline source::UniqueFd connect_to(const std::string& path) {
    source::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return {};
    return fd;
}

inline bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// Until end of file, an error, or nothing for `seconds`.
inline std::string read_all(int fd, double seconds = 10) {
    std::string out;
    char piece[4096];
    pollfd watched{fd, POLLIN, 0};
    while (::poll(&watched, 1, static_cast<int>(seconds * 1000)) > 0) {
        const ssize_t got = ::read(fd, piece, sizeof(piece));
        if (got <= 0) break;
        out.append(piece, static_cast<std::size_t>(got));
    }
    return out;
}

// A connection, `call` sent, the whole reply; "" when nobody listens.
inline std::string ask(const std::string& socket, std::string_view call, double seconds = 10) {
    const auto fd = connect_to(socket);
    if (!fd || !write_all(fd.get(), call)) return "";
    return read_all(fd.get(), seconds);
}

}  // namespace iiif::test
