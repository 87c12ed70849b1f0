// SPDX-License-Identifier: Apache-2.0
// Which lane JPEG files belong to: viewers' tiles must not stand behind whole images.
#include "delivery/cost.h"

#include "suite.h"

namespace {

using namespace iiif;
using delivery::RenderPlan;

source::Description jpeg(std::uint32_t width, std::uint32_t height, bool parts) {
    source::Description image;
    image.container = source::Container::jpeg;
    image.stored = {width, height};
    image.parts = parts;
    for (const std::uint32_t shrink : {1U, 2U, 4U, 8U}) {
        image.levels.push_back({{width / shrink, height / shrink}, {}, static_cast<std::int32_t>(shrink), -1});
    }
    return image;
}

RenderPlan plan(protocol::Rect region, protocol::Extent size) {
    RenderPlan out{};
    out.geometry.region = region;
    out.geometry.size = size;
    return out;
}

struct Case {
    const char* name;
    std::uint32_t width, height;
    protocol::Rect region;
    protocol::Extent size;
    bool heavy, heavy_of_parts;
};
constexpr Case kCases[] = {
    {"a tile", 6000, 4000, {2048, 1024, 1024, 1024}, {512, 512}, true, false},
    {"a tile of the last level", 6000, 4000, {0, 0, 6000, 4000}, {750, 500}, true, false},
    {"a thumbnail", 6000, 4000, {0, 0, 6000, 4000}, {300, 200}, true, false},
    {"half the size", 6000, 4000, {0, 0, 6000, 4000}, {3000, 2000}, true, true},
    {"all of it", 6000, 4000, {0, 0, 6000, 4000}, {6000, 4000}, true, true},
    {"all of a small one", 2000, 1500, {0, 0, 2000, 1500}, {2000, 1500}, false, false},
    // Its codes alone.
    {"a tile of a gigapixel", 36000, 27000, {0, 0, 512, 512}, {512, 512}, true, true},
};

START_TEST(lanes) {
    const Case& c = kCases[_i];
    const delivery::Request request;
    for (const bool parts : {false, true}) {
        const source::Description image = jpeg(c.width, c.height, parts);
        const RenderPlan wanted = plan(c.region, c.size);
        ck_assert_msg(delivery::is_heavy(request, &image, &wanted) == (parts ? c.heavy_of_parts : c.heavy), "%s: %d",
                      c.name, parts);
    }
}
END_TEST

TCase* cost_case() {
    TCase* tests = tcase_create("cost");
    tcase_add_loop_test(tests, lanes, 0, static_cast<int>(std::size(kCases)));
    return tests;
}
const iiif::test::Register _(cost_case);

}  // namespace
