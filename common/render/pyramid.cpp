// SPDX-License-Identifier: Apache-2.0
// libvips writes pyramids too, but frees their levels before it closes their files when anything fails, a full disk or
// a request that was given up, which ends the process (8.14).
#include "render/pyramid.h"

#include <tiff.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "render/colour.h"
#include "render/encode.h"
#include "render/jpeg_planes.h"
#include "render/jpeg_tiles.h"
#include "render/load.h"
#include "render/pipeline.h"
#include "render/tiff_directory.h"

namespace iiif::render {
namespace {

struct PyramidLevel {
    protocol::Extent extent;
    std::uint32_t across = 0;         // tiles
    std::size_t stride = 0;           // bytes of a row of tiles' pixels
    std::vector<unsigned char> rows;  // of tiles that are being filled
    std::uint32_t filled = 0;         // rows of those
    std::uint32_t taken = 0;          // rows of all
    std::vector<std::uint64_t> offsets, counts;
};

struct Appearance {
    int bands = 3;
    int quality = 85;
    std::uint8_t orientation = 1;
    const void* profile = nullptr;
    std::size_t profile_length = 0;
};

// Takes rows from the top. Tiles of all levels go to the file as they are ready; the directories that say where they
// are come last.
class PyramidWriter {
public:
    PyramidWriter(protocol::Extent extent, std::uint32_t side, const Appearance& appearance, int out)
        : side_(side), appearance_(appearance), out_(out), encoder_(side, appearance.bands, appearance.quality) {
        while (true) {
            PyramidLevel& level = levels_.emplace_back();
            level.extent = extent;
            level.across = (extent.width + side - 1) / side;
            level.stride = std::size_t{level.across} * side * static_cast<std::size_t>(appearance.bands);
            level.rows.resize(level.stride * side);
            if (extent.width <= side && extent.height <= side) return;
            extent = {(extent.width + 1) / 2, (extent.height + 1) / 2};
        }
    }

    bool begin() { return append(tiff_header(true, 0).all()); }

    bool take(const unsigned char* row) {
        PyramidLevel& whole = levels_.front();
        const std::size_t length = std::size_t{whole.extent.width} * bands();
        std::memcpy(whole.rows.data() + whole.filled * whole.stride, row, length);
        return taken(0);
    }

    bool finish() {
        // libvips does not report what its last call of take() said.
        if (!complete_) return false;
        const auto tables = encoder_.tables();
        if (tables.empty()) return false;
        std::uint64_t at = (position_ + 7) / 8 * 8;
        const TiffBytes header = tiff_header(true, at);
        for (std::size_t index = 0; index < levels_.size(); ++index) {
            const TiffDirectoryWriter directory = directory_of(index, tables);
            const bool last = index + 1 == levels_.size();
            const std::uint64_t next = at + directory.written(at, 0).size();
            if (!write_at(at, directory.written(at, last ? 0 : next).all())) return false;
            at = next;
        }
        return write_at(0, header.all());
    }

    // Of the system call that failed; 0: it was not the file.
    [[nodiscard]] int error() const { return error_; }

private:
    [[nodiscard]] std::size_t bands() const { return static_cast<std::size_t>(appearance_.bands); }

    // A row of the level has been filled in.
    bool taken(std::size_t index) {
        PyramidLevel& level = levels_[index];
        unsigned char* const row = level.rows.data() + level.filled * level.stride;
        // Beyond the edge, what costs least: the last pixel again.
        const std::size_t length = std::size_t{level.extent.width} * bands();
        for (std::size_t i = length; i < level.stride; ++i) row[i] = row[i - bands()];
        ++level.filled;
        ++level.taken;
        const bool ended = level.taken == level.extent.height;
        if (level.filled < side_ && !ended) return true;
        const std::uint32_t real = level.filled;
        for (; level.filled < side_; ++level.filled) {
            std::memcpy(level.rows.data() + level.filled * level.stride, row, level.stride);
        }
        if (!write_tiles(level)) return false;
        level.filled = 0;
        const bool last = index + 1 == levels_.size();
        complete_ = last && ended;
        return last || halve(index, real);
    }

    bool write_tiles(PyramidLevel& level) {
        for (std::uint32_t column = 0; column < level.across; ++column) {
            const auto tile = encoder_.tile(level.rows.data() + std::size_t{column} * side_ * bands(), level.stride);
            if (tile.empty()) return false;
            level.offsets.push_back(position_);
            level.counts.push_back(tile.size());
            if (!append(std::as_bytes(tile))) return false;
        }
        return true;
    }

    // `rows` of the level, which begin at its tiles' top, to the next one: the mean of two by two, or of what there is.
    bool halve(std::size_t index, std::uint32_t rows) {
        const PyramidLevel& from = levels_[index];
        PyramidLevel& to = levels_[index + 1];
        for (std::uint32_t y = 0; y < rows; y += 2) {
            const unsigned char* const upper = from.rows.data() + y * from.stride;
            const unsigned char* const lower = y + 1 < rows ? upper + from.stride : upper;
            unsigned char* const out = to.rows.data() + to.filled * to.stride;
            if (bands() == 1) {
                mean<1>(upper, lower, from.extent.width, out);
            } else {
                mean<3>(upper, lower, from.extent.width, out);
            }
            if (!taken(index + 1)) return false;
        }
        return true;
    }

