// SPDX-License-Identifier: Apache-2.0
#include "source/shared_descriptions.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace iiif::source {
namespace {

using Head = std::array<std::uint64_t, 6>;

Head head_of(const FileKey& key, std::uint32_t page, std::size_t length) {
    return {key.device, key.inode, key.size, static_cast<std::uint64_t>(key.mtime_ns), page, length};
}

std::uint64_t mixed(std::uint64_t x) {
    // The finaliser of SplitMix64.
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

}  // namespace

std::unique_ptr<SharedDescriptions> SharedDescriptions::make(std::size_t places) {
    if (places == 0) return nullptr;
    // Zeros, which is what a place is before its first use.
    void* memory = ::mmap(nullptr, places * sizeof(Place), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    return std::unique_ptr<SharedDescriptions>(new SharedDescriptions(static_cast<Place*>(memory), places));
}

SharedDescriptions::~SharedDescriptions() {
    (void)::munmap(places_, count_ * sizeof(Place));
}

SharedDescriptions::Place& SharedDescriptions::place(const FileKey& key, std::uint32_t page) const {
    std::uint64_t hash = page;
    for (const std::uint64_t part : head_of(key, page, 0)) hash = mixed(hash ^ part) + 0x9E3779B97F4A7C15U;
    return places_[hash % count_];
}

std::optional<std::string> SharedDescriptions::find(const FileKey& key, std::uint32_t page) const {
    const Place& from = place(key, page);
    const std::uint64_t before = from.sequence.load(std::memory_order_acquire);
    if (before % 2 != 0) return std::nullopt;
    Head head{};
    for (std::size_t i = 0; i < head.size(); ++i) head.at(i) = from.words.at(i).load(std::memory_order_relaxed);
    const std::size_t length = head.back();
    if (length == 0 || length > kMostBytes || head != head_of(key, page, length)) return std::nullopt;
    std::array<std::uint64_t, kWords - kHeadWords> words;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const std::size_t used = (length + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < used; ++i) words.at(i) = from.words.at(kHeadWords + i).load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (from.sequence.load(std::memory_order_relaxed) != before) return std::nullopt;
    std::string text(length, '\0');
    std::memcpy(text.data(), words.data(), length);
    return text;
}

void SharedDescriptions::keep(const FileKey& key, std::uint32_t page, std::string_view text) {
    if (text.empty() || text.size() > kMostBytes || !is_settled(key)) return;
    Place& to = place(key, page);
    std::uint64_t before = to.sequence.load(std::memory_order_relaxed);
    if (before % 2 != 0 || !to.sequence.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) return;
    std::atomic_thread_fence(std::memory_order_release);
    const Head head = head_of(key, page, text.size());
    for (std::size_t i = 0; i < head.size(); ++i) to.words.at(i).store(head.at(i), std::memory_order_relaxed);
    for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, std::min(sizeof(word), text.size() - at));
        to.words.at(kHeadWords + at / sizeof(word)).store(word, std::memory_order_relaxed);
    }
    to.sequence.store(before + 2, std::memory_order_release);
}

}  // namespace iiif::source
