// SPDX-License-Identifier: Apache-2.0
// One request and its answer, on the web server's side. The C ABI's iiif_exchange is a thin coat over this.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/answer.h"
#include "delivery/request.h"
#include "delivery/service.h"
#include "delivery/wire.h"
#include "source/description.h"
#include "source/file_blocks.h"
#include "source/mapping.h"
#include "source/open_files.h"

namespace iiif::delivery {

enum class Outcome : std::uint8_t { declined, answered, needs_render };
enum class Failure : std::uint8_t { busy, died, timeout };

// What a worker process remembers from one exchange to the next; safe for its threads.
struct Memory {
    Memory(std::size_t descriptions_kept, std::size_t blocks_kept, source::SharedDescriptions* shared = nullptr)
        : descriptions(descriptions_kept, shared), blocks(blocks_kept) {}
    source::OpenFiles files;
    source::DescriptionStore descriptions;
    source::FileBlocks blocks;
};

class Exchange {
public:
    // Parses; touches no file.
    Exchange(const Service& service, Memory& memory, HttpRequest http, bool has_renderers);

    // nullptr: the URI does not belong to this endpoint.
    [[nodiscard]] const Request* request() const { return request_ ? &*request_ : nullptr; }

    Outcome run(std::optional<std::string_view> computed_path);

    // -- after Outcome::answered, or after a reply's head --
    [[nodiscard]] const Answer& answer() const { return answer_; }
    [[nodiscard]] std::string_view served() const { return served_; }
    [[nodiscard]] const std::string& timing() const { return timing_; }

    // -- after Outcome::needs_render --
    [[nodiscard]] bool heavy() const { return heavy_; }
    [[nodiscard]] const std::string& call() const { return call_; }
    // Empty: not to be cached. Equal keys mean equal replies; a replaced file gives another key.
    [[nodiscard]] const std::string& cache_key() const { return cache_key_; }

    // bad, too, for an answer with a body of which nothing says where it ends.
    Parse take_reply_head(std::string_view bytes, std::size_t& head_len);
    // After the head: its body, as it comes off the socket.
    [[nodiscard]] ReplyBody& reply_body() { return reply_body_; }
    // Of the answer: false when it was made in a way that the next one like it will not be.
    [[nodiscard]] bool may_be_cached() const;
    void fail(Failure failure);

private:
    Outcome finish(Answer answer);
    bool take_short_way(const source::Description& image, const RenderPlan&, const source::Description& stored,
                        source::OpenFile& file, const source::Root&);
    Outcome run_with_pyramid(const source::Description& image, const RenderPlan&);
    Outcome run_page(std::optional<std::string_view> computed_path);
    Outcome run_invalid(std::optional<std::string_view> computed_path);
    Outcome ask_for_document();
    Outcome ask_renderer(const source::Description* description, const RenderPlan* plan);

    const Service& service_;
    Memory& memory_;
    HttpRequest http_;
    std::optional<Request> request_;
    SourceState state_;
    source::SharedFd file_;  // answers may hold a part of it
    Answer answer_;
    std::string_view served_;
    std::string call_, cache_key_, timing_;
    ReplyBody reply_body_;
    bool has_renderers_;
    bool heavy_ = false;
    std::chrono::steady_clock::time_point asked_;  // when the renderer was named
};

}  // namespace iiif::delivery
