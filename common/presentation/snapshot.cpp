// SPDX-License-Identifier: Apache-2.0
#include "presentation/snapshot.h"

#include <algorithm>
#include <map>
#include <set>

#include "presentation/sidecar_values.h"

namespace iiif::presentation {
namespace {

constexpr std::size_t kLongestValue = 1000;

std::string short_text(const json_t* of, const char* name) {
    std::string out = values::clean(json::text(of, name));
    if (out.size() > kLongestValue) out.clear();
    return out;
}

// A header's value goes into a request again.
void set_if(json_t* to, const char* name, const std::string& text) {
    if (!text.empty()) json::set(to, name, json::string(text));
}

}  // namespace

const Kept* Snapshot::find(std::string_view uri) const {
    const auto found =
        std::ranges::lower_bound(documents, uri, {}, [](const Kept& one) { return std::string_view(one.uri); });
    return found == documents.end() || found->uri != uri ? nullptr : &*found;
}

Snapshot read_snapshot(std::string_view text) {
    Snapshot out;
    if (text.size() > kMostSnapshotBytes) return out;
    const Json root = owned(json_loadb(text.data(), text.size(), 0, nullptr));
    for (const json_t* one : json::all(json::member(root.get(), "documents"))) {
        Kept kept;
        kept.uri = json::text(one, "uri");
        if (!json::is_address(kept.uri) || out.documents.size() >= kMostIncluded) continue;
        kept.fetched = short_text(one, "fetched");
        kept.etag = short_text(one, "etag");
        kept.last_modified = short_text(one, "lastModified");
        kept.failed = short_text(one, "failed");
        for (const json_t* said : json::all(json::member(one, "remarks"))) {
            const std::string sentence = short_text(said, "sentence");
            if (!sentence.empty() && kept.remarks.size() < kMostRemarks) {
                kept.remarks.push_back({sentence, json_is_true(json::member(said, "loss"))});
            }
        }
        if (const json_t* const resource = json::member(one, "resource"); json_is_object(resource)) {
            kept.resource = owned(json::shared(resource));
        }
        out.documents.push_back(std::move(kept));
    }
    std::ranges::stable_sort(out.documents, {}, &Kept::uri);
    const auto is_same = [](const Kept& one, const Kept& other) { return one.uri == other.uri; };
    out.documents.erase(std::unique(out.documents.begin(), out.documents.end(), is_same), out.documents.end());
    return out;
}

std::string write_snapshot(const Snapshot& snapshot) {
    json_t* const documents = json_array();
    for (const Kept& kept : snapshot.documents) {
        json_t* const one = json_object();
        json::set(one, "uri", json::string(kept.uri));
        set_if(one, "fetched", kept.fetched);
        set_if(one, "etag", kept.etag);
        set_if(one, "lastModified", kept.last_modified);
        set_if(one, "failed", kept.failed);
        if (!kept.remarks.empty()) {
            json_t* const remarks = json_array();
            for (const Remark& remark : kept.remarks) {
                (void)json_array_append_new(remarks, json_pack("{s:o, s:b}", "sentence", json::string(remark.sentence),
                                                               "loss", remark.loss ? 1 : 0));
            }
            json::set(one, "remarks", remarks);
        }
        if (kept.resource) json::set(one, "resource", json::shared(kept.resource.get()));
        (void)json_array_append_new(documents, one);
    }
    const Json root = owned(json_pack("{s:s, s:o}", "about", "made by iiifctl federate; what is written here is lost",
                                      "documents", documents));
    return json::dump(root.get()) + '\n';
}

const std::string& document_of(const Remote& remote) {
    return remote.kind == Remote::Kind::canvas ? remote.manifest : remote.id;
}

Included included_by(const Sidecar& sidecar, const Snapshot& snapshot) {
    Included out;
    std::map<std::string_view, Shown> read;  // a Manifest of which many canvases are picked is read once
    std::set<std::string> there;
    std::size_t count = 0;
    for (const Remote& remote : sidecar.remotes) {
        if (++count > kMostIncluded) {
            out.missing.push_back("more than " + std::to_string(kMostIncluded) + " entries of include are not shown");
            break;
        }
        const std::string& uri = document_of(remote);
        const Kept* const kept = snapshot.find(uri);
        if (kept != nullptr && kept->resource && !read.contains(uri)) {
            read.emplace(uri, shown_of(kept->resource.get(), uri));
        }
        const auto shown = read.find(uri);
        if (remote.kind != Remote::Kind::canvas) {
            protocol::Reference reference;
            if (shown != read.end()) {
                reference = shown->second.reference;
            } else {
                reference.id = uri;
                reference.collection = remote.kind == Remote::Kind::collection;
                reference.label = protocol::LanguageMap(label_from(uri));
            }
            if (!remote.label.empty()) reference.label = remote.label;
            if (there.insert(uri).second) out.references.push_back(std::move(reference));
            continue;
        }
        const std::string id(without_fragment(remote.id));
        const protocol::Canvas* found = nullptr;
        if (shown != read.end()) {
            const auto& canvases = shown->second.canvases;
            const auto at = std::ranges::find(canvases, id, protocol::id_of);
            if (at != canvases.end()) found = &*at;
        }
        if (found == nullptr) {
            out.missing.push_back("the canvas " + id + " is not shown: " +
                                  (shown == read.end() ? "its Manifest has not been fetched; iiifctl federate does it"
                                                       : "it has not been found in " + uri));
            continue;
        }
        if (!there.insert(id).second) continue;
        out.canvases.push_back(*found);
        if (!remote.label.empty()) out.canvases.back().says.label = remote.label;
    }
    return out;
}

}  // namespace iiif::presentation
