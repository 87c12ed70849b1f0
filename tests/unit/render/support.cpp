// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <chrono>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "render/support.h"

namespace iiif::render::test {

using protocol::Format;

Colour square_colour(std::uint32_t column, std::uint32_t row) {
    return {static_cast<int>((column * 47 + 30) % 256), static_cast<int>((row * 61 + 60) % 256),
            static_cast<int>(((column + row) * 29 + 90) % 256), (column + row) % 3 == 0 ? 0 : 255};
}

Picture squares(std::uint32_t width, std::uint32_t height, std::uint32_t bands) {
    Picture picture{width, height, bands, {}};
    picture.pixels.reserve(std::size_t{width} * height * bands);
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x) {
            const Colour colour = square_colour(x / 100, y / 100);
            const std::uint32_t colours = bands < 3 ? 1 : 3;
            for (std::uint32_t i = 0; i < colours; ++i)
                picture.pixels.push_back(static_cast<std::uint8_t>(colour.at(i)));
            if (bands > colours) picture.pixels.push_back(static_cast<std::uint8_t>(colour[3]));
        }
    }
    return picture;
}

Folder::Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "iiif-render-XXXXXX").string();
    ck_assert_ptr_nonnull(mkdtemp(pattern.data()));
    directory_ = pattern;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

VipsImage* image_of(const Picture& picture, VipsInterpretation interpretation) {
    VipsImage* image = vips_image_new_from_memory_copy(
        picture.pixels.data(), picture.pixels.size(), static_cast<int>(picture.width), static_cast<int>(picture.height),
        static_cast<int>(picture.bands), VIPS_FORMAT_UCHAR);
    ck_assert_ptr_nonnull(image);
    image->Type = interpretation;
    return image;
}

void write_with_vips(const Picture& picture, const std::string& path, VipsInterpretation interpretation) {
    VipsImage* image = image_of(picture, interpretation);
    ck_assert_msg(vips_image_write_to_file(image, path.c_str(), nullptr) == 0, "%s: %s", path.c_str(),
                  vips_error_buffer());
    g_object_unref(image);
}

namespace {

std::size_t row_bytes(const TiffOptions& options, std::uint32_t width, std::uint32_t samples) {
    return (std::size_t{width} * samples * options.bits + 7) / 8;
}

// One plane of rows; for packed samples there is only one.
std::vector<std::uint8_t> plane_of(const TiffOptions& options, std::uint32_t width, std::uint32_t height,
                                   const std::uint8_t* rows, std::uint32_t plane) {
    const std::size_t bytes = options.bits / 8U;
    std::vector<std::uint8_t> out(std::size_t{width} * height * bytes);
    for (std::size_t i = 0; i < std::size_t{width} * height; ++i) {
        std::memcpy(&out[i * bytes], rows + (i * options.samples + plane) * bytes, bytes);
    }
    return out;
}

void write_plane(TIFF* tiff, const TiffOptions& options, std::uint32_t width, std::uint32_t height,
                 const std::uint8_t* rows, std::uint32_t samples, std::uint16_t plane) {
    const std::size_t line = row_bytes(options, width, samples);
    if (options.tile == 0) {
        for (std::uint32_t y = 0; y < height; y += options.rows) {
            const std::uint32_t count = std::min(options.rows, height - y);
            std::vector<std::uint8_t> strip(rows + y * line, rows + (y + count) * line);  // libtiff swaps in place
            ck_assert_int_ge(TIFFWriteEncodedStrip(tiff, TIFFComputeStrip(tiff, y, plane), strip.data(),
                                                   static_cast<tmsize_t>(strip.size())),
                             0);
        }
        return;
    }
    const std::size_t tile_line = row_bytes(options, options.tile, samples);
    for (std::uint32_t y = 0; y < height; y += options.tile) {
        for (std::uint32_t x = 0; x < width; x += options.tile) {
            std::vector<std::uint8_t> tile(tile_line * options.tile);
            const std::size_t from = std::size_t{x} * samples * options.bits / 8;
            for (std::uint32_t row = 0; row < options.tile && y + row < height; ++row) {
                std::memcpy(&tile[row * tile_line], rows + (y + row) * line + from, std::min(tile_line, line - from));
            }
            ck_assert_int_ge(TIFFWriteEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, plane), tile.data(),
                                                  static_cast<tmsize_t>(tile.size())),
                             0);
        }
    }
}

}  // namespace

