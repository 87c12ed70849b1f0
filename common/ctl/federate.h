// SPDX-License-Identifier: Apache-2.0
// Fetches what sidecars below a folder include of other institutions, and keeps it beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "presentation/remote.h"

namespace iiif::ctl {

enum class Came : std::uint8_t { fetched, unchanged, failed };

// A document, and what became of it.
struct Federated {
    std::string uri;
    std::vector<std::string> folders;  // that include it; "" is the one that was named
    Came came = Came::failed;
    std::string wrong;  // why it failed
    std::string since;  // failed: when what is shown was fetched; "": never
    std::vector<presentation::Remark> remarks;
};

struct Federation {
    std::string unable;  // why nothing could be done
    std::vector<Federated> documents;
    std::vector<std::string> folders;  // that include something
    std::vector<std::string> wrong;    // of folders: what could not be read, or written
};

// Called before each request, with how many there are in all.
using FederationProgress = std::function<void(std::size_t done, std::size_t all, const std::string& uri)>;

// `seconds`: for one document with its redirects.
Federation federate_below(const std::string& folder, long seconds, const FederationProgress& progress);

}  // namespace iiif::ctl
