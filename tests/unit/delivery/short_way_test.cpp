// SPDX-License-Identifier: Apache-2.0
// Which requests are exactly a stored tile, or the file itself.
#include "delivery/short_way.h"

#include "suite.h"

namespace {

using namespace iiif;
using delivery::RenderPlan;
using protocol::Format;
using protocol::Quality;
using source::Codec;
using source::Container;
using source::Description;

// 1001 x 700: levels of 500 x 350 (rounded down) and 251 x 175 (rounded up), tiles of 64 x 128.
Description pyramid() {
    Description image;
    image.stored = {1001, 700};
    image.levels = {
        {{1001, 700}, {64, 128}, 0, -1, 8}, {{500, 350}, {64, 128}, 1, -1, 9}, {{251, 175}, {64, 128}, 2, -1, 10}};
    for (std::size_t i = 0; i < image.levels.size(); ++i) {
        image.levels[i].index.codec = Codec::jpeg;
        image.levels[i].index.factor = 1U << i;
    }
    return image;
}

RenderPlan plan(protocol::Rect region, protocol::Extent size) {
    RenderPlan out{};
    out.geometry = {region, size, region == protocol::Rect{0, 0, 1001, 700}};
    out.quality = Quality::standard;
    out.format = Format::jpg;
    return out;
}

struct Case {
    protocol::Rect region;
    protocol::Extent size;
    int level;  // -1: none
    std::uint64_t number;
    protocol::Extent part = {64, 128};
};

const Case kCases[] = {
    {{0, 0, 64, 128}, {64, 128}, 0, 0},
    {{64, 0, 64, 128}, {64, 128}, 0, 1},
    {{128, 256, 64, 128}, {64, 128}, 0, 2 * 16 + 2},
    {{1, 0, 64, 128}, {64, 128}, -1, 0},  // not on the grid
    {{0, 64, 64, 128}, {64, 128}, -1, 0},
    {{0, 0, 64, 128}, {32, 64}, -1, 0},                // smaller than stored
    {{0, 0, 128, 128}, {128, 128}, -1, 0},             // two tiles
    {{960, 0, 41, 128}, {41, 128}, 0, 15, {41, 128}},  // at the edge: stored with padding
    {{0, 640, 64, 60}, {64, 60}, 0, 5 * 16, {64, 60}},
    {{960, 640, 41, 60}, {41, 60}, 0, 5 * 16 + 15, {41, 60}},
    {{960, 0, 40, 128}, {40, 128}, -1, 0},  // less than lies in the image
    {{960, 0, 41, 128}, {64, 128}, -1, 0},
    {{896, 0, 105, 256}, {53, 128}, -1, 0},  // a pixel more than the level has
    {{896, 0, 105, 256}, {52, 128}, 1, 7, {52, 128}},
    {{0, 0, 128, 256}, {64, 128}, 1, 0},
    {{128, 256, 128, 256}, {64, 128}, 1, 8 + 1},
    {{0, 0, 127, 256}, {64, 128}, -1, 0},
    {{0, 0, 256, 512}, {64, 128}, 2, 0},
    {{768, 0, 233, 512}, {59, 128}, 2, 3, {59, 128}},
    {{512, 0, 256, 512}, {64, 128}, 2, 2},
    {{0, 0, 1001, 700}, {1001, 700}, -1, 0},
    {{0, 0, 512, 1024}, {64, 128}, -1, 0},  // no such level
};

START_TEST(exactly_one_tile) {
    const Case& c = kCases[_i];
    const auto place = delivery::place_of_tile(plan(c.region, c.size), pyramid());
    ck_assert_int_eq(place.has_value(), c.level >= 0);
    if (!place) return;
    ck_assert_uint_eq(place->level, static_cast<std::size_t>(c.level));
    ck_assert_uint_eq(place->number, c.number);
    ck_assert(place->extent == c.part);
}
END_TEST

// The last tile of a side is not padded when the side is a whole number of tiles, even if its last pixel stands for
// fewer pixels of the image than the others.
START_TEST(last_tiles_may_be_whole) {
    Description image = pyramid();
    image.stored = {255, 256};
    image.levels = {{{255, 256}, {64, 128}, 0, -1, 8}, {{128, 128}, {64, 128}, 1, -1, 9}};
    for (auto& level : image.levels) level.index.codec = Codec::jpeg;
    image.levels[0].index.factor = 1;
    image.levels[1].index.factor = 2;
    RenderPlan last = plan({128, 0, 127, 256}, {64, 128});
    const auto place = delivery::place_of_tile(last, image);
    ck_assert(place && place->level == 1 && place->number == 1);
}
END_TEST

START_TEST(nothing_may_be_asked_of_the_pixels) {
    const Description image = pyramid();
    const RenderPlan good = plan({0, 0, 64, 128}, {64, 128});
    ck_assert(delivery::place_of_tile(good, image).has_value());
    const auto with = [&](auto change) {
        RenderPlan changed = good;
        change(changed);
        return delivery::place_of_tile(changed, image).has_value();
    };
    ck_assert(with([](RenderPlan& p) { p.quality = Quality::color; }));
    ck_assert(!with([](RenderPlan& p) { p.quality = Quality::gray; }));
    ck_assert(!with([](RenderPlan& p) { p.quality = Quality::bitonal; }));
    ck_assert(!with([](RenderPlan& p) { p.format = Format::png; }));
    ck_assert(!with([](RenderPlan& p) { p.format = Format::webp; }));
    ck_assert(!with([](RenderPlan& p) { p.rotation.mirror = true; }));
    ck_assert(!with([](RenderPlan& p) { p.rotation.degrees.whole = 90; }));
    ck_assert(!with([](RenderPlan& p) { p.rotation.degrees.whole = 22; }));
    ck_assert(with([](RenderPlan& p) { p.rotation.degrees.whole = 360; }));

    Description other = image;
    other.orientation = 6;
    ck_assert(!delivery::place_of_tile(good, other));
    other = image;
    other.standard = Quality::gray;
    RenderPlan gray = good;
    gray.quality = Quality::gray;
    ck_assert(delivery::place_of_tile(gray, other).has_value());
    gray.quality = Quality::color;
    ck_assert(!delivery::place_of_tile(gray, other));
    other = image;
    other.levels[0].index.factor = 0;
    ck_assert(!delivery::place_of_tile(good, other));
    other.levels[0].index = {};
    ck_assert(!delivery::place_of_tile(good, other));
}
END_TEST

START_TEST(the_file_itself) {
    Description image = pyramid();
    image.container = Container::jpeg;
    const RenderPlan good = plan({0, 0, 1001, 700}, {1001, 700});
    ck_assert(delivery::is_whole_file(good, image, false));
    ck_assert(!delivery::is_whole_file(plan({0, 0, 1001, 700}, {500, 350}), image, false));
    ck_assert(!delivery::is_whole_file(plan({0, 0, 1000, 700}, {1000, 700}), image, false));
    const auto with = [&](auto change) {
        Description changed = image;
        change(changed);
        return delivery::is_whole_file(good, changed, false);
    };
    ck_assert(!with([](Description& d) { d.orientation = 3; }));
    ck_assert(!with([](Description& d) { d.bands = 4; }));
    ck_assert(!with([](Description& d) { d.pages = 2; }));
    ck_assert(!with([](Description& d) { d.bits = 16; }));
    ck_assert(!with([](Description& d) { d.profile_length = 500; }));
    ck_assert(!with([](Description& d) { d.container = Container::tiff; }));
    Description profiled = image;
    profiled.profile_length = 500;
    ck_assert(delivery::is_whole_file(good, profiled, true));
    constexpr std::pair<Container, Format> kSame[] = {{Container::jpeg, Format::jpg},
                                                      {Container::png, Format::png},
                                                      {Container::webp, Format::webp},
                                                      {Container::gif, Format::gif},
                                                      {Container::jp2, Format::jp2}};
    for (const auto& [container, own] : kSame) {
        for (const Format format : protocol::kFormats) {
            RenderPlan asked = good;
            asked.format = format;
            image.container = container;
            ck_assert_int_eq(delivery::is_whole_file(asked, image, false), format == own);
        }
    }
}
END_TEST

TCase* short_way_case() {
    TCase* test_case = tcase_create("short_way");
    tcase_add_loop_test(test_case, exactly_one_tile, 0, std::size(kCases));
    tcase_add_test(test_case, last_tiles_may_be_whole);
    tcase_add_test(test_case, nothing_may_be_asked_of_the_pixels);
    tcase_add_test(test_case, the_file_itself);
    return test_case;
}

const iiif::test::Register registered(short_way_case);

}  // namespace
