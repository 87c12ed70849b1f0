// SPDX-License-Identifier: Apache-2.0
#include "delivery/request.h"

#include <algorithm>
#include <vector>

#include "delivery/pages.h"
#include "delivery/values.h"
#include "protocol/char_set.h"
#include "protocol/uri.h"

namespace iiif::delivery {
namespace {

using protocol::percent_decode;
using protocol::Region;
using protocol::Size;

// Sizes up to here are what viewers ask for as tiles and thumbnails.
constexpr std::uint64_t kSmallSide = 1024;
// Bytes of the path of a folder or file, as the system has it.
constexpr std::size_t kMostPath = 4096;

// A raw identifier as it may stand in a header or in JSON: what no URI may hold raw is encoded, the rest stays as sent
// (I3-INFO-04: the identifier is encoded exactly as in the request).
std::string tidy(std::string_view raw) {
    static constexpr protocol::CharSet kKept("-._~!$&'()*+,;=:@/%", protocol::CharSet::Also::letters_and_digits);
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(raw.size());
    for (const char c : raw) {
        if (kKept.has(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        }
    }
    return out;
}

// Absolute-form request targets ("GET http://host/path") carry scheme and authority: the path begins after them.
std::string_view origin_form(std::string_view raw_uri) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!raw_uri.starts_with(scheme)) continue;
        const auto slash = raw_uri.find('/', scheme.size());
        return slash == std::string_view::npos ? std::string_view("/") : raw_uri.substr(slash);
    }
    return raw_uri;
}

// What stands before "/3/ID": a configured base with a path replaces the location's prefix, one without keeps it.
std::string public_base(const Service& service, const HttpRequest& http, std::string_view raw_prefix) {
    std::string base = http.base_is_configured ? http.base : service.base_uri;
    if (base.empty()) return http.base + std::string(raw_prefix);
    while (base.ends_with('/')) base.pop_back();
    const bool has_path = base.find('/', base.find("//") + 2) != std::string::npos;
    return has_path ? base : base + std::string(raw_prefix);
}

// As it stands in a URI.
std::string_view name_of(protocol::Version version) {
    return version == protocol::Version::v2 ? "2" : "3";
}

Kind kind_of(const protocol::ImageParameters& parameters) {
    const Region& region = parameters.region;
    const Size& size = parameters.size;
    const bool unscaled = size.form == Size::Form::max || size.form == Size::Form::full;
    // One side given and small: the other one is then usually small too.
    const bool small =
        !unscaled && size.form != Size::Form::percent && size.width <= kSmallSide && size.height <= kSmallSide;
    if (region.form == Region::Form::full || region.form == Region::Form::square) {
        return small ? Kind::thumbnail : Kind::full;
    }
    const bool small_region =
        region.form == Region::Form::pixels && region.width <= kSmallSide && region.height <= kSmallSide;
    return region.form == Region::Form::pixels && (small || (unscaled && small_region)) ? Kind::tile : Kind::region;
}

Expected<protocol::ImageParameters> parse_parameters(const Service& service, Request& request) {
    protocol::ImageParameters out;
    auto region = protocol::parse_region(request.version, request.region);
    if (!region) return tl::unexpected(region.error());
    out.region = *region;
    auto size = protocol::parse_size(request.version, request.size);
    if (!size) return tl::unexpected(size.error());
    out.size = *size;
    auto rotation = protocol::parse_rotation(request.rotation);
    if (!rotation) return tl::unexpected(rotation.error());
    out.rotation = *rotation;
    const std::string last = request.format.empty() ? request.quality : request.quality + '.' + request.format;
    auto quality_format = protocol::parse_quality_format(last, service.info.qualities, service.offered_formats());
    if (!quality_format) return tl::unexpected(quality_format.error());
    out.quality = quality_format->quality;
    out.format = quality_format->format;
    return out;
}

void refuse_request(Request& request, int status, std::string sentence) {
    request.kind = Kind::invalid;
    request.refusal = Refusal{status, std::move(sentence)};
}

