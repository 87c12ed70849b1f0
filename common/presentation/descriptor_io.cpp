// SPDX-License-Identifier: Apache-2.0
#include "presentation/descriptor_io.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <exiv2/error.hpp>
#include <span>

#include "render/sniff.h"

namespace iiif::presentation {
namespace {

constexpr long kMostBytes = 64L << 20U;
constexpr std::uint64_t kMostCalls = 100'000;

}  // namespace

DescriptorIo::DescriptorIo(int fd) : fd_(fd), bytes_left_(kMostBytes), calls_left_(kMostCalls) {
    struct stat status {};
    if (::fstat(fd, &status) == 0) size_ = std::min<long>(status.st_size, kMostBytes);
}

int DescriptorIo::open() {
    position_ = 0;
    eof_ = false;
    open_ = true;
    return 0;
}

int DescriptorIo::close() {
    open_ = false;
    return munmap();
}

long DescriptorIo::read(Exiv2::byte* buffer, long count) {
    if (count <= 0) return 0;
    const long wanted = std::min(count, std::max(0L, size_ - position_));
    eof_ = eof_ || wanted < count;
    if (wanted == 0) return 0;
    if (calls_left_ == 0 || bytes_left_ < static_cast<std::uint64_t>(wanted)) {
        eof_ = failed_ = true;
        return 0;
    }
    --calls_left_;
    bytes_left_ -= static_cast<std::uint64_t>(wanted);
    long got = 0;
    if (wanted <= static_cast<long>(window_.size())) {
        if (position_ < window_at_ || position_ + wanted > window_at_ + window_length_) {
            window_at_ = position_;
            window_length_ =
                static_cast<long>(render::read_at(fd_, std::span(window_), static_cast<std::uint64_t>(position_)));
        }
        got = std::clamp(window_at_ + window_length_ - position_, 0L, wanted);
        std::memcpy(buffer, window_.data() + (position_ - window_at_), static_cast<std::size_t>(got));
    } else {
        got = static_cast<long>(render::read_at(fd_, std::span(buffer, static_cast<std::size_t>(wanted)),
                                                static_cast<std::uint64_t>(position_)));
    }
    eof_ = eof_ || got < wanted;  // it is shorter than it was
    position_ += got;
    return got;
}

Exiv2::DataBuf DescriptorIo::read(long count) {
    Exiv2::DataBuf buffer(std::clamp(size_ - position_, 0L, std::max(0L, count)));
    const long got = read(buffer.pData_, count < 0 ? 0 : std::min(count, buffer.size_));
    eof_ = eof_ || got < count;
    buffer.size_ = got;
    return buffer;
}

int DescriptorIo::getb() {
    Exiv2::byte byte = 0;
    return read(&byte, 1) == 1 ? byte : EOF;
}

void DescriptorIo::transfer(Exiv2::BasicIo&) {
    throw Exiv2::Error(Exiv2::kerCallFailed, path(), "read only", "transfer");
}

int DescriptorIo::seek(long offset, Position from) {
    long to = 0;
    const long base = from == beg ? 0 : from == cur ? position_ : size_;
    if (__builtin_add_overflow(base, offset, &to) || to < 0 || to > size_) return 1;
    position_ = to;
    eof_ = false;
    return 0;
}

Exiv2::byte* DescriptorIo::mmap(bool writeable) {
    if (writeable || static_cast<std::uint64_t>(size_) > bytes_left_) {
        throw Exiv2::Error(Exiv2::kerCallFailed, path(), "too large", "mmap");
    }
    bytes_left_ -= static_cast<std::uint64_t>(size_);
    whole_.resize(static_cast<std::size_t>(size_));
    (void)render::read_at(fd_, std::span(whole_), 0);  // zeros, where it is shorter than it was
    return whole_.data();
}

int DescriptorIo::munmap() {
    whole_ = {};
    return 0;
}

}  // namespace iiif::presentation
