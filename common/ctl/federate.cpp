// SPDX-License-Identifier: Apache-2.0
#include "ctl/federate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>

#include "ctl/fetch.h"
#include "presentation/reader.h"

namespace iiif::ctl {
namespace {

namespace fs = std::filesystem;
using presentation::Kept;
using presentation::Remote;
using presentation::Snapshot;

constexpr unsigned kDeepest = 32;  // of folders in folders, as the servers have it
constexpr std::size_t kLongestValidator = 1000;

// A folder whose sidecar includes something, or that has a snapshot from when it did.
struct Place {
    std::string path;
    std::vector<std::string> uris;  // of documents, each once, in the order written
    std::map<std::string, std::set<std::string>> picks;
    std::map<std::string, bool> as_collection;  // by documents whose kind is said
    Snapshot before;
    bool had_snapshot = false;
};

class Walk {
public:
    Walk(const source::Root& root, Federation& out) : reader_(root, watch_), root_(root), out_(out) {}

    void into(const std::string& path, unsigned depth) {
        auto view = reader_.view(path);
        if (!view) {
            out_.wrong.push_back((path.empty() ? "." : path) + ": " + view.error().sentence);
            return;
        }
        if (!seen_.insert({view->key.device, view->key.inode}).second || depth > kDeepest) return;
        look_at(*view);
        for (const source::Entry& folder : view->folders) into(presentation::joined(path, folder.name), depth + 1);
    }
    std::vector<Place> take() { return std::move(places_); }

private:
    void look_at(const presentation::View& view) {
        Place place;
        place.path = view.path;
        for (std::size_t i = 0; i < view.sidecar.remotes.size(); ++i) {
            if (i == presentation::kMostIncluded) {
                out_.wrong.push_back((view.path.empty() ? "." : view.path) + ": of more than " +
                                     std::to_string(presentation::kMostIncluded) +
                                     " entries of include the others are left out");
                break;
            }
            const Remote& remote = view.sidecar.remotes[i];
            const std::string& uri = presentation::document_of(remote);
            if (std::ranges::find(place.uris, uri) == place.uris.end()) place.uris.push_back(uri);
            if (remote.kind == Remote::Kind::canvas) {
                place.picks[uri].insert(std::string(presentation::without_fragment(remote.id)));
            } else if (remote.kind_said) {
                place.as_collection[uri] = remote.kind == Remote::Kind::collection;
            }
        }
        const auto folder = source::Folder::open(root_, view.path);
        if (!folder) return;
        place.had_snapshot = folder->find_hidden(presentation::kSnapshotName).has_value();
        const auto text =
            reader_.hidden_text_of(*folder, presentation::kSnapshotName, presentation::kMostSnapshotBytes);
        if (text) place.before = presentation::read_snapshot(*text);
        if (!place.uris.empty() || place.had_snapshot) places_.push_back(std::move(place));
    }

