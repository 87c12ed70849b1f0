// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_layout.h"

#include <algorithm>
#include <bit>

#include "render/levels.h"
#include "render/tiff_index.h"

namespace iiif::render {
namespace {

using protocol::Extent;

bool same_pixels(const TiffDirectory& a, const TiffDirectory& b) {
    // RGB and YCbCr may alternate between the levels of one pyramid; both are read as RGB.
    return a.bits == b.bits && a.samples == b.samples && a.sample_format == b.sample_format &&
           a.colour_samples() == b.colour_samples() && a.alpha == b.alpha;
}

bool smaller(Extent a, Extent b) {
    return a.width <= b.width && a.height <= b.height && a != b;
}

class Scan {
public:
    explicit Scan(std::uint32_t wanted) : wanted_(wanted) {}

    void add(const TiffDirectory& found, std::int32_t index) {
        const bool mask = (found.subfile_type & FILETYPE_MASK) != 0;
        const bool reduced = (found.subfile_type & FILETYPE_REDUCEDIMAGE) != 0;
        if (mask) return;
        if (layout_.pages > 0 && (reduced || continues_pyramid(found))) {
            if (smaller(found.extent, smallest_)) {
                smallest_ = found.extent;
                if (layout_.pages == wanted_) add_level(found, index, -1);
            }
            return;  // a thumbnail of some other shape is no page either
        }
        ++layout_.pages;
        current_ = found;
        smallest_ = found.extent;
        if (layout_.pages == wanted_) {
            layout_.page = found;
            layout_.levels = {{found.extent, found.tile, index, -1, found.offset, stored_as(found)}};
        }
    }

    void add_level(const TiffDirectory& found, std::int32_t page, std::int32_t subifd) {
        if (!same_pixels(layout_.page, found) || !unsupported(found).empty()) return;
        if (reduction(layout_.page.extent, found.extent) < 2) return;
        layout_.levels.push_back({found.extent, found.tile, page, subifd, found.offset, stored_as(found)});
    }

    TiffLayout finish() {
        // By pixels: a strict weak order, which "no side is longer" is not.
        const auto larger = [](const source::Level& a, const source::Level& b) {
            return std::uint64_t{a.extent.width} * a.extent.height > std::uint64_t{b.extent.width} * b.extent.height;
        };
        const auto same = [](const source::Level& a, const source::Level& b) { return a.extent == b.extent; };
        std::vector<source::Level>& levels = layout_.levels;
        std::stable_sort(levels.begin(), levels.end(), larger);
        levels.erase(std::unique(levels.begin(), levels.end(), same), levels.end());
        if (levels.size() > source::Description::kMaxLevels) levels.resize(source::Description::kMaxLevels);
        return std::move(layout_);
    }

    [[nodiscard]] const TiffLayout& layout() const { return layout_; }

private:
    // Two tiled pages of which one is by chance exactly half the other are taken for a pyramid; pages are scans of
    // their own, so chance does not come with the same tiling and a size that fits to the pixel.
    [[nodiscard]] bool continues_pyramid(const TiffDirectory& found) const {
        if (found.subfile_type != 0 || found.tile == Extent{} || current_.tile == Extent{}) return false;
        if (!same_pixels(current_, found) || !smaller(found.extent, smallest_)) return false;
        const std::uint32_t factor = reduction(current_.extent, found.extent);
        return factor >= 2 && std::has_single_bit(factor);
    }

    std::uint32_t wanted_;
    TiffDirectory current_;  // the page that levels now belong to
    Extent smallest_;
    TiffLayout layout_;
};

}  // namespace

TiffLayout read_layout(TiffFile& file, std::uint32_t page) {
    Scan scan(page);
    std::int32_t index = 0;
    do {
        if (const auto found = file.directory()) scan.add(*found, index);
        ++index;
    } while (index < static_cast<std::int32_t>(kMaxDirectories) && TIFFReadDirectory(file.get()) == 1);

    if (scan.layout().pages >= page) {
        const std::vector<std::uint64_t> subifds = scan.layout().page.subifds;
        const std::int32_t owner = scan.layout().levels.front().page;
        for (std::size_t i = 0; i < subifds.size() && i < source::Description::kMaxLevels; ++i) {
            if (!file.select(subifds[i])) continue;
            const auto found = file.directory();
            if (found && (found->subfile_type & FILETYPE_MASK) == 0) {
                scan.add_level(*found, owner, static_cast<std::int32_t>(i));
            }
        }
    }
    return scan.finish();
}

}  // namespace iiif::render
