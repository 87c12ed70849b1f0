// SPDX-License-Identifier: Apache-2.0
#include "render/load.h"

#include <unistd.h>

#include "render/jp2.h"
#include "render/tiff_file.h"
#include "render/tiff_image.h"

namespace iiif::render {
namespace {

using protocol::Rect;
using source::Container;

// `image` is looked at once `result` is known: a copy might be made before the call that sets it, in the same list of
// arguments.
Expected<Image> opened(VipsImage* const& image, int result, std::string& detail) {
    if (result != 0) return damaged(detail);
    return Image(image);
}

// A smaller version often carries no profile of its own; the page's holds for it.
void attach_profile(TiffFile& file, std::string& profile) {
    std::uint32_t length = 0;
    void* bytes = nullptr;
    if (TIFFGetField(file.get(), TIFFTAG_ICCPROFILE, &length, &bytes) == 1 && bytes != nullptr) {
        profile.assign(static_cast<const char*>(bytes), length);
    }
}

// Directories are reached by their place in the file, so the cost does not grow with the number of pages. Without it
// libtiff follows the chain.
bool select(TiffFile& file, const source::Level& level) {
    if (level.directory != 0) return file.select(level.directory);
    if (TIFFSetDirectory(file.get(), static_cast<tdir_t>(level.page)) != 1) return false;
    if (level.subifd < 0) return true;
    const auto owner = file.directory();
    const auto index = static_cast<std::size_t>(level.subifd);
    return owner && index < owner->subifds.size() && file.select(owner->subifds[index]);
}

Expected<Image> open_tiff(int fd, const source::Level& page, const source::Level& level,
                          const std::function<bool()>& cancelled, std::string& detail) {
    auto file = TiffFile::open(fd, detail);
    if (!file || !select(*file, page)) return damaged(detail);
    std::string profile;
    attach_profile(*file, profile);
    if (level.directory != page.directory || level.page != page.page || level.subifd != page.subifd) {
        if (!select(*file, level)) return damaged(detail);
    }
    auto image = open_directory(std::move(file), cancelled, detail);
    if (image && !profile.empty()) {
        vips_image_set_blob_copy(image->get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
    }
    return image;
}

// Decoders that run from the top are walked down to `line` a few lines at a time. libvips would do it in one step and
// keep all of these lines in its cache meanwhile.
bool skip_to(const Image& image, int line, const std::function<bool()>& cancelled) {
    constexpr int kStep = 64;
    const Owned<VipsRegion> region(vips_region_new(image.get()));
    if (!region) return false;
    for (int y = 0; y + kStep <= line; y += kStep) {
        if (cancelled && cancelled()) return false;
        const VipsRect lines = {0, y, 1, kStep};
        if (vips_region_prepare(region.get(), &lines) != 0) return false;
    }
    return true;
}

}  // namespace

Expected<Image> open_with_vips(int fd, Container container, std::uint32_t page, std::int32_t reduction,
                               std::string& detail) {
    // libvips reads from where its duplicate of the descriptor stands.
    if (lseek(fd, 0, SEEK_SET) != 0) return damaged(detail);
    const Owned<VipsSource> source(vips_source_new_from_descriptor(fd));
    if (!source) return damaged(detail);
    VipsSource* const from = source.get();
    VipsImage* image = nullptr;
    const int index = static_cast<int>(page) - 1;
    // Half an image is no answer: what is truncated fails. Decoders' warnings about details do not.
    constexpr VipsFailOn kFail = VIPS_FAIL_ON_TRUNCATED;
    constexpr VipsAccess kAccess = VIPS_ACCESS_SEQUENTIAL;
    switch (container) {
        case Container::jpeg:
            return opened(
                image,
                vips_jpegload_source(from, &image, "shrink", reduction, "access", kAccess, "fail_on", kFail, nullptr),
                detail);
        case Container::png:
            return opened(image, vips_pngload_source(from, &image, "access", kAccess, "fail_on", kFail, nullptr),
                          detail);
        case Container::webp:
            return opened(
                image, vips_webpload_source(from, &image, "page", index, "access", kAccess, "fail_on", kFail, nullptr),
                detail);
        case Container::gif:
            return opened(
                image, vips_gifload_source(from, &image, "page", index, "access", kAccess, "fail_on", kFail, nullptr),
                detail);
        case Container::heif:
            // Without a page libheif's primary image is opened, wherever it stands.
            return opened(image,
                          index == 0 ? vips_heifload_source(from, &image, "access", kAccess, "fail_on", kFail, nullptr)
                                     : vips_heifload_source(from, &image, "page", index, "access", kAccess, "fail_on",
                                                            kFail, nullptr),
                          detail);
        case Container::jxl:
            return opened(image, vips_jxlload_source(from, &image, "access", kAccess, "fail_on", kFail, nullptr),
                          detail);
        case Container::pdf:
            return opened(
                image,
                vips_pdfload_source(from, &image, "page", index, "dpi", kPdfDpi / reduction, "fail_on", kFail, nullptr),
                detail);
        case Container::tiff:
        case Container::jp2: break;
    }
    return damaged(detail);
}

Expected<Image> load_area(int fd, std::uint32_t page, const source::Description& description,
                          const source::Level& level, Rect area, const std::function<bool()>& cancelled,
                          std::string& detail) {
    if (description.container == Container::jp2) {
        return read_jp2(fd, static_cast<std::uint32_t>(level.page), area, cancelled, detail);
    }
    auto image = description.container == Container::tiff
                     ? open_tiff(fd, description.levels.front(), level, cancelled, detail)
                     : open_with_vips(fd, description.container, page, level.page, detail);
    if (!image) return image;
    if (image->width() != static_cast<int>(level.extent.width) ||
        image->height() != static_cast<int>(level.extent.height)) {
        detail += "the image is not of the size described";
        return refuse(500, "The image file has changed while it was read.");
    }
    const bool from_the_top = description.container != Container::tiff && vips_image_is_sequential(image->get()) != 0;
    if (from_the_top && !skip_to(*image, static_cast<int>(area.y), cancelled)) {
        if (cancelled && cancelled()) return refuse(503, "The request was given up before the image was ready.");
        return damaged(detail);
    }
    const bool cropped = area.width == level.extent.width && area.height == level.extent.height;
    if (!cropped && !image->apply([&](VipsImage* in, VipsImage** out) {
            return vips_crop(in, out, static_cast<int>(area.x), static_cast<int>(area.y), static_cast<int>(area.width),
                             static_cast<int>(area.height), nullptr);
        })) {
        return unable(detail);
    }
    return image;
}

}  // namespace iiif::render
