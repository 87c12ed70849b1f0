// SPDX-License-Identifier: Apache-2.0
#include "renderd/job.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "delivery/pyramid.h"
#include "delivery/short_way.h"
#include "renderd/answer_key.h"
#include "renderd/slot.h"

namespace iiif::renderd {
namespace {

using Clock = std::chrono::steady_clock;
using delivery::Answer;

constexpr std::size_t kBlocks = 64;         // kept per renderer
constexpr std::size_t kDescriptions = 512;  // kept per renderer; a few hundred bytes each

// "open=0.3 render=4.1", in milliseconds; how long each step took, in the order in which they were taken.
class Timing {
public:
    void lap(const char* name) {
        const auto now = Clock::now();
        std::array<char, 48> entry{};
        const double spent = std::chrono::duration<double, std::milli>(now - last_).count();
        const int length =
            std::snprintf(entry.data(), entry.size(), "%s%s=%.1f", text_.empty() ? "" : " ", name, spent);
        if (length > 0) text_.append(entry.data(), std::min(static_cast<std::size_t>(length), entry.size() - 1));
        last_ = now;
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    Clock::time_point last_ = Clock::now();
    std::string text_;
};

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

Reply to_reply(Answer answer, const source::Description* description, const Timing& timing,
               const source::Description* pyramid = nullptr) {
    Reply reply;
    reply.head = delivery::encode_reply_head(answer, description, timing.text(), pyramid);
    reply.text = std::move(answer.body);
    return reply;
}

Reply refused(const Refusal& refusal, bool head, const source::Description* description, const Timing& timing,
              std::string complaint) {
    Reply reply = to_reply(delivery::refusal_answer(refusal, head), description, timing);
    reply.complaint = std::move(complaint);
    return reply;
}

// Libraries say one thing per line.
std::string on_one_line(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > 0) out.append(out.empty() ? "" : "; ").append(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string complaint_about(const delivery::RenderCall& call, const Refusal& refusal, const std::string& detail) {
    // What a client did wrong is the access log's business; a file that cannot be read is the administrator's.
    if (refusal.status < 500 && detail.empty()) return "";
    return "\"" + call.path + "\": " + (detail.empty() ? refusal.sentence : on_one_line(detail));
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
    answered.content_length = static_cast<std::int64_t>(part->head.size() + part->length);
    answered.body = std::move(part->head);
    Reply reply = finish(std::move(answered));
    if (part->length > 0) reply.file = std::move(file.fd);
    reply.file_offset = part->offset;
    reply.file_length = part->length;
    return reply;
}

}  // namespace

Jobs::Jobs(const Configuration& configuration, SharedAnswers* answers)
    : configuration_(configuration),
      answers_(answers),
      descriptions_(kDescriptions),
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

    // Beneath the root again, with our own eyes: a call only names the file. If it changed since the worker looked,
    // the answer is made from what is there now, and says so in its validators.
    auto file = service.root.open(call.path);
    timing.lap("open");
    if (!file) return refused(file.error(), head, nullptr, timing, complaint_about(call, file.error(), ""));
    const delivery::SourceState state{file->key, file->path, call.page};
    if (auto unchanged = delivery::conditional_answer(service, call.http, *request, state)) {
        return to_reply(std::move(*unchanged), nullptr, timing);
    }

    std::string detail;
    auto description = descriptions_.find(file->key, call.page);
    if (!description) {
        auto described = render::describe(file->fd.get(), call.page, {configuration_.max_pixels}, detail);
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

    Stop stopped = Stop::none;
    const render::Cancelled cancelled = [&occasion, &stopped] {
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
    std::string detail;
    const auto make = [&] {
        return pyramid ? render::render(pyramid->file.fd.get(), 1, *pyramid->description, job, cancelled, detail)
                       : render::render(task.file.fd.get(), task.call.page, task.image, job, cancelled, detail);
    };
    const std::string key =
        passing ? "" : answer_key(task.call.service, task.file.fd.get(), task.file.key, task.call.page, task.plan);
    auto [image, made] =
        answers_ != nullptr ? answers_->once(key, cancelled, make) : SharedAnswers::Outcome{make(), true};
    task.timing.lap(made ? "render" : "shared");
    if (!image) {
        if (stopped == Stop::gone) return {};
        const Refusal refusal = stopped == Stop::late ? too_late(configuration_.timeout_ms) : image.error();
        return refused(refusal, false, task.told, task.timing,
                       complaint_about(task.call, refusal, stopped == Stop::late ? "" : detail));
    }
    task.answer.content_length = static_cast<std::int64_t>(image->size());
    Reply reply = finish(std::move(task.answer));
    reply.image = std::move(*image);
    return reply;
}

}  // namespace iiif::renderd
