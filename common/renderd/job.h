// SPDX-License-Identifier: Apache-2.0
// A call becomes a reply: the file is opened, described, and what delivery decides is rendered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "delivery/answer.h"
#include "delivery/wire.h"
#include "presentation/facts.h"
#include "render/render.h"
#include "renderd/configuration.h"
#include "renderd/kept_document.h"
#include "renderd/pyramids.h"
#include "renderd/refused_sources.h"
#include "renderd/reply_stream.h"
#include "renderd/shared_answers.h"
#include "source/description.h"
#include "source/file_blocks.h"

namespace iiif::renderd {

class Timing;

struct Reply {
    std::string head;              // empty: nothing (more) is to be said
    std::string text;              // the body, or
    std::vector<std::byte> image;  // the body
    source::SharedFd file;         // its part follows `text`
    std::uint64_t file_offset = 0, file_length = 0;
    std::string complaint;  // for the error log; "" when there is nothing to say
    bool broken = false;    // something unforeseen: this process should not serve another job

    [[nodiscard]] std::span<const std::byte> body() const {
        return image.empty() ? std::as_bytes(std::span(text)) : std::span<const std::byte>(image);
    }
};

// Why a job is to stop.
enum class Stop : std::uint8_t { none, gone, late };
using StopCheck = std::function<Stop()>;

// What surrounds a job.
struct Occasion {
    StopCheck stop;
    bool heavy = true;                // it came on the lane for heavy work, where pyramids are made
    std::function<void()> long_work;  // is told before a pyramid is made; may be empty
    ReplyStream::Send send;           // for what is sent while it is made; empty: nothing is
    std::uint64_t source = 0;         // RefusedSources::name_of the call; 0: never refused
    // Is told which file is read for a document of many, as a call for it alone, so that who is to blame is known.
    std::function<void(const delivery::RenderCall&)> reads;
};

class Jobs {
public:
    // `answers`: what the renderers share; `refused`: sources that are not worked on. Both outlive this; nullptr:
    // nothing.
    explicit Jobs(const Configuration&, SharedAnswers* answers = nullptr, const RefusedSources* refused = nullptr);

    // Never throws. After Stop::gone the reply is of no use to anybody.
    Reply run(const delivery::RenderCall&, const Occasion&) noexcept;

    // What to say to a peer whose call could not be understood.
    static Reply not_a_call();
    // What to say to one that waited for too long: somebody else may still be there.
    static Reply not_begun(const delivery::RenderCall&);

private:
    struct ImageTask;
    Reply answer(const delivery::RenderCall&, const Occasion&);
    Reply make_image(ImageTask&, const Occasion&);
    Reply answer_document(const delivery::RenderCall&, const delivery::Service&, const delivery::Request&,
                          const Occasion&);
    // For a path at which there is nothing: a redirect to what somebody calls so, or 404.
    Reply answer_identifier(const delivery::RenderCall&, const delivery::Service&, const delivery::Request&,
                            const std::function<bool()>& cancelled, Timing);
    Expected<std::shared_ptr<const KeptDocument>> identifiers_of(const delivery::RenderCall&, const delivery::Service&,
                                                                 const delivery::Request&,
                                                                 const std::function<bool()>& cancelled,
                                                                 std::string& complaint);
    bool is_current(const delivery::Service&, const KeptDocument& index);
    bool still_holds(const delivery::Service&, const std::string& name, std::string_view watch);
    Expected<presentation::Facts> read_facts(const delivery::RenderCall&, const delivery::Service&,
                                             const std::string& path, std::uint32_t page, const Occasion&);
    // Whether this source has ended renderers, and is not worked on for a while.
    [[nodiscard]] std::optional<Refusal> not_now(const Occasion&) const;
    // nullopt: there is none now; `complaint` as Pyramids::make has it.
    std::optional<Pyramid> find_or_make_pyramid(ImageTask&, const render::EncodeOptions&, const Occasion&,
                                                const render::Cancelled&, std::string& complaint);

    const Configuration& configuration_;
    SharedAnswers* answers_;
    const RefusedSources* refused_;
    source::DescriptionStore descriptions_;
    presentation::FactStore facts_;
    // Documents that were found to be as their sources are, and when (now_ms).
    std::unordered_map<std::string, std::int64_t> looked_at_;
    std::map<std::uint32_t, std::shared_ptr<const KeptDocument>> identifiers_;  // by the service's number
    source::FileBlocks blocks_;
    Pyramids pyramids_;
};

}  // namespace iiif::renderd
