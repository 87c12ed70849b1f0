// SPDX-License-Identifier: Apache-2.0
// What a renderer can still reach: it decodes files that anybody may have made, with libraries that have had their
// share of holes. docs/security.md says what is promised.
#pragma once

#include <string>
#include <vector>

#include "protocol/refusal.h"
#include "renderd/configuration.h"
#include "renderd/landlock.h"

namespace iiif::renderd {

// What of the sandbox this kernel lacks, or lets nobody use, by name and purpose; "": nothing.
std::string missing_protection();

// Renderers read the roots, and what libraries look up; they write pyramids.
FileRules rules_for(const Configuration&);
// Of these the folders that are the administrator's, who may mount or replace them; none without a sandbox.
std::vector<std::string> places_of(const Configuration&);

// For good, for this process: no_new_privs, Landlock and seccomp, as far as the kernel has them and the mode wants
// them. The sentence of a refusal is for the error log.
Expected<bool> confine(Sandbox mode, const FileRules& rules);

// The folders a process is confined to are what they were: Landlock knows them, not their paths. A volume that is
// mounted again, a folder that is replaced, is another one, out of reach.
class Places {
public:
    explicit Places(std::vector<std::string> paths);
    // Costs a statx(2) for each.
    [[nodiscard]] bool unchanged() const;

private:
    // A number of an inode is used again, by the next volume and by the next folder.
    struct Identity {
        std::uint64_t device = 0, inode = 0, mount = 0;  // 0: not there, or not known
        std::int64_t born = 0;                           // seconds
        std::uint32_t born_ns = 0;
        bool operator==(const Identity&) const = default;
    };
    static Identity identity_of(const std::string& path);

    std::vector<std::string> paths_;
    std::vector<Identity> known_;
};

}  // namespace iiif::renderd