    presentation::Watch watch_;
    presentation::Reader reader_;
    const source::Root& root_;
    Federation& out_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // a link may lead into a circle
    std::vector<Place> places_;
};

std::string now() {
    const std::time_t time = std::time(nullptr);
    std::tm parts{};
    std::array<char, 32> text{};
    if (::gmtime_r(&time, &parts) == nullptr) return "";
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

bool has_all(const Kept& kept, const std::set<std::string>& picks) {
    std::set<std::string> there;
    for (const json_t* one : presentation::json::all(presentation::json::member(kept.resource.get(), "items"))) {
        there.emplace(presentation::json::id(one));
    }
    return std::ranges::includes(there, picks);
}

// `resource` with the canvases of `picks` alone.
presentation::Json only(const presentation::Json& resource, const std::set<std::string>& picks) {
    presentation::Json out = presentation::owned(json_copy(resource.get()));
    json_t* const items = json_array();
    for (const json_t* one : presentation::json::all(presentation::json::member(resource.get(), "items"))) {
        const std::string id(presentation::without_fragment(presentation::json::id(one)));
        if (picks.contains(id)) (void)json_array_append_new(items, presentation::json::shared(one));
    }
    presentation::json::set(out.get(), "items", items);
    return out;
}

// Of a run: each document is asked for once, and no server that does not answer is asked for ever.
class Run {
public:
    Run(std::vector<Place>& places, long seconds, const FederationProgress& progress, Federation& out)
        : places_(places), bounds_{seconds, presentation::kMostRemoteBytes}, progress_(progress), out_(out) {
        for (const Place& place : places_) {
            for (const std::string& uri : place.uris) {
                const auto [at, is_new] = numbers_.emplace(uri, out_.documents.size());
                if (is_new) out_.documents.push_back({uri, {}, Came::failed, "", "", {}});
                out_.documents[at->second].folders.push_back(place.path);
                if (const auto picks = place.picks.find(uri); picks != place.picks.end()) {
                    picks_[uri].insert(picks->second.begin(), picks->second.end());
                }
            }
        }
        came_.resize(out_.documents.size());
    }

    // What the folder is to keep.
    Snapshot snapshot_of(const Place& place) {
        Snapshot out;
        std::size_t bytes = 0;
        for (const std::string& uri : place.uris) {
            Federated& document = ask(uri);
            const auto picks = place.picks.find(uri);
            const Kept* const before = place.before.find(uri);
            Kept kept;
            if (document.came == Came::fetched) {
                kept = came_[numbers_.at(uri)];
                kept.resource =
                    only(kept.resource, picks == place.picks.end() ? std::set<std::string>{} : picks->second);
            } else if (before != nullptr) {
                kept = *before;
            }
            kept.uri = uri;
            kept.failed = document.came == Came::failed ? document.wrong : "";
            if (document.came == Came::failed) document.since = std::max(document.since, kept.fetched);
            const std::size_t size = presentation::write_snapshot({{kept}}).size();
            if (bytes + size > presentation::kMostSnapshotBytes) {
                document.came = Came::failed;
                document.wrong = "what is shown of it would make the folder's snapshot larger than " +
                                 std::to_string(presentation::kMostSnapshotBytes >> 20U) + " MB; pick fewer canvases";
                continue;
            }
            bytes += size;
            out.documents.push_back(std::move(kept));
        }
        std::ranges::sort(out.documents, {}, &Kept::uri);
        return out;
    }

private:
    Federated& ask(const std::string& uri) {
        const std::size_t number = numbers_.at(uri);
        Federated& document = out_.documents[number];
        if (!asked_.insert(uri).second) return document;
        progress_(asked_.size() - 1, out_.documents.size(), uri);

        constexpr int kMostSilent = 3;
        const std::string host = uri.substr(0, uri.find('/', uri.find("//") + 2));
        if (silent_[host] >= kMostSilent) {
            document.wrong =
                "it was not asked for: its server did not answer " + std::to_string(kMostSilent) + " times";
            return document;
        }
        const Kept* const before = common_to_all(uri);
        const Fetched fetched = fetch_document(client_, uri, before == nullptr ? "" : before->etag,
                                               before == nullptr ? "" : before->last_modified, bounds_);
        silent_[host] = fetched.answered ? 0 : silent_[host] + 1;
        document.wrong = fetched.wrong;
        if (fetched.unchanged) {
            document.came = Came::unchanged;
            document.remarks = before->remarks;
        } else if (fetched.wrong.empty()) {
            read(document, fetched, came_[number]);
        }
        return document;
    }

    void read(Federated& document, const Fetched& fetched, Kept& kept) {
        const auto& wanted = picks_[document.uri];
        auto read = presentation::read_remote(fetched.body, document.uri, {wanted.begin(), wanted.end()});
        document.wrong = std::move(read.wrong);
        document.remarks = std::move(read.remarks);
        if (!read.kept) return;
        if (!fetched.moved_to.empty()) {
            presentation::remark(document.remarks, "it has moved for good; write its new address: " + fetched.moved_to,
                                 false);
        }
        const bool collection = presentation::json::type(read.kept.get()).ends_with("Collection");
        for (const Place& place : places_) {
            const auto said = place.as_collection.find(document.uri);
            if (said == place.as_collection.end() || said->second == collection) continue;
            presentation::remark(document.remarks,
                                 collection ? "it is a Collection; write \"collection\" instead of \"manifest\""
                                            : "it is a Manifest; write \"manifest\" instead of \"collection\"",
                                 false);
            break;
        }
        document.came = Came::fetched;
        kept.uri = document.uri;
        kept.fetched = now();
        if (fetched.etag.size() <= kLongestValidator) kept.etag = fetched.etag;
        if (fetched.last_modified.size() <= kLongestValidator) kept.last_modified = fetched.last_modified;
        kept.remarks = document.remarks;
        kept.resource = std::move(read.kept);
    }

    // What "unchanged" would be an answer to: every folder that includes it has it, in the same state, with all
    // canvases.
    const Kept* common_to_all(const std::string& uri) {
        const Kept* first = nullptr;
        for (const Place& place : places_) {
            if (std::ranges::find(place.uris, uri) == place.uris.end()) continue;
            const Kept* const kept = place.before.find(uri);
            const auto picks = place.picks.find(uri);
            if (kept == nullptr || !kept->resource) return nullptr;
            if (picks != place.picks.end() && !has_all(*kept, picks->second)) return nullptr;
            if (first != nullptr && (first->etag != kept->etag || first->last_modified != kept->last_modified)) {
                return nullptr;
            }
            first = kept;
        }
        return first;
    }

    std::vector<Place>& places_;
    HttpClient client_;
    HttpClient::Bounds bounds_;
    const FederationProgress& progress_;
    Federation& out_;
    std::map<std::string, std::size_t> numbers_;  // of documents
    std::map<std::string, std::set<std::string>> picks_;
    std::vector<Kept> came_;
    std::set<std::string> asked_;
    std::map<std::string, int> silent_;  // by scheme and host: how many times in a row nothing came
};

// Under another hidden name first: a server never reads half. Everybody may read it, as the server's user has to.
std::string written(const fs::path& folder, const std::string& text) {
    std::string making = (folder / ".iiif-include-XXXXXX").native();
    const source::UniqueFd fd(::mkostemp(making.data(), O_CLOEXEC));
    if (!fd) return std::strerror(errno);
    constexpr mode_t kForAll = 0644;
    std::string wrong;
    std::size_t done = 0;
    while (wrong.empty() && done < text.size()) {
        const ssize_t put = ::write(fd.get(), text.data() + done, text.size() - done);
        if (put < 0 && errno != EINTR) wrong = std::strerror(errno);
        if (put > 0) done += static_cast<std::size_t>(put);
    }
    const fs::path target = folder / presentation::kSnapshotName;
    if (wrong.empty() &&
        (::fchmod(fd.get(), kForAll) != 0 || ::fsync(fd.get()) != 0 || ::rename(making.c_str(), target.c_str()) != 0)) {
        wrong = std::strerror(errno);
    }
    if (!wrong.empty()) (void)::unlink(making.c_str());
    return wrong;
}

std::string of_snapshot(const Place& place, const char* done, const std::string& wrong) {
    std::string out = place.path.empty() ? "." : place.path;
    out.append(": ").append(presentation::kSnapshotName).append(" cannot be ").append(done).append(": ").append(wrong);
    return out;
}

}  // namespace

Federation federate_below(const std::string& folder, long seconds, const FederationProgress& progress) {
    Federation out;
    std::error_code error;
    const fs::path top = fs::canonical(folder, error);
    if (error) {
        out.unable = error.message();
        return out;
    }
    const source::Root root(top.native(), source::Symlinks::beneath);
    out.unable = root.check();
    if (!out.unable.empty()) return out;
    Walk walk(root, out);
    walk.into("", 0);
    std::vector<Place> places = walk.take();
    Run run(places, seconds, progress, out);
    for (const Place& place : places) {
        const fs::path at = top / place.path;
        if (place.uris.empty()) {
            // Nothing is included here any more.
            if (::unlink((at / presentation::kSnapshotName).c_str()) != 0 && errno != ENOENT) {
                out.wrong.push_back(of_snapshot(place, "removed", std::strerror(errno)));
            }
            continue;
        }
        out.folders.push_back(place.path);
        const std::string text = presentation::write_snapshot(run.snapshot_of(place));
        if (place.had_snapshot && text == presentation::write_snapshot(place.before)) continue;
        if (const std::string wrong = written(at, text); !wrong.empty()) {
            out.wrong.push_back(of_snapshot(place, "written", wrong));
        }
    }
    return out;
}

}  // namespace iiif::ctl
