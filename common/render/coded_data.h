// SPDX-License-Identifier: Apache-2.0
// The coded data of a JPEG file, without the zero behind each 0xFF, a window at a time: files may be large. ITU-T T.81
// B.1.1.5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "source/jpeg_huffman.h"
#include "source/jpeg_scan.h"

namespace iiif::render {

class CodedData {
public:
    // What an MCU can take; a window that is not the last one is read up to here before its end. As many bytes may be
    // touched behind the last one.
    static constexpr std::size_t kMargin = source::kMostJpegBlocks * source::BitReader::kBeyond;

    CodedData(int fd, std::uint64_t file_size) : fd_(fd), file_size_(file_size) {}

    // Goes to a byte of the file, which is not the zero behind 0xFF. false: it cannot be read.
    bool begin(std::uint64_t at);
    // Forgets what lies before `byte` of the window, which becomes its first one, and reads more behind its end unless
    // a marker or the file's end is there. false: it cannot be read.
    bool advance(std::size_t byte);
    // At a marker, which has to be that restart: goes behind it. false: it is another, or cannot be read.
    bool restart(unsigned number);

    [[nodiscard]] const unsigned char* bytes() const { return window_.data(); }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool is_last() const { return last_; }  // a marker or the file's end follows
    // Where a byte of the window lies in the file; it must not lie before the one last asked for.
    std::uint64_t place(std::size_t byte) {
        while (passed_ < stuffed_.size() && stuffed_[passed_] < byte) ++passed_;
        return window_at_ + byte + passed_;
    }

private:
    static constexpr std::size_t kBlock = std::size_t{64} << 10U;
    bool more();
    bool read_block();

    int fd_;
    std::uint64_t file_size_;
    std::vector<unsigned char> block_;  // of the file, as it is
    std::size_t block_size_ = 0, block_next_ = 0;
    std::uint64_t block_end_ = 0;  // in the file
    std::vector<unsigned char> window_;
    std::size_t size_ = 0;
    std::uint64_t window_at_ = 0;       // in the file
    std::vector<std::size_t> stuffed_;  // bytes of the window behind which the file has a zero more
    std::size_t passed_ = 0;
    bool last_ = false;
};

}  // namespace iiif::render
