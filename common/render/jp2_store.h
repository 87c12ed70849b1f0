// SPDX-License-Identifier: Apache-2.0
// What a renderer keeps of JPEG 2000 files between requests: where their tiles lie, and decoded pixels. Viewers ask for
// neighbours, and for the same low resolutions again and again. For one thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "render/jp2_codestream.h"
#include "render/jp2_samples.h"
#include "source/root.h"

namespace iiif::render {

struct Jp2File {
    std::uint64_t id = 0;  // never given twice: pixels of a forgotten file are never found again
    source::FileKey key;
    Codestream stream;
    Grid grid;                       // one tile, when the codestream is not indexed
    bool high_throughput = false;    // some of its code blocks, or all
    std::optional<Meaning> meaning;  // known once something was decoded
    std::string profile;             // ICC
    [[nodiscard]] std::size_t memory() const { return sizeof(*this) + stream.memory() + profile.capacity(); }
};

// Decoded pixels are kept in squares of a tile's corner, kCell wide and high, smaller at its right and lower edges.
constexpr std::uint32_t kCell = 128;
struct CellKey {
    std::uint64_t file = 0;
    std::uint32_t tile = 0, reduction = 0, column = 0, row = 0;
    bool operator==(const CellKey&) const = default;
};

class Jp2Store {
public:
    // What is kept takes at most `bytes`, an eighth of them for files. 0: nothing is kept.
    explicit Jp2Store(std::size_t bytes) : most_(bytes) {}

    std::shared_ptr<Jp2File> file(const source::FileKey&);  // nullptr: not here
    void keep(std::shared_ptr<Jp2File> file);               // again, too, when it has grown
    std::uint64_t next_id() { return ++last_id_; }

    // The pixels of a cell, packed; empty: not here. Valid until the next keep().
    std::span<const std::uint8_t> cell(const CellKey&);
    void keep(const CellKey& key, std::vector<std::uint8_t> pixels);

    [[nodiscard]] std::size_t capacity() const { return most_ - most_ / kFileShare; }  // of cells, bytes
    [[nodiscard]] std::size_t memory() const { return cell_bytes_ + file_bytes(); }    // bytes

private:
    static constexpr std::size_t kFileShare = 8;
    struct Cell {
        CellKey key;
        std::vector<std::uint8_t> pixels;
        // The list's and the map's nodes, about.
        [[nodiscard]] std::size_t memory() const { return pixels.capacity() + sizeof(Cell) + 96; }
    };
    struct Hash {
        std::size_t operator()(const CellKey& key) const;
    };
    [[nodiscard]] std::size_t file_bytes() const;

    std::size_t most_, cell_bytes_ = 0;
    std::uint64_t last_id_ = 0;
    std::list<std::shared_ptr<Jp2File>> files_;  // the last used first
    std::list<Cell> cells_;                      // the last used first
    std::unordered_map<CellKey, std::list<Cell>::iterator, Hash> places_;
};

// The renderer's own.
Jp2Store& jp2_store();

}  // namespace iiif::render
