// SPDX-License-Identifier: Apache-2.0
#include "renderd/sandbox.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "renderd/system_calls.h"

namespace iiif::renderd {
namespace {

// Looked up while a page of a PDF is drawn: character maps of poppler's, fonts where a file has none of its own; and
// how many processors there are. What the fork server has loaded needs no file any more.
constexpr const char* kLookedUp[] = {
    "/usr/share/poppler",    "/usr/share/fonts",      "/usr/local/share/fonts",    "/etc/fonts",
    "/usr/share/fontconfig", "/var/cache/fontconfig", "/usr/share/xml/fontconfig", "/sys/devices/system/cpu/online"};

void add(std::vector<std::string>& to, const std::string& path) {
    if (std::ranges::find(to, path) == to.end()) to.push_back(path);
}

}  // namespace

std::string missing_protection() {
    std::string missing;
    if (landlock_version() == 0) missing = "Landlock (which files a renderer can reach)";
    if (!can_filter_system_calls()) {
        missing += missing.empty() ? "" : " and ";
        missing += "seccomp (which system calls it can make)";
    }
    return missing;
}

FileRules rules_for(const Configuration& configuration) {
    FileRules rules;
    for (const auto& service : configuration.services) {
        add(rules.readable, service->root.directory());
        if (service->pyramids) add(rules.writable, service->pyramids->folder.directory());
    }
    for (const char* path : kLookedUp) rules.readable.emplace_back(path);
    return rules;
}

std::vector<std::string> places_of(const Configuration& configuration) {
    std::vector<std::string> places;
    if (configuration.sandbox == Sandbox::off) return places;
    for (const auto& service : configuration.services) {
        add(places, service->root.directory());
        if (service->pyramids) add(places, service->pyramids->folder.directory());
    }
    return places;
}

Expected<bool> confine(Sandbox mode, const FileRules& rules) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return refuse(0, std::string("no_new_privs: ") + std::strerror(errno));
    }
    if (mode == Sandbox::off) return true;
    if (mode == Sandbox::require || landlock_version() > 0) {
        if (auto restricted = restrict_files(rules); !restricted) return restricted;
    }
    if (mode == Sandbox::require || can_filter_system_calls()) {
        if (auto filtered = filter_system_calls(); !filtered) return filtered;
    }
    return true;
}

Places::Places(std::vector<std::string> paths) : paths_(std::move(paths)) {
    for (const std::string& path : paths_) known_.push_back(identity_of(path));
}

Places::Identity Places::identity_of(const std::string& path) {
#ifndef STATX_MNT_ID_UNIQUE
    constexpr unsigned STATX_MNT_ID_UNIQUE = 0x4000;  // Linux 6.8; STATX_MNT_ID, 5.8, may be that of an earlier mount
#endif
    struct statx status {};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_BTIME | STATX_MNT_ID | STATX_MNT_ID_UNIQUE, &status) !=
        0) {
        return {};
    }
    return {makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino, status.stx_mnt_id,
            status.stx_btime.tv_sec, status.stx_btime.tv_nsec};
}

bool Places::unchanged() const {
    return std::ranges::equal(paths_, known_, {}, identity_of);
}

}  // namespace iiif::renderd
