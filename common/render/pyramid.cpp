// SPDX-License-Identifier: Apache-2.0
#include "render/pyramid.h"

#include "render/colour.h"
#include "render/encode.h"
#include "render/load.h"
#include "render/pipeline.h"

namespace iiif::render {

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
    vips_image_set_int(image->get(), VIPS_META_ORIENTATION, description.orientation);
    watch(*image, cancelled);

    const Owned<VipsTarget> target(vips_target_new_to_descriptor(out));
    if (!target) return unable(detail);
    const int side = static_cast<int>(tile);
    const int failed = vips_tiffsave_target(
        image->get(), target.get(), "compression", VIPS_FOREIGN_TIFF_COMPRESSION_JPEG, "Q", options.jpeg_quality,
        "tile", TRUE, "tile_width", side, "tile_height", side, "pyramid", TRUE, "bigtiff", TRUE, nullptr);
    if (failed == 0) return true;
    if (cancelled && cancelled()) {
        take_words(detail);
        return refuse(503, "The request was given up before the image was ready.");
    }
    return damaged(detail);
}

}  // namespace iiif::render
