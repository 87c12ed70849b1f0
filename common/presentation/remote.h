// SPDX-License-Identifier: Apache-2.0
// Manifests and Collections of other institutions: from the bytes that came, in Presentation API 3.0 or 2.1, to what is
// shown of them. Pure. Whatever the bytes are: no exception, and bounded in time and memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "presentation/json_tree.h"
#include "protocol/presentation.h"

namespace iiif::presentation {

// What a remote got wrong, in a sentence.
struct Remark {
    std::string sentence;
    bool loss = false;  // something is not shown because of it; else it was understood all the same
    bool operator==(const Remark&) const = default;
};

// Each sentence once, not too many, and none too long.
void remark(std::vector<Remark>& remarks, std::string sentence, bool loss);

struct RemoteDocument {
    Json kept;          // what is shown of it, as Presentation API 3.0; nullptr: nothing could be read
    std::string wrong;  // why
    std::vector<Remark> remarks;
};

inline constexpr std::size_t kMostRemoteBytes = std::size_t{16} << 20U;  // of a document
inline constexpr std::size_t kMostCanvasBytes = std::size_t{256} << 10U;
inline constexpr std::size_t kMostStubBytes = std::size_t{64} << 10U;  // of what is kept beside canvases
inline constexpr std::size_t kMostRemarks = 20;

// `uri` is where it came from, `picks` are the ids of canvases that are wanted of it.
RemoteDocument read_remote(std::string_view text, std::string_view uri, const std::vector<std::string>& picks);

// What is shown: as an item of a Collection, and as canvases.
struct Shown {
    protocol::Reference reference;
    std::vector<protocol::Canvas> canvases;  // with the Manifest's rights, provider and requiredStatement
};
// `kept` may be anything: what it is not is left out, as read_remote() leaves it out.
Shown shown_of(const json_t* kept, std::string_view uri);

// The id of a canvas without what follows '#'.
std::string_view without_fragment(std::string_view id);
// "manuscript-12, library.example.org": what is said of an address where nothing else is known.
std::string label_from(std::string_view uri);

}  // namespace iiif::presentation
