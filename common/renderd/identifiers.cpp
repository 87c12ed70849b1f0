// SPDX-License-Identifier: Apache-2.0
// Objects by their persistent identifiers. Which there are is looked for when somebody asks, and kept like a document.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "presentation/build.h"
#include "presentation/identifiers.h"
#include "protocol/presentation.h"
#include "renderd/job.h"
#include "renderd/job_parts.h"
#include "renderd/slot.h"
#include "source/transforms.h"

namespace iiif::renderd {
namespace {

constexpr std::size_t kIndexes = 4;  // of endpoints, kept by a renderer itself

std::string key_of(const delivery::RenderCall& call, const delivery::Service& service) {
    return "identifiers " + std::to_string(call.service) + ' ' + std::to_string(service.fingerprint);
}

// While somebody is still writing, or a folder cannot be read, the next changes do not show by themselves: the tree is
// looked through again, but for no more than a tenth of the time.
std::int64_t lifetime(bool settled, bool complete, std::int64_t spent) {
    constexpr std::int64_t kUnsettled = 2000;
    constexpr std::int64_t kIncomplete = 10'000;
    if (settled && complete) return 0;
    return std::max(settled ? kIncomplete : kUnsettled, 10 * spent);
}

}  // namespace

bool Jobs::is_current(const delivery::Service& service, const KeptDocument& index) {
    if (index.until_ms != 0) return now_ms() < index.until_ms;
    return still_holds(service, "identifiers " + index.tag, index.watch);
}

Expected<std::shared_ptr<const KeptDocument>> Jobs::identifiers_of(const delivery::RenderCall& call,
                                                                   const delivery::Service& service,
                                                                   const delivery::Request& request,
                                                                   const std::function<bool()>& cancelled,
                                                                   std::string& complaint) {
    // Kept by each renderer, too: large images drive it out of what they share.
    const auto own = identifiers_.find(call.service);
    if (own != identifiers_.end()) {
        if (is_current(service, *own->second)) return own->second;
        identifiers_.erase(own);
    }
    if (identifiers_.size() >= kIndexes) identifiers_.clear();
    const std::string key = key_of(call, service);
    if (const auto bytes = answers_ == nullptr ? std::nullopt : answers_->find(key)) {
        auto kept = KeptDocument::unpacked(*bytes);
        if (kept && is_current(service, *kept)) {
            return identifiers_[call.service] = std::make_shared<const KeptDocument>(std::move(*kept));
        }
    }
    const std::int64_t began = now_ms();
    presentation::Watch watch;
    auto index = presentation::index_identifiers(service, request, cancelled, watch);
    if (!index) return tl::unexpected(index.error());
    for (const std::string& one : index->complaints) complaint += (complaint.empty() ? "" : "; ") + one;
    const std::int64_t now = now_ms();
    const std::int64_t lives = lifetime(watch.is_settled(), index->complete, now - began);
    auto made = std::make_shared<const KeptDocument>(KeptDocument{
        watch.text(), delivery::content_tag(index->text), std::move(index->text), lives == 0 ? 0 : now + lives});
    const std::string bytes = made->packed();
    if (answers_ != nullptr) answers_->keep(key, std::as_bytes(std::span(bytes)));
    return identifiers_[call.service] = std::move(made);
}

Reply Jobs::answer_identifier(const delivery::RenderCall& call, const delivery::Service& service,
                              const delivery::Request& request, const std::function<bool()>& cancelled, Timing timing) {
    using protocol::Resource;
    const std::string& name = request.presentation->path;
    const Resource resource = request.presentation->resource;
    std::string complaint;
    std::optional<std::string> location;
    if (resource == Resource::manifest || resource == Resource::collection) {
        const auto index = identifiers_of(call, service, request, cancelled, complaint);
        timing.lap("identifiers");
        if (!index) return refused(index.error(), request.head, nullptr, timing, "");
        const auto path = presentation::find_identifier((*index)->text, name);
        if (path) location = presentation::location_of(service, request, *path);
    }
    if (location) {
        Reply reply = to_reply(delivery::see_other(std::move(*location)), nullptr, timing);
        reply.complaint = std::move(complaint);
        return reply;
    }
    const Refusal refusal{404, "there is no folder and no image \"" + source::readable(name) +
                                   "\" here, and nothing that is also called so"};
    return refused(refusal, request.head, nullptr, timing, std::move(complaint));
}

}  // namespace iiif::renderd