// Sets the identifier from its raw text; false when it cannot be decoded.
bool take_identifier(Request& request, std::string_view raw, const std::string& public_prefix) {
    auto decoded = percent_decode(raw);
    if (!decoded) {
        refuse_request(request, 400,
                       "The identifier holds a broken percent escape or a NUL byte; write a percent sign as %25.");
        return false;
    }
    request.raw_identifier = tidy(raw);
    request.identifier = std::move(*decoded);
    request.id = public_prefix + '/' + request.raw_identifier;
    return true;
}

void read_image_request(const Service& service, Request& request, const std::string& public_prefix,
                        std::string_view rest, const std::vector<std::string_view>& segments) {
    const std::size_t count = segments.size();
    std::string* const parts[] = {&request.region, &request.size, &request.rotation, &request.quality};
    std::size_t tail = 0;  // bytes of the last four segments with their slashes
    for (std::size_t i = 0; i < 4; ++i) {
        const std::string_view raw = segments[count - 4 + i];
        tail += raw.size() + 1;
        auto decoded = percent_decode(raw);
        if (!decoded) {
            refuse_request(request, 400, "The request holds a broken percent escape or a NUL byte.");
            return;
        }
        *parts[i] = std::move(*decoded);
    }
    if (const auto dot = request.quality.rfind('.'); dot != std::string::npos) {
        request.format = request.quality.substr(dot + 1);
        request.quality.resize(dot);
    }
    if (!take_identifier(request, rest.substr(0, rest.size() - tail), public_prefix)) return;
    auto parameters = parse_parameters(service, request);
    if (parameters) {
        request.parameters = *parameters;
        request.kind = kind_of(request.parameters);
        return;
    }
    request.kind = Kind::invalid;
    request.refusal = parameters.error();
    if (auto whole = percent_decode(rest)) {
        request.whole_raw_identifier = tidy(rest);
        request.whole_identifier = std::move(*whole);
        request.whole_id = public_prefix + '/' + request.whole_raw_identifier;
    }
}

// "range-2-1.json": a part that a sidecar lists.
bool is_numbered_range(std::string_view name) {
    constexpr std::string_view kFirst = "range-";
    constexpr std::string_view kLast = ".json";
    if (name.size() <= kFirst.size() + kLast.size() || !name.starts_with(kFirst) || !name.ends_with(kLast))
        return false;
    const std::string_view number = name.substr(kFirst.size(), name.size() - kFirst.size() - kLast.size());
    return std::ranges::all_of(number, [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
}

std::optional<protocol::Resource> resource_named(std::string_view name, protocol::Version version) {
    using protocol::Resource;
    for (const Resource resource : {Resource::manifest, Resource::collection, Resource::canvas, Resource::annotation,
                                    Resource::range, Resource::annotation_page, Resource::sequence}) {
        // A sequence is 2.1's, an annotation page 3.0's.
        if (resource == Resource::sequence && version != protocol::Version::v2) continue;
        if (resource == Resource::annotation_page && version != protocol::Version::v3) continue;
        if (name == protocol::file_name_of(resource)) return resource;
    }
    return is_numbered_range(name) ? std::optional(Resource::range) : std::nullopt;
}

// false: the last segment names no resource, or the endpoint has none. `rest` is what follows endpoint and version.
bool read_presentation(const Service& service, Request& request, std::string_view rest, std::string_view endpoint,
                       std::string_view prefix) {
    if (service.presentation == Presentation::off) return false;
    const auto slash = rest.rfind('/');
    const auto name = percent_decode(slash == std::string_view::npos ? rest : rest.substr(slash + 1));
    const auto resource = name ? resource_named(*name, request.version) : std::nullopt;
    if (!resource) return false;
    const auto path = percent_decode(slash == std::string_view::npos ? std::string_view() : rest.substr(0, slash));
    if (!path) {
        refuse_request(request, 400,
                       "The path holds a broken percent escape or a NUL byte; write a percent sign as %25.");
        return true;
    }
    if (path->size() > kMostPath) {
        refuse_request(request, 400,
                       "The path is " + std::to_string(path->size()) + " bytes long; allowed are " +
                           std::to_string(kMostPath) + ".");
        return true;
    }
    request.kind = *resource == protocol::Resource::collection ? Kind::collection : Kind::manifest;
    request.presentation = {*resource, *path, std::string(endpoint), std::string(prefix)};
    request.identifier = *path;
    request.raw_identifier = protocol::percent_encode_path(*path);
    request.id = std::string(prefix) + '/';
    if (!path->empty()) request.id += request.raw_identifier + '/';
    request.id += *name;
    return true;
}

}  // namespace

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::info: return "info";
        case Kind::base: return "base";
        case Kind::full: return "full";
        case Kind::thumbnail: return "thumbnail";
        case Kind::tile: return "tile";
        case Kind::region: return "region";
        case Kind::manifest: return "manifest";
        case Kind::collection: return "collection";
        case Kind::options: return "options";
        case Kind::page: return "page";
        case Kind::asset: return "asset";
        case Kind::invalid: break;
    }
    return "invalid";
}

