// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "source/description.h"
#include "source/shared_descriptions.h"

namespace iiif::source {
namespace {

struct Key {
    FileKey file;
    std::uint32_t page = 1;
    bool operator==(const Key&) const = default;
};

struct Hash {
    std::size_t operator()(const Key& key) const {
        std::uint64_t hash = key.page;
        for (const std::uint64_t part :
             {key.file.device, key.file.inode, key.file.size, static_cast<std::uint64_t>(key.file.mtime_ns)}) {
            hash = mixed(hash ^ part);
        }
        return static_cast<std::size_t>(hash);
    }

    // The finaliser of SplitMix64: neighbouring inodes and round times must not share buckets.
    static std::uint64_t mixed(std::uint64_t x) {
        x += 0x9E3779B97F4A7C15U;
        x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
        x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
        return x ^ (x >> 31U);
    }
};

}  // namespace

// The map's elements do not move, so the list of use runs through them: one allocation for each description,
// and nothing to undo when it fails.
struct DescriptionStore::Impl {
    struct Node;
    using Entries = std::unordered_map<Key, Node, Hash>;
    struct Node {
        std::shared_ptr<const Description> description;
        Entries::value_type* newer = nullptr;
        Entries::value_type* older = nullptr;
    };

    std::mutex mutex;
    std::size_t capacity = 0;
    SharedDescriptions* shared = nullptr;
    Entries entries;
    Entries::value_type* newest = nullptr;
    Entries::value_type* oldest = nullptr;

    void link(Entries::value_type* entry) {
        entry->second.newer = nullptr;
        entry->second.older = newest;
        (newest != nullptr ? newest->second.newer : oldest) = entry;
        newest = entry;
    }

    void unlink(Entries::value_type* entry) {
        const auto [newer, older] = std::pair(entry->second.newer, entry->second.older);
        (newer != nullptr ? newer->second.older : newest) = older;
        (older != nullptr ? older->second.newer : oldest) = newer;
    }
};

DescriptionStore::DescriptionStore(std::size_t capacity, SharedDescriptions* shared) : impl_(new Impl) {
    impl_->capacity = capacity;
    impl_->shared = shared;
}

DescriptionStore::~DescriptionStore() {
    delete impl_;
}

std::shared_ptr<const Description> DescriptionStore::find(const FileKey& file, std::uint32_t page) {
    {
        const std::lock_guard lock(impl_->mutex);
        const auto found = impl_->entries.find(Key{file, page});
        if (found != impl_->entries.end()) {
            impl_->unlink(&*found);
            impl_->link(&*found);
            return found->second.description;
        }
    }
    const auto text = impl_->shared != nullptr ? impl_->shared->find(file, page) : std::nullopt;
    auto description = text ? parse_description(*text) : std::nullopt;
    if (!description) return nullptr;
    auto kept = std::make_shared<const Description>(std::move(*description));
    keep_here(file, page, kept);
    return kept;
}

void DescriptionStore::keep(const FileKey& file, std::uint32_t page, Description description) {
    if (!is_settled(file)) return;
    if (impl_->shared != nullptr) impl_->shared->keep(file, page, serialize(description));
    keep_here(file, page, std::make_shared<const Description>(std::move(description)));
}

void DescriptionStore::keep_here(const FileKey& file, std::uint32_t page, std::shared_ptr<const Description> kept) {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->capacity == 0) return;
    const auto [entry, added] = impl_->entries.try_emplace(Key{file, page});
    if (!added) impl_->unlink(&*entry);
    entry->second.description = std::move(kept);
    impl_->link(&*entry);
    if (impl_->entries.size() > impl_->capacity) {
        Impl::Entries::value_type* last = impl_->oldest;
        impl_->unlink(last);
        impl_->entries.erase(impl_->entries.find(last->first));
    }
}

}  // namespace iiif::source
