// SPDX-License-Identifier: Apache-2.0
// A descriptor as Exiv2 reads files. Internal to embedded_exiv2.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <exiv2/basicio.hpp>
#include <string>
#include <vector>

namespace iiif::presentation {

// Reads with pread(2), and never maps: a file that becomes shorter would end the process with SIGBUS. Of a file only
// the first 64 MiB are there, and of those no more are read than that in all, in no more than 100,000 calls: then it
// looks as if the file ended. Writing fails.
class DescriptorIo final : public Exiv2::BasicIo {
public:
    explicit DescriptorIo(int fd);

    int open() override;
    int close() override;
    long write(const Exiv2::byte*, long) override { return 0; }
    long write(Exiv2::BasicIo&) override { return 0; }
    int putb(Exiv2::byte) override { return EOF; }
    Exiv2::DataBuf read(long count) override;
    long read(Exiv2::byte* buffer, long count) override;
    int getb() override;
    void transfer(Exiv2::BasicIo&) override;
    int seek(long offset, Position) override;
    Exiv2::byte* mmap(bool writeable) override;
    int munmap() override;
    [[nodiscard]] long tell() const override { return position_; }
    [[nodiscard]] std::size_t size() const override { return static_cast<std::size_t>(size_); }
    [[nodiscard]] bool isopen() const override { return open_; }
    [[nodiscard]] int error() const override { return failed_ ? 1 : 0; }
    [[nodiscard]] bool eof() const override { return eof_; }
    [[nodiscard]] std::string path() const override { return "image"; }

private:
    int fd_;
    long size_ = 0, position_ = 0;
    bool open_ = false, eof_ = false, failed_ = false;
    std::uint64_t bytes_left_, calls_left_;
    std::array<unsigned char, 4096> window_{};  // bytes one by one, and the heads of boxes, are read from here
    long window_at_ = 0, window_length_ = 0;
    std::vector<Exiv2::byte> whole_;
};

}  // namespace iiif::presentation
