// SPDX-License-Identifier: Apache-2.0
// What is broken, hostile, too large, or no longer wanted.
#include <sys/resource.h>

#include <cstring>
#include <random>

#include "render/support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Format;

// Noise: every byte of the file matters.
Picture noise(std::uint32_t width, std::uint32_t height) {
    std::minstd_rand random(1);
    Picture picture{width, height, 3, {}};
    for (std::size_t i = 0; i < std::size_t{width} * height * 3; ++i) {
        picture.pixels.push_back(static_cast<std::uint8_t>(random() >> 8U));
    }
    return picture;
}

std::vector<std::string> samples(const Folder& folder) {
    std::vector<std::string> paths;
    for (const char* name : {"a.jpg", "a.png", "a.webp", "a.gif", "a.jp2", "a.avif", "a.jxl"}) {
        paths.push_back(folder.path(name));
        write_with_vips(noise(200, 150), paths.back());
    }
    for (const bool tiled : {false, true}) {
        TiffOptions options;
        options.tile = tiled ? 64 : 0;
        options.compression = COMPRESSION_ADOBE_DEFLATE;
        paths.push_back(folder.path(tiled ? "tiled.tif" : "strips.tif"));
        write_tiff(paths.back(), options, noise(200, 150));
    }
    return paths;
}

START_TEST(truncated_files_are_refused) {
    const Folder folder;
    for (const std::string& path : samples(folder)) {
        const std::string good = read_file(path);
        const auto description = described(path);
        for (const std::size_t length :
             {std::size_t{12}, good.size() / 10, good.size() / 2, good.size() - good.size() / 8}) {
            const std::string cut = folder.path("cut");
            write_file(cut, good.substr(0, length));
            const auto found = try_describe(cut);
            if (!found) {
                ck_assert_msg(found.error().status == 500 || found.error().status == 501, "%s", path.c_str());
                continue;
            }
            const auto answer = try_render(cut, *found, whole(*found));
            ck_assert_msg(!answer.has_value(), "%s cut to %zu of %zu is answered", path.c_str(), length, good.size());
            ck_assert_int_eq(answer.error().status, 500);
            // The description of the whole file does not help.
            ck_assert(!try_render(cut, description, whole(description)).has_value());
        }
    }
}
END_TEST

START_TEST(flipped_bytes_do_no_harm) {
    const Folder folder;
    std::minstd_rand random(7);
    for (const std::string& path : samples(folder)) {
        const std::string good = read_file(path);
        for (int round = 0; round < 40; ++round) {
            std::string bad = good;
            // Half of the damage where headers are.
            for (int i = 0; i < 3; ++i) {
                const std::size_t range = round % 2 == 0 ? std::min<std::size_t>(bad.size(), 400) : bad.size();
                const std::size_t at = round % 4 == 0 ? bad.size() - 1 - random() % range : random() % range;
                bad[at] = static_cast<char>(random() >> 8U);
            }
            const std::string file = folder.path("bad");
            write_file(file, bad);
            const auto found = try_describe(file, 1, {10'000'000});
            if (found) (void)try_render(file, *found, part({0, 0, 1, 1}, {1, 1}));
            if (found) (void)try_render(file, *found, whole(*found, Format::jpg));
        }
    }
}
END_TEST

