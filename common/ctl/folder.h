// SPDX-License-Identifier: Apache-2.0
// The files of a folder, as the servers see them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace iiif::ctl {

struct File {
    std::string path;     // beneath the folder, with slashes
    std::uint64_t bytes;  // of what a link leads to; 0 when that cannot be found out
    std::string problem;  // why a server would not serve it, and what to do; "": it would
};

// All regular files and links to such, in the order in which people count (img2 before img10). What begins with a dot
// is left out, as servers do not serve it, but what is called `hidden`. `wrong`: "" or why the folder itself cannot be
// read.
std::vector<File> files_of(const std::string& folder, std::string& wrong, std::string_view hidden = "");

// Whether `a` comes before `b`: numbers by their value, letters by their lower case where they are ASCII.
bool natural_less(const std::string& a, const std::string& b);

}  // namespace iiif::ctl
