// SPDX-License-Identifier: Apache-2.0
#include <gmodule.h>
#include <malloc.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "render/render.h"
#include "render/vips.h"

namespace iiif::render {
namespace {

// What libvips may decode for us, by class name (vips -l). TIFF and JPEG 2000 are not among them: tiff_image.cpp and
// jp2.cpp read these with libtiff and OpenJPEG, one directory or one window at a time.
constexpr std::array kLoaders = {
    "VipsForeignLoadJpegSource", "VipsForeignLoadPngSource", "VipsForeignLoadWebpSource", "VipsForeignLoadNsgifSource",
    "VipsForeignLoadHeifSource", "VipsForeignLoadJxlSource", "VipsForeignLoadPdfSource",
};

// The parts of libvips that Debian and others build as modules, by file name; not all of them exist everywhere, and
// some builds have them inside the library. libvips itself would load every module there is: ImageMagick and OpenSlide
// with all that they need take five times as long to start as everything else, to be blocked right afterwards.
constexpr std::array kModules = {"vips-heif", "vips-jxl", "vips-poppler"};

// libvips takes it from a command line alone.
bool set_square_height(int lines) {
    const auto free_context = [](GOptionContext* context) { g_option_context_free(context); };
    const std::unique_ptr<GOptionContext, decltype(free_context)> context(g_option_context_new(nullptr), free_context);
    GOptionGroup* const group = g_option_group_new("vips", "", "", nullptr, nullptr);
    vips_add_option_entries(group);
    g_option_context_set_main_group(context.get(), group);
    std::string program = "iiif-renderd";
    std::string height = "--vips-tile-height=" + std::to_string(lines);
    std::array<char*, 3> arguments = {program.data(), height.data(), nullptr};
    char** values = arguments.data();
    int count = 2;
    return g_option_context_parse(context.get(), &count, &values, nullptr) != 0;
}

bool initialise() {
    // Decoders that cannot go from line to line would put images beyond 100 MB into a temporary file, which renderers
    // may not write; what they may take of memory is known before (decoder_memory.h).
    if (::setenv("VIPS_DISC_THRESHOLD", "1000000g", 1) != 0) return false;
    // libvips looks for modules beneath this; there are none.
    if (::setenv("VIPSHOME", "/nonexistent", 1) != 0 || vips_init("iiif-renderd") != 0) return false;
    (void)::unsetenv("VIPSHOME");
    const std::string folder = IIIF_VIPS_LIBDIR "/vips-modules-" + std::to_string(vips_version(0)) + '.' +
                               std::to_string(vips_version(1)) + '/';
    for (const char* name : kModules) {
        const std::string path = folder + name + '.' + G_MODULE_SUFFIX;
        GModule* module = g_module_open(path.c_str(), G_MODULE_BIND_LAZY);
        if (module != nullptr) g_module_make_resident(module);
    }
    return true;
}

// libvips warns on stderr, which is the server's error log, without saying which file it means. What matters also
// fails, and then arrives in `detail`.
void drop(const char*, GLogLevelFlags, const char*, void*) {}

}  // namespace

Expected<std::uint8_t> start() {
    static bool started = false;
    if (started) return std::uint8_t{0};
    // Decoders take and give back tens of megabytes for every answer. The C library would hand them to the kernel each
    // time, which clears each page again: half of the processor time of some regions of JPEG 2000.
    constexpr int kMebibyte = 1 << 20;
    (void)mallopt(M_MMAP_THRESHOLD, 32 * kMebibyte);
    (void)mallopt(M_TRIM_THRESHOLD, 64 * kMebibyte);
    if (!initialise()) return refuse(500, "libvips could not be started");
    g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO), drop, nullptr);
    vips_cache_set_max(0);    // every request is another window of another file
    vips_concurrency_set(1);  // processes are the parallelism
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (const char* loader : kLoaders) vips_operation_block_set(loader, FALSE);
    started = true;
    return std::uint8_t{0};
}

void stop() {
    vips_shutdown();
}

void fit_squares(std::uint32_t width) {
    constexpr std::uint32_t kWide = 16384;
    constexpr int kStandard = 128;  // VIPS__TILE_HEIGHT
    static int current = kStandard;
    const int wanted = width > kWide ? kStandard / 2 : kStandard;
    if (wanted != current && set_square_height(wanted)) current = wanted;
}

void take_words(std::string& detail) {
    constexpr std::size_t kMost = 2048;
    const std::string_view words = vips_error_buffer();
    if (!words.empty() && detail.size() < kMost) {
        if (!detail.empty() && detail.back() != '\n') detail += '\n';
        detail.append(words.substr(0, kMost - detail.size()));
    }
    vips_error_clear();
}

tl::unexpected<Refusal> damaged(std::string& detail) {
    take_words(detail);
    return refuse(500, "The image file is damaged or incomplete and could not be read.");
}

tl::unexpected<Refusal> unable(std::string& detail) {
    take_words(detail);
    return refuse(500, "The image could not be rendered; its file may be damaged.");
}

}  // namespace iiif::render
