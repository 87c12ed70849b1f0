// SPDX-License-Identifier: Apache-2.0
// Which answers are made from a pyramid of ours, and what its file is called.
#include "delivery/pyramid.h"

#include <set>
#include <string>

#include "suite.h"

namespace {

using namespace iiif;
using delivery::RenderPlan;
using protocol::Extent;
using protocol::Format;
using protocol::Quality;
using source::Container;
using source::Description;

std::unique_ptr<delivery::Service> service(std::vector<std::vector<std::string>> settings = {
                                               {"pyramids", "/tmp/pyramids", "1g"}}) {
    delivery::Settings all;
    settings.push_back({"root", "/"});
    for (auto& words : settings) {
        const std::string name = words.front();
        words.erase(words.begin());
        ck_assert(all.set(name, words).has_value());
    }
    auto made = delivery::make_service(all, "/iiif");
    ck_assert_msg(made.has_value(), "%s", made ? "" : made.error().sentence.c_str());
    return std::move(*made);
}

Description image(Extent extent, Container container = Container::png) {
    Description out;
    out.container = container;
    out.stored = extent;
    out.levels = {{extent, {}, 1, -1}};
    return out;
}

RenderPlan plan(Extent region, Extent size) {
    RenderPlan out{};
    out.geometry = {{0, 0, region.width, region.height}, size, false};
    out.quality = Quality::standard;
    out.format = Format::jpg;
    return out;
}

Description with_levels(Extent extent, Extent tile, unsigned levels) {
    Description out = image(extent, Container::tiff);
    out.levels.clear();
    for (unsigned i = 0; i < levels; ++i) {
        out.levels.push_back({{extent.width >> i, extent.height >> i}, tile, static_cast<std::int32_t>(i), -1});
    }
    return out;
}

Description jpeg(Extent extent) {
    Description out = with_levels(extent, {}, 4);
    out.container = Container::jpeg;
    return out;
}

struct Case {
    Description image;
    Extent region, size;
    bool wanted;
};

const Case kCases[] = {
    {image({3000, 2000}), {512, 512}, {512, 512}, true},
    {image({3000, 2000}), {3000, 2000}, {300, 200}, true},
    {image({2000, 2000}), {512, 512}, {512, 512}, false},      // four megapixels
    {image({3000, 2000}), {3000, 2000}, {3000, 2000}, false},  // all of it
    {image({3000, 2000}), {3000, 2000}, {1500, 1000}, false},  // a quarter
    {image({3000, 2000}), {3000, 2000}, {750, 500}, true},     // a sixteenth
    {image({30000, 20000}), {30000, 20000}, {3000, 2000}, true},
    {image({3000, 2000}, Container::tiff), {512, 512}, {512, 512}, true},
    {image({3000, 2000}, Container::webp), {512, 512}, {512, 512}, true},
    {image({3000, 2000}, Container::heif), {512, 512}, {512, 512}, true},
    {image({30000, 20000}, Container::jp2), {512, 512}, {512, 512}, false},  // decoded in parts
    {image({30000, 20000}, Container::pdf), {512, 512}, {512, 512}, false},  // has no pixels
    {with_levels({30000, 20000}, {256, 256}, 1), {512, 512}, {512, 512}, false},
    {with_levels({30000, 20000}, {256, 256}, 1), {30000, 20000}, {600, 400}, true},
    {with_levels({30000, 20000}, {256, 256}, 7), {30000, 20000}, {600, 400}, false},
    {with_levels({30000, 20000}, {256, 256}, 7), {30000, 20000}, {30000, 20000}, false},
    {jpeg({3000, 2000}), {512, 512}, {512, 512}, true},
    {jpeg({3000, 2000}), {3000, 2000}, {300, 200}, false},  // libjpeg makes it small by itself,
    {jpeg({6000, 4000}), {6000, 4000}, {300, 200}, true},   // but has to read all of it
};

START_TEST(which_answers) {
    const Case& c = kCases[_i];
    const RenderPlan asked = plan(c.region, c.size);
    ck_assert_int_eq(delivery::wants_pyramid(*service(), asked, c.image), c.wanted);
    ck_assert(!delivery::wants_pyramid(*service({}), asked, c.image));
    ck_assert(!delivery::wants_pyramid(*service({{"pyramids", "off"}}), asked, c.image));
}
END_TEST

START_TEST(only_where_loss_is_no_loss) {
    const Description large = image({3000, 2000});
    for (const Format format : protocol::kFormats) {
        RenderPlan asked = plan({512, 512}, {512, 512});
        asked.format = format;
        ck_assert_int_eq(delivery::wants_pyramid(*service(), asked, large), format == Format::jpg);
    }
    RenderPlan asked = plan({512, 512}, {512, 512});
    asked.quality = Quality::gray;
    ck_assert(delivery::wants_pyramid(*service(), asked, large));
    asked.quality = Quality::bitonal;
    ck_assert(!delivery::wants_pyramid(*service(), asked, large));
}
END_TEST

START_TEST(a_name_for_each_content) {
    const delivery::SourceState state{{1, 2, 3, 4}, "a/b.png", 1};
    const auto usual = service();
    std::set<std::string> names = {delivery::pyramid_name(*usual, state)};
    const auto another = [&names](const delivery::Service& of, const delivery::SourceState& changed) {
        ck_assert(names.insert(delivery::pyramid_name(of, changed)).second);
    };
    another(*usual, {{1, 9, 3, 4}, "a/b.png", 1});
    another(*usual, {{1, 2, 9, 4}, "a/b.png", 1});
    another(*usual, {{1, 2, 3, 9}, "a/b.png", 1});
    another(*usual, {{1, 2, 3, 4}, "a/c.png", 1});
    another(*usual, {{1, 2, 3, 4}, "a/b.png", 2});
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"jpeg_quality", "70"}, {"background", "000000"}, {"icc", "embed"}, {"tile_size", "256"}}) {
        another(*service({{"pyramids", "/tmp/pyramids"}, words}), state);
    }
    for (const std::string& name : names) ck_assert(delivery::is_pyramid_name(name));

    // What does not change the bytes may change: the device's number after a restart, the folder, other directives.
    const auto same = delivery::pyramid_name(*usual, state);
    ck_assert(delivery::pyramid_name(*usual, {{9, 2, 3, 4}, "a/b.png", 1}) == same);
    ck_assert(delivery::pyramid_name(*service({{"pyramids", "/var/tmp/p"}, {"max_width", "3000"}}), state) == same);
}
END_TEST

