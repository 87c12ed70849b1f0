// SPDX-License-Identifier: Apache-2.0
#include "protocol/info.h"

#include <algorithm>

#include "protocol/compliance.h"
#include "protocol/json_writer.h"

namespace iiif::protocol {
namespace {

constexpr std::string_view kContext2 = "http://iiif.io/api/image/2/context.json";
constexpr std::string_view kContext3 = "http://iiif.io/api/image/3/context.json";
constexpr std::string_view kAuthContext = "http://iiif.io/api/auth/2/context.json";
constexpr std::string_view kProtocol = "http://iiif.io/api/image";

bool is_auth_service(const LinkedResource& service) {
    return service.type.starts_with("AuthProbeService2") || service.type.starts_with("AuthAccessService2");
}

std::string with_identifier(std::string_view text, std::string_view identifier) {
    constexpr std::string_view kPlaceholder = "${id}";
    std::string out;
    for (;;) {
        const std::size_t at = text.find(kPlaceholder);
        out += text.substr(0, at);
        if (at == std::string_view::npos) return out;
        out += identifier;
        text.remove_prefix(at + kPlaceholder.size());
    }
}

template <class Values, class Text>
void write_strings(JsonWriter& json, std::string_view key, const Values& values, Text text) {
    if (values.empty()) return;
    json.key(key);
    json.begin_array();
    for (const auto& value : values) json.value(text(value));
    json.end_array();
}

constexpr auto kName = [](auto value) { return name_of(value); };
constexpr auto kText = [](std::string_view value) { return value; };

void write_limits(JsonWriter& json, const Limits& limits) {
    if (limits.max_width != 0) json.member("maxWidth", limits.max_width);
    if (limits.max_height != 0) json.member("maxHeight", limits.max_height);
    if (limits.max_area != 0) json.member("maxArea", limits.max_area);
}

void write_sizes_and_tiles(JsonWriter& json, const InfoSubject& subject, const Limits& limits) {
    const Extent tile = offered_tile(subject.tile, limits);
    const auto sizes = listed_sizes(subject.image, tile, limits);
    if (!sizes.empty()) {
        json.key("sizes");
        json.begin_array();
        for (const Extent& size : sizes) {
            json.begin_object();
            json.member("width", std::uint64_t{size.width});
            json.member("height", std::uint64_t{size.height});
            json.end_object();
        }
        json.end_array();
    }
    if (tile.width == 0 || tile.height == 0) return;
    json.key("tiles");
    json.begin_array();
    json.begin_object();
    json.member("width", std::uint64_t{tile.width});
    if (tile.height != tile.width) json.member("height", std::uint64_t{tile.height});
    json.key("scaleFactors");
    json.begin_array();
    for (const std::uint32_t factor : scale_factors(subject.image, tile)) json.value(std::uint64_t{factor});
    json.end_array();
    json.end_object();
    json.end_array();
}

// 3.0 sections 5.8 and 5.9: always an array, of objects with at least id and type.
void write_resources(JsonWriter& json, std::string_view key, const std::vector<LinkedResource>& resources,
                     std::string_view identifier) {
    if (resources.empty()) return;
    json.key(key);
    json.begin_array();
    for (const LinkedResource& resource : resources) {
        json.begin_object();
        json.member("id", with_identifier(resource.id, identifier));
        json.member("type", resource.type);
        if (!resource.label.empty()) {
            json.key("label");
            json.begin_object();
            json.key("none");  // its language is not known
            json.begin_array();
            json.value(resource.label);
            json.end_array();
            json.end_object();
        }
        json.member_if("format", resource.format);
        json.member_if("profile", resource.profile);
        json.end_object();
    }
    json.end_array();
}

std::string info_3(const InfoSubject& subject, const InfoOptions& options) {
    const int level = compliance_level(Version::v3, subject.standard, options.qualities, options.formats);
    JsonWriter json;
    json.begin_object();
    json.key("@context");
    if (std::any_of(options.services.begin(), options.services.end(), is_auth_service)) {
        json.begin_array();
        json.value(kAuthContext);
        json.value(kContext3);
        json.end_array();
    } else {
        json.value(kContext3);
    }
    json.member("id", subject.id);
    json.member("type", std::string_view("ImageService3"));
    json.member("protocol", kProtocol);
    json.member("profile", "level" + std::to_string(level));
    json.member("width", std::uint64_t{subject.image.width});
    json.member("height", std::uint64_t{subject.image.height});
    write_limits(json, options.limits);
    write_sizes_and_tiles(json, subject, options.limits);

    std::vector<Format> preferred;
    for (const Format format : options.preferred_formats) {
        if ((options.formats & bit(format)) != 0) preferred.push_back(format);
    }
    write_strings(json, "preferredFormats", preferred, kName);
    json.member_if("rights", options.rights);
    write_strings(json, "extraQualities", extra_qualities(Version::v3, level, subject.standard, options.qualities),
                  kName);
    write_strings(json, "extraFormats", extra_formats(level, options.formats), kName);
    write_strings(json, "extraFeatures", extra_features(Version::v3, level, options.limits), kText);
    write_resources(json, "partOf", options.part_of, subject.identifier);
    write_resources(json, "seeAlso", options.see_also, subject.identifier);
    write_resources(json, "service", options.services, subject.identifier);
    json.end_object();
    return json.take();
}

// 2.1 section 5.5: services say their own context. Those of Authorization Flow 2.0 know "id" and "type" only.
void write_services_2(JsonWriter& json, const InfoSubject& subject, const InfoOptions& options) {
    if (options.services.empty()) return;
    json.key("service");
    json.begin_array();
    for (const LinkedResource& service : options.services) {
        const bool auth = is_auth_service(service);
        json.begin_object();
        if (auth) json.member("@context", kAuthContext);
        json.member(auth ? "id" : "@id", with_identifier(service.id, subject.identifier));
        json.member_if(auth ? "type" : "@type", service.type);
        json.member_if("label", service.label);
        json.member_if("profile", service.profile);
        json.end_object();
    }
    json.end_array();
}

std::string info_2(const InfoSubject& subject, const InfoOptions& options) {
    const int level = compliance_level(Version::v2, subject.standard, options.qualities, options.formats);
    JsonWriter json;
    json.begin_object();
    json.member("@context", kContext2);
    json.member("@id", subject.id);
    json.member("protocol", kProtocol);
    json.member("width", std::uint64_t{subject.image.width});
    json.member("height", std::uint64_t{subject.image.height});
    write_sizes_and_tiles(json, subject, options.limits);
    json.member_if("attribution", options.attribution);
    json.member_if("logo", options.logo);
    json.member_if("license", options.rights);
    json.key("profile");
    json.begin_array();
    json.value(profile_uri(Version::v2, level));
    json.begin_object();
    write_strings(json, "formats", extra_formats(level, options.formats), kName);
    write_strings(json, "qualities", extra_qualities(Version::v2, level, subject.standard, options.qualities), kName);
    write_limits(json, options.limits);
    write_strings(json, "supports", extra_features(Version::v2, level, options.limits), kText);
    json.end_object();
    json.end_array();
    write_services_2(json, subject, options);
    json.end_object();
    return json.take();
}

}  // namespace

std::string info_json(Version version, const InfoSubject& subject, const InfoOptions& options) {
    return version == Version::v2 ? info_2(subject, options) : info_3(subject, options);
}

std::string_view profile_uri(Version version, int level) {
    constexpr std::string_view kUris[2][3] = {
        {"http://iiif.io/api/image/2/level0.json", "http://iiif.io/api/image/2/level1.json",
         "http://iiif.io/api/image/2/level2.json"},
        {"http://iiif.io/api/image/3/level0.json", "http://iiif.io/api/image/3/level1.json",
         "http://iiif.io/api/image/3/level2.json"}};
    return kUris[version == Version::v2 ? 0 : 1][std::clamp(level, 0, 2)];
}

std::string_view profile_uri(Version version) {
    return profile_uri(version, 2);
}

}  // namespace iiif::protocol
