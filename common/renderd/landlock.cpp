// SPDX-License-Identifier: Apache-2.0
#include "renderd/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "source/root.h"

namespace iiif::renderd {
namespace {

// The kernel's structure, as of version 6: headers are often older than the kernel that runs.
struct RulesetAttributes {
    std::uint64_t files = 0;
    std::uint64_t network = 0;
    std::uint64_t scoped = 0;
};

constexpr std::uint64_t kRefer = 1ULL << 13U;          // since version 2: into another folder
constexpr std::uint64_t kTruncate = 1ULL << 14U;       // 3
constexpr std::uint64_t kNetwork = 0b11;               // 4: bind and connect, TCP
constexpr std::uint64_t kDeviceControl = 1ULL << 15U;  // 5: ioctl
constexpr std::uint64_t kScoped = 0b11;                // 6: abstract unix sockets, signals

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrite =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | kTruncate;
constexpr std::uint64_t kFirstVersion = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;  // all that version 1 knows

RulesetAttributes known_to(int version) {
    RulesetAttributes known;
    known.files = kFirstVersion;
    if (version >= 2) known.files |= kRefer;
    if (version >= 3) known.files |= kTruncate;
    if (version >= 4) known.network = kNetwork;
    if (version >= 5) known.files |= kDeviceControl;
    if (version >= 6) known.scoped = kScoped;
    return known;
}

std::size_t size_for(int version) {
    return version >= 6 ? 24 : version >= 4 ? 16 : 8;
}

tl::unexpected<Refusal> failed(const std::string& what) {
    return refuse(0, "Landlock: " + what + ": " + std::strerror(errno));
}

// true: it is allowed, or not there.
bool allow(int ruleset, const std::string& path, std::uint64_t access) {
    const source::UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!place) return errno == ENOENT || errno == EACCES || errno == ENOTDIR;
    struct stat status {};
    if (::fstat(place.get(), &status) != 0) return false;
    landlock_path_beneath_attr rule{};
    // A file has no entries to allow anything for.
    rule.allowed_access = S_ISDIR(status.st_mode) ? access : access & kReadFile;
    rule.parent_fd = place.get();
    return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

int landlock_version() {
    const long version =
        ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? static_cast<int>(version) : 0;
}

Expected<bool> restrict_files(const FileRules& rules) {
    const int version = landlock_version();
    const RulesetAttributes attributes = known_to(version);
    const source::UniqueFd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size_for(version), 0)));
    if (!ruleset) return failed("no rules can be made");
    for (const std::string& path : rules.readable) {
        if (!allow(ruleset.get(), path, kRead)) return failed('"' + path + '"');
    }
    for (const std::string& path : rules.writable) {
        if (!allow(ruleset.get(), path, (kRead | kWrite) & attributes.files)) return failed('"' + path + '"');
    }
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return failed("the rules are not accepted");
    return true;
}

}  // namespace iiif::renderd
