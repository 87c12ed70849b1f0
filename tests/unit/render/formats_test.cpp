// SPDX-License-Identifier: Apache-2.0
// Every format in, every format out.
#include <sys/resource.h>
#include <vips/vips.h>

#include <cstring>

#include "render/encode.h"
#include "render/sniff.h"
#include "render/support.h"

namespace {

using namespace iiif::render;
using namespace iiif::render::test;
using iiif::protocol::Extent;
using iiif::protocol::Format;
using iiif::source::Container;

// A picture in a container, with its regions, reductions and colours.
void assert_source(const std::string& path, Container container, int tolerance) {
    const auto description = described(path);
    ck_assert(description.container == container);
    ck_assert((description.extent() == Extent{450, 310}));
    ck_assert(!description.alpha || container == Container::gif);  // libvips' GIFs always have a transparent entry
    ck_assert(description.levels.front().extent == description.stored);
    assert_squares(rendered(path, description, whole(description)), tolerance, path.c_str());
    const auto assert_at = [&](const Picture& picture, std::uint32_t x, std::uint32_t y, Colour colour, int more) {
        colour[3] = 255;
        assert_pixel(picture, x, y, colour, description.alpha ? 4 : 3, tolerance + more, path.c_str());
    };
    assert_at(rendered(path, description, part({320, 210, 60, 60}, {60, 60})), 30, 30, square_colour(3, 2), 0);
    assert_at(rendered(path, description, part({0, 0, 450, 310}, {56, 39})), 43, 31, square_colour(3, 2), 3);
    assert_at(rendered(path, description, part({160, 160, 160, 120}, {20, 15})), 11, 10, square_colour(2, 2), 3);
}

START_TEST(sources) {
    const Folder folder;
    const struct {
        const char* name;
        const char* options;
        Container container;
        int tolerance;
    } kSources[] = {
        {"a.jpg", "[Q=95]", Container::jpeg, 4},
        {"progressive.jpg", "[Q=95,interlace]", Container::jpeg, 4},
        {"a.png", "", Container::png, 0},
        {"interlaced.png", "[interlace]", Container::png, 0},
        {"a.webp", "[Q=95]", Container::webp, 6},
        {"lossless.webp", "[lossless]", Container::webp, 0},
        {"a.gif", "[dither=0]", Container::gif, 8},
        {"a.jp2", "[lossless,tile-width=4096,tile-height=4096]", Container::jp2, 0},
        {"tiled.jp2", "[lossless,tile-width=128,tile-height=128]", Container::jp2, 0},
        {"odd.jp2", "[lossless,tile-width=100,tile-height=75]", Container::jp2, 0},
        {"lossy.jp2", "[Q=60,subsample-mode=off]", Container::jp2, 10},
        {"a.avif", "[Q=95]", Container::heif, 8},
        {"a.heic", "[Q=95,compression=hevc]", Container::heif, 8},
        {"a.jxl", "[Q=95]", Container::jxl, 8},
        {"lossless.jxl", "[lossless]", Container::jxl, 0},
    };
    for (const auto& [name, options, container, tolerance] : kSources) {
        const std::string path = folder.path(name);
        write_with_vips(squares(450, 310), path + options);
        assert_source(path, container, tolerance);
    }
    // The codestream alone, out of its box.
    const std::string jp2 = read_file(folder.path("a.jp2"));
    const std::size_t codestream = jp2.find("\xFF\x4F\xFF\x51");
    ck_assert(codestream != std::string::npos);
    write_file(folder.path("bare.j2k"), jp2.substr(codestream));
    assert_source(folder.path("bare.j2k"), Container::jp2, 0);
}
END_TEST

std::string number(std::uint32_t value) {
    return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U), static_cast<char>(value >> 8U),
            static_cast<char>(value)};
}

std::string box(const char* kind, const std::string& content) {
    return number(static_cast<std::uint32_t>(content.size() + 8)) + kind + content;
}

