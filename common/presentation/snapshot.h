// SPDX-License-Identifier: Apache-2.0
// What `iiifctl federate` keeps in a folder of the documents that its sidecar includes, and renderers read: a hidden
// file, which servers never serve. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "presentation/remote.h"
#include "presentation/sidecar.h"

namespace iiif::presentation {

inline constexpr std::string_view kSnapshotName = ".iiif-include.json";
inline constexpr std::size_t kMostSnapshotBytes = std::size_t{8} << 20U;
inline constexpr std::size_t kMostIncluded = 2000;  // entries of a sidecar

// A document, as it was when it last came.
struct Kept {
    std::string uri;
    std::string fetched;  // 2026-01-31T12:00:00Z
    std::string etag, last_modified;
    std::string failed;  // why a later attempt gave nothing
    std::vector<Remark> remarks;
    Json resource;  // nullptr: it never came
};

struct Snapshot {
    std::vector<Kept> documents;  // by URI, each once
    [[nodiscard]] const Kept* find(std::string_view uri) const;
};

// Whatever `text` is: what is no entry is left out.
Snapshot read_snapshot(std::string_view text);
std::string write_snapshot(const Snapshot&);

// The document that an entry of a sidecar needs.
const std::string& document_of(const Remote&);

// What a sidecar includes, as its snapshot has it.
struct Included {
    std::vector<protocol::Reference> references;  // in the order written; all of them
    std::vector<protocol::Canvas> canvases;       // those that came
    std::vector<std::string> missing;             // of canvases that did not: sentences
};
Included included_by(const Sidecar&, const Snapshot&);

}  // namespace iiif::presentation
