// SPDX-License-Identifier: Apache-2.0
#include "renderd/log.h"

#include <string>
#include <vector>

#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;

START_TEST(escapes_control_bytes) {
    ck_assert_text(renderd::escaped("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
    ck_assert_text(renderd::escaped("größe \"x\" \\y"), "größe \"x\" \\y");
    ck_assert_text(renderd::escaped(std::string(10, 'x'), 4), "xxxx...");
    const std::string once = renderd::escaped("a\nb");
    ck_assert_text(renderd::escaped(once), once);
}
END_TEST

START_TEST(cuts_lines) {
    std::vector<std::string> lines;
    const auto keep = [&lines](std::string_view line) { lines.emplace_back(line); };
    renderd::LineCutter cutter;
    cutter.feed("one\ntw", keep);
    cutter.feed("o\n\nthree", keep);
    ck_assert_uint_eq(lines.size(), 2);
    cutter.flush(keep);
    ck_assert_uint_eq(lines.size(), 3);
    ck_assert_text(lines[1], "two");
    ck_assert_text(lines[2], "three");
    // One that never ends a line is not kept in memory without end.
    cutter.feed(std::string(renderd::LineCutter::kMaxLine * 3, 'x'), keep);
    ck_assert_uint_eq(lines.size(), 6);
    ck_assert_uint_eq(lines[5].size(), renderd::LineCutter::kMaxLine);
}
END_TEST

TCase* log_test_case() {
    TCase* test_case = tcase_create("log");
    tcase_add_test(test_case, escapes_control_bytes);
    tcase_add_test(test_case, cuts_lines);
    return test_case;
}
const test::Register registered(log_test_case);

}  // namespace
