// SPDX-License-Identifier: Apache-2.0
#include "source/file_blocks.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace iiif::source {
namespace {

std::size_t place_of(const FileKey& key, std::uint64_t number, std::size_t places) {
    // The finaliser of SplitMix64 over what tells files apart; neighbouring blocks go to neighbouring places.
    std::uint64_t x = key.inode ^ (key.device << 32U) ^ static_cast<std::uint64_t>(key.mtime_ns) ^ (key.size << 20U);
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return static_cast<std::size_t>(((x ^ (x >> 31U)) + number) % places);
}

// How many bytes there were, up to the end of the file; -1: an error.
ssize_t read_some(int file, std::uint64_t offset, std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = ::pread(file, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return static_cast<ssize_t>(done);
}

}  // namespace

bool read_at(int file, std::uint64_t offset, std::span<std::uint8_t> out) {
    return read_some(file, offset, out) == static_cast<ssize_t>(out.size());
}

bool FileBlocks::read(int file, const FileKey& key, std::uint64_t offset, std::span<std::uint8_t> out) {
    if (offset > key.size || out.size() > key.size - offset) return false;
    if (places_.empty() || !is_settled(key)) return read_at(file, offset, out);
    while (!out.empty()) {
        const std::size_t within = offset % kBlock;
        const std::size_t length = std::min(out.size(), kBlock - within);
        if (!from_block(file, key, offset / kBlock, within, out.first(length))) return false;
        out = out.subspan(length);
        offset += length;
    }
    return true;
}

bool FileBlocks::from_block(int file, const FileKey& key, std::uint64_t number, std::size_t offset,
                            std::span<std::uint8_t> out) {
    auto& place = places_[place_of(key, number, places_.size())];
    const auto copy = [&](const Block& block) {
        if (offset + out.size() > block.length) return false;
        std::copy_n(block.bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return true;
    };
    {
        const std::lock_guard lock(mutex_);
        if (place && place->number == number && place->key == key) return copy(*place);
    }
    // Read without the lock: the disk may be slow, and others need not wait for it.
    auto fresh = std::make_unique<Block>();
    fresh->key = key;
    fresh->number = number;
    const ssize_t got = read_some(file, number * kBlock, fresh->bytes);
    if (got < 0) return false;
    fresh->length = static_cast<std::size_t>(got);
    if (!copy(*fresh)) return false;
    const std::lock_guard lock(mutex_);
    place = std::move(fresh);
    return true;
}

}  // namespace iiif::source
