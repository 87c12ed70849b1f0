// SPDX-License-Identifier: Apache-2.0
// What one worker process has learnt about an image, for all of them: memory that the parent makes before it forks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/root.h"

namespace iiif::source {

// A table of texts, each in the one place that its key has: a later one takes the place of another. No lock: whoever
// finds a place being written does without, and a process that is killed while it writes spoils that place, not the
// others' work. What is read may come from a process gone wrong: it is to be parsed like anything else from outside.
class SharedDescriptions {
public:
    // nullptr: no memory. Pages are taken from the system as they are used.
    static std::unique_ptr<SharedDescriptions> make(std::size_t places);
    ~SharedDescriptions();
    SharedDescriptions(const SharedDescriptions&) = delete;
    SharedDescriptions& operator=(const SharedDescriptions&) = delete;

    // Descriptions of more bytes are not shared: those of a dozen levels are.
    static constexpr std::size_t kMostBytes = 1984;

    [[nodiscard]] std::optional<std::string> find(const FileKey&, std::uint32_t page) const;
    void keep(const FileKey&, std::uint32_t page, std::string_view text);

private:
    // Key, page and length, then the text.
    static constexpr std::size_t kHeadWords = 6;
    static constexpr std::size_t kWords = kHeadWords + kMostBytes / sizeof(std::uint64_t);
    struct Place {
        std::atomic<std::uint64_t> sequence;  // odd while it is written
        std::array<std::atomic<std::uint64_t>, kWords> words;
    };
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

    SharedDescriptions(Place* places, std::size_t count) : places_(places), count_(count) {}
    [[nodiscard]] Place& place(const FileKey&, std::uint32_t page) const;

    Place* places_;
    std::size_t count_;
};

}  // namespace iiif::source