std::optional<Request> parse_request(const Service& service, const HttpRequest& http) {
    const std::string_view path = protocol::path_of(origin_form(http.raw_uri));
    const auto below = protocol::cut_prefix(path, service.prefix);
    if (!below) return std::nullopt;

    Request request;
    request.head = http.method == "HEAD";
    request.version = service.versions.front();

    std::string public_prefix = public_base(service, http, tidy(path.substr(0, path.size() - below->size())));
    if (!values::is_http_uri(public_prefix) || public_prefix.find('?') != std::string::npos ||
        public_prefix.find('#') != std::string::npos) {
        if (http.base_is_configured) {
            refuse_request(request, 500, "The base URI that this server computed is no http or https URI.");
        } else {
            refuse_request(request, 400, "The request's Host header does not name a host.");
        }
        return request;
    }

    const std::string endpoint = public_prefix;
    if (service.pages && read_page_request(service, http.method, *below, public_prefix, request)) return request;

    std::string_view rest = *below;
    if (rest.starts_with('/')) rest.remove_prefix(1);
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        const auto first = percent_decode(rest.substr(0, slash));
        for (const auto version : service.versions) {
            if (first != name_of(version)) continue;
            request.version = version;
            public_prefix += '/';
            public_prefix += *first;
            rest.remove_prefix(slash + 1);
            break;
        }
    }

    const auto segments = protocol::split_segments(rest);
    if (read_presentation(service, request, rest, endpoint, public_prefix)) {
        // Of a folder or a file, whatever else its name could be read as.
    } else if (rest.empty()) {
        refuse_request(request, 404, "This is an IIIF endpoint; name an image: IDENTIFIER/info.json.");
    } else if (segments.size() >= 2 && percent_decode(segments.back()) == "info.json") {
        if (take_identifier(request, rest.substr(0, rest.size() - segments.back().size() - 1), public_prefix)) {
            request.kind = Kind::info;
        }
    } else if (segments.size() >= 5) {
        read_image_request(service, request, public_prefix, rest, segments);
    } else {
        // With anything behind it, an identifier named as a version would be one: its URI names the version too.
        const auto reads_as_version = [&](protocol::Version version) {
            return percent_decode(rest) == name_of(version);
        };
        if (segments.size() == 1 && std::ranges::any_of(service.versions, reads_as_version)) {
            public_prefix += '/';
            public_prefix += name_of(request.version);
        }
        if (take_identifier(request, rest, public_prefix)) request.kind = Kind::base;
    }

    if (http.method == "OPTIONS") {
        request.kind = Kind::options;
        request.refusal.reset();
    }
    return request;
}

}  // namespace iiif::delivery