void write_directory(TIFF* tiff, const TiffOptions& options, std::uint32_t width, std::uint32_t height,
                     const std::uint8_t* rows) {
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, options.bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, options.samples);
    TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, options.sample_format);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, options.compression);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, options.photometric);
    TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, options.separate ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
    TIFFSetField(tiff, TIFFTAG_ORIENTATION, options.orientation);
    if (options.subfile != 0) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, options.subfile);
    if (options.tile != 0) {
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, options.tile);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, options.tile);
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, options.rows);
    }
    if (options.extra >= 0) {
        const auto type = static_cast<std::uint16_t>(options.extra);
        TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &type);
    }
    if (!options.palette.empty()) {
        const std::uint16_t* map = options.palette.data();
        const std::size_t count = options.palette.size() / 3;
        TIFFSetField(tiff, TIFFTAG_COLORMAP, map, map + count, map + 2 * count);
    }
    if (!options.profile.empty()) {
        TIFFSetField(tiff, TIFFTAG_ICCPROFILE, static_cast<std::uint32_t>(options.profile.size()),
                     options.profile.data());
    }
    if (options.compression == COMPRESSION_JPEG && options.photometric == PHOTOMETRIC_YCBCR) {
        TIFFSetField(tiff, TIFFTAG_YCBCRSUBSAMPLING, options.across, options.down);
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        TIFFSetField(tiff, TIFFTAG_JPEGQUALITY, options.quality);
    }
    if (!options.separate) {
        write_plane(tiff, options, width, height, rows, options.samples, 0);
    } else {
        for (std::uint16_t plane = 0; plane < options.samples; ++plane) {
            write_plane(tiff, options, width, height, plane_of(options, width, height, rows, plane).data(), 1, plane);
        }
    }
    ck_assert_int_eq(TIFFWriteDirectory(tiff), 1);
}

void write_tiff(const std::string& path, const TiffOptions& options, std::uint32_t width, std::uint32_t height,
                const std::uint8_t* rows) {
    TIFF* tiff = TIFFOpen(path.c_str(), options.mode);
    ck_assert_ptr_nonnull(tiff);
    write_directory(tiff, options, width, height, rows);
    TIFFClose(tiff);
}

