// SPDX-License-Identifier: Apache-2.0
#include "threads/world.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "delivery/service.h"
#include "suite.h"

namespace iiif::threads {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKinds = 16;  // of tiles in one file; tile n is of kind n % kKinds

std::string number(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
    return out;
}

std::string segment(unsigned marker, const std::string& body) {
    const std::size_t length = body.size() + 2;
    return {"\xFF" + std::string(1, static_cast<char>(marker)) + static_cast<char>(length >> 8U) +
            static_cast<char>(length & 0xFFU) + body};
}

// A frame of kTile x kTile, three components, none subsampled.
std::string frame() {
    std::string body("\x08\x00\x40\x00\x40\x03", 6);
    for (char component = 1; component <= 3; ++component) body += std::string({component, 0x11, 0});
    return segment(0xC0, body);
}

struct Layout {
    source::TileIndex index;
    std::string bytes;
};

// The same for each version, but for what the tiles say.
Layout lay_out(std::uint32_t across, std::uint32_t version) {
    Layout out;
    const auto put = [&](const std::string& piece) {
        const std::uint64_t at = out.bytes.size();
        out.bytes += piece;
        return at;
    };
    put("II*.    ");
    out.index.codec = source::Codec::jpeg;
    out.index.factor = 1;
    const std::string tables =
        "\xFF\xD8" + segment(0xDB, std::string(65, '\1')) + segment(0xC4, std::string(20, '\2')) + "\xFF\xD9";
    out.index.tables = put(tables);
    out.index.tables_length = static_cast<std::uint32_t>(tables.size());
    std::array<std::pair<std::uint64_t, std::size_t>, kKinds> places;
    for (std::uint64_t kind = 0; kind < kKinds; ++kind) {
        const std::string tile = "\xFF\xD8" + tile_bytes(version, kind);
        places.at(kind) = {put(tile), tile.size()};
    }
    std::string offsets, counts;
    for (std::uint64_t i = 0; i < std::uint64_t{across} * across; ++i) {
        offsets += number(places.at(i % kKinds).first, 8);
        counts += number(places.at(i % kKinds).second, 4);
    }
    out.index.offset_bytes = 8;
    out.index.count_bytes = 4;
    out.index.offsets = put(offsets);
    out.index.counts = put(counts);
    return out;
}

iiif_str str(const std::string& text) {
    return {text.data(), text.size()};
}

}  // namespace

std::uint32_t tiles_across(std::string_view file) {
    if (file == "p0.tif") return 300;  // 12 bytes of index for each tile: 264 blocks of 4096, of which 256 are kept
    return file.starts_with('p') && file != "plain.tif" ? 8 : 0;
}

std::string tile_bytes(std::uint32_t version, std::uint64_t number) {
    const std::uint64_t kind = number % kKinds;
    // One in four is sent from the file, not through memory.
    const std::size_t length = kind % 4 == 0 ? 70'000 : 200;
    std::string text = "version " + std::to_string(version) + " tile " + std::to_string(kind) + ' ';
    text.resize(length, 'x');
    return frame() + segment(0xDA, std::string(10, '\0')) + text + "\xFF\xD9";
}

std::uint32_t version_of(const source::FileKey& key) {
    return static_cast<std::uint32_t>(key.mtime_ns / 1'000'000'000 - kFirstTime);
}

source::Description description_of(std::string_view file, const source::FileKey& key, std::uint32_t page) {
    source::Description out;
    const std::uint32_t version = version_of(key);
    const std::uint32_t across = tiles_across(file);
    if (across > 0) {
        out.stored = {across * kTile, across * kTile - version};  // the last row is a little lower
        // Every version has its arrays in the same places.
        static const source::TileIndex kLarge = lay_out(300, 0).index, kSmall = lay_out(8, 0).index;
        out.levels = {{out.stored, {kTile, kTile}, 0, -1, 8, across == 8 ? kSmall : kLarge}};
    } else {
        out.stored = {1000 + page, 700 - version};
        out.levels = {{out.stored, {0, 0}, 0, -1}};
        out.pages = kPages;
    }
    return out;
}

World::World(std::size_t shared) {
    std::string name = (fs::temp_directory_path() / "iiif-threads-XXXXXX").string();
    ck_assert_ptr_nonnull(::mkdtemp(name.data()));
    folder_ = name;
    fs::create_directory(folder_ / "root");
    for (std::uint32_t i = 0; i < kPyramids; ++i) replace("p" + std::to_string(i) + ".tif", 0);
    replace("plain.tif", 0);
    replace_map("p1.tif");

    iiif_options* options = nullptr;
    iiif_error error{sizeof(iiif_error), ""};
    ck_assert_int_eq(iiif_options_new(IIIF_SPELLED_NGINX, &options), IIIF_OK);
    const std::string root = (folder_ / "root").string(), map = (folder_ / "map.json").string();
    for (const auto& [directive, value] : {std::pair<const char*, std::string>{"iiif", "on"},
                                           {"root", root},
                                           {"map_file", map},
                                           {"extensions", "tif"}}) {
        const iiif_str word = str(value);
        ck_assert_msg(iiif_options_set(options, directive, &word, 1, &error) == IIIF_OK, "%s", error.message);
    }
    ck_assert_msg(iiif_service_new(options, {"/iiif", 5}, &service_, &error) == IIIF_OK, "%s", error.message);
    iiif_options_free(options);

    pool_.pool = std::make_unique<pool::Pool>();
    pool_.pool->sockets[0] = pool_.pool->sockets[1] = "/nowhere";
    pool_.pool->descriptions = source::SharedDescriptions::make(shared);
}

World::~World() {
    for (iiif_worker* worker : workers_) iiif_worker_free(worker);
    iiif_service_free(service_);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void World::replace(const std::string& file, std::uint32_t version) const {
    const fs::path to = folder_ / "root" / file;
    const fs::path fresh = folder_ / ("fresh." + file);
    const std::uint32_t across = tiles_across(file);
    std::ofstream out(fresh, std::ios::binary);
    out << (across > 0 ? lay_out(across, version).bytes : "version " + std::to_string(version));
    out.close();
    // Long ago: what changed just now is not kept.
    const std::array<timespec, 2> times{{{kFirstTime + version, 0}, {kFirstTime + version, 0}}};
    if (!out.good() || ::utimensat(AT_FDCWD, fresh.c_str(), times.data(), 0) != 0) std::abort();
    fs::rename(fresh, to);
}

void World::replace_map(const std::string& target) const {
    const fs::path fresh = folder_ / "fresh.json";
    std::ofstream(fresh) << R"({"mapped": ")" << target << "\"}";
    fs::rename(fresh, folder_ / "map.json");
}

iiif_worker* World::start_worker(std::size_t files_kept) {
    iiif_worker* worker = nullptr;
    ck_assert_int_eq(iiif_worker_start(&pool_, &worker, nullptr), IIIF_OK);
    iiif_worker_keep_files(worker, files_kept);
    workers_.push_back(worker);
    return worker;
}

}  // namespace iiif::threads
