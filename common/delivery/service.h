// SPDX-License-Identifier: Apache-2.0
// One endpoint: everything the directives of a location mean together. Immutable once made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/settings.h"
#include "protocol/info.h"
#include "source/mapping.h"
#include "source/root.h"
#include "source/uri_pattern.h"

namespace iiif::delivery {

struct EncoderOptions {
    int jpeg_quality = 85, webp_quality = 80, avif_quality = 60, jp2_quality = 60;
    int png_compression = 4;
    std::uint8_t background[3] = {255, 255, 255};
    bool embed_profile = false;
};

// Whether folders are Manifests and Collections: all of them, unless a sidecar says `publish: false`; or listed in
// Collections only where one says `publish: true`.
enum class Presentation : std::uint8_t { off, on, opt_in };

// Where pyramids of sources that can only be decoded whole are kept; see delivery/pyramid.h.
struct PyramidFolder {
    source::Root folder;
    std::uint64_t max_bytes = 0;  // of all that is in it; the ones not used for longest go first
};

struct Service {
    Settings settings;   // as written: what the renderers receive
    std::string prefix;  // decoded, no trailing slash; "" is the root
    source::Root root{"", source::Symlinks::beneath};
    source::MappingOptions mapping;
    std::vector<protocol::Version> versions;  // at least one; the first answers PREFIX/ID
    std::string base_uri;                     // configured and constant, no trailing slash; else empty
    protocol::InfoOptions info;               // limits, qualities, formats (as configured) and descriptive properties
    EncoderOptions encoder;
    Presentation presentation = Presentation::off;
    bool as_stored = true;  // what lies in a file as it is asked for is sent from there
    std::optional<PyramidFolder> pyramids;
    std::optional<source::Root> pages;  // the folder of pages, where they are on; see delivery/pages.h
    std::uint32_t tile_size = 512;      // offered for sources that are not tiled
    std::uint32_t max_age = 86400;      // seconds; Cache-Control of 200 and 304
    std::uint64_t fingerprint = 0;      // of everything that changes an answer's bytes: part of every ETag

    // Set by the pool before workers fork; what changes after construction, with `apart`.
    std::uint32_t pool_index = 0;
    protocol::FormatSet encodable = (1U << protocol::kFormatCount) - 1;  // what this build's renderers can write
    std::uint32_t timeout_ms = 60000;

    // Decoded paths beneath the prefix, without its slash and without a version, of locations that the server treats
    // differently. Set before the pool starts, too.
    std::vector<std::string> apart;
    void set_apart(std::string_view location);
    // The same, of locations whose paths are patterns; these are matched against whole URIs.
    std::vector<source::UriPattern> apart_patterns;
    Expected<bool> set_apart_matching(std::string_view pattern, source::UriPattern::Kind kind);
    // The same, of a directory of the file system, absolute. Whether it lies beneath the root; else nothing changes.
    bool set_apart_directory(std::string_view directory);
    // What the server's rules are about shows at each request only: Collections list, and chapters are, only what
    // sidecars publish.
    bool published_only = false;
    // Whether what lies at `path` beneath the root must not be listed by what is asked for at `from`.
    [[nodiscard]] bool is_apart(std::string_view path, std::string_view from) const;

    [[nodiscard]] protocol::FormatSet offered_formats() const { return info.formats & encodable; }

private:
    [[nodiscard]] bool is_apart_by_patterns(std::string_view path, std::string_view from) const;
};

// A renderer is told paths, not identifiers: it reads no map file and needs no right to.
enum class Side : std::uint8_t { server, renderer };

Expected<std::unique_ptr<Service>> make_service(const Settings&, std::string_view prefix, Side side = Side::server);

}  // namespace iiif::delivery

struct iiif_service {
    std::unique_ptr<iiif::delivery::Service> service;
};