// One component and 256 colours, ISO/IEC 15444-1 I.5.3.4 and I.5.3.5: what the components are, only decoding says.
START_TEST(a_palette_in_jp2) {
    const Folder folder;
    write_with_vips(squares(450, 310, 1), folder.path("gray.jp2") + "[lossless]", VIPS_INTERPRETATION_B_W);
    const auto gray = described(folder.path("gray.jp2"));
    ck_assert(gray.standard == iiif::protocol::Quality::gray);
    std::string palette("\x01\x00\x03\x07\x07\x07", 6);
    for (int index = 0; index < 256; ++index) {
        for (const int sample : {index, 255 - index, 7}) palette += static_cast<char>(sample);
    }
    const std::string channels("\x00\x00\x01\x00\x00\x00\x01\x01\x00\x00\x01\x02", 12);
    const std::string more = box("pclr", palette) + box("cmap", channels);
    std::string file = read_file(folder.path("gray.jp2"));
    const std::size_t header = file.find("jp2h") - 4;
    const std::size_t codestream = file.find("jp2c") - 4;
    file.insert(codestream, more);
    file.replace(header, 4, number(static_cast<std::uint32_t>(codestream - header + more.size())));
    write_file(folder.path("palette.jp2"), file);

    const auto description = described(folder.path("palette.jp2"));
    ck_assert(description.standard == iiif::protocol::Quality::color && description.bands == 3);
    const Picture indices = rendered(folder.path("gray.jp2"), gray, whole(gray));
    const Picture colours = rendered(folder.path("palette.jp2"), description, whole(description));
    const std::uint8_t index = indices.at(50, 50, 0);
    assert_pixel(colours, 50, 50, {index, static_cast<std::uint8_t>(255 - index), 7, 255}, 3, 0, "palette");
}
END_TEST

START_TEST(levels_of_jp2_and_jpeg) {
    const Folder folder;
    const auto jp2 = folder.path("tiled.jp2");
    write_with_vips(squares(1001, 703), jp2 + "[lossless,tile-width=256,tile-height=256]");
    const auto description = described(jp2);
    ck_assert_uint_ge(description.levels.size(), 4);
    ck_assert((description.levels[0].tile == Extent{256, 256}));
    ck_assert((description.levels[1].extent == Extent{501, 352}));
    ck_assert((description.levels[2].extent == Extent{251, 176}));
    const auto jpeg = folder.path("a.jpg");
    write_with_vips(squares(1001, 703), jpeg);
    const auto levels = described(jpeg).levels;
    ck_assert_uint_eq(levels.size(), 4);
    ck_assert((levels[3].extent == Extent{125, 87}));
    // Each level as it stands, to its last column.
    for (const auto& [path, image] : {std::pair{jp2, description}, std::pair{jpeg, described(jpeg)}}) {
        for (const auto& level : image.levels) {
            const Picture picture = rendered(path, image, part({0, 0, 1001, 703}, level.extent));
            ck_assert((Extent{picture.width, picture.height} == level.extent));
            assert_pixel(picture, level.extent.width * 55 / 100, level.extent.height / 2, square_colour(5, 3), 3, 12,
                         "middle");
        }
    }
}
END_TEST

START_TEST(wide_and_transparent_jp2_and_png) {
    const Folder folder;
    const Picture picture = squares(300, 200, 4);
    for (const char* name : {"alpha.png", "alpha.webp[lossless]", "alpha.jp2[lossless]", "alpha.jxl[lossless]"}) {
        write_with_vips(picture, folder.path(name));
        const std::string path = folder.path(std::string(name).substr(0, std::string(name).find('[')));
        const auto description = described(path);
        ck_assert_msg(description.alpha && description.bands == 4, "%s", name);
        const Picture seen = rendered(path, description, whole(description));
        assert_pixel(seen, 150, 50, square_colour(1, 0), 4, 0, name);
        ck_assert_uint_eq(seen.at(50, 50, 3), 0);
        Job jpeg = whole(description, Format::jpg);
        jpeg.encode.background = {10, 200, 30};
        assert_pixel(rendered(path, description, jpeg), 50, 50, {10, 200, 30, 0}, 3, 4, name);
    }
    VipsImage* image = image_of(squares(300, 200), VIPS_INTERPRETATION_sRGB);
    VipsImage* wide = nullptr;
    ck_assert_int_eq(vips_linear1(image, &wide, 257, 0, nullptr), 0);
    VipsImage* cast = nullptr;
    ck_assert_int_eq(vips_cast(wide, &cast, VIPS_FORMAT_USHORT, nullptr), 0);
    VipsImage* rgb16 = nullptr;
    ck_assert_int_eq(vips_copy(cast, &rgb16, "interpretation", VIPS_INTERPRETATION_RGB16, nullptr), 0);
    for (const char* name : {"wide.png", "wide.jp2[lossless]", "wide.jxl[lossless]"}) {
        ck_assert_int_eq(vips_image_write_to_file(rgb16, folder.path(name).c_str(), nullptr), 0);
        const std::string path = folder.path(std::string(name).substr(0, std::string(name).find('[')));
        ck_assert_uint_eq(described(path).bits, 16);
        assert_squares(rendered(path), 0, name);
    }
}
END_TEST

