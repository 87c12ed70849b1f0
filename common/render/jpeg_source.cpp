// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_source.h"

#include <sys/stat.h>

#include <algorithm>

#include "source/stored_tile.h"

namespace iiif::render {
namespace {

using protocol::Extent;

constexpr std::uint64_t kMaxStreamBytes = std::uint64_t{64} << 20U;
constexpr std::size_t kBlocks = 64;  // of 4096 bytes
// A tile's side is divisible by this in every TIFF; blocks of halved chroma come out whole then.
constexpr std::uint32_t kBlock = 16;

Colours colours_of(source::JpegColour colour) {
    switch (colour) {
        case source::JpegColour::gray: return Colours::gray;
        case source::JpegColour::ycbcr: return Colours::ycc;
        case source::JpegColour::rgb: return Colours::rgb;
    }
    return Colours::gray;
}

// At that directory.
std::unique_ptr<TiffFile> open_at(int fd, std::uint64_t directory) {
    std::string ignored;
    auto file = directory == 0 ? nullptr : TiffFile::open(fd, ignored);
    return file && file->select(directory) ? std::move(file) : nullptr;
}

}  // namespace

std::optional<JpegSource> JpegSource::open(int fd, const source::Description& description, const source::Level& level) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return std::nullopt;
    JpegSource one;
    one.fd_ = fd;
    one.key_ = source::file_key(status);
    one.description_ = &description;
    one.level_ = &level;
    const bool found = level.index.codec == source::Codec::jpeg ? one.by_description() : one.by_libtiff();
    if (!found || !one.joins()) return std::nullopt;
    return one;
}

bool JpegSource::by_description() {
    const source::TileIndex& index = level_->index;
    colours_ = colours_of(index.colour);
    block_ = level_->tile;
    tables_.resize(index.tables_length);
    return blocks().read(fd_, key_, index.tables, tables_);
}

bool JpegSource::by_libtiff() {
    file_ = open_at(fd_, level_->directory);
    const auto directory = file_ ? file_->directory() : std::nullopt;
    return directory && directory->extent == level_->extent && accept(*directory);
}

bool JpegSource::accept(const TiffDirectory& d) {
    if (d.compression != COMPRESSION_JPEG || d.bits != 8 || d.separate || d.alpha != TiffDirectory::Alpha::none ||
        d.sample_format != SAMPLEFORMAT_UINT || d.tile != level_->tile) {
        return false;
    }
    if (d.samples == 1 && d.photometric == PHOTOMETRIC_MINISBLACK) {
        colours_ = Colours::gray;
    } else if (d.samples == 3 && d.photometric == PHOTOMETRIC_YCBCR) {
        colours_ = Colours::ycc;
    } else if (d.samples == 3 && d.photometric == PHOTOMETRIC_RGB) {
        colours_ = Colours::rgb;
    } else {
        return false;
    }
    TIFF* tiff = file_->get();
    block_ = d.tile;
    if (!tiled()) {
        std::uint32_t rows = d.extent.height;
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
        block_ = {d.extent.width, std::clamp(rows, 1U, d.extent.height)};
    }
    std::uint32_t length = 0;
    void* tables = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_JPEGTABLES, &length, &tables) == 1 && tables != nullptr) {
        const auto* bytes = static_cast<const unsigned char*>(tables);
        tables_.assign(bytes, bytes + length);
    }
    return true;
}

// Blocks must join without a gap, shrunk or not. A strip has no neighbour beside it, a single one none below.
bool JpegSource::joins() const {
    const bool wide = !tiled() || block_.width % kBlock == 0;
    const bool high = block_.height == level_->extent.height || block_.height % kBlock == 0;
    return wide && high;
}

std::string JpegSource::profile() const {
    const source::Description& description = *description_;
    if (description.profile_length != 0) {
        std::string out(description.profile_length, '\0');
        const std::span bytes(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
        return source::read_at(fd_, description.profile, bytes) ? out : "";
    }
    // One that changes nothing, if any.
    const auto file = open_at(fd_, description.levels.front().directory);
    std::uint32_t length = 0;
    void* bytes = nullptr;
    if (!file || TIFFGetField(file->get(), TIFFTAG_ICCPROFILE, &length, &bytes) != 1 || bytes == nullptr) return "";
    return {static_cast<const char*>(bytes), length};
}

bool JpegSource::read(std::uint32_t index, std::vector<unsigned char>& out) const {
    source::TileRange range;
    if (file_) {
        int failed = 0;
        range.offset = TIFFGetStrileOffsetWithErr(file_->get(), index, &failed);
        if (failed == 0) range.length = TIFFGetStrileByteCountWithErr(file_->get(), index, &failed);
        if (failed != 0 || range.offset > key_.size || range.length > key_.size - range.offset) return false;
    } else {
        const auto found = source::tile_range(*description_, *level_, index, fd_, key_, blocks());
        if (!found) return false;
        range = *found;
    }
    if (range.length == 0 || range.length > kMaxStreamBytes) return false;
    out.resize(static_cast<std::size_t>(range.length));
    return source::read_at(fd_, range.offset, out);
}

source::FileBlocks& JpegSource::blocks() {
    static source::FileBlocks kept(kBlocks);
    return kept;
}

}  // namespace iiif::render
