// SPDX-License-Identifier: Apache-2.0
#include "renderd/system_calls.h"

#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace iiif::renderd {
namespace {

// By name: not every architecture has each, and libseccomp knows which.
constexpr std::string_view kAllowed =
    // memory
    "brk madvise membarrier mlock mmap mmap2 mprotect mremap munmap "
    // threads of codecs, and their locks
    "futex futex_time64 futex_waitv get_robust_list getcpu gettid rseq sched_getaffinity sched_getparam "
    "sched_getscheduler sched_setaffinity sched_yield set_robust_list set_tid_address "
    // time
    "clock_getres clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 gettimeofday nanosleep "
    "time "
    // files: which ones is for Landlock to say
    "access close close_range dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fcntl fcntl64 fdatasync "
    "flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents "
    "getdents64 _llseek lseek lstat lstat64 newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 read "
    "readlink readlinkat readv rename renameat renameat2 sendfile sendfile64 stat stat64 statfs statfs64 statx "
    "umask unlink unlinkat utimensat utimensat_time64 write writev "
    // the sockets it has
    "accept accept4 getpeername getsockname getsockopt _newselect poll ppoll ppoll_time64 pselect6 "
    "pselect6_time64 recv recvfrom recvmsg select send sendmsg sendto setsockopt shutdown "
    // itself
    "arch_prctl exit exit_group getegid geteuid getgid getpgrp getpid getppid getrandom getrlimit getrusage "
    "getuid prctl restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend "
    "rt_sigtimedwait sigaltstack sigreturn sysinfo times ugetrlimit uname";

class Filter {
public:
    Filter() : filter_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release) {}
    explicit operator bool() const { return filter_ != nullptr; }

    // A call that this architecture, or this libseccomp, does not know cannot be made, or is refused.
    template <class... Conditions>
    bool allow(const char* name, Conditions... conditions) {
        return add(SCMP_ACT_ALLOW, name, conditions...);
    }
    template <class... Conditions>
    bool add(std::uint32_t action, const char* name, Conditions... conditions) {
        const int number = seccomp_syscall_resolve_name(name);
        if (number < 0) return true;
        error_ = seccomp_rule_add(filter_.get(), action, number, sizeof...(conditions), conditions...);
        return error_ == 0 || error_ == -EEXIST;
    }
    bool load() {
        error_ = seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
        if (error_ == 0) error_ = seccomp_load(filter_.get());
        return error_ == 0;
    }
    [[nodiscard]] std::string why() const { return std::strerror(-error_); }

private:
    std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter_;
    int error_ = -ENOMEM;
};

// The sanitizers' runtimes make calls of their own, tracing among them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

}  // namespace

bool can_filter_system_calls() {
    if (kSanitized) return false;
    const std::uint32_t action = SECCOMP_RET_ERRNO;
    return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

Expected<bool> filter_system_calls() {
    Filter filter;
    bool made = static_cast<bool>(filter);
    for (std::string_view rest = kAllowed; made && !rest.empty();) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        made = filter.allow(std::string(rest.substr(0, end)).c_str());
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    // A thread, never a process. clone3 keeps its flags in memory, where no filter sees them; the C library asks for
    // clone where there is no clone3.
    made = made && filter.allow("clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) &&
           filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
    // Whose signal it is, is the process's own business: what ends with abort() does so.
    made = made && filter.allow("tgkill", SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()), 0));
    // Limits may be read.
    made = made && filter.allow("prlimit64", SCMP_A2(SCMP_CMP_EQ, 0, 0));
    if (!made) return refuse(0, "seccomp: the filter cannot be made: " + filter.why());
    if (!filter.load()) return refuse(0, "seccomp: the filter is not accepted: " + filter.why());
    return true;
}

}  // namespace iiif::renderd
