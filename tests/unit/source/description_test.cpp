// SPDX-License-Identifier: Apache-2.0
#include "source/description.h"

#include <algorithm>
#include <random>
#include <string>

#include "suite.h"
#include "text.h"

namespace {

using iiif::protocol::Extent;
using iiif::protocol::Quality;
using iiif::source::Codec;
using iiif::source::Container;
using iiif::source::Description;
using iiif::source::JpegColour;
using iiif::source::Level;
using iiif::source::parse_description;
using iiif::source::serialize;
using iiif::test::is;

constexpr std::uint32_t kMost = 2147483647;

bool operator==(const Level& a, const Level& b) {
    return a.extent == b.extent && a.tile == b.tile && a.page == b.page && a.subifd == b.subifd &&
           a.directory == b.directory && a.index == b.index;
}

bool same(const Description& a, const Description& b) {
    return a.container == b.container && a.stored == b.stored && a.orientation == b.orientation && a.bands == b.bands &&
           a.bits == b.bits && a.alpha == b.alpha && a.standard == b.standard && a.pages == b.pages &&
           a.big_endian == b.big_endian && a.profile == b.profile && a.profile_length == b.profile_length &&
           a.parts == b.parts &&
           std::ranges::equal(a.levels, b.levels, [](const Level& x, const Level& y) { return x == y; });
}

Description pyramid() {
    Description image;
    image.stored = {6000, 4000};
    image.levels = {
        {{6000, 4000}, {256, 512}, 0, -1, 8}, {{3000, 2000}, {256, 512}, 0, 0, 777}, {{1500, 1000}, {0, 0}, 3, -1}};
    image.levels[1].index = {Codec::jpeg, JpegColour::rgb, 8, 4, 5000, 6000, 7000, 574, 2};
    image.big_endian = true;
    image.profile = 9000;
    image.profile_length = 560;
    return image;
}

// The text that the mistakes below are made in.
const std::string kText =
    R"({"container":"tiff","width":6000,"height":4000,"orientation":1,"bands":3,"bits":8,"alpha":false,)"
    R"("standard":"color","pages":1,"stored":[true,9000,560,false],"levels":[[6000,4000,256,512,0,-1,8],[3000,2000,256,512,0,0,777,1,2,8,4,5000,6000,7000,574,2],[1500,1000,0,0,3,-1,0]]})";

START_TEST(is_one_line_of_json) {
    is(serialize(pyramid()), kText);
}
END_TEST

START_TEST(what_is_written_is_read) {
    constexpr Container kContainers[] = {Container::tiff, Container::jpeg, Container::jp2,
                                         Container::png,  Container::webp, Container::gif,
                                         Container::heif, Container::jxl,  Container::pdf};
    for (const Container container : kContainers) {
        for (const Quality standard : {Quality::color, Quality::gray, Quality::bitonal}) {
            for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
                Description image = pyramid();
                image.container = container;
                image.standard = standard;
                image.orientation = orientation;
                image.alpha = orientation % 2 == 0;
                image.parts = orientation % 3 == 0;
                const auto read = parse_description(serialize(image));
                ck_assert_msg(read && same(*read, image), "%s", serialize(image).c_str());
            }
        }
    }
}
END_TEST

START_TEST(the_largest_values_are_read) {
    Description image;
    image.stored = {kMost, kMost};
    image.orientation = 8;
    image.bands = 255;
    image.bits = 64;
    image.alpha = true;
    image.pages = kMost;
    image.profile = INT64_MAX;
    image.profile_length = 1U << 24U;
    Level largest{image.stored, image.stored, 2147483647, 2147483647, INT64_MAX};
    largest.index = {Codec::webp, JpegColour::rgb, 8, 8, INT64_MAX, INT64_MAX, INT64_MAX, 65536, kMost};
    image.levels.assign(Description::kMaxLevels, largest);
    const auto read = parse_description(serialize(image));
    ck_assert(read && same(*read, image));
    image.levels.push_back(image.levels.back());
    ck_assert(!parse_description(serialize(image)));
}
END_TEST

struct Mistake {
    const char *was, *is;  // replaced in kText
};

