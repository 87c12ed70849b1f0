// SPDX-License-Identifier: Apache-2.0
// The JPEG streams that one level of a TIFF is made of. Where its description says where tiles lie, nothing else of the
// file is read: opening it with libtiff costs as much as decoding a tile. Strips are found by libtiff.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/geometry.h"
#include "render/planes.h"
#include "render/tiff_file.h"
#include "source/description.h"
#include "source/file_blocks.h"

namespace iiif::render {

class JpegSource {
public:
    // nullopt: no JPEG of 8 bits whose blocks join without a gap, or damaged. `fd` stays the caller's; it, the
    // description and its level must outlive this.
    static std::optional<JpegSource> open(int fd, const source::Description&, const source::Level&);

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] const source::FileKey& key() const { return key_; }
    [[nodiscard]] const source::Description& description() const { return *description_; }
    [[nodiscard]] const source::Level& level() const { return *level_; }
    [[nodiscard]] Colours colours() const { return colours_; }
    [[nodiscard]] bool tiled() const { return level_->tile != protocol::Extent{}; }
    // Of a tile or strip; the last strip may be lower.
    [[nodiscard]] protocol::Extent block() const { return block_; }
    // Shared by all streams: an abbreviated stream of its own. Empty: there are none.
    [[nodiscard]] const std::vector<unsigned char>& tables() const { return tables_; }
    // Of the page, for smaller versions often carry none: ICC. Empty: none.
    [[nodiscard]] std::string profile() const;

    // One stream: rows from the top, each from the left. false: absent, or not within the file.
    bool read(std::uint32_t index, std::vector<unsigned char>& out) const;

    // Of tile indices and tables, kept between requests.
    static source::FileBlocks& blocks();

private:
    JpegSource() = default;
    bool by_description();
    bool by_libtiff();
    bool accept(const TiffDirectory&);
    [[nodiscard]] bool joins() const;

    int fd_ = -1;
    source::FileKey key_;
    const source::Description* description_ = nullptr;
    const source::Level* level_ = nullptr;
    std::unique_ptr<TiffFile> file_;  // at the level; nullptr: not needed
    Colours colours_ = Colours::gray;
    protocol::Extent block_;
    std::vector<unsigned char> tables_;
};

}  // namespace iiif::render
