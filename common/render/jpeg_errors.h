// SPDX-License-Identifier: Apache-2.0
// libjpeg's errors. It must be left by longjmp: each function that calls it sets the mark itself, and has no object
// with a destructor between mark and call.
#pragma once

#include <cstddef>
#include <cstdio>

#include <jpeglib.h>

#include <csetjmp>

namespace iiif::render {

struct JpegErrors {
    jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
    std::jmp_buf mark;

    // To be given to jpeg_create_*, which come after.
    jpeg_error_mgr* install() {
        jpeg_std_error(&manager);
        manager.error_exit = leave;
        manager.emit_message = warned;
        manager.output_message = silent;
        return &manager;
    }

private:
    [[noreturn]] static void leave(j_common_ptr codec) {
        std::longjmp(reinterpret_cast<JpegErrors*>(codec->err)->mark, 1);
    }
    // Level -1 is a warning: samples were made up.
    static void warned(j_common_ptr codec, int level) {
        if (level < 0) leave(codec);
    }
    static void silent(j_common_ptr) {}
};

}  // namespace iiif::render