const Mistake kMistakes[] = {
    {"\"tiff\"", "\"bmp\""},
    {"\"tiff\"", "\"TIFF\""},
    {"\"tiff\"", "0"},
    {"\"tiff\"", "\"\""},
    {"\"width\":6000", "\"width\":0"},
    {"\"width\":6000", "\"width\":-1"},
    {"\"width\":6000", "\"width\":2147483648"},
    {"\"width\":6000", "\"width\":18446744073709551615"},
    {"\"width\":6000", "\"width\":99999999999999999999999"},
    {"\"width\":6000", "\"width\":6000.0"},
    {"\"width\":6000", "\"width\":\"6000\""},
    {"\"width\":6000", "\"width\":null"},
    {"\"width\":6000", "\"width\":6000,\"width\":6000"},
    {"\"width\":6000,", ""},
    {"\"width\":6000", "\"Width\":6000"},
    {"\"width\":6000", "\"width\":5999"},  // smaller than its largest level
    {"\"height\":4000", "\"height\":0"},
    {"\"height\":4000", "\"height\":3999"},
    {"\"orientation\":1", "\"orientation\":0"},
    {"\"orientation\":1", "\"orientation\":9"},
    {"\"orientation\":1", "\"orientation\":257"},
    {"\"bands\":3", "\"bands\":0"},
    {"\"bands\":3", "\"bands\":256"},
    {"\"bits\":8", "\"bits\":0"},
    {"\"bits\":8", "\"bits\":65"},
    {"false", "0"},
    {"false", "null"},
    {"\"color\"", "\"default\""},
    {"\"color\"", "\"colour\""},
    {"\"pages\":1", "\"pages\":0"},
    {"\"pages\":1", "\"pages\":2147483648"},
    {"\"pages\":1", "\"pages\":1,\"extra\":1"},
    {"[1500,1000,0,0,3,-1,0]", "[0,1000,0,0,3,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,0,0,0,3,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,4001,0,0,3,-1,0]"},  // larger than the image
    {"[1500,1000,0,0,3,-1,0]", "[6001,1000,0,0,3,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,256,0,3,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,256,3,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,-1,-1,3,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,2147483648,1,3,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,0,-1,-1,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,0,3,-2,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,0,3,-1]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,0,3,-1,0,0]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,0,3,-1,-1]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,0,3,-1,9223372036854775808]"},
    {"[1500,1000,0,0,3,-1,0]", "[1500,1000,0,0,3,-1,0.0]"},
    {"777,1,2,8,4,5000,", "777,0,2,8,4,5000,"},
    {"777,1,2,8,4,5000,", "777,3,2,8,4,5000,"},
    {"777,1,2,8,4,5000,", "777,1,3,8,4,5000,"},
    {"777,1,2,8,4,5000,", "777,1,2,6,4,5000,"},
    {"777,1,2,8,4,5000,", "777,1,2,2,4,5000,"},
    {"777,1,2,8,4,5000,", "777,1,2,8,3,5000,"},
    {"777,1,2,8,4,5000,", "777,1,2,8,16,5000,"},
    {"777,1,2,8,4,5000,", "777,1,2,8,4,0,"},
    {"777,1,2,8,4,5000,", "777,1,2,8,4,-1,"},
    {"777,1,2,8,4,5000,", "777,1,2,8,4,9223372036854775808,"},
    {"777,1,2,8,4,5000,", "777,1,2,8,4,"},
    {"7000,574,2]", "7000,65537,2]"},
    {"7000,574,2]", "-1,574,2]"},
    {"7000,574,2]", "7000,574,2147483648]"},
    {"7000,574,2]", "7000,574,2,0]"},
    {"[true,9000,560,false]", "[1,9000,560]"},
    {"[true,9000,560,false]", "[true,-1,560]"},
    {"[true,9000,560,false]", "[true,9000,16777217]"},
    {"[true,9000,560,false]", "[true,9000]"},
    {"[true,9000,560,false]", "null"},
    {"[6000,4000,256,512,0,-1,8],", ""},  // the image itself has to come first
    {"[1500,1000,0,0,3,-1,0]", "{}"},
    {"[[6000,4000,256,512,0,-1,8],[3000,2000,256,512,0,0,777,1,2,8,4,5000,6000,7000,574,2],[1500,1000,0,0,3,-1,0]]",
     "[]"},
    {"[[6000,4000,256,512,0,-1,8],[3000,2000,256,512,0,0,777,1,2,8,4,5000,6000,7000,574,2],[1500,1000,0,0,3,-1,0]]",
     "{}"},
    {"[[6000,4000,256,512,0,-1,8],[3000,2000,256,512,0,0,777,1,2,8,4,5000,6000,7000,574,2],[1500,1000,0,0,3,-1,0]]",
     "null"},
    {"]]}", "]]}}"},
    {"]]}", "]]"},
    {"]]}", "]]}\xFF"},
};

START_TEST(values_out_of_range_are_distrusted) {
    const Mistake& mistake = kMistakes[_i];
    std::string text = kText;
    const auto at = text.find(mistake.was);
    ck_assert_msg(at != std::string::npos, "%s", mistake.was);
    text.replace(at, std::string_view(mistake.was).size(), mistake.is);
    ck_assert_msg(!parse_description(text), "%s", text.c_str());
}
END_TEST

