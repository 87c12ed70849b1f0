// SPDX-License-Identifier: Apache-2.0
// A call becomes a reply: the file is opened, described, and what delivery decides is rendered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "delivery/answer.h"
#include "delivery/wire.h"
#include "render/render.h"
#include "renderd/configuration.h"
#include "renderd/pyramids.h"
#include "renderd/shared_answers.h"
#include "source/description.h"
#include "source/file_blocks.h"

namespace iiif::renderd {

struct Reply {
    std::string head;
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
};

class Jobs {
public:
    // `answers`: what the renderers share, which outlives this; nullptr: nothing.
    explicit Jobs(const Configuration&, SharedAnswers* answers = nullptr);

    // Never throws. After Stop::gone the reply is of no use to anybody.
    Reply run(const delivery::RenderCall&, const Occasion&) noexcept;

    // What to say to a peer whose call could not be understood.
    static Reply not_a_call();

private:
    struct ImageTask;
    Reply answer(const delivery::RenderCall&, const Occasion&);
    Reply make_image(ImageTask&, const Occasion&);
    // nullopt: there is none now; `complaint` as Pyramids::make has it.
    std::optional<Pyramid> find_or_make_pyramid(ImageTask&, const render::EncodeOptions&, const Occasion&,
                                                const render::Cancelled&, std::string& complaint);

    const Configuration& configuration_;
    SharedAnswers* answers_;
    source::DescriptionStore descriptions_;
    source::FileBlocks blocks_;
    Pyramids pyramids_;
};

}  // namespace iiif::renderd
