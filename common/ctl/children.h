// SPDX-License-Identifier: Apache-2.0
// Work on files of strangers, each in a process of its own: what a decoder does to itself costs one file.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace iiif::ctl {

struct Outcome {
    std::string said;   // what the work returned
    std::string ended;  // "": as it should; else how the process ended instead, as "was ended by signal 11 (…)"
};

// Calls work(i) for each i below `count`, at most `jobs` at a time, each in a child of this process; and done(i, …) in
// this one, as each ends. No threads may run when it is called.
void in_children(std::size_t count, unsigned jobs, const std::function<std::string(std::size_t)>& work,
                 const std::function<void(std::size_t, const Outcome&)>& done);

}  // namespace iiif::ctl
