// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "ctl/commands.h"
#include "ctl/federate.h"
#include "ctl/output.h"
#include "ctl/progress.h"

namespace iiif::ctl {
namespace {

const char* name_of(Came came) {
    switch (came) {
        case Came::fetched: return "fetched";
        case Came::unchanged: return "unchanged";
        case Came::failed: break;
    }
    return "failed";
}

bool lost_something(const Federated& document) {
    for (const presentation::Remark& remark : document.remarks) {
        if (remark.loss) return true;
    }
    return document.came == Came::failed;
}

std::string instead(const Federated& document) {
    return document.since.empty() ? "nothing was ever fetched of it; Collections list it by its address or your label"
                                  : "what came at " + document.since + " stays";
}

json_t* object_of(const Federated& document) {
    json_t* const object = json_object();
    json_object_set_new(object, "uri", string(document.uri));
    json_object_set_new(object, "came", json_string(name_of(document.came)));
    json_t* const folders = json_array();
    for (const std::string& folder : document.folders) json_array_append_new(folders, string(folder));
    json_object_set_new(object, "folders", folders);
    if (document.came == Came::failed) {
        json_object_set_new(object, "says", string(document.wrong));
        if (!document.since.empty()) json_object_set_new(object, "since", string(document.since));
    }
    json_t* const remarks = json_array();
    for (const presentation::Remark& remark : document.remarks) {
        json_t* const one = json_object();
        json_object_set_new(one, "says", string(remark.sentence));
        json_object_set_new(one, "loss", json_boolean(remark.loss));
        json_array_append_new(remarks, one);
    }
    json_object_set_new(object, "remarks", remarks);
    return object;
}

void print_lines(const Federated& document) {
    (void)std::printf("%-11s %s\n", name_of(document.came), shown(document.uri).c_str());
    if (document.came == Came::failed) {
        (void)std::printf("            %s\n            -> %s\n", shown(document.wrong).c_str(),
                          shown(instead(document)).c_str());
    }
    for (const presentation::Remark& remark : document.remarks) {
        (void)std::printf("            %s%s\n", remark.loss ? "! " : "", shown(remark.sentence).c_str());
    }
}

}  // namespace

int federate(const std::string& folder, long seconds, bool verbose, const Manner& manner) {
    Federation found;
    {
        std::unique_ptr<Progress> bar;
        std::size_t at = 0;
        found = federate_below(folder, seconds, [&](std::size_t done, std::size_t all, const std::string& uri) {
            if (!bar) bar = std::make_unique<Progress>(all, !manner.quiet);
            bar->done(done - at, uri);
            at = done;
        });
    }
    if (!found.unable.empty()) return unable("\"" + folder + "\": " + found.unable);

    std::size_t lost = 0;
    std::size_t failed = 0;
    std::size_t fetched = 0;
    const Json list(json_array(), json_decref);
    for (const Federated& document : found.documents) {
        lost += lost_something(document) ? 1 : 0;
        failed += document.came == Came::failed ? 1 : 0;
        fetched += document.came == Came::fetched ? 1 : 0;
        if (manner.json) {
            json_array_append_new(list.get(), object_of(document));
        } else if (verbose || document.came == Came::failed || !document.remarks.empty()) {
            print_lines(document);
        }
    }
    const bool to_do = lost > 0 || !found.wrong.empty();
    if (manner.json) {
        const Json root(json_object(), json_decref);
        json_object_set_new(root.get(), "folder", string(folder));
        json_object_set(root.get(), "documents", list.get());
        json_t* const wrong = json_array();
        for (const std::string& sentence : found.wrong) json_array_append_new(wrong, string(sentence));
        json_object_set_new(root.get(), "wrong", wrong);
        print(root);
        return to_do ? kToDo : kFine;
    }
    for (const std::string& sentence : found.wrong) (void)std::printf("wrong       %s\n", shown(sentence).c_str());
    if (found.documents.empty()) {
        (void)std::printf("No sidecar here includes anything of others.\n");
    } else {
        (void)std::printf("%s in %s: %zu fetched, %zu unchanged, %zu failed\n",
                          counted(found.documents.size(), "document", "documents").c_str(),
                          counted(found.folders.size(), "folder", "folders").c_str(), fetched,
                          found.documents.size() - fetched - failed, failed);
    }
    return to_do ? kToDo : kFine;
}

}  // namespace iiif::ctl