    template <std::size_t kBands>
    static void mean(const unsigned char* upper, const unsigned char* lower, std::uint32_t width, unsigned char* out) {
        for (std::uint32_t x = 0; x + 1 < width; x += 2, upper += 2 * kBands, lower += 2 * kBands) {
            for (std::size_t c = 0; c < kBands; ++c) {
                *out++ =
                    static_cast<unsigned char>((upper[c] + upper[c + kBands] + lower[c] + lower[c + kBands] + 2) / 4);
            }
        }
        if (width % 2 == 0) return;
        for (std::size_t c = 0; c < kBands; ++c) *out++ = static_cast<unsigned char>((upper[c] + lower[c] + 1) / 2);
    }

    TiffDirectoryWriter directory_of(std::size_t index, std::span<const unsigned char> tables) const {
        const PyramidLevel& level = levels_[index];
        const bool gray = appearance_.bands == 1;
        TiffDirectoryWriter directory(true);
        directory.add(TIFFTAG_SUBFILETYPE, TIFF_LONG, {index == 0 ? 0 : std::uint64_t{FILETYPE_REDUCEDIMAGE}});
        directory.add(TIFFTAG_IMAGEWIDTH, TIFF_LONG, {level.extent.width});
        directory.add(TIFFTAG_IMAGELENGTH, TIFF_LONG, {level.extent.height});
        directory.add(TIFFTAG_BITSPERSAMPLE, TIFF_SHORT, std::vector<std::uint64_t>(bands(), 8));
        directory.add(TIFFTAG_COMPRESSION, TIFF_SHORT, {COMPRESSION_JPEG});
        directory.add(TIFFTAG_PHOTOMETRIC, TIFF_SHORT,
                      {gray ? std::uint64_t{PHOTOMETRIC_MINISBLACK} : PHOTOMETRIC_YCBCR});
        directory.add(TIFFTAG_ORIENTATION, TIFF_SHORT, {appearance_.orientation});
        directory.add(TIFFTAG_SAMPLESPERPIXEL, TIFF_SHORT, {bands()});
        directory.add(TIFFTAG_PLANARCONFIG, TIFF_SHORT, {PLANARCONFIG_CONTIG});
        directory.add(TIFFTAG_TILEWIDTH, TIFF_LONG, {side_});
        directory.add(TIFFTAG_TILELENGTH, TIFF_LONG, {side_});
        directory.add(TIFFTAG_TILEOFFSETS, TIFF_LONG8, level.offsets);
        directory.add(TIFFTAG_TILEBYTECOUNTS, TIFF_LONG, level.counts);
        directory.add_bytes(TIFFTAG_JPEGTABLES, tables.data(), tables.size());
        if (!gray) {
            const std::uint64_t sampling = halves_chroma(appearance_.quality) ? 2 : 1;
            directory.add(TIFFTAG_YCBCRSUBSAMPLING, TIFF_SHORT, {sampling, sampling});
        }
        if (appearance_.profile_length > 0) {
            directory.add_bytes(TIFFTAG_ICCPROFILE, appearance_.profile, appearance_.profile_length);
        }
        return directory;
    }

    bool append(std::span<const std::byte> bytes) {
        if (!write_at(position_, bytes)) return false;
        position_ += bytes.size();
        return true;
    }

    bool write_at(std::uint64_t at, std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::pwrite(out_, bytes.data(), bytes.size(), static_cast<off_t>(at));
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) {
                error_ = written < 0 ? errno : ENOSPC;
                return false;
            }
            at += static_cast<std::uint64_t>(written);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        return true;
    }

    std::uint32_t side_;
    Appearance appearance_;
    int out_;
    JpegTileEncoder encoder_;
    std::vector<PyramidLevel> levels_;
    std::uint64_t position_ = 0;
    int error_ = 0;
    bool complete_ = false;
};

// By libvips, from top to bottom; in a thread of its own, one call after the other.
int on_rows(VipsRegion* region, VipsRect* area, void* user) {
    auto& writer = *static_cast<PyramidWriter*>(user);
    try {
        for (int y = area->top; y < area->top + area->height; ++y) {
            if (!writer.take(VIPS_REGION_ADDR(region, 0, y))) return -1;
        }
    } catch (const std::bad_alloc&) {
        return -1;
    }
    return 0;
}

}  // namespace

Expected<bool> write_pyramid(int fd, std::uint32_t page, const source::Description& description,
                             const EncodeOptions& options, std::uint32_t tile, int out, const Cancelled& cancelled,
                             std::string& detail) {
    const source::Level& whole = description.levels.front();
    auto image =
        load_area(fd, page, description, whole, {0, 0, whole.extent.width, whole.extent.height}, cancelled, detail);
    if (!image) return tl::unexpected(image.error());
    if (!to_display(*image, options.icc == Profile::embed) || !flatten(*image, options.background) ||
        !drop_metadata(*image, true)) {
        return unable(detail);
    }
    watch(*image, cancelled);

    Appearance appearance{image->bands(), options.jpeg_quality, description.orientation, nullptr, 0};
    if (vips_image_get_typeof(image->get(), VIPS_META_ICC_NAME) != 0) {
        (void)vips_image_get_blob(image->get(), VIPS_META_ICC_NAME, &appearance.profile, &appearance.profile_length);
    }
    const protocol::Extent extent{static_cast<std::uint32_t>(image->width()),
                                  static_cast<std::uint32_t>(image->height())};
    PyramidWriter writer(extent, tile, appearance, out);
    if (writer.begin() && vips_sink_disc(image->get(), on_rows, &writer) == 0 && writer.finish()) return true;
    if (cancelled && cancelled()) {
        take_words(detail);
        return refuse(503, "The request was given up before the image was ready.");
    }
    if (writer.error() != 0) {
        take_words(detail);
        detail = std::strerror(writer.error());
        return refuse(500, "The pyramid could not be written.");
    }
    return damaged(detail);
}

}  // namespace iiif::render
