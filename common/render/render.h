// SPDX-License-Identifier: Apache-2.0
// Pixels: describe a source, render one answer. Linked into iiif-renderd and its tests only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocol/geometry.h"
#include "protocol/parameters.h"
#include "protocol/refusal.h"
#include "render/output.h"
#include "source/description.h"

namespace iiif::render {

// Once per process, before any other call: starts libvips with no operation cache, concurrency 1, and only the
// allow-listed loaders enabled (everything else in libvips is blocked).
Expected<std::uint8_t> start();
void stop();

// Which formats this build can write, tried with the real encoder.
protocol::FormatSet encodable();

struct Limits {
    std::uint64_t max_pixels = 0;      // of the source page; 0: none
    std::uint64_t decoder_memory = 0;  // bytes, of a decoder that holds the image whole; 0: any
};

// `fd` is positioned anywhere, stays the caller's. `page` is 1-based. Refusals: 404 a page beyond the last,
// 501 a format or variant that is not supported ("...is not an image this server reads"), 500 a damaged file,
// 403 beyond a limit. Sentences never contain paths or library messages; `detail` receives the library's words.
// `outline`: size, levels, pages and `standard`, without what only renderers and tiles need, as where the tiles lie and
// whether parts can be had; for Manifests of thousands of files. JPEG and most JPEG 2000 then by their headers alone.
enum class Wanted : std::uint8_t { everything, outline };
Expected<source::Description> describe(int fd, std::uint32_t page, const Limits&, std::string& detail,
                                       Wanted = Wanted::everything);

enum class Profile : std::uint8_t { srgb, embed };

struct EncodeOptions {
    int jpeg_quality = 85, webp_quality = 80, avif_quality = 60, jp2_quality = 60;
    int png_compression = 4;
    std::array<std::uint8_t, 3> background = {255, 255, 255};
    Profile icc = Profile::srgb;  // srgb: converted; embed: kept and embedded where the format can
};

struct Job {
    protocol::Rect region;  // of the oriented image
    protocol::Extent size;  // after scaling, before rotation
    protocol::Rotation rotation;
    protocol::Quality quality = protocol::Quality::standard;
    protocol::Format format = protocol::Format::jpg;
    EncodeOptions encode;
    bool as_stored = true;  // stored tiles keep the quality they were stored with
    // Bytes that an encoder may take which holds the image whole; what needs more is refused (400). 0: any.
    std::uint64_t encoder_memory = 0;
};

// Polled between pieces of work, by two threads; true: stop, the client has gone or the deadline is over.
using Cancelled = std::function<bool()>;

// The encoded image, to `out`. Memory in proportion to a strip of the answer, where its codec and its rotation allow
// it, to the answer where not, never to the source (where its codec allows it). After a refusal `out` may have passed
// on a part of the image.
Expected<bool> render(int fd, std::uint32_t page, const source::Description&, const Job&, const Cancelled&, Output& out,
                      std::string& detail);
// The same, whole.
Expected<std::vector<std::byte>> render(int fd, std::uint32_t page, const source::Description&, const Job&,
                                        const Cancelled&, std::string& detail);

}  // namespace iiif::render
