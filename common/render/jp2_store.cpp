// SPDX-License-Identifier: Apache-2.0
#include "render/jp2_store.h"

#include <algorithm>
#include <numeric>

#include "render/jp2.h"

namespace iiif::render {

namespace {

Jp2Store& the_store() {
    static Jp2Store store(kJp2StoreBytes);
    return store;
}

}  // namespace

Jp2Store& jp2_store() {
    return the_store();
}

void keep_jp2(std::size_t bytes) {
    the_store() = Jp2Store(bytes);
}

std::size_t Jp2Store::file_bytes() const {
    return std::accumulate(files_.begin(), files_.end(), std::size_t{0},
                           [](std::size_t sum, const auto& file) { return sum + file->memory(); });
}

std::shared_ptr<Jp2File> Jp2Store::file(const source::FileKey& key) {
    const auto found = std::find_if(files_.begin(), files_.end(), [&](const auto& file) { return file->key == key; });
    if (found == files_.end()) return nullptr;
    files_.splice(files_.begin(), files_, found);
    return *found;
}

void Jp2Store::keep(std::shared_ptr<Jp2File> file) {
    files_.remove(file);
    files_.push_front(std::move(file));
    constexpr std::size_t kMostFiles = 64;
    while (!files_.empty() && (files_.size() > kMostFiles || file_bytes() > most_ / kFileShare)) files_.pop_back();
}

std::span<const std::uint8_t> Jp2Store::cell(const CellKey& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return {};
    cells_.splice(cells_.begin(), cells_, found->second);
    return found->second->pixels;
}

void Jp2Store::keep(const CellKey& key, std::vector<std::uint8_t> pixels) {
    if (pixels.empty() || places_.contains(key)) return;
    Cell cell{key, std::move(pixels)};
    const std::size_t size = cell.memory();
    if (size > capacity()) return;
    while (!cells_.empty() && cell_bytes_ > capacity() - size) {
        cell_bytes_ -= cells_.back().memory();
        places_.erase(cells_.back().key);
        cells_.pop_back();
    }
    cells_.push_front(std::move(cell));
    places_.emplace(key, cells_.begin());
    cell_bytes_ += size;
}

std::size_t Jp2Store::Hash::operator()(const CellKey& key) const {
    std::uint64_t hash = key.file;
    for (const std::uint32_t value : {key.tile, key.reduction, key.column, key.row}) {
        hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 29U;
    }
    return hash;
}

}  // namespace iiif::render
