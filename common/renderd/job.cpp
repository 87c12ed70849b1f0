// SPDX-License-Identifier: Apache-2.0
#include "renderd/job.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <variant>

#include "delivery/pyramid.h"
#include "delivery/short_way.h"
#include "renderd/answer_key.h"
#include "renderd/job_parts.h"
#include "renderd/slot.h"

namespace iiif::renderd {
namespace {

using delivery::Answer;

constexpr std::size_t kBlocks = 64;         // kept per renderer
constexpr std::size_t kDescriptions = 512;  // kept per renderer; a few hundred bytes each
constexpr std::size_t kFacts = 32U << 20U;  // bytes kept per renderer; of 50,000 files that say little of themselves
// What is larger is not kept for the next who asks either.
constexpr std::size_t kHeldBytes = SharedAnswers::Sizes{}.large_log / 2;

render::EncodeOptions encode_options(const delivery::EncoderOptions& configured) {
    render::EncodeOptions out;
    out.jpeg_quality = configured.jpeg_quality;
    out.webp_quality = configured.webp_quality;
    out.avif_quality = configured.avif_quality;
    out.jp2_quality = configured.jp2_quality;
    out.png_compression = configured.png_compression;
    for (std::size_t i = 0; i < out.background.size(); ++i) out.background[i] = configured.background[i];
    out.icc = configured.embed_profile ? render::Profile::embed : render::Profile::srgb;
    return out;
}

Refusal too_late(std::uint32_t timeout_ms) {
    return {504, "The image could not be made within " + std::to_string((timeout_ms + 999) / 1000) +
                     " seconds; a smaller region or size takes less time."};
}

// As the worker will do it from now on, so that one ETag never has two bodies. `file` is taken if a part of it follows.
std::optional<Reply> stored_reply(const delivery::Service& service, const delivery::RenderPlan& plan,
                                  const source::Description& stored, source::OpenFile& file, source::FileBlocks& blocks,
                                  const Answer& answer, const std::function<Reply(Answer)>& finish) {
    auto part = delivery::short_way(service, plan, stored, file.fd.get(), file.key, blocks);
    if (!part) return std::nullopt;
    Answer answered = answer;
    answered.content_length = static_cast<std::int64_t>(part->size());
    answered.body = part->in_memory();
    Reply reply = finish(std::move(answered));
    if (part->length > 0) reply.file = std::move(file.fd);
    reply.file_offset = part->offset;
    reply.file_length = part->length;
    return reply;
}

}  // namespace

Jobs::Jobs(const Configuration& configuration, SharedAnswers* answers, const RefusedSources* refused)
    : configuration_(configuration),
      answers_(answers),
      refused_(refused),
      descriptions_(kDescriptions),
      facts_(kFacts),
      blocks_(kBlocks),
      pyramids_(descriptions_) {}

Reply Jobs::run(const delivery::RenderCall& call, const Occasion& occasion) noexcept {
    std::string what;
    try {
        return answer(call, occasion);
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "an exception of unknown type";
    }
    // What was left half done is not worth finding out: one answer, then a fresh process. If even the answer cannot be
    // made, noexcept ends this process, and the supervisor says which source it was.
    const Refusal refusal{500, "The renderer failed on this image."};
    Reply reply = refused(refusal, call.http.method == "HEAD", nullptr, Timing(), "\"" + call.path + "\": " + what);
    reply.broken = true;
    return reply;
}

Reply Jobs::not_a_call() {
    const Refusal refusal{500, "The renderer did not understand the web server's request."};
    return refused(refusal, false, nullptr, Timing(), "a request that is not a render call, or too long for one");
}

Reply Jobs::not_begun(const delivery::RenderCall& call) {
    const Refusal refusal{503, "The server is busy with other images; try again in a few seconds."};
    return refused(refusal, call.http.method == "HEAD", nullptr, Timing(), "");
}

// An image that was decided on.
struct Jobs::ImageTask {
    const delivery::RenderCall& call;
    const delivery::Service& service;
    const delivery::RenderPlan& plan;
    const delivery::SourceState& state;
    source::OpenFile& file;
    const source::Description& image;
    const source::Description* told;  // `image`, when the worker may keep it
    Answer answer;                    // without its body
    Timing timing;
};

Reply Jobs::answer(const delivery::RenderCall& call, const Occasion& occasion) {
    Timing timing;
    const bool head = call.http.method == "HEAD";
    if (call.service >= configuration_.services.size()) {
        return refused({500, "The renderer does not know this endpoint."}, head, nullptr, timing,
                       "a call for endpoint " + std::to_string(call.service) + ", which there is not");
    }
    const delivery::Service& service = *configuration_.services[call.service];
    const auto request = delivery::parse_request(service, call.http);
    if (!request) {
        return refused({500, "The renderer does not know this endpoint."}, head, nullptr, timing,
                       "a call for a URI outside \"" + service.prefix + "\"");
    }
    if (request->refusal) return refused(*request->refusal, head, nullptr, timing, "");
    if (request->presentation) return answer_document(call, service, *request, occasion);

    // Beneath the root again, with our own eyes: a call only names the file. If it changed since the worker looked,
    // the answer is made from what is there now, and says so in its validators.
    auto file = service.root.open(call.path);
    timing.lap("open");
    if (!file && file.error().status == 403 && configuration_.sandbox != Sandbox::off) {
        // The worker, who has the same rights, could read it: the sandbox knows an older folder of this name (Places).
        Reply reply = refused({503, "This image cannot be reached at the moment; try again."}, head, nullptr, timing,
                              '"' + call.path + "\": out of this renderer's reach, so another one takes its place");
        reply.broken = true;
        return reply;
    }
    if (!file) return refused(file.error(), head, nullptr, timing, complaint_about(call, file.error(), ""));
    const delivery::SourceState state{file->key, file->path, call.page};
    if (auto unchanged = delivery::conditional_answer(service, call.http, *request, state)) {
        return to_reply(std::move(*unchanged), nullptr, timing);
    }

    std::string detail;
    auto description = descriptions_.find(file->key, call.page);
    if (!description) {
        if (const auto refusal = not_now(occasion)) return refused(*refusal, head, nullptr, timing, "");
        auto described = render::describe(file->fd.get(), call.page,
                                          {configuration_.max_pixels, configuration_.decoder_memory}, detail);
        timing.lap("describe");
        if (!described) {
            return refused(described.error(), head, nullptr, timing, complaint_about(call, described.error(), detail));
        }
        description = std::make_shared<const source::Description>(std::move(*described));
        descriptions_.keep(file->key, call.page, *description);
    }

    // The worker keeps the description for the file it saw, which is no longer this one if the key is another.
    const source::Description* told = file->key == call.key ? description.get() : nullptr;
    auto decision = delivery::decide(service, call.http, *request, state, *description);
    if (auto* answered = std::get_if<Answer>(&decision)) return to_reply(std::move(*answered), told, timing);
    const auto& plan = std::get<delivery::RenderPlan>(decision);
    ImageTask task{
        call,  service,      plan, state,
        *file, *description, told, delivery::image_answer(service, call.http, *request, state, *description, plan),
        timing};
    return make_image(task, occasion);
}

std::optional<Refusal> Jobs::not_now(const Occasion& occasion) const {
    const std::int64_t left = refused_ == nullptr ? 0 : refused_->refused_for(occasion.source, now_ms());
    if (left == 0) return std::nullopt;
    return Refusal{503, "This image has repeatedly made the renderer fail; it is tried again in " +
                            std::to_string((left + 999) / 1000) + " seconds."};
}

std::optional<Pyramid> Jobs::find_or_make_pyramid(ImageTask& task, const render::EncodeOptions& encode,
                                                  const Occasion& occasion, const render::Cancelled& cancelled,
                                                  std::string& complaint) {
    const PyramidSource from{task.service, task.state, task.image, task.file.fd.get(), encode};
    auto pyramid = pyramids_.find(from);
    if (pyramid || !occasion.heavy || !source::is_settled(task.state.key)) return pyramid;
    const std::int64_t until = now_ms() + kPyramidWithin;
    const render::Cancelled late = [until] { return now_ms() >= until; };
    bool begun = false;
    const auto begins = [&] {
        begun = true;
        if (occasion.long_work) occasion.long_work();
    };
    pyramid = pyramids_.make(from, cancelled, late, begins, complaint);
    task.timing.lap(begun ? "pyramid" : "wait");
    return pyramid;
}

Reply Jobs::make_image(ImageTask& task, const Occasion& occasion) {
    const delivery::Service& service = task.service;
    std::optional<Pyramid> pyramid;
    std::string complaint;
    const auto finish = [&](Answer answer) {
        Reply reply = to_reply(std::move(answer), task.told, task.timing,
                               pyramid && task.told != nullptr ? pyramid->description.get() : nullptr);
        reply.complaint = complaint;
        return reply;
    };
    if (auto stored = stored_reply(service, task.plan, task.image, task.file, blocks_, task.answer, finish)) {
        return std::move(*stored);
    }

    if (const auto refusal = not_now(occasion)) return refused(*refusal, false, task.told, task.timing, "");

    Stop stopped = Stop::none;
    std::mutex asking;  // libvips' threads ask, too
    const render::Cancelled cancelled = [&occasion, &stopped, &asking] {
        const std::lock_guard lock(asking);
        if (stopped == Stop::none) stopped = occasion.stop();
        return stopped != Stop::none;
    };
    const render::EncodeOptions encode = encode_options(service.encoder);
    const bool wanted = delivery::wants_pyramid(service, task.plan, task.image);
    if (wanted) pyramid = find_or_make_pyramid(task, encode, occasion, cancelled, complaint);
    // From a pyramid by right, but there is none: not to be kept by anybody.
    const bool passing = wanted && !pyramid;
    if (passing) delivery::make_passing(task.answer);
    if (pyramid) {
        auto stored =
            stored_reply(service, task.plan, *pyramid->description, pyramid->file, blocks_, task.answer, finish);
        if (stored) return std::move(*stored);
    }

    render::Job job;
    job.region = task.plan.geometry.region;
    job.size = task.plan.geometry.size;
    job.rotation = task.plan.rotation;
    job.quality = task.plan.quality;
    job.format = task.plan.format;
    job.encode = encode;
    job.as_stored = service.as_stored;
    job.encoder_memory = configuration_.encoder_memory;
    std::string detail;
    const std::string key =
        passing ? "" : answer_key(task.call.service, task.file.fd.get(), task.file.key, task.call.page, task.plan);
    ReplyStream stream(occasion.send, [&] {
        if (answers_ != nullptr) answers_->give_up(key);
        task.timing.lap("render");
        return delivery::in_pieces(finish(task.answer).head);
    });
    const auto pass = [&stream](std::span<const std::byte> bytes) { return stream.pass(bytes); };
    const auto make = [&]() -> Expected<SharedAnswers::Bytes> {
        render::Output out = occasion.send ? render::Output(kHeldBytes, pass) : render::Output();
        const auto done =
            pyramid ? render::render(pyramid->file.fd.get(), 1, *pyramid->description, job, cancelled, out, detail)
                    : render::render(task.file.fd.get(), task.call.page, task.image, job, cancelled, out, detail);
        if (!done) return tl::unexpected(done.error());
        return out.take();
    };
    auto [image, made] =
        answers_ != nullptr ? answers_->once(key, cancelled, make) : SharedAnswers::Outcome{make(), true};
    if (!stream.begun()) task.timing.lap(made ? "render" : "shared");
    if (!image) {
        if (stopped == Stop::gone || stream.lost()) return {};
        const Refusal refusal = stopped == Stop::late ? too_late(configuration_.timeout_ms) : image.error();
        if (stream.begun()) {
            // What was sent ends without having said that it is whole.
            Reply broken_off;
            broken_off.complaint = complaint_about(task.call, refusal, stopped == Stop::late ? "" : detail);
            return broken_off;
        }
        return refused(refusal, false, task.told, task.timing,
                       complaint_about(task.call, refusal, stopped == Stop::late ? "" : detail));
    }
    if (stream.begun()) {
        (void)stream.finish();
        Reply said;
        said.complaint = complaint;
        return said;
    }
    task.answer.content_length = static_cast<std::int64_t>(image->size());
    Reply reply = finish(std::move(task.answer));
    reply.image = std::move(*image);
    return reply;
}

}  // namespace iiif::renderd
