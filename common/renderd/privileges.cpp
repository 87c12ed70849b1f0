// SPDX-License-Identifier: Apache-2.0
#include "renderd/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace iiif::renderd {
namespace {

tl::unexpected<Refusal> failed(const char* call) {
    return refuse(0, std::string("cannot become the workers' user: ") + call + ": " + std::strerror(errno));
}

}  // namespace

Expected<bool> become(uid_t uid, gid_t gid) {
    if (::geteuid() != 0 || uid == 0) return true;
    // Supplementary groups as the workers have them: they often are what allows to read the images.
    const passwd* user = ::getpwuid(uid);
    const int groups = user != nullptr ? ::initgroups(user->pw_name, gid) : ::setgroups(1, &gid);
    if (groups != 0) return failed("setgroups");
    if (::setresgid(gid, gid, gid) != 0) return failed("setgid");
    if (::setresuid(uid, uid, uid) != 0) return failed("setuid");
    if (::setuid(0) == 0) return refuse(0, "cannot become the workers' user: the system gave root back");
    return true;
}

}  // namespace iiif::renderd
