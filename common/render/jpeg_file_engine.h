// SPDX-License-Identifier: Apache-2.0
// The short way for plain JPEG files, whose data can only be read from the top: an index of them is made once and kept
// (jpeg_file.h), and what is decoded is the part that an answer shows. Whatever is unusual or damaged is declined.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "protocol/geometry.h"
#include "render/jpeg_file.h"
#include "render/jpeg_part.h"
#include "render/levels.h"
#include "render/planes.h"
#include "render/render.h"
#include "render/subsampled.h"
#include "source/description.h"

namespace iiif::render {

// `region` and `size` are those of the stored pixels, before any turn. The same pixels are answered whatever is kept.
class JpegFileEngine {
public:
    // nullopt: declined. `fd` stays the caller's; it must outlive this.
    static std::optional<JpegFileEngine> open(int fd, const source::Description&, protocol::Rect region,
                                              protocol::Extent size);

    [[nodiscard]] Colours colours() const { return file_->colours; }
    [[nodiscard]] const std::string& profile() const { return file_->profile; }

    // As JpegEngine::scaled().
    std::optional<Planes> scaled(bool halve_chroma, Turn turn, const Cancelled&);

private:
    // One axis of what is needed of a level, in its samples.
    struct Axis {
        Interval wanted;
        std::uint32_t begin = 0, end = 0;  // what is decoded for it
    };

    JpegFileEngine(int fd, std::shared_ptr<JpegFile> file) : fd_(fd), file_(std::move(file)) {}
    // Chooses the part. false: too much of it.
    bool plan(bool halve_chroma, Turn turn);
    // Pixels of the level to a sample of chroma, across and down.
    [[nodiscard]] std::array<std::uint32_t, 2> subsampling() const;
    [[nodiscard]] bool takes_eighth() const {
        // Means of many blocks alias where hardly anything is left to be reduced: two for each pixel that is wanted.
        const auto enough = [&](const Axis& axis, std::uint32_t size) {
            return axis.wanted.length >= static_cast<double>(std::uint64_t{size} * file_->fold * 2);
        };
        return shrink_ == 8 && (file_->fold == 1 || (enough(x_, size_.width) && enough(y_, size_.height)));
    }
    // Decodes a part to where it lies on `canvas`, which begins at (left, top) of the level and has no planes before.
    bool decode(const PartOfScan& part, DecodedTile& canvas, std::uint32_t left, std::uint32_t top,
                protocol::Extent extent, const Cancelled&);
    bool complete_quarter(const Cancelled&);
    [[nodiscard]] protocol::Extent level() const {
        return {divided_up(file_->head.extent.width, shrink_), divided_up(file_->head.extent.height, shrink_)};
    }

    int fd_;
    std::shared_ptr<JpegFile> file_;
    protocol::Extent size_;
    std::uint32_t shrink_ = 1;
    Axis x_, y_;
    PartOfScan part_;  // the same
};

}  // namespace iiif::render
