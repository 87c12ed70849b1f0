// SPDX-License-Identifier: Apache-2.0
#include "render/jp2_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "render/jp2_decoder.h"
#include "render/vips.h"

namespace iiif::render {
namespace {

using protocol::Rect;

constexpr std::uint64_t kBandSamples = std::uint64_t{16} << 20U;

bool high_throughput(opj_codec_t* codec) {
    constexpr OPJ_UINT32 kStyle = 0x40;  // ISO/IEC 15444-15 annex A
    opj_codestream_info_v2_t* info = opj_get_cstr_info(codec);
    if (info == nullptr) return false;
    const opj_tccp_info_t* components = info->m_default_tile_info.tccp_info;
    const bool found = components != nullptr && (components[0].cblksty & kStyle) != 0;
    opj_destroy_cstr_info(&info);
    return found;
}

// A file that is not indexed is a single tile to us, whatever OpenJPEG finds in it.
Grid single_tile(const opj_image_t& image) {
    Grid grid;
    grid.image = {image.x0, image.y0, image.x1, image.y1};
    grid.tile_x = image.x0;
    grid.tile_y = image.y0;
    grid.tile_width = image.x1 - image.x0;
    grid.tile_height = image.y1 - image.y0;
    grid.components = image.numcomps;
    for (std::uint32_t i = 0; i < image.numcomps; ++i) {
        grid.step_x = std::max(grid.step_x, image.comps[i].dx);
        grid.step_y = std::max(grid.step_y, image.comps[i].dy);
    }
    return grid;
}

}  // namespace

template <class Each>
void Jp2Reader::for_cells(const Tile& tile, const Box& part, Each&& each) const {
    if (part.empty()) return;
    const Box& all = tile.box;
    for (std::uint32_t row = (part.y0 - all.y0) / kCell; row <= (part.y1 - 1 - all.y0) / kCell; ++row) {
        for (std::uint32_t column = (part.x0 - all.x0) / kCell; column <= (part.x1 - 1 - all.x0) / kCell; ++column) {
            const Box cell = {all.x0 + column * kCell, all.y0 + row * kCell, all.x0 + (column + 1) * kCell,
                              all.y0 + (row + 1) * kCell};
            each(common_part(cell, all), CellKey{file_->id, tile.index, reduction_, column, row});
        }
    }
}

Expected<std::uint8_t> Jp2Reader::read(Rect area, Jp2Sink& sink, const std::function<bool()>& cancelled) {
    sink_ = &sink;
    const Box all = halved(file_->grid.image, reduction_);
    if (area.width == 0 || area.height == 0 || std::uint64_t{area.x} + area.width > all.width() ||
        std::uint64_t{area.y} + area.height > all.height()) {
        return damaged(detail_);
    }
    window_ = {all.x0 + area.x, all.y0 + area.y, all.x0 + area.x + area.width, all.y0 + area.y + area.height};
    const auto& grid = file_->grid;
    // Pixel x lies in the tile where x << reduction of the full grid lies.
    const auto index = [&](std::uint32_t at, std::uint32_t origin, std::uint32_t step) {
        return static_cast<std::uint32_t>(((std::uint64_t{at} << reduction_) - origin) / step);
    };
    for (std::uint32_t row = index(window_.y0, grid.tile_y, grid.tile_height);
         row <= index(window_.y1 - 1, grid.tile_y, grid.tile_height); ++row) {
        for (std::uint32_t column = index(window_.x0, grid.tile_x, grid.tile_width);
             column <= index(window_.x1 - 1, grid.tile_x, grid.tile_width); ++column) {
            const Box box = halved(grid.tile(column, row), reduction_);
            const Tile tile = {column, row, row * grid.columns() + column, box, common_part(box, window_)};
            if (tile.part.empty()) continue;
            if (auto done = read_tile(tile, cancelled); !done) return tl::unexpected(done.error());
        }
    }
    if (!begun_) return damaged(detail_);
    return std::uint8_t{0};
}

bool Jp2Reader::settled() const {
    return source::is_settled(file_->key);
}

bool Jp2Reader::open() {
    struct stat status {};
    if (fstat(fd_, &status) != 0 || reduction_ > 31) return false;
    const source::FileKey key = source::file_key(status);
    file_ = jp2_store().file(key);
    if (file_) return true;
    auto file = std::make_shared<Jp2File>();
    file->id = jp2_store().next_id();
    file->key = key;
    file->stream = Codestream::read(fd_, key.size);
    file->high_throughput = file->stream.high_throughput();
    file->grid = file->stream.grid();
    if (!file->stream.indexed()) {
        Decoder decoder;
        if (!decoder.open(fd_, Codestream::whole(key.size), 0, detail_)) return false;
        const opj_image_t& image = decoder.image();
        if (image.x1 <= image.x0 || image.y1 <= image.y0 || !unsupported(image).empty()) return false;
        file->grid = single_tile(image);
        file->high_throughput = high_throughput(decoder.codec());
    }
    file_ = std::move(file);
    if (settled()) jp2_store().keep(file_);
    return true;
}

Expected<std::uint8_t> Jp2Reader::read_tile(const Tile& tile, const std::function<bool()>& cancelled) {
    Box missing;
    bool known = false;
    bool sound = true;
    for_cells(tile, tile.part, [&](const Box& box, const CellKey& key) {
        const auto pixels = jp2_store().cell(key);
        if (pixels.empty()) {
            missing = around(missing, common_part(box, tile.part));
            return;
        }
        known = true;
        sound = sound && show({pixels.data(), box, file_->meaning->pixel_bytes()});
    });
    if (!sound) return unable(detail_);
    if (missing.empty()) return std::uint8_t{0};
    const Box from = to_decode(tile, missing, known);
    // OpenJPEG gives grey for parts of a tile with high-throughput code blocks.
    const std::uint32_t rows = file_->high_throughput ? from.height() : band_rows(from);
    for (Box band = from; band.y0 < from.y1; band.y0 = band.y1) {
        if (cancelled && cancelled()) return refuse(503, "The request was given up before the image was ready.");
        band.y1 = from.y1 - band.y0 > rows ? band.y0 + rows : from.y1;
        // Bands end where cells do.
        const std::uint32_t over = (band.y1 - tile.box.y0) % kCell;
        if (band.y1 < from.y1 && rows > kCell) band.y1 -= over;
        if (auto done = decode(tile, band); !done) return done;
    }
    return std::uint8_t{0};
}

// What is worth decoding so that `missing` is there. A whole tile takes less for each pixel, and what it has beyond
// the window is likely to be asked for next; but nobody shall wait for much more than was asked for.
Box Jp2Reader::to_decode(const Tile& tile, const Box& missing, bool known) const {
    constexpr std::uint64_t kFewPixels = std::uint64_t{1} << 17U;
    const std::uint64_t whole = tile.box.pixels();
    const bool storable = whole * file_->grid.components <= jp2_store().capacity() / 2;
    // Of a file without an index the window alone, as OpenJPEG has the say about what it needs.
    const bool fits = file_->stream.indexed() && storable && whole * file_->grid.components <= kBandSamples;
    if (file_->high_throughput) return tile.box;
    if (fits && (whole <= kFewPixels || missing.pixels() * (known ? 8 : 3) >= whole)) return tile.box;
    // Where components are subsampled, windows have to begin with a sample of each.
    Box from = missing;
    from.x0 = std::max(tile.box.x0, from.x0 - from.x0 % file_->grid.step_x);
    from.y0 = std::max(tile.box.y0, from.y0 - from.y0 % file_->grid.step_y);
    return from;
}

std::uint32_t Jp2Reader::band_rows(const Box& box) const {
    const std::uint64_t line = std::max<std::uint64_t>(std::uint64_t{box.width()} * file_->grid.components, 1);
    const std::uint64_t rows = std::max<std::uint64_t>(kBandSamples / line, 1);
    // And each begins with a sample of every component.
    const std::uint64_t step = file_->grid.step_y;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(rows > step ? rows - rows % step : step, box.height()));
}

