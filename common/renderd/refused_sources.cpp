// SPDX-License-Identifier: Apache-2.0
#include "renderd/refused_sources.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <span>
#include <string>

#include "renderd/answer_store.h"

namespace iiif::renderd {

RefusedSources::RefusedSources() {
    void* memory = ::mmap(nullptr, sizeof(Places), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) places_ = new (memory) Places;
}

RefusedSources::~RefusedSources() {
    if (places_ != nullptr) (void)::munmap(places_, sizeof(Places));
}

std::uint64_t RefusedSources::name_of(const delivery::RenderCall& call) {
    const std::string name = std::to_string(call.service) + '/' + std::to_string(call.page) + '/' +
                             std::to_string(call.key.device) + '/' + std::to_string(call.key.inode) + '/' +
                             std::to_string(call.key.size) + '/' + std::to_string(call.key.mtime_ns) + '/' + call.path;
    return std::max<std::uint64_t>(hash_of(std::as_bytes(std::span(name))), 1);
}

RefusedSources::Verdict RefusedSources::blame(std::uint64_t source, std::int64_t now_ms) {
    if (places_ == nullptr || source == 0) return {};
    auto place = std::ranges::find_if(*places_, [&](const Place& one) { return one.source == source; });
    if (place == places_->end()) {
        place = std::ranges::min_element(*places_, {}, &Place::last_ms);
        place->until_ms = 0;
        place->source = source;
        place->times = 0;
    }
    if (now_ms - std::max<std::int64_t>(place->until_ms, place->last_ms) >= kLongest) place->times = 0;
    ++place->times;
    place->last_ms = now_ms;
    if (place->times < 2) return {place->times, 0};
    const unsigned doublings = std::min(place->times - 2, 10U);
    const std::int64_t refused = std::min(kFirst << doublings, kLongest);
    place->until_ms = now_ms + refused;
    return {place->times, refused};
}

std::int64_t RefusedSources::refused_for(std::uint64_t source, std::int64_t now_ms) const {
    if (places_ == nullptr || source == 0) return 0;
    for (const Place& place : *places_) {
        if (place.source == source) return std::max<std::int64_t>(place.until_ms - now_ms, 0);
    }
    return 0;
}

}  // namespace iiif::renderd
