// SPDX-License-Identifier: Apache-2.0
#include "presentation/access_file.h"

#include "suite.h"

namespace iiif::test {
namespace {

START_TEST(lines_that_guard) {
    static constexpr struct {
        const char* text;
        std::uint32_t line;
    } kCases[] = {
        {"", 0},
        {"Options -Indexes\nIndexOptions FancyIndexing\n", 0},
        {"Require all granted\n", 0},
        {"  require  ALL\tGranted \r\n", 0},
        {"# Require valid-user\n", 0},
        {"#\n\nRequire valid-user", 3},
        {"Require all denied\n", 1},
        {"Require all\n", 1},
        {"Options -Indexes\r\n\tAuthType Basic\r\n", 2},
        {"order deny,allow\ndeny from all\n", 2},
        {"<RequireAny>\nRequire ip 10\n</RequireAny>\n", 2},
        {"<RequireAll>\nRequire all granted\n<RequireNone>\n", 3},
        {"RequireX valid-user\nDenying\n", 0},
        {"Require", 1},
    };
    for (const auto& [text, line] : kCases) ck_assert_msg(presentation::line_that_guards(text) == line, "%s", text);
    ck_assert_uint_eq(presentation::line_that_guards(std::string_view("Deny\0\nRequire ip 10", 19)), 2);
}
END_TEST

TCase* access_file_case() {
    TCase* const test = tcase_create("access_file");
    tcase_add_test(test, lines_that_guard);
    return test;
}
const Register registered(access_file_case);

}  // namespace
}  // namespace iiif::test