Expected<std::uint8_t> Jp2Reader::decode(const Tile& tile, const Box& box) {
    Decoder decoder;
    Pieces pieces =
        file_->stream.indexed() ? file_->stream.tile(tile.column, tile.row) : Codestream::whole(file_->key.size);
    if (!decoder.open(fd_, std::move(pieces), reduction_, detail_)) return damaged(detail_);
    const Box full = file_->grid.tile(tile.column, tile.row);
    const auto place = [&](std::uint32_t at, std::uint32_t low, std::uint32_t high) {
        return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(std::uint64_t{at} << reduction_, low, high));
    };
    if (!decoder.decode({place(box.x0, full.x0, full.x1), place(box.y0, full.y0, full.y1),
                         place(box.x1, full.x0, full.x1), place(box.y1, full.y0, full.y1)}) ||
        !complete(decoder.image(), box)) {
        return damaged(detail_);
    }
    const opj_image_t& image = decoder.image();
    if (!learn(image)) return damaged(detail_);
    const std::size_t pixel = file_->meaning->pixel_bytes();
    const auto packed = std::make_unique_for_overwrite<std::uint8_t[]>(box.pixels() * pixel);
    pack(image, *file_->meaning, box, reduction_, packed.get());
    const Jp2Pixels pixels = {packed.get(), box, pixel};
    if (!show(pixels)) return unable(detail_);
    keep(tile, pixels);
    return std::uint8_t{0};
}

