// SPDX-License-Identifier: Apache-2.0
#include "render/tile_store.h"

#include <algorithm>

namespace iiif::render {

std::shared_ptr<const DecodedTile> TileStore::find(const TileKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
    if (found == entries_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found);
    return found->tile;
}

void TileStore::keep(const TileKey& key, std::shared_ptr<const DecodedTile> tile) {
    std::size_t bytes = sizeof(Entry) + sizeof(DecodedTile);
    for (const Plane& plane : tile->planes.plane) bytes += plane.stride() * plane.extent().height;
    // One that would drive out most others is not worth it.
    if (bytes > most_bytes_ / 4) return;
    const std::lock_guard lock(mutex_);
    entries_.push_front({key, std::move(tile), bytes});
    bytes_ += bytes;
    while (bytes_ > most_bytes_ || entries_.size() > most_tiles_) {
        bytes_ -= entries_.back().bytes;
        entries_.pop_back();
    }
}

}  // namespace iiif::render