START_TEST(animations_have_pages) {
    const Folder folder;
    Picture roll = squares(100, 300);  // three frames, one square each
    for (const char* name : {"a.gif", "a.webp"}) {
        VipsImage* image = image_of(roll, VIPS_INTERPRETATION_sRGB);
        vips_image_set_int(image, "page-height", 100);
        const std::string options = std::string(name) == "a.webp" ? "[lossless]" : "[dither=0]";
        ck_assert_int_eq(vips_image_write_to_file(image, (folder.path(name) + options).c_str(), nullptr), 0);
        const std::string path = folder.path(name);
        for (std::uint32_t page = 1; page <= 3; ++page) {
            const auto description = described(path, page);
            ck_assert_uint_eq(description.pages, 3);
            ck_assert((description.extent() == Extent{100, 100}));
            const Picture frame = rendered(path, page);
            const Colour colour = square_colour(0, page - 1);
            for (std::uint32_t band = 0; band < 3; ++band) {
                ck_assert_int_le(std::abs(frame.at(50, 50, band) - colour.at(band)), 8);
            }
        }
        const auto beyond = try_describe(path, 4);
        ck_assert(!beyond.has_value());
        ck_assert_int_eq(beyond.error().status, 404);
    }
}
END_TEST

START_TEST(exif_orientation_of_jpeg) {
    const Folder folder;
    VipsImage* image = image_of(squares(600, 400), VIPS_INTERPRETATION_sRGB);
    vips_image_set_int(image, VIPS_META_ORIENTATION, 6);
    const auto path = folder.path("six.jpg");
    ck_assert_int_eq(vips_image_write_to_file(image, (path + "[Q=95]").c_str(), nullptr), 0);
    const auto description = described(path);
    ck_assert((description.extent() == Extent{400, 600}));
    const Picture picture = rendered(path, description, whole(description));
    assert_pixel(picture, 380, 20, square_colour(0, 0), 3, 4, "top right");
    const Picture small = rendered(path, description, part({0, 0, 400, 600}, {50, 75}, Format::jpg));
    assert_pixel(small, 45, 5, square_colour(0, 0), 3, 6, "reduced");
}
END_TEST

START_TEST(pdf_pages) {
    // Two pages, 144 by 72 and 72 by 72 points; a red square in the lower left of the first, the second all blue.
    std::string pdf = "%PDF-1.4\n";
    std::vector<std::size_t> offsets;
    const auto object = [&](const std::string& body) {
        offsets.push_back(pdf.size());
        pdf += std::to_string(offsets.size()) + " 0 obj\n" + body + "\nendobj\n";
    };
    const auto stream = [](const std::string& content) {
        return "<< /Length " + std::to_string(content.size()) + " >>\nstream\n" + content + "\nendstream";
    };
    object("<< /Type /Catalog /Pages 2 0 R >>");
    object("<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>");
    object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 144 72] /Contents 4 0 R >>");
    object(stream("1 0 0 rg 0 0 36 36 re f"));
    object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] /Contents 6 0 R >>");
    object(stream("0 0 1 rg 0 0 72 72 re f"));
    const std::size_t table = pdf.size();
    pdf += "xref\n0 7\n0000000000 65535 f \n";
    for (const std::size_t offset : offsets) {
        const std::string digits = std::to_string(offset);
        pdf += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
    }
    pdf += "trailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n" + std::to_string(table) + "\n%%EOF\n";
    const Folder folder;
    const auto path = folder.path("a.pdf");
    write_file(path, pdf);
    const auto description = described(path);
    ck_assert_uint_eq(description.pages, 2);
    ck_assert((description.extent() == Extent{300, 150}));  // 150 dots to 72 points
    ck_assert(!description.alpha);
    ck_assert_uint_gt(description.levels.size(), 2);
    for (const std::uint32_t divisor : {1U, 2U, 4U}) {
        const Picture page = rendered(path, description, part({0, 0, 300, 150}, {300 / divisor, 150 / divisor}));
        assert_pixel(page, 20 / divisor, 130 / divisor, {255, 0, 0, 0}, 3, 1, "square");
        assert_pixel(page, 200 / divisor, 20 / divisor, {255, 255, 255, 0}, 3, 0, "paper");
    }
    assert_pixel(rendered(path, 2), 75, 75, {0, 0, 255, 0}, 3, 1, "second page");
}
END_TEST