START_TEST(other_things_are_no_description) {
    ck_assert(parse_description(kText).has_value());
    for (const std::string& text : {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
                                    std::string("\"x\""), std::string(3000, '['), std::string(100000, ' '),
                                    kText + std::string(13000, ' '), kText + std::string(1, '\0')}) {
        ck_assert_msg(!parse_description(text), "%.40s", text.c_str());
    }
}
END_TEST

void is_in_range(const Description& image, const std::string& text) {
    const auto sound = [](Extent extent) {
        return extent.width >= 1 && extent.width <= kMost && extent.height >= 1 && extent.height <= kMost;
    };
    bool fine = static_cast<int>(image.container) <= static_cast<int>(Container::pdf) && sound(image.stored) &&
                image.orientation >= 1 && image.orientation <= 8 && image.bands >= 1 && image.bits >= 1 &&
                image.bits <= 64 && image.standard != Quality::standard && image.pages >= 1 && image.pages <= kMost &&
                !image.levels.empty() && image.levels.size() <= Description::kMaxLevels;
    for (const Level& level : image.levels) {
        fine = fine && sound(level.extent) && level.extent.width <= image.stored.width &&
               level.extent.height <= image.stored.height && (level.tile == Extent{} || sound(level.tile)) &&
               level.page >= 0 && level.subifd >= -1;
    }
    ck_assert_msg(fine, "%s", text.c_str());
}

// Mutations of a good text: cut, doubled, overwritten, numbers exchanged. Nothing crashes, and what is still read
// is in range and survives the way back.
START_TEST(mutated_descriptions_are_refused_or_in_range) {
    constexpr std::string_view kNumbers[] = {"0",          "-1",          "1",   "2147483647", "2147483648",
                                             "4294967296", "-2147483649", "1e9", "8",          "9223372036854775808",
                                             "256",        "6000"};
    constexpr std::string_view kBytes = "0123456789-+.eE[]{},:\"\\ \t\nntf\x00\x80\xFF";
    std::mt19937 random(19970829);
    const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
    int read = 0;
    for (int round = 0; round < 60000; ++round) {
        std::string text = kText;
        for (std::size_t count = 1 + below(3); count > 0 && !text.empty(); --count) {
            const std::size_t at = below(text.size());
            const std::size_t length = below(std::min<std::size_t>(text.size() - at, 24));
            switch (below(5)) {
                case 0: text[at] = kBytes[below(kBytes.size())]; break;
                case 1: text.erase(at, length); break;
                case 2: text.insert(at, text.substr(at, length)); break;
                case 3: text[at] = static_cast<char>(random()); break;
                default: {
                    const auto begin = text.find_first_of("0123456789", at);
                    if (begin == std::string::npos) break;
                    const auto end = text.find_first_not_of("0123456789", begin);
                    text.replace(begin, end - begin, kNumbers[below(std::size(kNumbers))]);
                }
            }
        }
        const auto image = parse_description(text);
        if (!image) continue;
        ++read;
        is_in_range(*image, text);
        const auto again = parse_description(serialize(*image));
        ck_assert_msg(again && same(*again, *image), "%s", text.c_str());
    }
    ck_assert_int_gt(read, 1000);
}
END_TEST

START_TEST(clients_see_the_oriented_extent) {
    Description image = pyramid();
    for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
        image.orientation = orientation;
        const bool turned = orientation >= 5;
        ck_assert(image.extent() == (turned ? Extent{4000, 6000} : Extent{6000, 4000}));
        ck_assert(image.tile(1024) == (turned ? Extent{512, 256} : Extent{256, 512}));
    }
}
END_TEST

START_TEST(tiles_are_offered_when_usable) {
    Description image = pyramid();
    const auto offered = [&image](Extent stored) {
        image.levels.front().tile = stored;
        return image.tile(512);
    };
    ck_assert(offered({64, 64}) == (Extent{64, 64}));
    ck_assert(offered({2048, 2048}) == (Extent{2048, 2048}));
    for (const Extent stored : {Extent{0, 0}, Extent{63, 64}, Extent{64, 63}, Extent{2049, 256}, Extent{256, 2049},
                                Extent{16, 16}, Extent{6000, 8}}) {
        ck_assert(offered(stored) == (Extent{512, 512}));
    }
    image.levels.clear();
    ck_assert(image.tile(512) == (Extent{512, 512}));
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("description");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, is_one_line_of_json);
    tcase_add_test(tc, what_is_written_is_read);
    tcase_add_test(tc, the_largest_values_are_read);
    tcase_add_loop_test(tc, values_out_of_range_are_distrusted, 0, static_cast<int>(std::size(kMistakes)));
    tcase_add_test(tc, other_things_are_no_description);
    tcase_add_test(tc, mutated_descriptions_are_refused_or_in_range);
    tcase_add_test(tc, clients_see_the_oriented_extent);
    tcase_add_test(tc, tiles_are_offered_when_usable);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
