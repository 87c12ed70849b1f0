// SPDX-License-Identifier: Apache-2.0
#include "presentation/remote_scrub.h"

#include <algorithm>
#include <cstring>

#include "presentation/sidecar_values.h"

namespace iiif::presentation {
namespace {

constexpr std::size_t kLongestKey = 200;

// Image services are told by their context, which may not stand there in 3.0.
void name_service(json_t* to, std::string_view context) {
    if (!json::type(to).empty()) return;
    const auto of = [context](std::string_view version) { return context.find(version) != std::string_view::npos; };
    if (of("/image/3")) json::set(to, "type", json_string("ImageService3"));
    if (of("/image/2")) json::set(to, "@type", json_string("ImageService2"));
    if (of("/image/1") || of("/image-api/1")) json::set(to, "@type", json_string("ImageService1"));
}

json_t* copy_of(const json_t* value, unsigned depth, std::vector<Remark>& remarks) {
    if (depth > kDeepestRemote) {
        remark(remarks,
               "it is nested deeper than " + std::to_string(kDeepestRemote) + " levels; what lies below is left out",
               true);
        return nullptr;
    }
    if (json_is_array(value)) {
        json_t* const to = json_array();
        for (const json_t* one : json::all(value)) {
            if (json_t* const copy = copy_of(one, depth + 1, remarks)) (void)json_array_append_new(to, copy);
        }
        return to;
    }
    if (!json_is_object(value)) return json::shared(value);
    json_t* const to = json_object();
    std::string_view context;
    const char* key = nullptr;
    json_t* member = nullptr;
    json_object_foreach(const_cast<json_t*>(value), key, member) {  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        const std::string_view name(key);
        if (name == "@context") {
            context = json::text(member);
            continue;
        }
        // "id" is Indonesian, too.
        const bool is_id = (name == "id" || name == "@id") && json_is_string(member);
        if (is_id && !json::is_address(json::text(member))) {
            remark(remarks,
                   "it has an id that is no address with http or https: \"" +
                       values::clean(json::beginning(json::text(member), 60)) + "\"; it is left out",
                   false);
            continue;
        }
        if (name.size() > kLongestKey) continue;
        json_t* const copy = copy_of(member, depth + 1, remarks);
        if (copy == nullptr) continue;
        json::set(to, key, name == "service" && json_is_object(copy) ? json_pack("[o]", copy) : copy);
    }
    name_service(to, context);
    return to;
}

}  // namespace

void remark(std::vector<Remark>& remarks, std::string sentence, bool loss) {
    constexpr std::size_t kLongest = 600;
    sentence.resize(json::beginning(sentence, kLongest).size());
    const auto same = std::ranges::find(remarks, sentence, &Remark::sentence);
    if (same != remarks.end()) {
        same->loss = same->loss || loss;
    } else if (remarks.size() < kMostRemarks) {
        remarks.push_back({std::move(sentence), loss});
    }
}

Json scrubbed(const json_t* value, std::vector<Remark>& remarks) {
    return owned(copy_of(value, 0, remarks));
}

}  // namespace iiif::presentation