START_TEST(what_is_no_image) {
    const Folder folder;
    const auto path = folder.path("file");
    for (const std::string& bytes : {std::string(), std::string("hello"), std::string(100000, 'x'),
                                     std::string("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
                                     std::string("P6 1 1 255 abc"), std::string("SIMPLE  =                    T")}) {
        write_file(path, bytes);
        const auto refusal = try_describe(path);
        ck_assert(!refusal.has_value());
        ck_assert_int_eq(refusal.error().status, 501);
        ck_assert_str_eq(refusal.error().sentence.c_str(), "The file is not an image this server reads.");
    }
    for (const char* magic : {"II*", "\xFF\xD8\xFF", "\x89PNG\r\n\x1A\n", "GIF89a", "%PDF-1.4"}) {
        std::string bytes = magic;
        bytes.resize(5000, '\0');
        write_file(path, bytes);
        const auto refusal = try_describe(path);
        ck_assert(!refusal.has_value());
        ck_assert_int_eq(refusal.error().status, 500);
    }
}
END_TEST

START_TEST(a_chain_that_loops) {
    const Folder folder;
    const auto path = folder.path("loop.tif");
    TiffOptions options;
    write_tiff(path, options, squares(64, 64));
    std::string bytes = read_file(path);
    // The first directory's place is in bytes 4..7; its last four bytes lead to the next: to itself.
    std::uint32_t first = 0;
    std::memcpy(&first, &bytes[4], 4);
    std::uint16_t entries = 0;
    std::memcpy(&entries, &bytes[first], 2);
    std::memcpy(&bytes[first + 2U + entries * 12U], &first, 4);
    write_file(path, bytes);
    ck_assert_uint_eq(described(path).pages, 1);
    assert_pixel(rendered(path), 30, 30, square_colour(0, 0), 3, 0, "loop");
}
END_TEST

START_TEST(decoders_that_hold_an_image_whole) {
    struct Kind {
        const char* written;
        bool whole;
    };
    const Folder folder;
    for (const Kind& kind :
         {Kind{"a.jpg", false}, Kind{"p.jpg[interlace]", true}, Kind{"a.png", false}, Kind{"i.png[interlace]", true},
          Kind{"a.webp", true}, Kind{"a.gif", true}, Kind{"a.avif", true}, Kind{"a.jxl", true}, Kind{"a.jp2", false}}) {
        const std::string written = kind.written;
        write_with_vips(noise(200, 150), folder.path(written));
        const std::string path = folder.path(written.substr(0, written.find('[')));
        const auto found = try_describe(path, 1, {.decoder_memory = 30'000});
        ck_assert_msg(found.has_value() != kind.whole, "%s", kind.written);
        ck_assert(try_describe(path, 1, {.decoder_memory = 1'000'000}).has_value());
        if (found) continue;
        ck_assert_int_eq(found.error().status, 403);
        ck_assert_msg(found.error().sentence.find("can only be decoded whole") != std::string::npos, "%s",
                      found.error().sentence.c_str());
    }
}
END_TEST

START_TEST(limits_and_pages) {
    const Folder folder;
    for (const std::string& path : samples(folder)) {
        const auto large = try_describe(path, 1, {29'999});
        ck_assert_msg(!large.has_value(), "%s", path.c_str());
        ck_assert_int_eq(large.error().status, 403);
        ck_assert_str_eq(large.error().sentence.c_str(),
                         "The image has 200 by 150 pixels; this server reads images of up to 29999 pixels.");
        ck_assert(try_describe(path, 1, {30'000}).has_value());
        const auto second = try_describe(path, 2);
        ck_assert(!second.has_value());
        ck_assert_int_eq(second.error().status, 404);
        ck_assert_int_eq(try_describe(path, 0).error().status, 404);
    }
}
END_TEST

START_TEST(jobs_can_be_given_up) {
    const Folder folder;
    for (const char* name : {"a.png", "a.jp2"}) {
        const auto path = folder.path(name);
        write_with_vips(noise(2000, 1500), path);
        const auto description = described(path);
        for (const int after : {0, 3}) {
            int asked = 0;
            const Cancelled cancelled = [&] { return asked++ >= after; };
            Job job = whole(description);
            if (after == 0) job.rotation = rotation(90);
            const auto answer = try_render(path, description, job, 1, cancelled);
            ck_assert_msg(!answer.has_value(), "%s finished after %d questions", name, asked);
            ck_assert_int_eq(answer.error().status, 503);
        }
        const auto answer = try_render(path, description, whole(description), 1, [] { return false; });
        ck_assert(answer.has_value());
    }
}
END_TEST

#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory for a while
START_TEST(memory_follows_the_answer) {
    // 100 MB of pixels: a window at the foot of them must not take as much.
    const Folder folder;
    VipsImage* image = nullptr;
    ck_assert_int_eq(vips_black(&image, 1000, 33000, "bands", 3, nullptr), 0);
    for (const char* name : {"tall.jpg", "tall.png", "tall.tif[compression=lzw]", "tiled.tif[tile,compression=lzw]",
                             "single.tif[compression=deflate,tile-height=32768]"}) {
        ck_assert_int_eq(vips_image_write_to_file(image, folder.path(name).c_str(), nullptr), 0);
        const std::string path = folder.path(std::string(name).substr(0, std::string(name).find('[')));
        const auto description = described(path);
        const auto resident = [] {
            rusage usage{};
            getrusage(RUSAGE_SELF, &usage);
            return usage.ru_maxrss / 1024;
        };
        const long before = resident();
        ck_assert(try_render(path, description, part({0, 32000, 1000, 1000}, {500, 500})).has_value());
        ck_assert(try_render(path, description, part({0, 0, 1000, 33000}, {50, 1650})).has_value());
        ck_assert_msg(resident() - before < 60, "%s: %ld MB more", name, resident() - before);
    }
    g_object_unref(image);
}
END_TEST
#endif

START_TEST(only_listed_loaders_run) {
    const Folder folder;
    const auto path = folder.path("a.v");
    write_with_vips(squares(10, 10), path);
    ck_assert_ptr_null(vips_image_new_from_file(path.c_str(), nullptr));
    const auto jpeg = folder.path("a.jpg");
    write_with_vips(squares(10, 10), jpeg);
    ck_assert_ptr_null(vips_image_new_from_file(jpeg.c_str(), nullptr));  // not by name, only by descriptor
    for (const char* loader : {"magickload", "svgload", "tiffload", "jp2kload_source", "openslideload", "ppmload",
                               "rawload", "csvload", "matload", "fitsload", "pdfload"}) {
        VipsOperation* operation = vips_operation_new(loader);
        if (operation == nullptr) continue;
        const bool blocked = (VIPS_OPERATION_GET_CLASS(operation)->flags & VIPS_OPERATION_BLOCKED) != 0;
        ck_assert_msg(blocked, "%s runs", loader);
        g_object_unref(operation);
    }
    vips_error_clear();
}
END_TEST

TCase* damage_case() {
    TCase* tests = started_case("damage");
    tcase_add_test(tests, truncated_files_are_refused);
    tcase_add_test(tests, flipped_bytes_do_no_harm);
    tcase_add_test(tests, what_is_no_image);
    tcase_add_test(tests, a_chain_that_loops);
    tcase_add_test(tests, decoders_that_hold_an_image_whole);
    tcase_add_test(tests, limits_and_pages);
    tcase_add_test(tests, jobs_can_be_given_up);
#ifndef __SANITIZE_ADDRESS__
    tcase_add_test(tests, memory_follows_the_answer);
#endif
    tcase_add_test(tests, only_listed_loaders_run);
    return tests;
}
const iiif::test::Register _(damage_case);

}  // namespace
