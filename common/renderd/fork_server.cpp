// SPDX-License-Identifier: Apache-2.0
#include "renderd/fork_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "pool/handover.h"
#include "renderd/child.h"
#include "renderd/log.h"
#include "renderd/slot.h"
#include "renderd/supervisor.h"

namespace iiif::renderd {
namespace {

using source::UniqueFd;

constexpr std::int64_t kHealthyAfter = 10000;  // ms

struct Supervised {
    Generation generation;
    pid_t pid = -1;  // -1: to be replaced at due_ms
    unsigned streak = 0;
    std::int64_t born_ms = 0, due_ms = 0;
};

class ForkServer {
public:
    ForkServer(UniqueFd control, SupervisorMain supervisor) : control_(std::move(control)), supervisor_(supervisor) {}
    int run();

private:
    bool prepare();
    void wait_and_handle();
    void take();
    void reap();
    void start(Supervised&);
    void replace(Supervised&, int status);

    UniqueFd control_, signals_;
    SupervisorMain supervisor_;
    std::vector<Supervised> all_;
    pid_t owner_ = -1;
};

bool ForkServer::prepare() {
    sigset_t handled;
    ::sigemptyset(&handled);
    ::sigaddset(&handled, SIGCHLD);
    (void)::sigprocmask(SIG_BLOCK, &handled, nullptr);
    for (const int number : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) (void)std::signal(number, SIG_IGN);
    signals_ = UniqueFd(::signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC));
    return static_cast<bool>(signals_);
}

int ForkServer::run() {
    if (!prepare()) {
        log_line(::getpid(), std::string("cannot wait for the server: ") + std::strerror(errno));
        return EXIT_FAILURE;
    }
    while (control_ || !all_.empty()) {
        wait_and_handle();
        const std::int64_t now = now_ms();
        for (Supervised& one : all_) {
            if (one.pid < 0 && one.due_ms <= now) start(one);
        }
    }
    return EXIT_SUCCESS;
}

void ForkServer::wait_and_handle() {
    std::int64_t wait = -1;
    for (const Supervised& one : all_) {
        if (one.pid >= 0) continue;
        const std::int64_t left = std::max<std::int64_t>(one.due_ms - now_ms(), 0);
        wait = wait < 0 ? left : std::min(wait, left);
    }
    std::array<pollfd, 2> watched = {pollfd{control_.get(), POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), static_cast<int>(std::min<std::int64_t>(wait, 60000))) < 0) return;
    if (watched[1].revents != 0) {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
        }
        reap();
    }
    if (watched[0].revents != 0) take();
}

void ForkServer::take() {
    pool::Received received;
    switch (pool::take_over(control_.get(), received)) {
        case pool::Handover::over: control_ = UniqueFd(); return;
        case pool::Handover::refused: return;
        case pool::Handover::taken: break;
    }
    if (owner_ < 0) owner_ = received.sender;
    if (received.sender != owner_) return;  // the ready pipe closes, and says that nothing comes of it
    auto& [lifeline, tiles, heavy, ready, configuration, log] = received.descriptors;
    // The newest log: after a rotation the old one is somebody's archive.
    std::string log_path = path_of_log(log.get());
    log_to(log.get(), log_path);
    Supervised& one = all_.emplace_back();
    one.generation = {std::move(lifeline),      std::move(tiles), std::move(heavy),   std::move(ready),
                      std::move(configuration), std::move(log),   std::move(log_path)};
    start(one);
}

void ForkServer::start(Supervised& one) {
    one.born_ms = now_ms();
    one.pid = ::fork();
    if (one.pid == 0) {
        (void)::prctl(PR_SET_NAME, "iiif-renderd");
        Generation generation = std::move(one.generation);
        control_ = UniqueFd();
        signals_ = UniqueFd();
        all_.clear();  // the other generations' descriptors
        log_to(generation.log.get(), generation.log_path);
        generation.log = UniqueFd();
        (void)::lseek(generation.configuration.get(), 0, SEEK_SET);
        std::_Exit(supervisor_(generation));
    }
    one.generation.ready = UniqueFd();  // its end must show
    if (one.pid > 0) return;
    log_line(::getpid(), std::string("cannot make a supervisor process: ") + std::strerror(errno));
    one.due_ms = now_ms() + replacement_delay(End::idle, ++one.streak + 1);
}

void ForkServer::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
        const auto one = std::ranges::find(all_, pid, &Supervised::pid);
        if (one == all_.end()) continue;
        if (WIFEXITED(status)) {
            all_.erase(one);  // told to end, or it said why it cannot work
        } else {
            replace(*one, status);
        }
    }
}

void ForkServer::replace(Supervised& one, int status) {
    const std::int64_t now = now_ms();
    one.streak = now - one.born_ms >= kHealthyAfter ? 1 : one.streak + 1;
    one.due_ms = now + replacement_delay(End::idle, one.streak);
    log_line(::getpid(), "supervisor " + std::to_string(one.pid) + ' ' + how_it_ended(status) + "; another one starts");
    one.pid = -1;
}

}  // namespace

int serve_generations(UniqueFd control, SupervisorMain supervisor) {
    return ForkServer(std::move(control), supervisor).run();
}

}  // namespace iiif::renderd
