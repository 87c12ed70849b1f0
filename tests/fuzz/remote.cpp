// SPDX-License-Identifier: Apache-2.0
// Input: a document of another institution, and a snapshot that holds it, as anybody may have written them. Whatever is
// kept and shown of them: valid JSON, and addresses with http or https alone.
#include "presentation/remote.h"

#include "fuzz.h"
#include "presentation/snapshot.h"

using iiif::fuzz::claim;
using iiif::presentation::Kept;
using iiif::presentation::Remote;
using iiif::presentation::Snapshot;
namespace json = iiif::presentation::json;

namespace {

constexpr const char* kUri = "https://o.example/m";
constexpr const char* kCanvas = "https://o.example/c";

bool is_json(const std::string& text) {
    return iiif::presentation::owned(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr)) != nullptr;
}

void show(const Snapshot& snapshot) {
    iiif::presentation::Sidecar sidecar;
    for (const auto kind : {Remote::Kind::manifest, Remote::Kind::canvas}) {
        Remote remote;
        remote.kind = kind;
        remote.id = kind == Remote::Kind::canvas ? kCanvas : kUri;
        remote.manifest = kUri;
        sidecar.remotes.push_back(remote);
    }
    const auto included = included_by(sidecar, snapshot);
    claim(included.references.size() == 1, "what is included is listed, whatever came");
    iiif::protocol::Collection collection;
    collection.base = "https://ours.example/f";
    collection.items = included.references;
    iiif::protocol::Manifest manifest;
    manifest.base = collection.base;
    manifest.canvases = included.canvases;
    for (const auto version : {iiif::protocol::Version::v2, iiif::protocol::Version::v3}) {
        claim(is_json(collection_json(version, collection)), "a Collection is JSON");
        claim(is_json(manifest_json(version, manifest)), "a Manifest is JSON");
    }
    for (const auto& reference : included.references) {
        claim(!reference.label.empty(), "everything has a label");
        for (const auto& agent : reference.provider) claim(json::is_address(agent.id), "a provider has an address");
        claim(!reference.thumbnail || json::is_address(reference.thumbnail->id), "a thumbnail has an address");
    }
    for (const auto& canvas : included.canvases) {
        claim(canvas.extent.width > 0 || !canvas.foreign->duration.empty(), "a canvas has an extent");
        for (const auto& painting : canvas.foreign->paintings) {
            claim(!painting.choices.empty() && json::is_address(painting.id), "what is painted has an address");
            for (const auto& image : painting.choices) claim(json::is_address(image.id), "an image has an address");
        }
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto read = iiif::presentation::read_remote(text, kUri, {kCanvas});
    claim((read.kept == nullptr) == !read.wrong.empty(), "what is not kept is said");
    Snapshot snapshot;
    if (read.kept) {
        Kept kept;
        kept.uri = kUri;
        kept.remarks = read.remarks;
        kept.resource = read.kept;
        snapshot.documents.push_back(kept);
        const std::string written = write_snapshot(snapshot);
        claim(write_snapshot(iiif::presentation::read_snapshot(written)) == written, "a snapshot says the same again");
        show(snapshot);
    }
    show(iiif::presentation::read_snapshot(text));
    return 0;
}