START_TEST(answers) {
    const auto formats = encodable();
    const Folder folder;
    const auto path = folder.path("a.png");
    write_with_vips(squares(450, 310), path);
    const auto description = described(path);
    const struct {
        Format format;
        Container container;
        int tolerance;
    } kAnswers[] = {
        {Format::jpg, Container::jpeg, 4},   {Format::png, Container::png, 0},  {Format::webp, Container::webp, 10},
        {Format::gif, Container::gif, 10},   {Format::tif, Container::tiff, 0}, {Format::jp2, Container::jp2, 12},
        {Format::avif, Container::heif, 12}, {Format::pdf, Container::pdf, 0},
    };
    for (const auto& [format, container, tolerance] : kAnswers) {
        ck_assert_msg((formats & iiif::protocol::bit(format)) != 0, "cannot write %d", static_cast<int>(format));
        const auto bytes = try_render(path, description, whole(description, format));
        ck_assert(bytes.has_value());
        ck_assert(sniff(std::span(reinterpret_cast<const unsigned char*>(bytes->data()), 64)) == container);
        const auto again = try_render(path, description, whole(description, format));
        ck_assert_msg(*again == *bytes, "format %d differs from run to run", static_cast<int>(format));
        if (format == Format::pdf) continue;
        const Picture picture = decoded(*bytes, format);
        ck_assert_uint_eq(picture.width, 450);
        ck_assert_uint_eq(picture.height, 310);
        assert_squares(picture, tolerance, "answer");
    }
    // Not only what needs the whole palette: gray, one pixel, a line.
    const auto gray = folder.path("gray.png");
    write_with_vips(squares(300, 200, 1), gray, VIPS_INTERPRETATION_B_W);
    for (const Format format : iiif::protocol::kFormats) {
        for (const Extent size : {Extent{1, 1}, {300, 1}, {1, 200}, {37, 23}}) {
            for (const auto& source : {path, gray}) {
                const auto image = described(source);
                const auto extent = image.extent();
                const auto bytes = try_render(source, image, part({0, 0, extent.width, extent.height}, size, format));
                ck_assert_msg(bytes.has_value(), "format %d at %ux%u", static_cast<int>(format), size.width,
                              size.height);
                if (format == Format::pdf) continue;
                const Picture picture = decoded(*bytes, format);
                ck_assert_uint_eq(picture.width, size.width);
                ck_assert_uint_eq(picture.height, size.height);
            }
        }
    }
}
END_TEST

// Nothing but the picture's own pixels is in what is made of its last column and row.
START_TEST(jp2_answers_of_odd_sizes) {
    const Folder folder;
    const auto path = folder.path("red.png");
    Picture red{301, 205, 3, {}};
    for (std::uint32_t i = 0; i < 301 * 205; ++i) red.pixels.insert(red.pixels.end(), {220, 10, 10});
    write_with_vips(red, path);
    const auto description = described(path);
    for (const Extent size : {Extent{301, 205}, {37, 23}, {1, 1}}) {
        const auto bytes = try_render(path, description, part({0, 0, 301, 205}, size, Format::jp2));
        ck_assert(bytes.has_value());
        const Picture picture = decoded(*bytes, Format::jp2);
        for (std::uint32_t y = 0; y < size.height; ++y) {
            for (std::uint32_t x = 0; x < size.width; ++x) assert_pixel(picture, x, y, {220, 10, 10, 0}, 3, 2, "red");
        }
    }
}
END_TEST

