// SPDX-License-Identifier: Apache-2.0
// What people wrote beside their images, read as servers read it: mistakes, names of nothing, identifiers given twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace iiif::ctl {

struct Mistake {
    std::string path;        // of the sidecar, beneath the folder
    std::uint32_t line = 0;  // 1-based; 0: the file as a whole
    std::string says;        // what is wrong, and what to write instead
};

// An identifier that an object beneath the folder has, and where that is written.
struct Naming {
    std::string identifier, object, path;
    std::uint32_t line = 0;
};

struct SidecarReport {
    std::vector<Mistake> mistakes;
    std::vector<Naming> namings;
};

// "maps/iiif.yaml" or "metadata.csv", say, or an .htaccess, which is read with them.
bool is_sidecar(std::string_view path);

// Those of the folder `part` beneath `folder`. Strangers' texts are read in this process: whoever does not trust them
// calls it in a child (children.h).
SidecarReport read_sidecars(const std::string& folder, const std::string& part);

// One line of JSON and back; a SidecarReport crosses a pipe.
std::string to_json(const SidecarReport&);
SidecarReport sidecar_report_of(const std::string& json);

// What is wrong with the sidecars at these paths beneath `folder`, in the order of their paths and lines. Each folder's
// are read by a process of its own, `jobs` at a time.
std::vector<Mistake> check_sidecars(const std::string& folder, const std::vector<std::string>& paths, unsigned jobs);

}  // namespace iiif::ctl