// What the first tile says the pixels are, all others have to say too.
bool Jp2Reader::learn(const opj_image_t& image) {
    const Meaning meaning = meaning_of(image);
    if (file_->meaning) return *file_->meaning == meaning;
    file_->meaning = meaning;
    if (image.icc_profile_buf != nullptr && image.icc_profile_len > 0) {
        file_->profile.assign(reinterpret_cast<const char*>(image.icc_profile_buf), image.icc_profile_len);
    }
    if (settled()) jp2_store().keep(file_);
    return true;
}

// The whole cells of what was decoded: the window's, and of those around it as many as fill half of the store.
void Jp2Reader::keep(const Tile& tile, const Jp2Pixels& pixels) {
    if (!settled()) return;
    Jp2Store& store = jp2_store();
    const std::size_t pixel = pixels.pixel_bytes;
    const Box asked = common_part(pixels.box, window_);
    Box kept = asked;
    for (std::uint32_t more = kCell; kept != pixels.box; more += kCell) {
        const Box wider = {asked.x0 - std::min(more, asked.x0), asked.y0 - std::min(more, asked.y0), asked.x1 + more,
                           asked.y1 + more};
        const Box inside = common_part(wider, pixels.box);
        if (inside.pixels() * pixel > store.capacity() / 2) break;
        kept = inside;
    }
    for_cells(tile, kept, [&](const Box& box, const CellKey& key) {
        if (common_part(box, pixels.box) != box || box.pixels() * pixel > store.capacity()) return;
        std::vector<std::uint8_t> cell(box.pixels() * pixel);
        const std::size_t line = box.width() * pixel;
        for (std::uint32_t y = box.y0; y < box.y1; ++y) {
            std::memcpy(cell.data() + (y - box.y0) * line, pixels.at(box.x0, y), line);
        }
        store.keep(key, std::move(cell));
    });
}

// Gives what lies in the window to the sink. false: the sink does not want any.
bool Jp2Reader::show(const Jp2Pixels& pixels) {
    const Box part = common_part(pixels.box, window_);
    if (part.empty()) return true;
    if (!begun_) {
        begun_ = true;
        if (!sink_->begin({window_.width(), window_.height()}, *file_->meaning, file_->profile)) return false;
    }
    sink_->put(pixels, part, part.x0 - window_.x0, part.y0 - window_.y0);
    return true;
}

}  // namespace iiif::render
