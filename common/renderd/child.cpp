// SPDX-License-Identifier: Apache-2.0
#include "renderd/child.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <vector>

namespace iiif::renderd {
namespace {

constexpr int kStatusAbandoned = 4;  // the supervisor was gone before its child could bind itself to it

void close_between(unsigned first, unsigned last) {
    if (::close_range(first, last, 0) == 0) return;
    // Linux before 5.9; the supervisor never has many.
    for (unsigned fd = first; fd <= std::min(last, 1023U); ++fd) (void)::close(static_cast<int>(fd));
}

// Everything but the standard descriptors and `keep`: a renderer decodes files of strangers, and the less it holds the
// less it can misuse. Nobody but the supervisor may hold the write end of the stop pipe or the ready pipe.
void close_all_but(std::span<const int> keep) {
    std::vector<unsigned> kept;
    for (const int fd : keep) {
        if (fd > STDERR_FILENO) kept.push_back(static_cast<unsigned>(fd));
    }
    std::ranges::sort(kept);
    unsigned next = STDERR_FILENO + 1;
    for (const unsigned fd : kept) {
        if (fd > next) close_between(next, fd - 1);
        next = fd + 1;
    }
    close_between(next, ~0U);
}

}  // namespace

SharedSlots::SharedSlots(std::size_t count) : count_(count) {
    void* memory = ::mmap(nullptr, count * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    slots_ = static_cast<Slot*>(memory);
    for (std::size_t i = 0; i < count; ++i) new (slots_ + i) Slot;
}

SharedSlots::~SharedSlots() {
    if (slots_ != nullptr) (void)::munmap(slots_, count_ * sizeof(Slot));
}

bool Child::start(std::span<const int> keep, const std::function<int()>& body, Slot* slot) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    source::UniqueFd read_end(ends[0]);
    const source::UniqueFd write_end(ends[1]);
    (void)::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);

    slot->reset();
    const pid_t parent = ::getpid();
    const pid_t made = ::fork();
    if (made < 0) return false;
    if (made == 0) {
        (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(kStatusAbandoned);
        (void)::prctl(PR_SET_NAME, "iiif-renderer");
        (void)::dup2(write_end.get(), STDERR_FILENO);
        (void)::dup2(write_end.get(), STDOUT_FILENO);
        close_all_but(keep);
        (void)std::signal(SIGTERM, SIG_DFL);
        sigset_t none;
        ::sigemptyset(&none);
        (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::_exit(body());
    }
    pid = made;
    log = std::move(read_end);
    lines = {};
    born_ms = now_ms();
    killed = false;
    return true;
}

void Child::relay() {
    const auto to_log = [this](std::string_view line) { log_line(pid, line); };
    std::array<char, 4096> piece{};
    // Bounded, so that one that never stops talking does not keep the supervisor from the others.
    for (int turn = 0; turn < 16 && log; ++turn) {
        const ssize_t got = ::read(log.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got > 0) {
            lines.feed({piece.data(), static_cast<std::size_t>(got)}, to_log);
            continue;
        }
        lines.flush(to_log);
        log = source::UniqueFd();
    }
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        return "was ended by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
    }
    return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace iiif::renderd
