// SPDX-License-Identifier: Apache-2.0
// What an endpoint is when little, or much, is said about it.
#include "delivery/service.h"

#include <string>
#include <utility>
#include <vector>

#include "suite.h"

namespace {

using namespace iiif::delivery;

using Rows = std::vector<std::pair<const char*, std::string>>;

iiif::Expected<std::unique_ptr<Service>> made(const Rows& rows) {
    Settings settings;
    ck_assert(settings.set("root", {"/"}).has_value());
    for (const auto& [name, value] : rows) ck_assert_msg(settings.set(name, {value}).has_value(), "%s", name);
    return make_service(settings, "/iiif");
}

START_TEST(there_is_always_a_limit_unless_refused) {
    const struct {
        Rows rows;
        std::uint64_t width, area;
    } cases[] = {
        {{}, 0, 400'000'000},
        {{{"max_area", "5000"}}, 0, 5000},
        {{{"max_area", "off"}}, 0, 0},
        {{{"max_width", "3000"}}, 3000, 0},
        {{{"max_width", "3000"}, {"max_area", "5000"}}, 3000, 5000},
        {{{"upscaling", "on"}}, 0, 100'000'000},
        {{{"upscaling", "on"}, {"max_area", "5000"}}, 0, 5000},
        {{{"upscaling", "on"}, {"max_area", "off"}, {"max_width", "3000"}}, 3000, 0},
    };
    for (const auto& c : cases) {
        const auto service = made(c.rows);
        ck_assert_msg(service.has_value(), "%s", service ? "" : service.error().sentence.c_str());
        ck_assert_uint_eq((*service)->info.limits.max_width, c.width);
        ck_assert_uint_eq((*service)->info.limits.max_area, c.area);
    }
    const auto endless = made({{"upscaling", "on"}, {"max_area", "off"}});
    ck_assert(!endless.has_value());
    ck_assert(endless.error().sentence.find("upscaling needs a limit") != std::string::npos);
}
END_TEST

TCase* service_case() {
    TCase* tests = tcase_create("service");
    tcase_add_test(tests, there_is_always_a_limit_unless_refused);
    return tests;
}
const iiif::test::Register registered(service_case);

}  // namespace
