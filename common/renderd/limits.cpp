// SPDX-License-Identifier: Apache-2.0
#include "renderd/limits.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

#include "source/root.h"

namespace iiif::renderd {
namespace {

// AddressSanitizer reserves terabytes for its shadow, which would count.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryCanBeLimited = false;
#else
constexpr bool kMemoryCanBeLimited = true;
#endif

// Without raising what the administrator or the service manager allowed. `grace`: so much later it is enforced by
// SIGKILL, where a limit has a signal of its own.
bool limit(__rlimit_resource resource, rlim_t wanted, rlim_t grace = 0) {
    rlimit current{};
    if (::getrlimit(resource, &current) != 0) return false;
    const auto allowed = [&current](rlim_t value) {
        return current.rlim_max == RLIM_INFINITY ? value : std::min(value, current.rlim_max);
    };
    const rlimit next{allowed(wanted), allowed(wanted == RLIM_INFINITY ? wanted : wanted + grace)};
    return ::setrlimit(resource, &next) == 0;
}

// Of processor time. Starting a renderer takes milliseconds, so what it may use is a matter of taste.
constexpr std::uint64_t kSeconds = 1800;
constexpr std::uint64_t kLongestJob = 86400;
constexpr std::uint64_t kGrace = 10;  // between SIGXCPU, which names the reason in the log, and SIGKILL

tl::unexpected<Refusal> failed(const char* what) {
    return refuse(0, std::string("cannot limit ") + what + ": " + std::strerror(errno));
}

source::UniqueFd& statm() {
    static source::UniqueFd fd;
    return fd;
}

}  // namespace

void stand_back() {
    // sched(7), "Autogroup feature": sessions share the processors evenly, and niceness counts within each alone. The
    // renderers are a session of their own, so it is the session that has to be nice.
    const source::UniqueFd fd(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC));
    if (fd) (void)!::write(fd.get(), "5", 1);
}

Expected<bool> apply_limits(const Limits& limits) {
    // A core of a process that holds other people's images is not ours to leave on a disk.
    if (!limit(RLIMIT_CORE, 0)) return failed("core files");

    // A renderer writes to its socket, to its log pipe, and pyramids. Libraries that try to write else (font caches,
    // spill files of huge images) get an error instead of a full disk; without the signal they can go on.
    (void)std::signal(SIGXFSZ, SIG_IGN);
    if (!limit(RLIMIT_FSIZE, limits.file_bytes)) return failed("the size of files");

    // RLIMIT_DATA, not RLIMIT_AS: it counts what a process really takes for itself, while address space is also used
    // up by mapped sources of many gigabytes.
    const rlim_t memory = limits.renderer_memory > RLIM_INFINITY / 2 ? RLIM_INFINITY : limits.renderer_memory * 2;
    if (kMemoryCanBeLimited && !limit(RLIMIT_DATA, memory)) return failed("memory");

    // The last job may begin just before it is time to end, and its codec may use all processors.
    const auto processors = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    const std::uint64_t longest = std::min(limits.job_seconds, kLongestJob);
    if (!limit(RLIMIT_CPU, kSeconds + longest * processors, kGrace)) return failed("processor time");

    // Standard streams, two sockets, the image, its pyramid, the answers that are shared: a few dozen with libraries'
    // own. Processes have no limit: the kernel counts those of the user, who is the web server's; new ones are what the
    // sandbox forbids.
    constexpr rlim_t kDescriptors = 256;
    if (!limit(RLIMIT_NOFILE, kDescriptors)) return failed("descriptors");
    return true;
}

bool is_out_of_time() {
    timespec used{};
    return ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 && static_cast<std::uint64_t>(used.tv_sec) >= kSeconds;
}

void watch_memory() {
    // After the fork: it stays the memory of the process that opened it.
    statm() = source::UniqueFd(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
}

std::uint64_t private_memory() {
    std::array<char, 128> text{};
    if (!statm() || ::pread(statm().get(), text.data(), text.size() - 1, 0) <= 0) return 0;
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::uint64_t shared = 0;
    if (std::sscanf(text.data(), "%lu %lu %lu", &total, &resident, &shared) != 3 || shared > resident) return 0;
    return (resident - shared) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace iiif::renderd
