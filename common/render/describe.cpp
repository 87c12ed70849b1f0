// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include "render/decoder_memory.h"
#include "render/jp2.h"
#include "render/jpeg_file.h"
#include "render/levels.h"
#include "render/load.h"
#include "render/profile.h"
#include "render/render.h"
#include "render/sniff.h"
#include "render/tiff_image.h"
#include "render/tiff_index.h"
#include "render/tiff_layout.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Quality;
using source::Container;
using source::Description;
using source::Level;

tl::unexpected<Refusal> no_page(std::uint32_t page, std::uint32_t pages) {
    return refuse(404, "There is no page " + std::to_string(page) + ": this file has " +
                           (pages == 1 ? std::string("one page.") : std::to_string(pages) + " pages."));
}

Expected<std::uint8_t> check_size(Extent extent, const Limits& limits) {
    const std::uint64_t pixels = std::uint64_t{extent.width} * extent.height;
    if (limits.max_pixels != 0 && pixels > limits.max_pixels) {
        return refuse(403, "The image has " + std::to_string(extent.width) + " by " + std::to_string(extent.height) +
                               " pixels; this server reads images of up to " + std::to_string(limits.max_pixels) +
                               " pixels.");
    }
    return std::uint8_t{0};
}

Expected<std::uint8_t> check_memory(Container container, const Image& image, const Limits& limits) {
    const std::uint64_t bytes = decoder_bytes(container, image);
    if (limits.decoder_memory == 0 || bytes <= limits.decoder_memory) return std::uint8_t{0};
    constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
    return refuse(403, "This image takes about " + std::to_string(bytes / kMebibyte) +
                           " MiB of memory to decode, since it can only be decoded whole; this server allows " +
                           std::to_string(limits.decoder_memory / kMebibyte) +
                           " MiB. As a tiled TIFF with smaller levels, or as JPEG 2000, it can be of any size.");
}

bool one_colour(VipsInterpretation interpretation, int bands) {
    switch (interpretation) {
        case VIPS_INTERPRETATION_B_W:
        case VIPS_INTERPRETATION_GREY16: return true;
        default: return bands < 3;
    }
}

void describe_pixels(const Image& image, Description& out) {
    out.bands = static_cast<std::uint8_t>(std::min(image.bands(), 5));
    out.bits = static_cast<std::uint8_t>(8 * vips_format_sizeof(image.format()));
    out.alpha = vips_image_hasalpha(image.get()) != 0;
    const void* profile = nullptr;
    std::size_t length = 0;
    if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0 &&
        vips_image_get_blob(image.get(), VIPS_META_ICC_NAME, &profile, &length) == 0 && length <= kMostProfileBytes &&
        changes_colours({static_cast<const std::uint8_t*>(profile), length}, out.bands - (out.alpha ? 1U : 0U))) {
        out.profile_length = static_cast<std::uint32_t>(length);
    }
    out.standard = one_colour(image.interpretation(), image.bands()) ? Quality::gray : Quality::color;
}

Expected<Description> describe_tiff(int fd, std::uint32_t page, const Limits& limits, std::string& detail,
                                    Wanted wanted) {
    auto file = TiffFile::open(fd, detail);
    if (!file) return damaged(detail);
    TiffLayout layout = read_layout(*file, page);
    if (layout.pages == 0) return damaged(detail);
    if (layout.pages < page) return no_page(page, layout.pages);
    if (auto size = check_size(layout.page.extent, limits); !size) return tl::unexpected(size.error());

    // Opened as it would be for rendering, so that what cannot be read is refused before anyone is told its size.
    if (!file->select(layout.page.offset)) return damaged(detail);
    const auto image = open_directory(std::move(file), nullptr, detail);
    if (!image) return tl::unexpected(image.error());
    Description out;
    describe_pixels(*image, out);
    out.container = Container::tiff;
    out.stored = layout.page.extent;
    out.orientation = static_cast<std::uint8_t>(layout.page.orientation);
    out.bits = static_cast<std::uint8_t>(std::min<std::uint16_t>(layout.page.bits, 64));
    out.pages = layout.pages;
    out.levels = std::move(layout.levels);
    if (wanted == Wanted::everything) index_tiles(fd, layout.page, out);
    return out;
}

