// SPDX-License-Identifier: Apache-2.0
// What a Manifest says of an image by itself: its size, its pages, and the texts in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "presentation/embedded.h"
#include "protocol/refusal.h"
#include "render/render.h"
#include "source/description.h"
#include "source/root.h"

namespace iiif::presentation {

struct Facts {
    protocol::Extent extent;       // as clients see it
    protocol::Extent stored_tile;  // 0x0: not tiled, or not usefully
    protocol::Quality standard = protocol::Quality::color;
    std::uint32_t pages = 1;
    Embedded embedded;  // of the file: with its first page only
};

// `fd` stays the caller's. Refusals and `detail` as render::describe has them.
Expected<Facts> read_facts(int fd, std::uint32_t page, const render::Limits&, std::string& detail);

// How the facts of a file beneath the root are come by. 1-based pages.
using FactReader = std::function<Expected<Facts>(const std::string& path, std::uint32_t page)>;

// Bounded by what it takes of memory, as files may say much of themselves; what was not asked for longest goes first.
// For one thread.
class FactStore {
public:
    explicit FactStore(std::size_t most_bytes) : most_(most_bytes) {}
    // nullptr: not known.
    [[nodiscard]] std::shared_ptr<const Facts> find(const source::FileKey&, std::uint32_t page);
    // Not for a file that changed within the last two seconds.
    std::shared_ptr<const Facts> keep(const source::FileKey&, std::uint32_t page, Facts);

    [[nodiscard]] std::size_t size() const { return kept_.size(); }

private:
    struct Key {
        source::FileKey file;
        std::uint32_t page;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key&) const noexcept;
    };
    struct Kept {
        std::shared_ptr<const Facts> facts;
        std::list<Key>::iterator place;
        std::size_t bytes;
    };
    static std::size_t bytes_of(const Facts&);

    std::size_t most_, bytes_ = 0;
    std::list<Key> order_;  // the one asked for last is first
    std::unordered_map<Key, Kept, Hash> kept_;
};

}  // namespace iiif::presentation
