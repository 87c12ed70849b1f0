// SPDX-License-Identifier: Apache-2.0
// Decoded tiles that are asked for again and again: those of low levels, which every thumbnail needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "render/planes.h"
#include "source/root.h"

namespace iiif::render {

struct TileKey {
    source::FileKey file;
    std::uint64_t directory = 0;  // where it lies in the file
    std::uint32_t index = 0, shrink = 1;
    bool operator==(const TileKey&) const = default;
};

struct DecodedTile {
    Planes planes;
    std::uint32_t across = 1, down = 1;  // picture samples to one of chroma
};

// Bounded, least recently used goes first; safe for threads. A few hundred tiles: a list is searched in no time.
class TileStore {
public:
    TileStore(std::size_t most_bytes, std::size_t most_tiles) : most_bytes_(most_bytes), most_tiles_(most_tiles) {}
    std::shared_ptr<const DecodedTile> find(const TileKey&);
    void keep(const TileKey&, std::shared_ptr<const DecodedTile>);
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Entry {
        TileKey key;
        std::shared_ptr<const DecodedTile> tile;
        std::size_t bytes;
    };
    std::size_t most_bytes_, most_tiles_;
    std::mutex mutex_;
    std::list<Entry> entries_;  // the most recent first
    std::size_t bytes_ = 0;
};

}  // namespace iiif::render
