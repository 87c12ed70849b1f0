// SPDX-License-Identifier: Apache-2.0
#include "render/tiff_file.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <limits>
#include <span>

#include "render/sniff.h"

namespace iiif::render {
namespace {

constexpr tmsize_t kMaxSingleAllocation = tmsize_t{512} << 20;

}  // namespace

struct TiffFile::Callbacks {
    static TiffFile& self(thandle_t handle) { return *static_cast<TiffFile*>(handle); }

    static tmsize_t read(thandle_t handle, void* buffer, tmsize_t length) {
        TiffFile& file = self(handle);
        if (length <= 0) return 0;
        const std::size_t count = read_at(
            file.fd_, std::span(static_cast<unsigned char*>(buffer), static_cast<std::size_t>(length)), file.position_);
        file.position_ += count;
        return static_cast<tmsize_t>(count);
    }

    static toff_t seek(thandle_t handle, toff_t offset, int whence) {
        TiffFile& file = self(handle);
        // Unsigned wrap-around is what a negative SEEK_CUR means here.
        switch (whence) {
            case SEEK_SET: file.position_ = offset; break;
            case SEEK_CUR: file.position_ += offset; break;
            case SEEK_END: file.position_ = file.size_ + offset; break;
            default: return std::numeric_limits<toff_t>::max();
        }
        return file.position_;
    }

    static toff_t size(thandle_t handle) { return self(handle).size_; }
    static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
    static int close(thandle_t) { return 0; }

    __attribute__((format(printf, 4, 0))) static int complain(TIFF*, void* handle, const char* module,
                                                              const char* format, va_list arguments) {
        constexpr std::size_t kMost = 1024;
        std::string& words = static_cast<TiffFile*>(handle)->words_;
        if (words.size() < kMost) {
            std::array<char, 256> line{};
            (void)std::vsnprintf(line.data(), line.size(), format, arguments);
            words.append(module != nullptr ? module : "libtiff").append(": ").append(line.data()).append("\n");
        }
        return 1;
    }
    static int ignore(TIFF*, void*, const char*, const char*, va_list) { return 1; }
};

std::unique_ptr<TiffFile> TiffFile::open(int fd, std::string& detail) {
    struct stat status {};
    if (fstat(fd, &status) != 0 || status.st_size <= 0) return nullptr;
    std::unique_ptr<TiffFile> file(new TiffFile(fd));
    file->size_ = static_cast<std::uint64_t>(status.st_size);

    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    if (options == nullptr) return nullptr;
    TIFFOpenOptionsSetErrorHandlerExtR(options, Callbacks::complain, file.get());
    TIFFOpenOptionsSetWarningHandlerExtR(options, Callbacks::ignore, file.get());
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, kMaxSingleAllocation);
    // m: no memory map (a file that shrinks would raise SIGBUS). C: chop one huge uncompressed strip into small ones.
    // O: of the tile tables, only the entries that are needed.
    file->tiff_ = TIFFClientOpenExt("image", "rmCO", file.get(), Callbacks::read, Callbacks::write, Callbacks::seek,
                                    Callbacks::close, Callbacks::size, nullptr, nullptr, options);
    TIFFOpenOptionsFree(options);
    if (file->tiff_ == nullptr) {
        detail += file->words_;
        return nullptr;
    }
    return file;
}

TiffFile::~TiffFile() {
    if (tiff_ != nullptr) TIFFClose(tiff_);
}

std::uint16_t TiffDirectory::colour_samples() const {
    switch (photometric) {
        case PHOTOMETRIC_MINISWHITE:
        case PHOTOMETRIC_MINISBLACK:
        case PHOTOMETRIC_PALETTE:
        case PHOTOMETRIC_LOGL: return 1;
        case PHOTOMETRIC_RGB:
        case PHOTOMETRIC_YCBCR:
        case PHOTOMETRIC_CIELAB:
        case PHOTOMETRIC_ICCLAB:
        case PHOTOMETRIC_LOGLUV: return 3;
        case PHOTOMETRIC_SEPARATED: return 4;
        default: return 0;
    }
}

