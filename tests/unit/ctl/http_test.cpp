// SPDX-License-Identifier: Apache-2.0
#include "ctl/http.h"

#include "suite.h"

namespace {

START_TEST(where_redirects_lead) {
    struct Case {
        const char *from, *location, *to;
    };
    const Case cases[] = {
        {"https://a.example/x/y", "/z", "https://a.example/z"},
        {"https://a.example/x/y", "z#f", "https://a.example/x/z"},
        {"https://a.example/x", "//b.example/z", "https://b.example/z"},
        {"https://a.example/x", "http://a.example/x", "http://a.example/x"},
        {"https://a.example/x", "file:///etc/passwd", ""},
        {"https://a.example/x", "gopher://a.example/", ""},
        {"https://a.example/x", "javascript:alert(1)", ""},
        {"https://a.example/x", "http://", ""},
    };
    for (const Case& c : cases) ck_assert_text(iiif::ctl::resolved(c.from, c.location), c.to);
    ck_assert_text(iiif::ctl::resolved("no address", "/z"), "");
}
END_TEST

TCase* http_case() {
    TCase* tests = tcase_create("http");
    tcase_add_test(tests, where_redirects_lead);
    return tests;
}
const iiif::test::Register registered(http_case);

}  // namespace
