// SPDX-License-Identifier: Apache-2.0
#include "render/coded_data.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "source/file_blocks.h"

namespace iiif::render {

bool CodedData::begin(std::uint64_t at) {
    block_end_ = at;
    block_size_ = block_next_ = 0;
    window_at_ = at;
    size_ = 0;
    stuffed_.clear();
    passed_ = 0;
    last_ = false;
    return more();
}

bool CodedData::advance(std::size_t byte) {
    window_at_ = place(byte);
    stuffed_.erase(stuffed_.begin(), stuffed_.begin() + static_cast<std::ptrdiff_t>(passed_));
    for (std::size_t& one : stuffed_) one -= byte;
    passed_ = 0;
    std::memmove(window_.data(), window_.data() + byte, size_ - byte);
    size_ -= byte;
    return last_ || more();
}

bool CodedData::restart(unsigned number) {
    if (!last_ || block_size_ - block_next_ < 2 || block_[block_next_ + 1] != source::jpeg_marker::kRst + number) {
        return false;
    }
    block_next_ += 2;
    window_at_ = block_end_ - (block_size_ - block_next_);
    size_ = 0;
    stuffed_.clear();
    passed_ = 0;
    last_ = false;
    return more();
}

// From what was not yet looked at.
bool CodedData::read_block() {
    const std::uint64_t at = block_end_ - (block_size_ - block_next_);
    block_.resize(kBlock);
    block_size_ = static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, file_size_ - std::min(at, file_size_)));
    block_next_ = 0;
    block_end_ = at + block_size_;
    return source::read_at(fd_, at, std::span(block_.data(), block_size_));
}

// Another block, or the rest of the one before.
bool CodedData::more() {
    if (block_size_ - block_next_ < 2 && !read_block()) return false;
    window_.resize(std::max(window_.size(), size_ + block_size_ - block_next_ + kMargin));
    while (true) {
        const unsigned char* const from = block_.data() + block_next_;
        const std::size_t rest = block_size_ - block_next_;
        const void* const found = rest == 0 ? nullptr : std::memchr(from, 0xFF, rest);
        const std::size_t plain =
            found == nullptr ? rest : static_cast<std::size_t>(static_cast<const unsigned char*>(found) - from);
        std::memcpy(window_.data() + size_, from, plain);
        size_ += plain;
        block_next_ += plain;
        if (block_size_ - block_next_ < 2) break;
        if (from[plain + 1] != 0) {
            last_ = true;
            break;
        }
        stuffed_.push_back(size_);
        window_[size_++] = 0xFF;
        block_next_ += 2;
    }
    if (block_end_ >= file_size_) last_ = true;
    std::memset(window_.data() + size_, 0, kMargin);
    return true;
}

}  // namespace iiif::render