START_TEST(names_that_are_not_ours) {
    for (const char* name : {"", ".tif", "image.tif", "0123456789abcdef0123456789abcdef", "vips-0-1.target",
                             "0123456789abcdef0123456789abcdef.tiff", "0123456789ABCDEF0123456789abcdef.tif",
                             ".0123456789abcdef0123456789abcdef.tif"}) {
        ck_assert_msg(!delivery::is_pyramid_name(name), "%s", name);
    }
}
END_TEST

START_TEST(tiles_are_a_multiple_of_sixteen) {
    ck_assert_uint_eq(delivery::pyramid_tile(*service()), 512);
    ck_assert_uint_eq(delivery::pyramid_tile(*service({{"tile_size", "500"}})), 512);
    ck_assert_uint_eq(delivery::pyramid_tile(*service({{"tile_size", "256"}})), 256);
}
END_TEST

TCase* pyramid_test_case() {
    TCase* tc = tcase_create("pyramid");
    tcase_add_loop_test(tc, which_answers, 0, static_cast<int>(std::size(kCases)));
    tcase_add_test(tc, only_where_loss_is_no_loss);
    tcase_add_test(tc, a_name_for_each_content);
    tcase_add_test(tc, names_that_are_not_ours);
    tcase_add_test(tc, tiles_are_a_multiple_of_sixteen);
    return tc;
}

const iiif::test::Register registered(pyramid_test_case);

}  // namespace
