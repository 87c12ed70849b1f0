// SPDX-License-Identifier: Apache-2.0
// What the targets share: the input, piece by piece, and a claim that ends the process when it does not hold.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace iiif::fuzz {

// libFuzzer keeps the input that ended the process; the stack says which claim.
inline void claim(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

// Nothing is left: numbers are 0, texts empty.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

    // The next bytes, in the machine's order.
    template <class Number>
    Number number() {
        Number out{};
        const std::size_t length = std::min(sizeof(out), rest_.size());
        std::memcpy(&out, rest_.data(), length);
        rest_.remove_prefix(length);
        return out;
    }
    std::uint8_t byte() { return number<std::uint8_t>(); }
    std::string_view bytes(std::size_t most) {
        const std::string_view out = rest_.substr(0, most);
        rest_.remove_prefix(out.size());
        return out;
    }
    // Up to a line feed, which belongs to none.
    std::string_view line() {
        const std::string_view out = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(std::min(out.size() + 1, rest_.size()));
        return out;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

// A file that has no name, with this content.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view content) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        claim(fd_ >= 0, "there are descriptors and memory");
        while (!content.empty()) {
            const ssize_t written = ::write(fd_, content.data(), content.size());
            claim(written > 0, "there is memory");
            content.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    ~MemoryFile() { ::close(fd_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

}  // namespace iiif::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