Picture halved(const Picture& picture) {
    Picture half{(picture.width + 1) / 2, (picture.height + 1) / 2, picture.bands, {}};
    for (std::uint32_t y = 0; y < half.height; ++y) {
        for (std::uint32_t x = 0; x < half.width; ++x) {
            for (std::uint32_t band = 0; band < half.bands; ++band)
                half.pixels.push_back(picture.at(2 * x, 2 * y, band));
        }
    }
    return half;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    ck_assert(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream file(path, std::ios::binary);
    file << bytes;
    ck_assert(file.good());
}

void settle(const std::string& path) {
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
}

namespace {

source::UniqueFd opened(const std::string& path) {
    source::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ck_assert_msg(static_cast<bool>(fd), "%s", path.c_str());
    return fd;
}

Picture picture_of(VipsImage* image) {
    Picture picture{static_cast<std::uint32_t>(image->Xsize),
                    static_cast<std::uint32_t>(image->Ysize),
                    static_cast<std::uint32_t>(image->Bands),
                    {}};
    ck_assert_int_eq(image->BandFmt, VIPS_FORMAT_UCHAR);
    std::size_t length = 0;
    void* pixels = vips_image_write_to_memory(image, &length);
    ck_assert_msg(pixels != nullptr, "%s", vips_error_buffer());
    const auto* bytes = static_cast<const std::uint8_t*>(pixels);
    picture.pixels.assign(bytes, bytes + length);
    g_free(pixels);
    return picture;
}

// What our own reader makes of an answer, by way of PNG.
Picture decoded_by_us(const std::vector<std::byte>& bytes) {
    const source::UniqueFd fd(memfd_create("answer", MFD_CLOEXEC));
    ck_assert_int_eq(write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    std::string detail;
    const auto description = describe(fd.get(), 1, {}, detail);
    ck_assert_msg(description.has_value(), "%s", detail.c_str());
    const auto png = render(fd.get(), 1, *description, whole(*description), nullptr, detail);
    ck_assert_msg(png.has_value(), "%s", detail.c_str());
    return decoded(*png, Format::png);
}

}  // namespace

Expected<source::Description> try_describe(const std::string& path, std::uint32_t page, Limits limits) {
    const source::UniqueFd fd = opened(path);
    lseek(fd.get(), 3, SEEK_SET);  // "positioned anywhere"
    std::string detail;
    auto description = describe(fd.get(), page, limits, detail);
    if (!description) ck_assert_msg(!description.error().sentence.empty(), "a refusal without words");
    return description;
}

namespace {

// What a Manifest says of an image is what its info.json says.
void assert_outline(const std::string& path, std::uint32_t page, const source::Description& description) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::string detail;
    const auto outline = describe(fd, page, {}, detail, Wanted::outline);
    ::close(fd);
    ck_assert_msg(outline.has_value(), "%s: %s", path.c_str(), detail.c_str());
    ck_assert_msg(outline->extent() == description.extent() && outline->tile(0) == description.tile(0) &&
                      outline->standard == description.standard && outline->pages == description.pages,
                  "%s: in outline it is another image", path.c_str());
}

}  // namespace

source::Description described(const std::string& path, std::uint32_t page) {
    const auto description = try_describe(path, page);
    ck_assert_msg(description.has_value(), "%s: %s", path.c_str(),
                  description ? "" : description.error().sentence.c_str());
    assert_outline(path, page, *description);
    return *description;
}

Job part(protocol::Rect region, protocol::Extent size, Format format) {
    Job job;
    job.region = region;
    job.size = size;
    job.format = format;
    job.encode.jpeg_quality = 95;
    return job;
}

Job whole(const source::Description& description, Format format) {
    const protocol::Extent extent = description.extent();
    return part({0, 0, extent.width, extent.height}, extent, format);
}

protocol::Rotation rotation(std::uint64_t degrees, bool mirror) {
    return {mirror, {degrees, 0}};
}

Expected<std::vector<std::byte>> try_render(const std::string& path, const source::Description& description,
                                            const Job& job, std::uint32_t page, const Cancelled& cancelled) {
    const source::UniqueFd fd = opened(path);
    lseek(fd.get(), 5, SEEK_SET);
    std::string detail;
    auto bytes = render(fd.get(), page, description, job, cancelled, detail);
    if (!bytes) {
        ck_assert_msg(bytes.error().sentence.find(path) == std::string::npos, "a path in a sentence");
        ck_assert_msg(bytes.error().status >= 400, "a refusal without status");
    }
    return bytes;
}

Picture rendered(const std::string& path, const source::Description& description, const Job& job, std::uint32_t page) {
    const auto bytes = try_render(path, description, job, page);
    ck_assert_msg(bytes.has_value(), "%s: %s", path.c_str(), bytes ? "" : bytes.error().sentence.c_str());
    return decoded(*bytes, job.format);
}

Picture rendered(const std::string& path, std::uint32_t page) {
    const source::Description description = described(path, page);
    return rendered(path, description, whole(description), page);
}

Picture decoded(const std::vector<std::byte>& bytes, Format format) {
    if (format == Format::tif || format == Format::jp2 || format == Format::pdf) return decoded_by_us(bytes);
    VipsSource* source = vips_source_new_from_memory(bytes.data(), bytes.size());
    VipsImage* image = nullptr;
    int result = -1;
    switch (format) {
        case Format::jpg: result = vips_jpegload_source(source, &image, nullptr); break;
        case Format::png: result = vips_pngload_source(source, &image, nullptr); break;
        case Format::webp: result = vips_webpload_source(source, &image, nullptr); break;
        case Format::gif: result = vips_gifload_source(source, &image, nullptr); break;
        default: result = vips_heifload_source(source, &image, nullptr); break;
    }
    ck_assert_msg(result == 0, "%s", vips_error_buffer());
    Picture picture = picture_of(image);
    g_object_unref(image);
    g_object_unref(source);
    return picture;
}

void assert_pixel(const Picture& picture, std::uint32_t x, std::uint32_t y, Colour expected, int bands, int tolerance,
                  const char* what) {
    ck_assert_msg(picture.bands == static_cast<std::uint32_t>(bands), "%s: %u bands instead of %d", what, picture.bands,
                  bands);
    for (int band = 0; band < bands; ++band) {
        const int seen = picture.at(x, y, static_cast<std::uint32_t>(band));
        const int wanted = expected.at(static_cast<std::size_t>(band));
        ck_assert_msg(std::abs(seen - wanted) <= tolerance, "%s: pixel %u,%u band %d is %d instead of %d", what, x, y,
                      band, seen, wanted);
    }
}

void assert_squares(const Picture& picture, int tolerance, const char* what) {
    for (std::uint32_t row = 0; row * 100 + 100 <= picture.height; ++row) {
        for (std::uint32_t column = 0; column * 100 + 100 <= picture.width; ++column) {
            Colour colour = square_colour(column, row);
            colour[3] = 255;  // where a format always has transparency
            const int bands = picture.bands == 4 ? 4 : 3;
            assert_pixel(picture, column * 100 + 50, row * 100 + 50, colour, bands, tolerance, what);
        }
    }
}

namespace {
void set_up() {
    ck_assert(start().has_value());
    vips_operation_block_set("VipsForeignSaveJxl", FALSE);  // only tests write it
}
}  // namespace

TCase* started_case(const char* name) {
    TCase* tests = tcase_create(name);
    // In each test's own process: libvips' threads would not survive the fork.
    tcase_add_checked_fixture(tests, set_up, nullptr);
    tcase_set_timeout(tests, 120);
    return tests;
}

}  // namespace iiif::render::test
