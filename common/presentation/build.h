// SPDX-License-Identifier: Apache-2.0
// A folder beneath an endpoint's root, or a file in one, as the resource of the Presentation API that was asked for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "delivery/request.h"
#include "delivery/service.h"
#include "presentation/facts.h"
#include "presentation/watch.h"
#include "protocol/refusal.h"

namespace iiif::presentation {

struct Sources {
    FactReader facts;                 // of files; their refusals leave an image out
    FactStore& kept;                  // facts of files that have not changed
    std::function<bool()> cancelled;  // asked between files
};

struct Document {
    int status = 200;  // 410: withdrawn, and the JSON says what it was
    std::string json;
    bool complete = true;  // no file was left out because it could not be read
    std::vector<std::string>
        complaints;  // for the error log: what was left out, of files and of sidecars, and why; not many
};

// `request` is one of the Presentation API. Refusals: 404 where nothing is that could be shown, in words; 503 when
// cancelled. `watch` gets everything that was looked at.
Expected<Document> build(const delivery::Service& service, const delivery::Request& request, const Sources& sources,
                         Watch& watch);

// Whether the request's path is a folder, a file, or a page of one.
bool is_there(const delivery::Service& service, const delivery::Request& request);

// The id of what the object at `path` is, in the request's version: a Manifest or a Collection, and of a folder that is
// both what was asked for. Of an image in a folder that is one object, that object; of one that was withdrawn, its
// tombstone. nullopt: there is nothing.
std::optional<std::string> location_of(const delivery::Service& service, const delivery::Request& request,
                                       const std::string& path);

}  // namespace iiif::presentation