Expected<Description> describe_jp2(int fd, std::uint32_t page, const Limits& limits, std::string& detail,
                                   Wanted wanted) {
    const auto header = read_jp2_header(fd, detail);
    if (!header) return tl::unexpected(header.error());
    if (page > 1) return no_page(page, 1);
    if (auto size = check_size(header->resolutions.front(), limits); !size) return tl::unexpected(size.error());
    Description out;
    out.container = Container::jp2;
    out.stored = header->resolutions.front();
    for (std::size_t i = 0; i < header->resolutions.size() && i < Description::kMaxLevels; ++i) {
        // The reference grid has 32 bits; a tile beyond 31 is wider than any image, and no description holds it.
        constexpr std::uint32_t kMost = std::numeric_limits<std::int32_t>::max();
        const Extent tile = {std::min(header->tile.width, kMost) >> i, std::min(header->tile.height, kMost) >> i};
        out.levels.push_back({header->resolutions[i], tile.width == 0 || tile.height == 0 ? Extent{} : tile,
                              static_cast<std::int32_t>(i), -1});
    }
    if (wanted == Wanted::outline && header->colours != 0) {
        out.standard = header->colours < 3 ? Quality::gray : Quality::color;
        return out;
    }
    // Palettes and channel definitions take effect when something is decoded: one pixel of the smallest version. And
    // what cannot be decoded at all is refused before a viewer is told its size.
    const Level& smallest = out.levels.back();
    const auto pixel = read_jp2(fd, static_cast<std::uint32_t>(smallest.page), {0, 0, 1, 1}, nullptr, detail);
    if (!pixel) return tl::unexpected(pixel.error());
    describe_pixels(*pixel, out);
    out.bits = header->bits;  // what was decoded has 8 or 16
    return out;
}

std::uint32_t page_count(const Image& image) {
    int pages = 1;
    if (vips_image_get_typeof(image.get(), VIPS_META_N_PAGES) != 0) {
        vips_image_get_int(image.get(), VIPS_META_N_PAGES, &pages);
    }
    return static_cast<std::uint32_t>(std::max(pages, 1));
}

// libjpeg scales while it decodes. It rounds up; libvips drops a last pixel that is not whole.
std::vector<Level> jpeg_levels(Extent full) {
    std::vector<Level> levels;
    for (const std::uint32_t shrink : {1U, 2U, 4U, 8U}) {
        const Extent extent = {full.width / shrink, full.height / shrink};
        if (extent.width == 0 || extent.height == 0) break;
        levels.push_back({extent, {}, static_cast<std::int32_t>(shrink), -1});
    }
    return levels;
}

Expected<Description> describe_with_vips(int fd, Container container, std::uint32_t page, const Limits& limits,
                                         std::string& detail, Wanted wanted) {
    // The first page first: a loader asked for a page beyond the last only says that it failed.
    auto image = open_with_vips(fd, container, 1, 1, detail);
    if (!image) return tl::unexpected(image.error());
    const std::uint32_t pages = page_count(*image);
    if (page > pages) return no_page(page, pages);
    if (page > 1) {
        image = open_with_vips(fd, container, page, 1, detail);
        if (!image) return tl::unexpected(image.error());
    }
    Description out;
    out.container = container;
    out.stored = {static_cast<std::uint32_t>(image->width()), static_cast<std::uint32_t>(image->height())};
    if (auto size = check_size(out.stored, limits); !size) return tl::unexpected(size.error());
    if (auto memory = check_memory(container, *image, limits); !memory) return tl::unexpected(memory.error());
    describe_pixels(*image, out);
    out.pages = pages;
    // libheif and libjxl have already turned what they decode.
    const bool turned = container == Container::heif || container == Container::jxl || container == Container::pdf;
    if (!turned) out.orientation = static_cast<std::uint8_t>(vips_image_get_orientation(image->get()));
    if (container == Container::jpeg) {
        out.levels = jpeg_levels(out.stored);
        // What is kept there is for viewers, and there is not room for every file that a Manifest names.
        if (wanted == Wanted::everything) out.parts = jpeg_files().get(fd) != nullptr;
        return out;
    }
    out.levels = {{out.stored, {}, 1, -1}};
    if (container != Container::pdf) return out;
    out.alpha = false;  // pages are rendered on paper
    if (wanted == Wanted::outline) return out;
    for (const std::int32_t divisor : {2, 4, 8, 16}) {
        const auto smaller = open_with_vips(fd, container, page, divisor, detail);
        if (!smaller) break;
        const Extent extent = {static_cast<std::uint32_t>(smaller->width()),
                               static_cast<std::uint32_t>(smaller->height())};
        if (reduction(out.stored, extent) != static_cast<std::uint32_t>(divisor)) break;
        out.levels.push_back({extent, {}, divisor, -1});
    }
    return out;
}

}  // namespace

Expected<Description> describe(int fd, std::uint32_t page, const Limits& limits, std::string& detail, Wanted wanted) {
    const auto container = sniff(fd);
    if (!container) return refuse(501, "The file is not an image this server reads.");
    if (page == 0) return refuse(404, "Pages are counted from 1.");
    switch (*container) {
        case Container::tiff: return describe_tiff(fd, page, limits, detail, wanted);
        case Container::jp2: return describe_jp2(fd, page, limits, detail, wanted);
        default: return describe_with_vips(fd, *container, page, limits, detail, wanted);
    }
}

}  // namespace iiif::render
