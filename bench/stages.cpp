// SPDX-License-Identifier: Apache-2.0
// What a worker of a web server does for one request, stage by stage, without any server; see docs/performance.md.
//   stages [--benchmark_filter=REGEX]
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "delivery/exchange.h"
#include "delivery/request.h"
#include "delivery/service.h"
#include "protocol/geometry.h"
#include "protocol/info.h"
#include "source/description.h"

namespace {

using namespace iiif;

constexpr char kFile[] = "maps.tif";
constexpr char kInfo[] = "/iiif/3/maps.tif/info.json";
constexpr char kTile[] = "/iiif/3/maps.tif/2048,1024,1024,1024/256,256/0/default.jpg";
constexpr char kStored[] = "/iiif/3/maps.tif/0,0,256,256/256,256/0/default.jpg";
constexpr std::uint32_t kWidth = 36865, kHeight = 27649;  // a gigapixel: nine levels

// A pyramid as deep as the largest that scripts/bench measures.
source::Description gigapixel() {
    source::Description image;
    image.stored = {kWidth, kHeight};
    for (std::int32_t level = 0; level < 9; ++level) {
        const protocol::Extent extent = {kWidth >> level, kHeight >> level};
        image.levels.push_back({extent, {256, 256}, level, -1, 1000U + static_cast<std::uint64_t>(level)});
    }
    return image;
}

// A first tile of 15 KB, behind the arrays that say where it lies: as far as a worker looks at it, a JPEG.
std::string first_tile(source::TileIndex& index) {
    const std::string start("\xFF\xD8\xFF\xC0\x00\x11\x08\x01\x00\x01\x00\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01", 21);
    const std::string tile = start + std::string(15'000, 'x') + "\xFF\xD9";
    index.codec = source::Codec::jpeg;
    index.factor = 1;
    index.offset_bytes = index.count_bytes = 8;
    index.offsets = 0;
    index.counts = 8;
    std::string out;
    for (const std::uint64_t number : {std::uint64_t{16}, std::uint64_t{tile.size()}}) {
        for (unsigned i = 0; i < 8; ++i) out += static_cast<char>(number >> (8 * i) & 0xFFU);
    }
    return out + tile;
}

// An endpoint whose folder holds one file, of which a worker knows everything but its pixels.
class Place {
public:
    Place() : folder_(std::filesystem::temp_directory_path() / "iiif-stages-XXXXXX") {
        std::string name = folder_.string();
        if (mkdtemp(name.data()) == nullptr) give_up("mkdtemp");
        folder_ = name;
        source::Description image = gigapixel();
        std::ofstream(folder_ / kFile) << first_tile(image.levels.front().index);
        // What changed just now is not remembered.
        const auto now = std::filesystem::file_time_type::clock::now();
        std::filesystem::last_write_time(folder_ / kFile, now - std::chrono::hours(1));
        delivery::Settings settings;
        if (!settings.set("root", {folder_.string()})) give_up("root");
        auto made = delivery::make_service(settings, "/iiif/");
        if (!made) give_up(made.error().sentence.c_str());
        service = std::move(*made);
        const auto file = service->root.open(kFile);
        if (!file) give_up(file.error().sentence.c_str());
        memory.files.keep(16);
        memory.descriptions.keep(file->key, 1, std::move(image));
    }
    ~Place() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    [[noreturn]] static void give_up(const char* why) {
        std::fprintf(stderr, "stages: %s\n", why);
        std::exit(1);
    }
    std::filesystem::path folder_;

public:
    std::unique_ptr<delivery::Service> service;
    delivery::Memory memory{16, 16};
};

Place& place() {
    static Place one;
    return one;
}

delivery::HttpRequest http(const char* uri) {
    delivery::HttpRequest request;
    request.method = "GET";
    request.raw_uri = uri;
    request.base = "http://images.example.org";
    return request;
}

void parse(benchmark::State& state, const char* uri) {
    const delivery::HttpRequest request = http(uri);
    for ([[maybe_unused]] const auto _ : state) {
        benchmark::DoNotOptimize(delivery::parse_request(*place().service, request));
    }
}

void parse_info(benchmark::State& state) {
    parse(state, kInfo);
}
BENCHMARK(parse_info);

void parse_tile(benchmark::State& state) {
    parse(state, kTile);
}
BENCHMARK(parse_tile);

// From the raw URI to the text of the canonical one.
void parse_tile_canonical(benchmark::State& state) {
    const delivery::HttpRequest request = http(kTile);
    const protocol::Limits limits;
    for ([[maybe_unused]] const auto _ : state) {
        const auto asked = delivery::parse_request(*place().service, request);
        const protocol::ImageParameters& p = asked->parameters;
        const auto geometry = protocol::resolve_geometry(asked->version, p.region, p.size, {kWidth, kHeight}, limits);
        if (!geometry) {
            state.SkipWithError("the tile is refused");
            break;
        }
        benchmark::DoNotOptimize(protocol::canonical_parameters(asked->version, *geometry, p.rotation, p.quality,
                                                                protocol::Quality::color, p.format, limits));
    }
}
BENCHMARK(parse_tile_canonical);

void write_info(benchmark::State& state) {
    const protocol::InfoSubject subject = {"http://images.example.org/iiif/3/maps.tif",
                                           "maps.tif",
                                           {kWidth, kHeight},
                                           protocol::Quality::color,
                                           {256, 256}};
    for ([[maybe_unused]] const auto _ : state) {
        benchmark::DoNotOptimize(protocol::info_json(protocol::Version::v3, subject, place().service->info));
    }
}
BENCHMARK(write_info);

// All that a worker does between the server's call and its answer, the look-up of the file included.
void exchange(benchmark::State& state, const char* uri, delivery::Outcome expected) {
    const delivery::HttpRequest request = http(uri);
    for ([[maybe_unused]] const auto _ : state) {
        delivery::Exchange one(*place().service, place().memory, request, true);
        const delivery::Outcome outcome = one.run(std::nullopt);
        if (outcome != expected || (outcome == delivery::Outcome::answered && one.answer().status != 200)) {
            state.SkipWithError("another outcome than expected");
            break;
        }
        benchmark::DoNotOptimize(one);
    }
}

void exchange_info(benchmark::State& state) {
    exchange(state, kInfo, delivery::Outcome::answered);
}
BENCHMARK(exchange_info);

// Of an image whose tiles are not sent as stored: up to the words for the renderer.
void exchange_tile(benchmark::State& state) {
    exchange(state, kTile, delivery::Outcome::needs_render);
}
BENCHMARK(exchange_tile);

// One that is: up to the bytes that the server sends.
void exchange_stored_tile(benchmark::State& state) {
    exchange(state, kStored, delivery::Outcome::answered);
}
BENCHMARK(exchange_stored_tile);

void open_file(benchmark::State& state) {
    for ([[maybe_unused]] const auto _ : state) {
        benchmark::DoNotOptimize(place().service->root.open(kFile));
    }
}
BENCHMARK(open_file);

void write_description(benchmark::State& state) {
    const source::Description image = gigapixel();
    for ([[maybe_unused]] const auto _ : state) benchmark::DoNotOptimize(source::serialize(image));
}
BENCHMARK(write_description);

void parse_description(benchmark::State& state) {
    const std::string text = source::serialize(gigapixel());
    for ([[maybe_unused]] const auto _ : state) {
        const auto image = source::parse_description(text);
        if (!image) {
            state.SkipWithError("the description is refused");
            break;
        }
        benchmark::DoNotOptimize(*image);
    }
}
BENCHMARK(parse_description);

}  // namespace

BENCHMARK_MAIN();