std::optional<TiffDirectory> TiffFile::directory() const {
    constexpr std::uint32_t kMost = std::numeric_limits<std::int32_t>::max();
    TiffDirectory found;
    found.offset = TIFFCurrentDirOffset(tiff_);
    if (TIFFGetField(tiff_, TIFFTAG_IMAGEWIDTH, &found.extent.width) != 1 ||
        TIFFGetField(tiff_, TIFFTAG_IMAGELENGTH, &found.extent.height) != 1) {
        return std::nullopt;
    }
    TIFFGetField(tiff_, TIFFTAG_SUBFILETYPE, &found.subfile_type);
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_BITSPERSAMPLE, &found.bits);
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_SAMPLESPERPIXEL, &found.samples);
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_COMPRESSION, &found.compression);
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_SAMPLEFORMAT, &found.sample_format);
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_ORIENTATION, &found.orientation);
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_INKSET, &found.ink_set);
    std::uint16_t planar = PLANARCONFIG_CONTIG;
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_PLANARCONFIG, &planar);
    found.separate = planar == PLANARCONFIG_SEPARATE && found.samples > 1;
    if (TIFFGetField(tiff_, TIFFTAG_PHOTOMETRIC, &found.photometric) != 1) {
        found.photometric = found.samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
    }
    if (found.orientation < 1 || found.orientation > 8) found.orientation = 1;
    if (TIFFIsTiled(tiff_) != 0) {
        if (TIFFGetField(tiff_, TIFFTAG_TILEWIDTH, &found.tile.width) != 1 ||
            TIFFGetField(tiff_, TIFFTAG_TILELENGTH, &found.tile.height) != 1 || found.tile.width == 0 ||
            found.tile.height == 0 || found.tile.width > kMost || found.tile.height > kMost) {
            return std::nullopt;
        }
    }
    if (found.extent.width == 0 || found.extent.height == 0 || found.extent.width > kMost ||
        found.extent.height > kMost || found.samples == 0 || found.bits == 0) {
        return std::nullopt;
    }

    // An extra sample of unspecified meaning (a spot colour, a mask) is not transparency.
    std::uint16_t count = 0;
    std::uint16_t* types = nullptr;
    if (TIFFGetField(tiff_, TIFFTAG_EXTRASAMPLES, &count, &types) == 1 && types != nullptr && count <= found.samples) {
        for (std::uint16_t i = 0; i < count && found.alpha == TiffDirectory::Alpha::none; ++i) {
            if (types[i] == EXTRASAMPLE_ASSOCALPHA) found.alpha = TiffDirectory::Alpha::premultiplied;
            if (types[i] == EXTRASAMPLE_UNASSALPHA) found.alpha = TiffDirectory::Alpha::straight;
            found.alpha_sample = static_cast<std::uint16_t>(found.samples - count + i);
        }
    }

    std::uint16_t subifd_count = 0;
    toff_t* subifds = nullptr;
    if (TIFFGetField(tiff_, TIFFTAG_SUBIFD, &subifd_count, &subifds) == 1 && subifds != nullptr) {
        found.subifds.assign(subifds, subifds + subifd_count);
    }
    return found;
}

bool needs_conversion(const TiffDirectory& d) {
    switch (d.photometric) {
        case PHOTOMETRIC_YCBCR: return d.compression != COMPRESSION_JPEG || d.separate;
        case PHOTOMETRIC_LOGL:
        case PHOTOMETRIC_LOGLUV: return true;
        default: return d.compression == COMPRESSION_OJPEG;
    }
}

std::string unsupported(const TiffDirectory& d) {
    const auto because = [](const std::string& what) {
        return "This TIFF " + what + ", which this server does not read.";
    };
    if (TIFFIsCODECConfigured(d.compression) != 1) {
        return because("is compressed with method " + std::to_string(d.compression));
    }
    const std::uint16_t colours = d.colour_samples();
    if (colours == 0) {
        return because("holds pixels of photometric interpretation " + std::to_string(d.photometric));
    }
    if (d.samples < colours || d.samples > 64) {
        return because("has " + std::to_string(d.samples) + " samples to a pixel of " + std::to_string(colours) +
                       " colours");
    }
    if (d.photometric == PHOTOMETRIC_SEPARATED && d.ink_set != INKSET_CMYK && d.ink_set != 0) {
        return because("uses inks other than cyan, magenta, yellow and black");
    }
    const bool lab = d.photometric == PHOTOMETRIC_CIELAB || d.photometric == PHOTOMETRIC_ICCLAB;
    if (lab && d.bits != 8 && d.bits != 16)
        return because("holds CIELAB pixels of " + std::to_string(d.bits) + " bits");
    if (needs_conversion(d)) return "";
    if (d.photometric == PHOTOMETRIC_PALETTE && d.bits > 16) return because("has a palette of more than 65536 colours");
    switch (d.sample_format) {
        case SAMPLEFORMAT_VOID:
        case SAMPLEFORMAT_UINT:
            // 1..16 bits however they are packed; libtiff's JPEG decoder is built for 8.
            if (d.bits <= 16 && (d.compression != COMPRESSION_JPEG || d.bits == 8)) return "";
            if (d.bits == 24 || d.bits == 32) return "";
            break;
        case SAMPLEFORMAT_IEEEFP:
            if (d.bits == 16 || d.bits == 32 || d.bits == 64) return "";
            break;
        case SAMPLEFORMAT_INT:
            // CIELAB's a and b are signed and some writers say so.
            if (lab) return "";
            return because("holds signed samples");
        default: return because("holds complex samples");
    }
    return because("holds samples of " + std::to_string(d.bits) + " bits");
}

}  // namespace iiif::render
