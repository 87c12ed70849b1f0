// SPDX-License-Identifier: Apache-2.0
// Input: a line with a description, as a renderer that went wrong might write it; the rest is the file that it
// describes. No stored tile may hold a byte that is not in the file, or read one that is not there.
#include "source/description.h"

#include <sys/stat.h>

#include <array>

#include "fuzz.h"
#include "source/file_blocks.h"
#include "source/stored_tile.h"

using iiif::fuzz::claim;
using iiif::source::Description;
using iiif::source::FileKey;
using iiif::source::Level;
using iiif::source::StoredPart;

namespace {

struct File {
    int fd;
    FileKey key;  // far in the past: blocks of it are kept
    FileKey new_key;
};

void claim_part(const std::optional<StoredPart>& part, const std::optional<StoredPart>& without_blocks,
                std::uint64_t size) {
    claim(part.has_value() == without_blocks.has_value(), "kept blocks change nothing");
    if (!part) return;
    claim(part->in_memory() == without_blocks->in_memory() && part->offset == without_blocks->offset &&
              part->length == without_blocks->length,
          "kept blocks change no byte");
    claim(part->offset <= size && part->length <= size - part->offset, "a part lies in the file");
    claim(part->length > 0 || part->size() > 0, "a tile is not empty");
    // A profile and shared tables at most, before what is in memory.
    claim(part->in_memory().size() <= 3 * iiif::source::kInMemory, "a head is bounded");
}

void read_tile(const Description& image, const Level& level, std::uint64_t number, const File& file) {
    iiif::source::FileBlocks blocks(8);
    iiif::source::FileBlocks none(0);
    const auto range = tile_range(image, level, number, file.fd, file.key, blocks);
    if (range) {
        claim(range->offset <= file.key.size && range->length <= file.key.size - range->offset,
              "a tile lies in the file");
    }
    claim_part(stored_tile(image, level, number, file.fd, file.key, blocks),
               stored_tile(image, level, number, file.fd, file.new_key, none), file.key.size);
    const iiif::protocol::Extent edge{(level.tile.width + 1) / 2, level.tile.height};
    claim_part(cut_tile(image, level, number, edge, file.fd, file.key, blocks),
               cut_tile(image, level, number, edge, file.fd, file.new_key, none), file.key.size);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    iiif::fuzz::Input input(data, size);
    const auto image = iiif::source::parse_description(input.line());
    if (!image) return 0;
    const std::string written = serialize(*image);
    const auto again = iiif::source::parse_description(written);
    claim(again && serialize(*again) == written, "a description says the same when it is read again");

    const iiif::fuzz::MemoryFile content(input.rest());
    struct stat state {};
    claim(::fstat(content.fd(), &state) == 0, "a file has a state");
    File file{content.fd(), iiif::source::file_key(state), iiif::source::file_key(state)};
    file.key.mtime_ns = 0;
    for (const Level& level : image->levels) {
        if (level.index.codec == iiif::source::Codec::other) continue;
        const std::uint64_t across = (level.extent.width - 1) / level.tile.width + 1;
        const std::uint64_t down = (level.extent.height - 1) / level.tile.height + 1;
        for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, across * down - 1}) {
            read_tile(*image, level, number, file);
        }
    }
    for (int container = 0; container <= static_cast<int>(iiif::source::Container::pdf); ++container) {
        (void)is_complete(static_cast<iiif::source::Container>(container), file.fd, file.key.size);
    }
    return 0;
}