START_TEST(pdf_answers) {
    const Folder folder;
    const auto path = folder.path("a.png");
    write_with_vips(squares(450, 310), path);
    const auto description = described(path);
    const auto bytes = try_render(path, description, whole(description, Format::pdf));
    ck_assert(bytes.has_value());
    const std::string pdf(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    ck_assert(pdf.find("/MediaBox [0 0 450 310]") != std::string::npos);
    ck_assert(pdf.find("/Width 450 /Height 310 /ColorSpace /DeviceRGB") != std::string::npos);
    // One point to a pixel, so 150 dots to an inch make 937.5 by 645.83 of it.
    write_file(folder.path("answer.pdf"), pdf);
    const Picture page = rendered(folder.path("answer.pdf"));
    ck_assert_int_le(std::abs(static_cast<int>(page.width) - 938), 1);
    assert_pixel(page, 312, 104, square_colour(1, 0), 3, 5, "page");
    assert_pixel(page, 729, 520, square_colour(3, 2), 3, 5, "page");
    // Beyond 14400 units, a unit stands for more.
    const std::string text = pdf_around(0, {30001, 5}, 1).before;
    ck_assert(text.find("/MediaBox [0 0 10000.333 1.667] /UserUnit 3") != std::string::npos);
    ck_assert(text.find("/DeviceGray") != std::string::npos);
}
END_TEST

START_TEST(bitonal_answers_have_one_bit) {
    const Folder folder;
    const auto path = folder.path("a.png");
    write_with_vips(squares(450, 310), path);
    const auto description = described(path);
    for (const Format format : iiif::protocol::kFormats) {
        Job job = whole(description, format);
        job.quality = iiif::protocol::Quality::bitonal;
        const auto bytes = try_render(path, description, job);
        ck_assert(bytes.has_value());
        const std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
        if (format == Format::png) {
            ck_assert_uint_eq(static_cast<unsigned char>(text[24]), 1);  // bit depth
            ck_assert_uint_eq(static_cast<unsigned char>(text[25]), 0);  // gray
        }
        if (format == Format::tif) {
            write_file(folder.path("bitonal.tif"), text);
            ck_assert_uint_eq(described(folder.path("bitonal.tif")).bits, 1);
        }
        // Rotated, with transparent corners.
        job.rotation = rotation(30);
        ck_assert(try_render(path, description, job).has_value());
    }
}
END_TEST

// An encoder that kept the image, or its coefficients, would take 240 MB.
START_TEST(large_jpegs_are_written_as_they_are_made) {
    VipsImage* black = nullptr;
    ck_assert_int_eq(vips_black(&black, 10000, 8000, "bands", 3, nullptr), 0);
    const auto resident = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss / 1024;
    };
    const long before = resident();
    std::string detail;
    Output out;
    const auto done = encode(Image(black), Format::jpg, {}, false, nullptr, out, detail);
    ck_assert_msg(done.has_value(), "%s", detail.c_str());
    ck_assert_msg(resident() - before < 80, "%ld MB more", resident() - before);
}
END_TEST

TCase* formats_case() {
    TCase* tests = started_case("formats");
    tcase_add_test(tests, sources);
    tcase_add_test(tests, a_palette_in_jp2);
    tcase_add_test(tests, levels_of_jp2_and_jpeg);
    tcase_add_test(tests, wide_and_transparent_jp2_and_png);
    tcase_add_test(tests, animations_have_pages);
    tcase_add_test(tests, exif_orientation_of_jpeg);
    tcase_add_test(tests, pdf_pages);
    tcase_add_test(tests, answers);
    tcase_add_test(tests, jp2_answers_of_odd_sizes);
    tcase_add_test(tests, pdf_answers);
    tcase_add_test(tests, bitonal_answers_have_one_bit);
    tcase_add_test(tests, large_jpegs_are_written_as_they_are_made);
    return tests;
}
const iiif::test::Register _(formats_case);

}  // namespace
