// SPDX-License-Identifier: Apache-2.0
// JPEG files as cameras, programs and libjpeg's other ways write them.
#pragma once

#include <cstdio>

#include <jpeglib.h>

#include <string>

#include "render/support.h"

namespace iiif::render::test {

struct JpegOptions {
    J_COLOR_SPACE colours = JCS_YCbCr;
    int across = 2, down = 2;  // blocks of luma in an MCU
    int quality = 95;
    unsigned restart = 0;  // MCUs
    int restart_rows = 0;  // or rows of them
    bool optimised = false, progressive = false, arithmetic = false, separate = false;
    std::string profile;
    int orientation = 0;  // EXIF; 0: not said
};

// Of as many bands as those colours have.
std::string coded_jpeg(const Picture& picture, const JpegOptions& options);

}  // namespace iiif::render::test
