// SPDX-License-Identifier: Apache-2.0
#include "delivery/exchange.h"

#include <algorithm>
#include <utility>

#include "delivery/cost.h"
#include "delivery/pages.h"
#include "delivery/pyramid.h"
#include "delivery/short_way.h"

namespace iiif::delivery {

Exchange::Exchange(const Service& service, Memory& memory, HttpRequest http, bool has_renderers)
    : service_(service),
      memory_(memory),
      http_(std::move(http)),
      request_(parse_request(service, http_)),
      has_renderers_(has_renderers) {}

Outcome Exchange::finish(Answer answer) {
    answer_ = std::move(answer);
    served_ = "memory";
    return Outcome::answered;
}

Outcome Exchange::run(std::optional<std::string_view> computed_path) {
    if (!request_) return Outcome::declined;
    const Request& request = *request_;
    if (request.kind == Kind::options) return finish(options_answer(http_));
    if (http_.method != "GET" && http_.method != "HEAD") return finish(method_not_allowed());
    if (request.kind == Kind::page || request.kind == Kind::asset) return run_page(computed_path);
    if (request.kind == Kind::invalid) return run_invalid(computed_path);

    if (request.presentation) return ask_for_document();

    auto located = source::locate(service_.root, memory_.files, service_.mapping, request.identifier, computed_path);
    if (!located) {
        if (auto page = page_redirect(service_, request)) return finish(std::move(*page));
        return finish(refusal_answer(located.error(), request.head));
    }
    if (request.kind == Kind::base) return finish(base_redirect(request));
    source::OpenFile& file = located->file;
    state_ = {file.key, file.path, located->page};

    if (auto unchanged = conditional_answer(service_, http_, request, state_)) return finish(std::move(*unchanged));
    const auto description = memory_.descriptions.find(state_.key, state_.page);
    if (!description) return ask_renderer(nullptr, nullptr);
    auto decision = decide(service_, http_, request, state_, *description);
    if (auto* answer = std::get_if<Answer>(&decision)) return finish(std::move(*answer));
    const auto& plan = std::get<RenderPlan>(decision);
    if (take_short_way(*description, plan, *description, file, service_.root)) return Outcome::answered;
    if (wants_pyramid(service_, plan, *description)) return run_with_pyramid(*description, plan);
    return ask_renderer(description.get(), &plan);
}

Outcome Exchange::run_page(std::optional<std::string_view> computed_path) {
    auto page = answer_page(service_, http_, *request_, memory_.files, computed_path);
    finish(std::move(page.answer));
    file_ = std::move(page.file);
    if (file_) served_ = "file";
    return Outcome::answered;
}

// Heavy is what has to make a pyramid first, and not the answer from one.
Outcome Exchange::run_with_pyramid(const source::Description& image, const RenderPlan& plan) {
    auto file = open_pyramid(service_, state_, memory_.files);
    const auto pyramid = file ? memory_.descriptions.find(file->key, 1) : nullptr;
    const bool known = pyramid && is_pyramid_of(*pyramid, image);
    if (known && take_short_way(image, plan, *pyramid, *file, service_.pyramids->folder)) return Outcome::answered;
    const Outcome outcome = ask_renderer(known ? pyramid.get() : &image, &plan);
    if (!known) heavy_ = true;
    return outcome;
}

// `stored`: of `file`, which is the image's own, or its pyramid, beneath `root`. Takes `file` when it holds a part of
// the answer.
bool Exchange::take_short_way(const source::Description& image, const RenderPlan& plan,
                              const source::Description& stored, source::OpenFile& file, const source::Root& root) {
    auto part = short_way(service_, plan, stored, file.fd.get(), file.key, memory_.blocks);
    if (!part) return false;
    if (part->length > 0 && !file.fd.is_only_owner()) {
        // What the server sends from may have its position moved: not what other threads read.
        auto own = root.open(file.path);
        if (!own || !(own->key == file.key)) return false;
        file = std::move(*own);
    }
    answer_ = image_answer(service_, http_, *request_, state_, image, plan);
    answer_.content_length = static_cast<std::int64_t>(part->size());
    answer_.body = std::move(part->head);
    answer_.held = std::move(part->tile);
    if (part->length > 0) {
        file_ = std::move(file.fd);
        answer_.file = {file_.get(), part->offset, part->length};
    }
    served_ = "file";
    return true;
}

// Five or more segments whose last four are no image request: an identifier with slashes, asked for by its base URI?
Outcome Exchange::run_invalid(std::optional<std::string_view> computed_path) {
    const Request& request = *request_;
    if (!request.whole_identifier.empty()) {
        const auto located =
            source::locate(service_.root, memory_.files, service_.mapping, request.whole_identifier, computed_path);
        if (located) return finish(base_redirect(request));
    }
    return finish(refusal_answer(*request.refusal, request.head));
}

// The web server's process reads no folder: whether there is one is for a renderer to say.
Outcome Exchange::ask_for_document() {
    state_.path = request_->presentation->path;
    return ask_renderer(nullptr, nullptr);
}

Outcome Exchange::ask_renderer(const source::Description* description, const RenderPlan* plan) {
    if (!has_renderers_) {
        fail(Failure::busy);
        return Outcome::answered;
    }
    heavy_ = is_heavy(*request_, description, plan);
    asked_ = std::chrono::steady_clock::now();
    const auto asked = std::chrono::duration_cast<std::chrono::milliseconds>(asked_.time_since_epoch());
    call_ = encode_call({service_.pool_index, http_, state_.path, state_.page, state_.key, asked.count()});
    if (call_.size() > kMaxRequestBytes) {
        return finish(refusal_answer({431, "The request's headers are too long."}, request_->head));
    }
    if (request_->is_image() && !request_->head) {
        cache_key_ = request_->id + '|' + etag(service_, http_, *request_, state_);
    }
    served_ = "render";
    return Outcome::needs_render;
}

Parse Exchange::take_reply_head(std::string_view bytes, std::size_t& head_len) {
    ReplyHead head;
    const Parse parsed = decode_reply_head(bytes, head, head_len);
    if (parsed != Parse::done) return parsed;
    const bool has_body = !request_->head && head.status != 204 && head.status != 304;
    if (!has_body) {
        reply_body_ = ReplyBody();
    } else if (head.pieces) {
        reply_body_ = ReplyBody::in_pieces();
    } else if (head.content_length >= 0) {
        reply_body_ = ReplyBody::of_length(static_cast<std::uint64_t>(head.content_length));
    } else {
        return Parse::bad;
    }
    if (head.pyramid) {
        // Kept for the file that we see ourselves, whatever the renderer may have seen.
        if (auto file = open_pyramid(service_, state_, memory_.files)) {
            memory_.descriptions.keep(file->key, 1, std::move(*head.pyramid));
        }
    }
    if (head.description) memory_.descriptions.keep(state_.key, state_.page, std::move(*head.description));
    timing_ = std::move(head.timing);
    answer_ = Answer{.status = head.status, .headers = std::move(head.headers), .content_length = head.content_length};
    served_ = "render";
    return Parse::done;
}

bool Exchange::may_be_cached() const {
    return answer_.status != 200 ||
           std::ranges::any_of(answer_.headers, [](const auto& header) { return header.first == "ETag"; });
}

void Exchange::fail(Failure failure) {
    const bool head = request_ && request_->head;
    // An encoder that does not heed its deadline is killed with its process: that is a time-out, not an accident.
    const auto waited = std::chrono::steady_clock::now() - asked_;
    if (failure == Failure::died && !call_.empty() && waited >= std::chrono::milliseconds(service_.timeout_ms)) {
        failure = Failure::timeout;
    }
    switch (failure) {
        case Failure::busy:
            finish(refusal_answer({503, "The server is busy with other images; try again in a few seconds."}, head));
            return;
        case Failure::died:
            finish(refusal_answer({502, "This image could not be rendered: the renderer ended unexpectedly."}, head));
            return;
        case Failure::timeout:
            finish(refusal_answer(
                {504, "Rendering took longer than this server allows; ask for a smaller size or region."}, head));
            return;
    }
}

}  // namespace iiif::delivery
