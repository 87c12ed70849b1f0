// SPDX-License-Identifier: Apache-2.0
// What a client asks of an endpoint, read from the raw URI. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/service.h"
#include "protocol/parameters.h"
#include "protocol/presentation.h"
#include "protocol/refusal.h"

namespace iiif::delivery {

// The parts of an HTTP request that change an answer; both ends of the renderer socket work from the same.
struct HttpRequest {
    std::string method, raw_uri;
    std::string base;  // scheme://authority, or the computed base_uri
    bool base_is_configured = false;
    std::string accept, if_none_match, if_modified_since, requested_headers;
};

enum class Kind : std::uint8_t {
    info,
    base,
    full,
    thumbnail,
    tile,
    region,
    manifest,
    collection,
    options,
    page,
    asset,
    invalid
};
std::string_view name_of(Kind);

// A resource of the Presentation API: of a folder beneath the root, or of a file in one.
struct PresentationRequest {
    protocol::Resource resource = protocol::Resource::manifest;
    std::string path;      // decoded once; "" is the root
    std::string endpoint;  // the public base of the endpoint, without any version
    std::string prefix;    // what its URIs begin with: the same, with the version where the request names it
};

struct Request {
    Kind kind = Kind::invalid;
    protocol::Version version = protocol::Version::v3;
    std::string raw_identifier, identifier;               // as sent; decoded once
    std::string region, size, rotation, quality, format;  // decoded, as requested; "" when there are none
    protocol::ImageParameters parameters;                 // when kind is full, thumbnail, tile or region
    std::string id;  // the base URI of the image: public base, prefix, version, raw_identifier; of a resource its own
    std::optional<PresentationRequest> presentation;  // when kind is manifest or collection
    std::optional<Refusal> refusal;                   // kind invalid: why
    // The whole rest of the path might itself be an identifier with slashes whose last segments only look like
    // parameters.
    std::string whole_identifier, whole_raw_identifier, whole_id;  // "" when that cannot be
    std::string page_file;  // kinds page and asset: its name in the folder of pages; see delivery/pages.h
    bool head = false;

    [[nodiscard]] bool is_image() const {
        return kind == Kind::full || kind == Kind::thumbnail || kind == Kind::tile || kind == Kind::region;
    }
};

// nullopt: the URI does not lie beneath the endpoint's prefix.
std::optional<Request> parse_request(const Service&, const HttpRequest&);

}  // namespace iiif::delivery
