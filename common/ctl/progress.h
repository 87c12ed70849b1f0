// SPDX-License-Identifier: Apache-2.0
// A bar on a terminal's stderr; nothing where that is no terminal.
#pragma once

#include <cstdint>
#include <string>

namespace iiif::ctl {

class Progress {
public:
    // `all`: what done() counts to, in any unit.
    Progress(std::uint64_t all, bool wanted);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void done(std::uint64_t more, const std::string& name);
    // Makes room for a line of text, which the caller then writes.
    void clear();

private:
    std::uint64_t all_, done_ = 0;
    bool shown_;
};

}  // namespace iiif::ctl
