// SPDX-License-Identifier: Apache-2.0
#include "presentation/facts.h"

namespace iiif::presentation {

Expected<Facts> read_facts(int fd, std::uint32_t page, const render::Limits& limits, std::string& detail) {
    const auto image = render::describe(fd, page, limits, detail, render::Wanted::outline);
    if (!image) return tl::unexpected(image.error());
    Facts facts;
    facts.extent = image->extent();
    facts.stored_tile = image->tile(0);
    facts.standard = image->standard;
    facts.pages = image->pages;
    if (page == 1) facts.embedded = read_embedded(fd, image->container);
    return facts;
}

std::size_t FactStore::Hash::operator()(const Key& key) const noexcept {
    std::uint64_t hash = key.page;
    for (const std::uint64_t part :
         {key.file.device, key.file.inode, key.file.size, static_cast<std::uint64_t>(key.file.mtime_ns)}) {
        hash = (hash ^ part) * 0x9E3779B97F4A7C15U;
        hash ^= hash >> 29U;
    }
    return hash;
}

std::shared_ptr<const Facts> FactStore::find(const source::FileKey& file, std::uint32_t page) {
    const auto found = kept_.find({file, page});
    if (found == kept_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second.place);
    return found->second.facts;
}

// About as much as the allocator gives for it.
std::size_t FactStore::bytes_of(const Facts& facts) {
    constexpr std::size_t kOverhead = 160;  // of four pieces of memory, and of the table
    std::size_t bytes = sizeof(Facts) + sizeof(Kept) + 2 * sizeof(Key) + kOverhead;
    for (const auto* const map : {&facts.embedded.title, &facts.embedded.description}) {
        for (const auto& [language, texts] : map->all()) {
            bytes += sizeof(map->all().front());
            for (const std::string& text : texts) bytes += sizeof(std::string) + text.capacity();
        }
    }
    for (const auto* const text : {&facts.embedded.creator, &facts.embedded.copyright, &facts.embedded.date,
                                   &facts.embedded.credit, &facts.embedded.rights}) {
        bytes += text->capacity();
    }
    return bytes;
}

std::shared_ptr<const Facts> FactStore::keep(const source::FileKey& file, std::uint32_t page, Facts facts) {
    auto kept = std::make_shared<const Facts>(std::move(facts));
    const std::size_t bytes = bytes_of(*kept);
    if (bytes > most_ || !source::is_settled(file) || kept_.contains({file, page})) return kept;
    while (bytes > most_ - bytes_) {
        const auto oldest = kept_.find(order_.back());
        bytes_ -= oldest->second.bytes;
        kept_.erase(oldest);
        order_.pop_back();
    }
    bytes_ += bytes;
    order_.push_front({file, page});
    kept_.emplace(Key{file, page}, Kept{kept, order_.begin(), bytes});
    return kept;
}

}  // namespace iiif::presentation
