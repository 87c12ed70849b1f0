// SPDX-License-Identifier: Apache-2.0
// Where the bytes of an answer go as they are encoded.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace iiif::render {

// Holds them while they are few, so that what fails is no answer; once they are more, it passes on what it held and
// whatever follows. libvips calls it from a thread of its own, one at a time.
class Output {
public:
    // false: nobody takes them any more. Must not throw.
    using Pass = std::function<bool(std::span<const std::byte>)>;

    // Holds everything.
    Output() = default;
    // Holds up to `most` bytes.
    Output(std::size_t most, Pass pass) : most_(most), pass_(std::move(pass)) {}

    // false: no memory, or nobody takes it.
    bool write(std::span<const std::byte> bytes);

    // What is held: all of it, or nothing when it was passed on.
    [[nodiscard]] std::vector<std::byte> take() { return std::move(held_); }

private:
    bool hold(std::span<const std::byte> bytes);

    std::size_t most_ = std::numeric_limits<std::size_t>::max();
    Pass pass_;
    std::vector<std::byte> held_;
    bool passing_ = false;
};

}  // namespace iiif::render
