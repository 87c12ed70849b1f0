// SPDX-License-Identifier: Apache-2.0
// Small pieces of image files that are asked for again and again: tile indices, shared tables, profiles. A system call
// costs as much as everything else that a stored tile takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "source/root.h"

namespace iiif::source {

// Reads all of `out` at `offset` with pread(2). false: the file is shorter, or cannot be read.
bool read_at(int file, std::uint64_t offset, std::span<std::uint8_t> out);

// Blocks of files in known states. Bounded: each block has one place, and goes when another one needs it. Safe for
// threads.
class FileBlocks {
public:
    static constexpr std::size_t kBlock = 4096;  // bytes

    // At most `places` blocks are kept; 0: none. Memory is taken as it is used.
    explicit FileBlocks(std::size_t places) : places_(places) {}

    // Like read_at(); `key` is the state of `file`. What has just changed is not kept.
    bool read(int file, const FileKey& key, std::uint64_t offset, std::span<std::uint8_t> out);

private:
    struct Block {
        FileKey key;
        std::uint64_t number = 0;
        std::size_t length = 0;  // below kBlock at the end of the file
        std::array<std::uint8_t, kBlock> bytes;
    };
    bool from_block(int file, const FileKey& key, std::uint64_t number, std::size_t offset,
                    std::span<std::uint8_t> out);

    std::mutex mutex_;
    std::vector<std::unique_ptr<Block>> places_;
};

}  // namespace iiif::source
