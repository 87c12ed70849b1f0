// SPDX-License-Identifier: Apache-2.0
#include "render/jp2_write.h"

#include <openjpeg.h>

#include <algorithm>
#include <array>
#include <memory>

namespace iiif::render::test {

namespace {

// One component, each sample of it the mean of step by step pixels, or of what of them is in the picture.
void fill(opj_image_comp_t& component, const Picture& picture, const std::array<double, 3>& weights, double offset) {
    for (std::uint32_t y = 0; y < component.h; ++y) {
        for (std::uint32_t x = 0; x < component.w; ++x) {
            double sum = 0;
            int count = 0;
            for (std::uint32_t at_y = y * component.dy; at_y < std::min((y + 1) * component.dy, picture.height);
                 ++at_y) {
                for (std::uint32_t at_x = x * component.dx; at_x < std::min((x + 1) * component.dx, picture.width);
                     ++at_x, ++count) {
                    for (std::uint32_t band = 0; band < 3; ++band) {
                        sum += weights.at(band) * picture.at(at_x, at_y, band);
                    }
                }
            }
            component.data[std::size_t{y} * component.w + x] =
                static_cast<OPJ_INT32>(std::clamp(sum / count + offset + 0.5, 0.0, 255.0));
        }
    }
}

}  // namespace

void write_subsampled_jp2(const Picture& picture, const std::string& path, std::uint32_t tile_width,
                          std::uint32_t tile_height) {
    opj_cparameters_t parameters;
    opj_set_default_encoder_parameters(&parameters);
    parameters.tile_size_on = OPJ_TRUE;
    parameters.cp_tdx = static_cast<int>(tile_width);
    parameters.cp_tdy = static_cast<int>(tile_height);
    parameters.irreversible = 1;
    parameters.tcp_numlayers = 1;
    parameters.cp_fixed_quality = 1;
    parameters.tcp_distoratio[0] = 50;
    parameters.numresolution = 4;

    std::array<opj_image_cmptparm_t, 3> components{};
    for (std::size_t i = 0; i < 3; ++i) {
        const OPJ_UINT32 step = i == 0 ? 1 : 2;
        components.at(i).dx = components.at(i).dy = step;
        components.at(i).w = (picture.width + step - 1) / step;
        components.at(i).h = (picture.height + step - 1) / step;
        components.at(i).prec = 8;
    }
    const std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)> image(
        opj_image_create(3, components.data(), OPJ_CLRSPC_SYCC), &opj_image_destroy);
    ck_assert_ptr_nonnull(image.get());
    image->x1 = picture.width;
    image->y1 = picture.height;
    fill(image->comps[0], picture, {0.299, 0.587, 0.114}, 0);
    fill(image->comps[1], picture, {-0.168736, -0.331264, 0.5}, 128);
    fill(image->comps[2], picture, {0.5, -0.418688, -0.081312}, 128);

    const std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)> codec(opj_create_compress(OPJ_CODEC_JP2),
                                                                           &opj_destroy_codec);
    const std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)> stream(
        opj_stream_create_default_file_stream(path.c_str(), OPJ_FALSE), &opj_stream_destroy);
    ck_assert(codec != nullptr && stream != nullptr);
    ck_assert(opj_setup_encoder(codec.get(), &parameters, image.get()) == OPJ_TRUE);
    ck_assert(opj_start_compress(codec.get(), image.get(), stream.get()) == OPJ_TRUE);
    ck_assert(opj_encode(codec.get(), stream.get()) == OPJ_TRUE);
    ck_assert(opj_end_compress(codec.get(), stream.get()) == OPJ_TRUE);
}

}  // namespace iiif::render::test
