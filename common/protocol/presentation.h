// SPDX-License-Identifier: Apache-2.0
// Manifests and Collections: what they say, and their JSON. Presentation API 3.0, and 2.1 for older viewers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/geometry.h"
#include "protocol/parameters.h"

namespace iiif::protocol {

// Section 4.3: languages by their BCP 47 tag ("none": not said), each with its texts. Empty: absent.
class LanguageMap {
public:
    LanguageMap() = default;
    explicit LanguageMap(std::string text) { add("none", std::move(text)); }
    void add(std::string_view language, std::string text);
    [[nodiscard]] bool empty() const { return texts_.empty(); }
    [[nodiscard]] const std::vector<std::pair<std::string, std::vector<std::string>>>& all() const { return texts_; }
    bool operator==(const LanguageMap&) const = default;

private:
    std::vector<std::pair<std::string, std::vector<std::string>>> texts_;
};

struct LabelledValue {  // of metadata, and requiredStatement
    LanguageMap label, value;
    bool operator==(const LabelledValue&) const = default;
};

struct ExternalLink {  // homepage, seeAlso, rendering
    std::string id, type, format, profile;
    LanguageMap label;
    std::vector<std::string> language;
    bool operator==(const ExternalLink&) const = default;
};

// Of an image: the base URIs of its services, and which level each has.
struct ImageServices {
    std::string v3, v2;  // "": that version is not offered
    int level3 = 2, level2 = 2;
    bool operator==(const ImageServices&) const = default;
};

// An image as it is sent, by one of its services if it has any.
struct ServedImage {
    std::string id, format;  // of the picture itself, not of a service; its media type
    Extent extent;           // 0x0: not known
    ImageServices services;
    bool operator==(const ServedImage&) const = default;
};

struct Agent {  // of provider
    std::string id;
    LanguageMap label;
    std::vector<ExternalLink> homepage, see_also;
    std::vector<ServedImage> logo;
    bool operator==(const Agent&) const = default;
};

// What a person says of a resource; section 3.
struct Descriptive {
    LanguageMap label, summary;
    std::vector<LabelledValue> metadata;
    std::optional<LabelledValue> required_statement;
    std::string rights;    // a URI
    std::string nav_date;  // xsd:dateTime with a time zone
    std::vector<Agent> provider;
    std::vector<ExternalLink> homepage, see_also, rendering;
    std::vector<std::string> behavior;
    std::string viewing_direction;  // "": not said
    bool operator==(const Descriptive&) const = default;
};

// So many units of the pictured thing for each pixel of the canvas. http://iiif.io/api/annex/services/, section 3.4.
struct PhysicalScale {
    std::string factor, units;  // a decimal number above zero, which is JSON too; "mm", "cm" or "in"
    bool operator==(const PhysicalScale&) const = default;
};

struct Reference {  // to a Manifest or Collection
    std::string id;
    bool collection = false;
    LanguageMap label;
    std::optional<LabelledValue> required_statement;  // this, rights and provider: of others' resources
    std::string rights;
    std::string nav_date;
    std::vector<Agent> provider;
    std::optional<ServedImage> thumbnail;
};

// What an annotation paints: one image, or of several the one that the reader chooses.
struct Painting {
    std::string id;
    std::string fragment;              // "xywh=...": onto which part of the canvas; "": all of it
    std::vector<ServedImage> choices;  // the first unless somebody chooses
};

// Of a canvas in a Manifest of others.
struct Foreign {
    std::string id;
    std::string duration;             // in seconds, a number as JSON has it; "": none. 2.1 has no canvas without extent
    std::string items;                // its annotation pages: a JSON array, checked, of Presentation 3.0
    std::vector<Painting> paintings;  // those that are images, for Presentation 2.1
    Reference part_of;
};

// `base` of a Canvas, a Manifest or a Range is its URI up to, and without, the last '/': what a resource is stands
// behind it ("/canvas.json"), so that everything about one image lies beneath one URI.
struct Canvas {
    std::string base;
    Extent extent;
    Descriptive says;
    ServedImage image;
    std::optional<ServedImage> thumbnail;
    std::optional<PhysicalScale> scale;
    std::optional<Foreign> foreign;  // then neither `base` nor `image` is said
};

struct Range {
    std::string id;
    LanguageMap label;
    std::vector<std::string> canvases;  // ids
    std::vector<Range> ranges;          // behind the canvases
};

struct Manifest {
    std::string base;
    Descriptive says;
    std::vector<Canvas> canvases;
    std::vector<Range> ranges;
    std::optional<ServedImage> thumbnail;
    std::string start;  // the id of a canvas; "": the first
    std::optional<Reference> part_of;
};

struct Collection {
    std::string base;
    Descriptive says;
    std::vector<Reference> items;
    std::optional<ServedImage> thumbnail;
    std::optional<Reference> part_of;
};

// What can be asked for beneath a base.
enum class Resource : std::uint8_t { manifest, collection, canvas, annotation_page, annotation, sequence, range };
std::string_view file_name_of(Resource);  // "manifest.json"; of a range "range.json"
std::string id_at(const std::string& base, Resource);

// The id of a canvas.
std::string id_of(const Canvas&);

// Strictly valid JSON, UTF-8, keys in the order the specification shows them. Version::v3 is Presentation 3.0,
// Version::v2 is 2.1. What a person says that the version has no place for is left out.
std::string manifest_json(Version, const Manifest&);
std::string collection_json(Version, const Collection&);
// A canvas, its annotation page, or its annotation, alone; `manifest` is what it is part of.
std::string canvas_json(Version, Resource, const Canvas&, const Reference& manifest);
std::string range_json(Version, const Range&, const Reference& manifest);
std::string sequence_json(const Manifest&);  // 2.1 only

// Content-Type for an Accept header ("" when absent): P3-HTTP-01; 2.1 as info.json of 2.1.
std::string_view presentation_media_type(Version, std::string_view accept);

}  // namespace iiif::protocol
