// SPDX-License-Identifier: Apache-2.0
// Documents of the Presentation API: kept for all renderers, and valid as long as nothing they were made from changes.
#include <string_view>

#include "presentation/build.h"
#include "renderd/job.h"
#include "renderd/job_parts.h"
#include "renderd/kept_document.h"
#include "renderd/slot.h"

namespace iiif::renderd {
namespace {

constexpr std::int64_t kLookAgain = 1000;  // ms; changes show within that
constexpr std::size_t kLookedAt = 1000;    // documents

// A file that cannot be read now may be readable soon without looking any different: rights, memory, a disk.
constexpr std::int64_t kIncompleteFor = 10'000;  // ms

// A document of up to this length and one that is longer are kept in different places: each has a name of its own, so
// that an earlier one never hides a later one.
std::string key_of(const delivery::RenderCall& call, const delivery::Service& service, const delivery::Request& request,
                   std::size_t variant) {
    return "document " + std::to_string(variant) + ' ' + std::to_string(call.service) + ' ' +
           std::to_string(service.fingerprint) + ' ' + std::to_string(service.offered_formats()) + ' ' +
           std::to_string(static_cast<unsigned>(request.version)) + ' ' + request.presentation->endpoint + ' ' +
           request.id;
}

}  // namespace

Expected<presentation::Facts> Jobs::read_facts(const delivery::RenderCall& call, const delivery::Service& service,
                                               const std::string& path, std::uint32_t page, const Occasion& occasion) {
    auto file = service.root.open(path);
    if (!file) return tl::unexpected(file.error());
    // Who ends a renderer is this file, not the folder: the next time it is left out, and the others are shown.
    delivery::RenderCall alone = call;
    alone.path = path;
    alone.page = page;
    alone.key = file->key;
    if (refused_ != nullptr && refused_->refused_for(RefusedSources::name_of(alone), now_ms()) > 0) {
        return refuse(503, "it has repeatedly made the renderer fail");
    }
    if (occasion.reads) occasion.reads(alone);
    std::string detail;
    auto facts = presentation::read_facts(file->fd.get(), page,
                                          {configuration_.max_pixels, configuration_.decoder_memory}, detail);
    if (occasion.reads) occasion.reads(call);
    return facts;
}

// A thousand files are looked at in a millisecond or two; who pages through a viewer asks again and again.
bool Jobs::still_holds(const delivery::Service& service, const std::string& name, std::string_view watch) {
    const std::int64_t now = now_ms();
    if (const auto looked = looked_at_.find(name); looked != looked_at_.end()) {
        if (now - looked->second < kLookAgain) return true;
        looked_at_.erase(looked);
    }
    if (!presentation::Watch::holds(service.root, watch)) return false;
    if (looked_at_.size() >= kLookedAt) looked_at_.clear();
    looked_at_.emplace(name, now);
    return true;
}

Reply Jobs::answer_document(const delivery::RenderCall& call, const delivery::Service& service,
                            const delivery::Request& request, const Occasion& occasion) {
    constexpr std::size_t kVariants = 2;
    Timing timing;
    const auto reply = [&](int status, std::string json, const std::string& tag) {
        return to_reply(delivery::document_answer(call.http, request, status, std::move(json), tag), nullptr, timing);
    };
    for (std::size_t variant = 0; answers_ != nullptr && variant < kVariants; ++variant) {
        const auto bytes = answers_->find(key_of(call, service, request, variant));
        auto kept = bytes ? KeptDocument::unpacked(*bytes) : std::nullopt;
        if (!kept || (kept->until_ms != 0 && now_ms() >= kept->until_ms)) continue;
        if (!still_holds(service, request.id + kept->tag, kept->watch)) continue;
        timing.lap("kept");
        return reply(200, std::move(kept->text), kept->tag);
    }
    if (const auto refusal = not_now(occasion)) return refused(*refusal, request.head, nullptr, timing, "");

    Stop stopped = Stop::none;
    const presentation::Sources sources{
        [&](const std::string& path, std::uint32_t page) { return read_facts(call, service, path, page, occasion); },
        facts_,
        [&] {
            if (stopped == Stop::none && occasion.stop) stopped = occasion.stop();
            return stopped != Stop::none;
        }};
    presentation::Watch watch;
    auto document = presentation::build(service, request, sources, watch);
    timing.lap("build");
    if (stopped == Stop::gone) return {};
    if (!document && document.error().status == 404 && !presentation::is_there(service, request)) {
        return answer_identifier(call, service, request, sources.cancelled, timing);
    }
    if (!document) {
        return refused(document.error(), request.head, nullptr, timing, complaint_about(call, document.error(), ""));
    }
    std::string complaint;
    for (const std::string& one : document->complaints) complaint += (complaint.empty() ? "" : "; ") + one;
    const std::string tag = delivery::content_tag(document->json);
    if (answers_ != nullptr && document->status == 200 && watch.is_settled()) {
        const std::string bytes =
            KeptDocument{watch.text(), tag, document->json, document->complete ? 0 : now_ms() + kIncompleteFor}
                .packed();
        const std::size_t variant = bytes.size() > SharedAnswers::Sizes{}.most ? 1 : 0;
        answers_->keep(key_of(call, service, request, variant), std::as_bytes(std::span(bytes)));
    }
    Reply out = reply(document->status, std::move(document->json), tag);
    out.complaint = std::move(complaint);
    return out;
}

}  // namespace iiif::renderd
