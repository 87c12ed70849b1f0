// SPDX-License-Identifier: Apache-2.0
// One endpoint with files that are replaced while they are asked for. Every file says in its time of change which
// version it is, in its tiles too, and so does its description: an answer that mixes two versions is found out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "iiif/iiif.h"
#include "pool/pool.h"
#include "source/description.h"

namespace iiif::threads {

inline constexpr std::uint32_t kTile = 64;              // pixels, both ways
inline constexpr std::uint32_t kPyramids = 4;           // p0.tif .. p3.tif
inline constexpr std::uint32_t kPages = 4800;           // of plain.tif: more than a worker keeps descriptions
inline constexpr std::uint32_t kVersions = 50;          // more of a file are not told apart
inline constexpr std::int64_t kFirstTime = 1577836800;  // seconds; version 0 of every file

// Tiles across, and down, of a file; 0: it has none. The index of the first is longer than what a worker keeps of all.
std::uint32_t tiles_across(std::string_view file);
// What stands in the place of the picture, in tile `number` of this version.
std::string tile_bytes(std::uint32_t version, std::uint64_t number);
// What a renderer would find out, from what the file's key says.
source::Description description_of(std::string_view file, const source::FileKey&, std::uint32_t page);
std::uint32_t version_of(const source::FileKey&);

class World {
public:
    // `shared`: descriptions that the workers share; fewer than there are, so that they drive one another out.
    explicit World(std::size_t shared = 1024);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // The next version of a file, or the map, takes its place at once, by rename(2).
    void replace(const std::string& file, std::uint32_t version) const;
    void replace_map(const std::string& target) const;

    [[nodiscard]] const iiif_service* service() const { return service_; }
    // Ends with the world.
    iiif_worker* start_worker(std::size_t files_kept);

private:
    std::filesystem::path folder_;
    iiif_service* service_ = nullptr;
    iiif_pool pool_;
    std::vector<iiif_worker*> workers_;
};

}  // namespace iiif::threads
