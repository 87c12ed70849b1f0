// SPDX-License-Identifier: Apache-2.0
// Persistent identifiers: which object of a tree an ARK, a DOI or another name means that its sidecars give it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/request.h"
#include "delivery/service.h"
#include "presentation/watch.h"
#include "protocol/refusal.h"

namespace iiif::presentation {

// One spelling for all that mean the same, whoever's resolver stands before it: "ark:/12025/654" of "ark:12025/6-54"
// and "https://n2t.net/ark:/12025/654", "doi:10.1000/182" of "10.1000/182" and "https://doi.org/10.1000/182". Other
// kinds are what they are, without blanks around them.
std::string plain_identifier(std::string_view written);

struct IdentifierIndex {
    std::string text;                     // for find_identifier(); bytes
    bool complete = true;                 // every folder could be read
    std::vector<std::string> complaints;  // for the error log: two that claim one name, what was left out; not many
};

// Looks through the sidecars of every folder beneath the root; of a folder that several paths lead to, through the
// first. Where several objects claim one identifier, it is the one whose path comes first in natural order. `request`:
// any of the endpoint's Presentation API. `watch` gets what was looked at. 503 when cancelled.
Expected<IdentifierIndex> index_identifiers(const delivery::Service& service, const delivery::Request& request,
                                            const std::function<bool()>& cancelled, Watch& watch);

// The path of a folder, a file, or a page of one. `index` may come from anywhere: what it is not, has nothing.
std::optional<std::string> find_identifier(std::string_view index, std::string_view identifier);

}  // namespace iiif::presentation
