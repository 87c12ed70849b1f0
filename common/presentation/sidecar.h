// SPDX-License-Identifier: Apache-2.0
// What people write beside their images: iiif.yaml or iiif.json, and metadata.csv. docs/sidecars.md describes it for
// them. Pure: texts in, what they say out; nothing here opens a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/presentation.h"

namespace iiif::presentation {

// Something in a sidecar that was not understood, and therefore left out; the rest holds.
struct Problem {
    std::string file;        // its name, no path
    std::uint32_t line = 0;  // 1-based; 0: the file as a whole
    std::string sentence;    // what is wrong, and what to write instead
    bool operator==(const Problem&) const = default;
};

// Of one image or sub-folder of the folder.
struct Item {
    std::string name;  // of the file or sub-folder, without any '/'; or, where files have pages, "book.pdf;3"
    protocol::Descriptive says;
    std::vector<std::string> identifiers;  // other names of this object: "ark:/12025/654xz321", "doi:10.1000/182"
    std::optional<protocol::PhysicalScale> scale;
    bool withdrawn = false;  // 410, with a tombstone that keeps what is said here
    std::optional<bool> publish;
    std::uint32_t line = 0;  // where it begins
};

// A part of the object: a chapter, a side.
struct Chapter {
    protocol::LanguageMap label;
    std::vector<std::string> items;  // names, as Item::name has them; or ids of canvases that are included
    std::vector<Chapter> chapters;
};

// Something of another institution, or of another server.
struct Remote {
    enum class Kind : std::uint8_t { manifest, collection, canvas };
    Kind kind = Kind::manifest;
    std::string id;               // its URI
    bool kind_said = false;       // else it was guessed from the URI
    std::string manifest;         // of a canvas: the Manifest it is in
    protocol::LanguageMap label;  // instead of its own
    std::uint32_t line = 0;
};

// What a folder is.
enum class Objects : std::uint8_t {
    folder,   // its images together are one object, each sub-folder with images is another one
    files,    // each of its images is an object of its own
    chapters  // its images and those of its sub-folders are one object, and each sub-folder is a chapter
};

struct Sidecar {
    protocol::Descriptive says;  // of the folder
    std::vector<std::string> identifiers;
    Objects objects = Objects::folder;
    std::optional<bool> publish;  // false: in no Collection
    bool guarded = false;         // by an .htaccess beside it: in no Collection, unless somebody says `publish: true`
    bool withdrawn = false;
    std::optional<protocol::PhysicalScale> scale;  // of all its images
    // Names of items; or ids of canvases that are included.
    std::string start;               // what viewers open first
    std::string thumbnail;           // what stands for the folder
    std::vector<std::string> order;  // what comes first, in this order; the others follow
    std::vector<Item> items;         // in the order they were written; names are unique
    std::vector<Chapter> chapters;
    std::vector<Remote> remotes;
    std::vector<Problem> problems;  // in the order of their lines, those of iiif.yaml first

    // nullptr: nothing is said of it.
    [[nodiscard]] const Item* item(std::string_view name) const;
    // The item of that name, made if there is none.
    Item& make_item(std::string_view name);

private:
    std::map<std::string, std::size_t, std::less<>> places_;  // in `items`
};

// What sidecars may be called, best first; where there are several, the first is read and the others are a problem.
inline constexpr std::string_view kSidecarNames[] = {"iiif.yaml", "iiif.yml", "iiif.json"};
inline constexpr std::string_view kTableName = "metadata.csv";
inline constexpr std::size_t kMostSidecarBytes = 8U << 20U;  // of each; larger ones are a problem, and not read

// A file of the folder that was read; `text` is UTF-8 if it is right, with or without a byte order mark.
struct SidecarText {
    std::string name;
    std::string text;
};

// `sidecar`, `table`: nullptr: there is none. Whatever they hold: no exception, and time in proportion to their length.
// What the sidecar says of an item wins over its row in the table, property by property.
Sidecar read_sidecar(const SidecarText* sidecar, const SidecarText* table);

}  // namespace iiif::presentation
