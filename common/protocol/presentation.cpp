// SPDX-License-Identifier: Apache-2.0
#include "protocol/presentation.h"

#include "protocol/presentation_2.h"
#include "protocol/presentation_3.h"

namespace iiif::protocol {

void LanguageMap::add(std::string_view language, std::string text) {
    if (text.empty()) return;
    for (auto& [tag, texts] : texts_) {
        if (tag != language) continue;
        texts.push_back(std::move(text));
        return;
    }
    texts_.emplace_back(std::string(language), std::vector<std::string>{});
    texts_.back().second.push_back(std::move(text));
}

std::string_view file_name_of(Resource resource) {
    switch (resource) {
        case Resource::manifest: return "manifest.json";
        case Resource::collection: return "collection.json";
        case Resource::canvas: return "canvas.json";
        case Resource::annotation_page: return "annotations.json";
        case Resource::annotation: return "annotation.json";
        case Resource::sequence: return "sequence.json";
        case Resource::range: break;
    }
    return "range.json";
}

std::string id_at(const std::string& base, Resource resource) {
    return base + '/' + std::string(file_name_of(resource));
}

std::string id_of(const Canvas& canvas) {
    return canvas.foreign ? canvas.foreign->id : id_at(canvas.base, Resource::canvas);
}

std::string manifest_json(Version version, const Manifest& manifest) {
    return version == Version::v2 ? presentation_2::write(manifest) : presentation_3::write(manifest);
}

std::string collection_json(Version version, const Collection& collection) {
    return version == Version::v2 ? presentation_2::write(collection) : presentation_3::write(collection);
}

std::string canvas_json(Version version, Resource resource, const Canvas& canvas, const Reference& manifest) {
    return version == Version::v2 ? presentation_2::write(resource, canvas, manifest)
                                  : presentation_3::write(resource, canvas, manifest);
}

std::string range_json(Version version, const Range& range, const Reference& manifest) {
    return version == Version::v2 ? presentation_2::write(range, manifest) : presentation_3::write(range, manifest);
}

std::string sequence_json(const Manifest& manifest) {
    return presentation_2::write_sequence(manifest);
}

}  // namespace iiif::protocol
