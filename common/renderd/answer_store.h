// SPDX-License-Identifier: Apache-2.0
// Encoded images in memory that processes share: a log of records, which begins again at its start when it is full, so
// that the oldest go first, and an index that leads into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace iiif::renderd {

// Not locked here: one process may keep while no other finds. A process may end at any byte of what it does: what it
// had not finished is not found. Nothing that is read is trusted, for whoever shares the memory may have gone wrong:
// a record is an answer when its whole key is the one asked for and its sum is right.
class AnswerStore {
public:
    using Bytes = std::vector<std::byte>;
    // Whether these bytes of the memory can be written; asked before they are.
    using Reserve = std::function<bool(std::size_t offset, std::size_t length)>;

    // Bytes of memory for a log of about `log` bytes and an index of about `places` records; a multiple of 8.
    static std::size_t needed(std::size_t log, std::size_t places);
    // `memory` stays the caller's, outlives this, is aligned for 64-bit numbers, and zeros before its first use.
    // `log` and `places` as they were for needed(), which says how long it is.
    AnswerStore(std::span<std::byte> memory, std::size_t log, std::size_t places, Reserve reserve = {});

    [[nodiscard]] std::optional<Bytes> find(std::string_view key) const;
    // false: too large for the log, or no memory. `key`: at most kMostKey bytes.
    bool keep(std::string_view key, std::span<const std::byte> body);

    static constexpr std::size_t kMostKey = 1024;

private:
    // Where a record begins: bytes written to the log before it, all rounds counted.
    struct Place {
        std::uint64_t hash = 0, begin = 0;
    };
    [[nodiscard]] std::uint64_t head() const;
    void set_head(std::uint64_t) const;
    [[nodiscard]] Place place(std::size_t index) const;
    void set_place(std::size_t index, Place) const;
    [[nodiscard]] bool lies_in_log(std::uint64_t begin, std::uint64_t head) const;
    [[nodiscard]] std::optional<Bytes> read(Place, std::uint64_t head, std::string_view key) const;
    void index(Place, std::uint64_t head) const;

    std::span<std::byte> memory_, index_, log_;
    std::size_t places_;
    Reserve reserve_;
};

// Of bytes in memory, the same in each process; `seed` makes others. Not for adversaries.
std::uint64_t hash_of(std::span<const std::byte> bytes, std::uint64_t seed = 0);

}  // namespace iiif::renderd
