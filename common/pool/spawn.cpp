// SPDX-License-Identifier: Apache-2.0
#include "pool/spawn.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <tuple>
#include <vector>

namespace iiif::pool {
namespace {

using source::UniqueFd;

constexpr int kFirst = 3;  // after the standard descriptors
constexpr std::string_view kFailure = "failed ";

// Everything the child needs, made before fork: in the child only async-signal-safe calls are allowed, because the
// server may have threads and locks that fork does not copy whole.
struct Prepared {
    std::array<int, 2> descriptors;  // all beyond their places, so that putting them in place overwrites none
    int null = -1, log = -1, failure = -1;
    const char* program = nullptr;
    char* const* argv = nullptr;
    char* const* envp = nullptr;
    int open_max = 0;
};

// "failed ERRNO CALL\n": strerror is not for a child of fork.
[[noreturn]] void fail(int fd, const char* call) {
    const int error = errno;
    std::array<char, 64> line{};
    std::size_t used = kFailure.copy(line.data(), kFailure.size());
    const auto digits = std::to_chars(line.data() + used, line.data() + line.size(), error);
    used = static_cast<std::size_t>(digits.ptr - line.data());
    line[used++] = ' ';
    while (*call != '\0' && used < line.size() - 1) line[used++] = *call++;
    line[used++] = '\n';
    (void)!::write(fd, line.data(), used);
    ::_exit(127);
}

void reset_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) (void)::sigaction(number, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_from(int first, int open_max) {
    if (::close_range(static_cast<unsigned>(first), ~0U, 0) == 0) return;
    for (int fd = first; fd < open_max; ++fd) (void)::close(fd);  // Linux before 5.9
}

[[noreturn]] void become_program(const Prepared& p) {
    if (::setsid() < 0) fail(p.failure, "setsid");
    const pid_t supervisor = ::fork();
    if (supervisor < 0) fail(p.failure, "fork");
    if (supervisor > 0) ::_exit(0);

    if (::dup2(p.null, STDIN_FILENO) < 0 || ::dup2(p.log, STDERR_FILENO) < 0 ||
        ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        fail(p.failure, "dup2");
    }
    int place = kFirst;
    for (const int fd : p.descriptors) {
        if (::dup2(fd, place++) < 0) fail(p.failure, "dup2");
    }
    // The failure pipe stays open beyond exec in its place; from here on use that one.
    int failure = kFirst;
    for (const int fd : p.descriptors) {
        if (fd == p.failure) break;
        ++failure;
    }
    close_from(place, p.open_max);
    reset_signals();
    ::execve(p.program, p.argv, p.envp);
    fail(failure, "execve");
}

std::vector<std::string> minimal_environment() {
    std::vector<std::string> environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"}) {
        if (const char* value = std::getenv(name)) environment.push_back(std::string(name) + '=' + value);
    }
    return environment;
}

int open_descriptors_at_most() {
    constexpr rlim_t kCeiling = 65536;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > kCeiling) return static_cast<int>(kCeiling);
    return static_cast<int>(limit.rlim_cur);
}

void reap(pid_t child) {
    // ECHILD: the server's own SIGCHLD handler was quicker.
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace

Expected<bool> spawn_detached(const Spawn& spawn) {
    constexpr int kBeyond = kFirst + static_cast<int>(std::tuple_size_v<decltype(spawn.descriptors)>);
    std::vector<UniqueFd> owned;
    const auto out_of_the_way = [&owned](int fd) {
        owned.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, kBeyond));
        return owned.back().get();
    };

    Prepared prepared;
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    prepared.null = out_of_the_way(null.get());
    prepared.log = out_of_the_way(spawn.log_fd < 0 ? null.get() : spawn.log_fd);
    for (std::size_t i = 0; i < spawn.descriptors.size(); ++i) {
        prepared.descriptors[i] = out_of_the_way(spawn.descriptors[i]);
    }
    for (const UniqueFd& fd : owned) {
        if (!fd) return refuse(500, std::string("cannot prepare the renderers' descriptors: ") + std::strerror(errno));
    }
    prepared.failure = prepared.descriptors[spawn.failure_descriptor];

    std::string argument0 = "iiif-renderd";
    std::string argument1 = "--supervise";
    std::array<char*, 3> argv = {argument0.data(), argument1.data(), nullptr};
    std::vector<std::string> environment = minimal_environment();
    std::vector<char*> envp;
    envp.reserve(environment.size() + 1);
    for (std::string& variable : environment) envp.push_back(variable.data());
    envp.push_back(nullptr);
    prepared.program = spawn.program.c_str();
    prepared.argv = argv.data();
    prepared.envp = envp.data();
    prepared.open_max = open_descriptors_at_most();

    // No handler of the server may run in the child, which would still find the server's memory.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    (void)::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t child = ::fork();
    const int error = errno;
    if (child == 0) become_program(prepared);
    if (child > 0) reap(child);
    (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) return refuse(500, std::string("cannot start the renderers: fork: ") + std::strerror(error));
    return true;
}

std::string spawn_failure(const std::string& program, const std::string& line) {
    if (!line.starts_with(kFailure)) return "";
    int error = 0;
    const char* begin = line.data() + kFailure.size();
    const auto number = std::from_chars(begin, line.data() + line.size(), error);
    const std::string call = number.ptr == line.data() + line.size() ? "" : std::string(number.ptr + 1);
    return "cannot run \"" + program + "\": " + call + ": " + std::strerror(error);
}

}  // namespace iiif::pool
