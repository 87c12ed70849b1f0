// SPDX-License-Identifier: Apache-2.0
#include "protocol/parameters.h"

#include "protocol/exchange.h"
#include "suite.h"

namespace iiif::test {
namespace {

using namespace protocol;

struct SizeRow {
    const char* text;
    bool in_2, in_3;
    Size::Form form = Size::Form::max;
    bool upscale = false;
    std::uint64_t width = 0, height = 0;
};

constexpr SizeRow kSizes[] = {
    {"max", true, true, Size::Form::max},
    {"full", true, false, Size::Form::full},
    {"^max", false, true, Size::Form::max, true},
    {"^full", false, false},
    {"150,", true, true, Size::Form::width, false, 150, 0},
    {",150", true, true, Size::Form::height, false, 0, 150},
    {"150,75", true, true, Size::Form::exact, false, 150, 75},
    {"!150,75", true, true, Size::Form::confined, false, 150, 75},
    {"pct:50", true, true, Size::Form::percent},
    {"^150,", false, true, Size::Form::width, true, 150, 0},
    {"^,150", false, true, Size::Form::height, true, 0, 150},
    {"^150,75", false, true, Size::Form::exact, true, 150, 75},
    {"^!150,75", false, true, Size::Form::confined, true, 150, 75},
    {"^pct:50", false, true, Size::Form::percent, true},
    {"0015,", true, true, Size::Form::width, false, 15, 0},
    {"", false, false},
    {",", false, false},
    {"!", false, false},
    {"^", false, false},
    {"!,", false, false},
    {"!1,", false, false},
    {"!,1", false, false},
    {"1,2,3", false, false},
    {"100", false, false},
    {"!^1,1", false, false},
    {"^^max", false, false},
    {"max^", false, false},
    {"MAX", false, false},
    {"pct:", false, false},
    {"pct:5.", false, false},
    {"pct:0.0", false, false},
    {"!pct:5", false, false},
    {"0,", false, false},
    {",0", false, false},
    {"0,0", false, false},
    {"!0,1", false, false},
    {"1.5,", false, false},
    {"-1,", false, false},
    {"1, 1", false, false},
};

START_TEST(reads_sizes) {
    const SizeRow& row = kSizes[_i];
    for (const Version version : {Version::v2, Version::v3}) {
        const auto size = parse_size(version, row.text);
        const bool valid = version == Version::v2 ? row.in_2 : row.in_3;
        EXPECT(size.has_value() == valid, "%s in version %d", row.text, static_cast<int>(version));
        if (!size) {
            EXPECT(size.error().status == 400, "%s", row.text);
            continue;
        }
        EXPECT(size->form == row.form && size->upscale == row.upscale && size->width == row.width &&
                   size->height == row.height,
               "%s is read as another form", row.text);
    }
}
END_TEST

START_TEST(reads_regions) {
    for (const Version version : {Version::v2, Version::v3}) {
        EXPECT(parse_region(version, "full")->form == Region::Form::full, "full");
        EXPECT(parse_region(version, "square")->form == Region::Form::square, "square");
        const auto pixels = parse_region(version, "1,02,3,4");
        EXPECT(pixels && pixels->form == Region::Form::pixels && pixels->x == 1 && pixels->y == 2 &&
                   pixels->width == 3 && pixels->height == 4,
               "pixels");
        const auto percent = parse_region(version, "pct:0,.5,10,99.9");
        EXPECT(percent && percent->form == Region::Form::percent && percent->px.is_zero() &&
                   percent->py.text() == "0.5" && percent->pwidth.text() == "10" && percent->pheight.text() == "99.9",
               "percent");
        for (const char* text : {"",
                                 "foo",
                                 "Full",
                                 "SQUARE",
                                 "1,2,3",
                                 "1,2,3,4,",
                                 "1,2,3,4,5",
                                 ",,,",
                                 "1,2,,4",
                                 "-1,2,3,4",
                                 "1,2,3,4.0",
                                 "0,0,0,1",
                                 "0,0,1,0",
                                 "pct:",
                                 "pct:1,2,3",
                                 "pct:1,2,3,4,5",
                                 "pct:0,0,0,1",
                                 "pct:0,0,1,0.0",
                                 "pct:0,0,1,1%",
                                 "px:0,0,1,1",
                                 "pct:-1,0,1,1",
                                 "pct:0,0,1e1,1",
                                 "full ",
                                 " full"}) {
            const auto region = parse_region(version, text);
            EXPECT(!region && region.error().status == 400, "region %s", text);
        }
    }
}
END_TEST

START_TEST(reads_rotations) {
    struct Row {
        const char* text;
        bool mirror;
        const char* degrees;
    };
    for (const Row& row : {Row{"0", false, "0"}, Row{"!0", true, "0"}, Row{"360", false, "360"},
                           Row{"360.0", false, "360"}, Row{"!22.50", true, "22.5"}, Row{".5", false, "0.5"}}) {
        const auto rotation = parse_rotation(row.text);
        EXPECT(rotation && rotation->mirror == row.mirror && rotation->degrees.text() == row.degrees, "rotation %s",
               row.text);
    }
    for (const char* text : {"", "!", "!!0", "90!", "-90", "+90", "360.0000000001", "361", "abc", "90,0", ".", "5.",
                             "1e2", "99999999999999999999"}) {
        const auto rotation = parse_rotation(text);
        EXPECT(!rotation && rotation.error().status == 400, "rotation %s", text);
    }
}
END_TEST

START_TEST(reads_qualities_and_formats) {
    constexpr auto kFew = static_cast<FormatSet>(bit(Format::jpg) | bit(Format::png));
    for (const Quality quality : {Quality::standard, Quality::color, Quality::gray, Quality::bitonal}) {
        for (const Format format : kFormats) {
            const std::string text = std::string(name_of(quality)) + '.' + std::string(name_of(format));
            const auto all = parse_quality_format(text, 0x0F, 0xFF);
            EXPECT(all && all->quality == quality && all->format == format, "%s", text.c_str());
            const auto few = parse_quality_format(text, 0, kFew);
            const bool offered = (quality == Quality::standard || quality == Quality::color) &&
                                 (format == Format::jpg || format == Format::png);
            EXPECT(few.has_value() == offered, "%s when little is offered", text.c_str());
            EXPECT(quality_named(name_of(quality)) == quality && format_named(name_of(format)) == format, "names");
        }
    }
    for (const char* text : {"", ".", "default", "default.", ".jpg", "Default.jpg", "default.JPG", "grey.jpg",
                             "native.jpg", "default.jpeg", "default.tar.jpg", "default.jpg/", "default.jpg "}) {
        const auto refused = parse_quality_format(text, 0x0F, 0xFF);
        EXPECT(!refused && refused.error().status == 400, "%s", text);
    }
    EXPECT(media_type_of(Format::tif) == "image/tiff" && media_type_of(Format::pdf) == "application/pdf" &&
               media_type_of(Format::jpg) == "image/jpeg" && media_type_of(Format::avif) == "image/avif",
           "media types");
}
END_TEST

bool says(const std::string& sentence, std::initializer_list<const char*> words) {
    for (const char* word : words) {
        if (sentence.find(word) == std::string::npos) return false;
    }
    return sentence.ends_with('.');
}

// Refusals are read by people: they name the component, its value, and what would have been right.
START_TEST(refusals_say_what_is_allowed) {
    struct Row {
        Version version;
        const char* path;
        Limits limits;
        int status;
        std::initializer_list<const char*> words;
    };
    const Row rows[] = {
        {Version::v3, "foo/max/0/default.jpg", {}, 400, {"region", "\"foo\"", "3.0", "square", "pct:x,y,w,h"}},
        {Version::v3, "0,0,0,1/max/0/default.jpg", {}, 400, {"region", "\"0,0,0,1\"", "greater than 0"}},
        {Version::v3, "600,0,1,1/max/0/default.jpg", {}, 400, {"600,0,1,1", "600 x 400", "below 600", "below 400"}},
        {Version::v3, "pct:100,0,1,1/max/0/default.jpg", {}, 400, {"pct:100,0,1,1", "600 x 400", "below 100 percent"}},
        {Version::v3, "pct:0,0,.01,50/max/0/default.jpg", {}, 400, {"pct:0,0,0.01,50", "600 x 400", "one pixel"}},
        {Version::v3, "full/full/0/default.jpg", {}, 400, {"size", "\"full\"", "3.0", "\"max\"", "\"^\""}},
        {Version::v2, "full/^max/0/default.jpg", {}, 400, {"size", "\"^max\"", "2.1", "\"full\"", "\"!w,h\""}},
        {Version::v3, "full/!0,5/0/default.jpg", {}, 400, {"size", "\"!0,5\"", "greater than 0"}},
        {Version::v3, "full/pct:0.01/0/default.jpg", {}, 400, {"size pct:0.01", "0 x 0", "600 x 400", "one pixel"}},
        {Version::v3, "full/700,/0/default.jpg", {}, 400, {"size 700,", "700 x 467", "600 x 400", "not enlarge"}},
        {Version::v3, "full/700,/0/default.jpg", {900, 0, 0, true}, 400, {"size 700,", "600 x 400", "write ^700,"}},
        {Version::v3, "full/1000,/0/default.jpg", {900, 0, 0, true}, 400, {"size 1000,", "at most 900 pixels wide"}},
        {Version::v3, "full/^pct:200/0/default.jpg", {}, 501, {"size ^pct:200", "1200 x 800", "not enlarge"}},
        {Version::v2, "full/,500/0/default.jpg", {}, 400, {"size ,500", "750 x 500", "600 x 400", "not enlarge"}},
        {Version::v3,
         "full/400,/0/default.jpg",
         {300, 0, 0, false},
         400,
         {"400 x 267", "300 pixels wide", "300 pixels h"}},
        {Version::v3, "full/400,/0/default.jpg", {0, 0, 9, false}, 400, {"400 x 267", "at most 9 pixels in all"}},
        {Version::v3, "full/max/361/default.jpg", {}, 400, {"rotation", "\"361\"", "0 to 360"}},
        {Version::v3, "full/max/0/grey.jpg", {}, 400, {"quality", "\"grey\"", "default, color, gray, bitonal"}},
        {Version::v3, "full/max/0/default", {}, 400, {"format is missing", "\"default.jpg\"", "jpg, png"}},
        {Version::v3, "full/max/0/default.bmp", {}, 400, {"format", "\"bmp\"", "jpg, png, webp"}},
        {Version::v3, "full/%3Cb%3E%0A%C3%A4%22/0/default.jpg", {}, 400, {"\"<b>????\""}},
    };
    for (const Row& row : rows) {
        Subject subject;
        subject.version = row.version;
        subject.image = {600, 400};
        subject.limits = row.limits;
        const Outcome outcome = request(subject, row.path);
        EXPECT(outcome.status == row.status, "%s -> %d", row.path, outcome.status);
        EXPECT(says(outcome.sentence, row.words), "%s -> %s", row.path, outcome.sentence.c_str());
    }
    const auto long_one = parse_region(Version::v3, std::string(100'000, 'x'));
    EXPECT(!long_one && long_one.error().sentence.size() < 400, "a long value is cut");
}
END_TEST

TCase* parameters_test_case() {
    TCase* test_case = tcase_create("parameters");
    tcase_add_loop_test(test_case, reads_sizes, 0, std::size(kSizes));
    tcase_add_test(test_case, reads_regions);
    tcase_add_test(test_case, reads_rotations);
    tcase_add_test(test_case, reads_qualities_and_formats);
    tcase_add_test(test_case, refusals_say_what_is_allowed);
    return test_case;
}

const Register registration(parameters_test_case);

}  // namespace
}  // namespace iiif::test
