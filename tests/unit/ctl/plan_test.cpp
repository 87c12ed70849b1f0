// SPDX-License-Identifier: Apache-2.0
// What becomes of which file, and what is said of images; and work in children.
#include <csignal>
#include <string>
#include <vector>

#include "ctl/children.h"
#include "ctl/prepare.h"
#include "ctl/verdict.h"
#include "suite.h"

namespace {

using namespace iiif;
using ctl::Verdict;
using source::Container;

source::Description image(Container container, std::uint32_t width, std::uint32_t height) {
    source::Description out;
    out.container = container;
    out.stored = {width, height};
    out.levels = {{out.stored, {}, 1, -1}};
    return out;
}

source::Description pyramid(std::uint32_t width, std::uint32_t height, bool jpeg, std::size_t levels) {
    source::Description out = image(Container::tiff, width, height);
    out.levels.clear();
    for (std::size_t i = 0; i < levels; ++i) {
        source::Level level{{width >> i, height >> i}, {256, 256}, 0, -1};
        level.index.codec = jpeg ? source::Codec::jpeg : source::Codec::other;
        out.levels.push_back(level);
    }
    return out;
}

START_TEST(verdicts) {
    struct Case {
        source::Description image;
        Verdict verdict;
        bool as_pyramid;
    };
    auto parts = image(Container::jpeg, 6000, 4000);
    parts.parts = true;
    auto huge = image(Container::jpeg, 20000, 10000);
    huge.parts = true;
    auto pages = image(Container::tiff, 5000, 5000);
    pages.pages = 3;
    auto jp2 = image(Container::jp2, 20000, 10000);
    auto reduced = jp2;
    for (const unsigned shift : {1U, 2U, 3U, 4U}) {
        reduced.levels.push_back(
            {{20000U >> shift, 10000U >> shift}, {1024, 1024}, static_cast<std::int32_t>(shift), -1});
    }
    const std::vector<Case> cases = {
        {pyramid(30000, 20000, true, 6), Verdict::fast, false},
        {pyramid(30000, 20000, false, 6), Verdict::fair, true},
        {pyramid(30000, 20000, true, 1), Verdict::slow, true},  // tiles alone
        {pyramid(1000, 800, true, 1), Verdict::fast, false},
        {image(Container::tiff, 1000, 800), Verdict::fair, true},
        {image(Container::tiff, 5000, 5000), Verdict::slow, true},
        {pages, Verdict::slow, false},
        {parts, Verdict::fair, true},
        {huge, Verdict::slow, true},
        {image(Container::jpeg, 6000, 4000), Verdict::slow, true},  // progressive, say
        {image(Container::png, 1000, 800), Verdict::fair, true},
        {image(Container::png, 5000, 5000), Verdict::slow, true},
        {image(Container::heif, 5000, 5000), Verdict::slow, true},
        {image(Container::pdf, 5000, 5000), Verdict::fair, false},
        {jp2, Verdict::slow, true},
        {reduced, Verdict::fair, true},
    };
    for (const Case& one : cases) {
        const ctl::Finding finding = ctl::judge(one.image);
        ck_assert_msg(finding.verdict == one.verdict && finding.as_pyramid == one.as_pyramid, "%s",
                      finding.says.c_str());
        ck_assert((finding.verdict == Verdict::slow) == !finding.to_do.empty());
        const ctl::Finding again = ctl::finding_of(ctl::to_json(finding));
        ck_assert(again.verdict == finding.verdict && again.says == finding.says && again.to_do == finding.to_do &&
                  again.width == finding.width && again.as_pyramid == finding.as_pyramid);
    }
    ck_assert_text(ctl::title_of(image(Container::png, 12000, 9000)), "PNG, 12000 x 9000 pixels (108 megapixels)");
    ck_assert_text(ctl::title_of(image(Container::png, 3000, 2000)), "PNG, 3000 x 2000 pixels (6.0 megapixels)");
    ck_assert_text(ctl::title_of(image(Container::png, 30, 20)), "PNG, 30 x 20 pixels");
    for (const char* broken : {"", "{}", "[", "{\"verdict\": 77}"}) {
        ck_assert(ctl::finding_of(broken).verdict == Verdict::unreadable);
    }
}
END_TEST

START_TEST(plans) {
    std::vector<ctl::File> files;
    std::vector<ctl::Finding> findings;
    const auto add = [&](const char* path, Verdict verdict, bool as_pyramid) {
        files.push_back({path, 1, ""});
        ctl::Finding& finding = findings.emplace_back();
        finding.verdict = verdict;
        finding.as_pyramid = as_pyramid;
        finding.says = "as it is";
    };
    add("a/1.png", Verdict::slow, true);
    add("a/2.tif", Verdict::fast, false);
    add("a/3.jpg", Verdict::fair, true);
    add("a/book.tif", Verdict::slow, false);  // pages
    add("a/notes.txt", Verdict::other, false);
    add("a/broken.tif", Verdict::unreadable, false);
    add("b/x.png", Verdict::slow, true);
    add("b/x.tif", Verdict::fast, false);
    const auto steps = ctl::plan(files, findings, {});
    ck_assert_uint_eq(steps.size(), 7);
    const auto is = [&steps](std::size_t i, const char* to, bool convert, const char* wrong) {
        const ctl::Step& step = steps.at(i);
        return step.to == to && step.convert == convert && step.wrong.find(wrong) != std::string::npos &&
               step.wrong.empty() == (*wrong == '\0');
    };
    ck_assert(is(0, "a/1.tif", true, "") && is(1, "a/2.tif", false, "") && is(2, "a/3.jpg", false, ""));
    ck_assert(is(3, "a/book.tif", false, "") && is(4, "", false, "as it is"));
    ck_assert(is(5, "b/x.tif", true, "") && is(6, "", false, "\"b/x.png\" would become \"b/x.tif\""));
    ctl::PrepareOptions all;
    all.all = true;
    ck_assert_text(ctl::plan(files, findings, all).at(2).to, "a/3.tif");
    ck_assert_text(ctl::prepared_name("a.b/c.d.png"), "a.b/c.d.tif");
    ck_assert_text(ctl::prepared_name("a.b/c"), "a.b/c.tif");
}
END_TEST

START_TEST(children) {
    std::vector<std::string> said(40);
    std::vector<std::string> ended(40);
    ctl::in_children(
        40, 3,
        [](std::size_t i) {
            if (i == 7) (void)std::raise(SIGKILL);
            if (i == 8) throw std::bad_alloc();
            return std::string(i * 5000, 'x');  // more than a pipe holds
        },
        [&](std::size_t i, const ctl::Outcome& outcome) {
            said[i] = outcome.said;
            ended[i] = outcome.ended;
        });
    for (std::size_t i = 0; i < 40; ++i) {
        const bool wrong = i == 7 || i == 8;
        ck_assert_uint_eq(said[i].size(), wrong ? 0 : i * 5000);
        ck_assert(ended[i].empty() == !wrong);
    }
    ck_assert(ended[7].find("signal 9") != std::string::npos && ended[8].find("memory") != std::string::npos);
}
END_TEST

TCase* plan_test_case() {
    TCase* test_case = tcase_create("plan");
    tcase_add_test(test_case, verdicts);
    tcase_add_test(test_case, plans);
    tcase_add_test(test_case, children);
    return test_case;
}
const test::Register registered(plan_test_case);

}  // namespace
