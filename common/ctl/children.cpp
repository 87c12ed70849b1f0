// SPDX-License-Identifier: Apache-2.0
#include "ctl/children.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <vector>

#include "source/root.h"

namespace iiif::ctl {
namespace {

struct Running {
    std::size_t index = 0;
    pid_t pid = -1;
    source::UniqueFd pipe;
    std::string said;
};

constexpr int kThrew = 3;

[[noreturn]] void work_in_child(pid_t parent, int pipe, std::size_t index,
                                const std::function<std::string(std::size_t)>& work) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kThrew);
    const rlimit none{0, 0};
    (void)::setrlimit(RLIMIT_CORE, &none);
    try {
        const std::string said = work(index);
        std::size_t at = 0;
        while (at < said.size()) {
            const ssize_t written = ::write(pipe, said.data() + at, said.size() - at);
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) break;
            at += static_cast<std::size_t>(written);
        }
    } catch (const std::exception&) {
        ::_exit(kThrew);
    }
    ::_exit(0);
}

bool start(Running& one, const std::function<std::string(std::size_t)>& work) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    one.pipe = source::UniqueFd(ends[0]);
    const source::UniqueFd write_end(ends[1]);
    const pid_t parent = ::getpid();
    one.pid = ::fork();
    if (one.pid == 0) work_in_child(parent, write_end.get(), one.index, work);
    return one.pid > 0;
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        return "was ended by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
    }
    if (WEXITSTATUS(status) == kThrew) return "ran out of memory";
    return WEXITSTATUS(status) == 0 ? "" : "ended with status " + std::to_string(WEXITSTATUS(status));
}

// Waits until one of them has said something or has ended; whether that one has ended.
bool take(Running& one) {
    std::array<char, 4096> piece{};
    const ssize_t got = ::read(one.pipe.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) return false;
    if (got > 0) {
        one.said.append(piece.data(), static_cast<std::size_t>(got));
        return false;
    }
    return true;
}

}  // namespace

void in_children(std::size_t count, unsigned jobs, const std::function<std::string(std::size_t)>& work,
                 const std::function<void(std::size_t, const Outcome&)>& done) {
    std::vector<Running> running;
    std::size_t next = 0;
    while (next < count || !running.empty()) {
        while (next < count && running.size() < std::max(jobs, 1U)) {
            Running one;
            one.index = next++;
            if (start(one, work)) {
                running.push_back(std::move(one));
            } else {
                done(one.index, {"", std::string("could not be started: ") + std::strerror(errno)});
            }
        }
        std::vector<pollfd> watched;
        watched.reserve(running.size());
        for (const Running& one : running) watched.push_back({one.pipe.get(), POLLIN, 0});
        if (::poll(watched.data(), watched.size(), -1) < 0) continue;
        for (std::size_t i = running.size(); i-- > 0;) {
            if (watched[i].revents == 0 || !take(running[i])) continue;
            int status = 0;
            while (::waitpid(running[i].pid, &status, 0) < 0 && errno == EINTR) {
            }
            const Running ended = std::move(running[i]);
            running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
            done(ended.index, {ended.said, how_it_ended(status)});
        }
    }
}

}  // namespace iiif::ctl
