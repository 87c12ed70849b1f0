// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <random>
#include <string>

#include "source/mapping.h"
#include "suite.h"

namespace {

using iiif::source::MapRule;

struct Applied {
    std::string_view regex, templ, identifier;
    const char* path;  // nullptr: no match
};

const Applied kApplied[] = {
    // captures
    {"^(.*)$", "$1", "abc", "abc"},
    {"^(.*)$", "$0.tif", "abc", "abc.tif"},
    {"b", "$0", "abc", "b"},
    {"^ms-(\\d+)_(\\d+)$", "mss/$1/$2.tif", "ms-12_003", "mss/12/003.tif"},
    {"^ms-(\\d+)_(\\d+)$", "mss/$1/$2.tif", "ms-12_00x", nullptr},
    {"^(?<box>\\w+):(?<leaf>\\w+)$", "${box}/${leaf}.jp2", "b1:f2r", "b1/f2r.jp2"},
    {"^(a)(b)?$", "x$1$2y", "a", "xay"},
    {"^(a)(b)?(c)?$", "x${1}${3}", "ab", "xa"},
    {"(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)", "${10}$1$10", "abcdefghij", "jaa0"},
    {"^x(?=y)", "a$0", "xy", "ax"},
    {"^.*$", "price$$0", "abc", "price$0"},
    {"^.*$", "fixed.tif", "abc", "fixed.tif"},
    {"^.*$", "a}b{c", "abc", "a}b{c"},
    // the identifier as a whole
    {"^a", "${id}", "abc", "abc"},
    {"^ark:/", "${id:pairtree}/image.tif", "ark:/13030/xt12", "ar/k+/=1/30/30/=x/t1/2/image.tif"},
    {"", "${id:md5}", "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"", "${id:md5/2/2}.tif", "abc", "90/01/900150983cd24fb0d6963f7d28e17f72.tif"},
    {"", "${id:sha1/1/1/1}", "abc", "a/9/9/a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"", "${id:sha256/3}", "abc", "ba7/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    // functions on captures
    {"^(\\w+)\\.(\\w+)$", "${1:lower}/${2:upper}", "MS.tif", "ms/TIF"},
    {"^(.*)$", "${1:encode}", "a b/\xC3\xA9", "a%20b%2F%C3%A9"},
    {"^(.*)$", "${1:flat}.tif", "a/b/c", "a_b_c.tif"},
    {"^(.*)$", "${1:0:2}/${1:2:2}/${1}", "abcdef", "ab/cd/abcdef"},
    {"^(.*)$", "${1:2}", "abcdef", "cdef"},
    {"^(.*)$", "${1: -2}/${1:-2}", "abcdef", "ef/ef"},
    {"^(.*)$", "x${1:9}", "abcdef", "x"},
    {"^(?<n>.*)$", "${n:md5/2}", "abc", "90/900150983cd24fb0d6963f7d28e17f72"},
    {"^(a)?b", "${1:md5}", "b", "d41d8cd98f00b204e9800998ecf8427e"},
    // UTF
    {"^(.)(.*)$", "$1/$2", "\xC3\xA9t\xC3\xA9", "\xC3\xA9/t\xC3\xA9"},
    {"^.$", "x", "\xF0\x9F\x8E\xA8", "x"},
    {"^.*$", "x", "\xFF", nullptr},  // not UTF-8
    {"^[\xC3\xA0-\xC3\xBF]+$", "$0", "\xC3\xA9", "\xC3\xA9"},
    {"(?i)^\xC3\x89$", "x", "\xC3\xA9", "x"},
    // the end is the end
    {"^a$", "x", "a\n", nullptr},
    {"", "x", "", "x"},
    // groups of the same number in two branches
    {"^(?|a(\\d)|b(\\d))$", "n$1", "b7", "n7"},
};

START_TEST(rules_apply) {
    const Applied& c = kApplied[_i];
    const auto rule = MapRule::compile(c.regex, c.templ);
    ck_assert_msg(rule.has_value(), "%s", rule ? "" : rule.error().sentence.c_str());
    const auto path = rule->apply(c.identifier);
    if (c.path == nullptr) {
        ck_assert_msg(!path, "%s", path ? path->c_str() : "");
    } else {
        ck_assert_msg(path == c.path, "%s instead of %s", path ? path->c_str() : "no match", c.path);
    }
}
END_TEST

struct Refused {
    std::string_view regex, templ, words;  // `words` have to be in the sentence
};

const Refused kRefused[] = {
    {"(", "x", "regular expression, offset 1: missing closing parenthesis"},
    {"a[", "x", "regular expression, offset 2"},
    {"\xFF", "x", "regular expression, offset 0: UTF-8 error"},
    {"\\C", "x", "regular expression"},
    {"(?<id>a)", "x", "a group cannot be named id"},
    {"(?J)(?<n>a)|(?<n>b)", "$1", "two groups are named n"},
    {"(a)", "$2", "template, offset 0: the regular expression has no group 2, the highest is 1"},
    {"(a)", "xy${12}", "template, offset 2: the regular expression has no group 12"},
    {"(a)", "${99999999999999999999}", "no group 9999"},
    {"(a)", "${box}", "no group named \"box\""},
    {"(a)", "${}", "no group named \"\""},
    {"(a)", "a${1", "template, offset 1: \"${\" has no \"}\""},
    {"(a)", "a$", "template, offset 1: after '$' comes"},
    {"(a)", "$x", "template, offset 0: after '$' comes"},
    {"(a)", "${1:}", "\"\" is not a function; allowed are pairtree"},
    {"(a)", "${1:reverse}", "\"reverse\" is not a function; allowed are pairtree"},
    {"(a)", "${1:lower/2}", "is not a function"},
    {"(a)", "${1:md4/2}", "is not a function"},
    {"(a)", "${1:2:}", "is not a function"},
    {"(a)", "${1:2:-1}", "is not a function"},
    {"(a)", "${1:--2}", "is not a function"},
    {"(a)", "${1:2:3:4}", "is not a function"},
    {"(a)", "${1:99999}", "is not a function"},
    {"(a)", "${1:md5/}", "together at most 32"},
    {"(a)", "${1:md5/0}", "together at most 32"},
    {"(a)", "${1:md5/2//2}", "together at most 32"},
    {"(a)", "${1:md5/30/3}", "together at most 32"},
    {"(a)", "${1:sha1/41}", "together at most 40"},
    {"(a)", "${1:md5/x}", "together at most 32"},
    // paths that could never be a file beneath the root
    {"(a)", "", "it has to name a file"},
    {"(a)", "$1/", "it has to name a file"},
    {"(a)", "/srv/images/$1.tif", "template, offset 0: the path is beneath the root"},
    {"(a)", "../$1", "template, offset 0: names that begin with '.'"},
    {"(a)", "$1/../x", "template, offset 3: names that begin with '.'"},
    {"(a)", "x/.y/$1", "template, offset 2: names that begin with '.'"},
    {"(a)", "x//$1", "template, offset 2: nothing stands between two '/'"},
};

START_TEST(mistakes_are_refused_in_words) {
    const Refused& c = kRefused[_i];
    const auto rule = MapRule::compile(c.regex, c.templ);
    ck_assert(!rule.has_value());
    ck_assert_int_eq(rule.error().status, 0);
    ck_assert_msg(rule.error().sentence.find(c.words) != std::string::npos, "%s", rule.error().sentence.c_str());
}
END_TEST

START_TEST(hostile_identifiers_are_given_up) {
    const std::string identifier = std::string(1000, 'a') + "!";
    for (const char* regex : {"^(a+)+$", "^(a|aa)+$", "^(.*)*x$", "(?:(?:(?:a*)*)*)*b$", "^((a*)(a*)(a*)(a*))b$"}) {
        const auto rule = MapRule::compile(regex, "x");
        ck_assert(rule.has_value());
        const auto begin = std::chrono::steady_clock::now();
        ck_assert_msg(!rule->apply(identifier), "%s", regex);
        const auto took = std::chrono::steady_clock::now() - begin;
        // Milliseconds; the wide margin is for sanitizers and busy machines. Without limits these take ages.
        ck_assert_msg(took < std::chrono::seconds(2), "%s", regex);
    }
}
END_TEST

// The second branch would match, but only after the first has failed in some million ways.
START_TEST(beyond_the_match_limit_there_is_no_match) {
    const auto rule = MapRule::compile("^(?:(?:a|aa)+b|a+!)$", "x");
    ck_assert(rule.has_value());
    ck_assert(rule->apply(std::string(10, 'a') + "!") == "x");
    ck_assert(!rule->apply(std::string(29, 'a') + "!"));
}
END_TEST

START_TEST(long_identifiers_match_when_they_should) {
    std::string identifier;
    while (identifier.size() < 1020) identifier += "ab/";
    for (const char* regex : {"^(?:\\w+/)*$", "^(?:(?:a|b|/))*$", "^(.+)/(.*)$", "^((?:[^/]|/)+)$",
                              "^((a)|(b)|(/))*$" /* more than compiled code's stack holds */}) {
        const auto rule = MapRule::compile(regex, "x");
        ck_assert(rule.has_value());
        ck_assert_msg(rule->apply(identifier) == "x", "%s", regex);
    }
}
END_TEST

START_TEST(rules_move) {
    auto one = *MapRule::compile("^a$", "one");
    auto two = std::move(one);
    ck_assert(two.apply("a") == "one");
    two = *MapRule::compile("^a$", "two");
    ck_assert(two.apply("a") == "two");
}
END_TEST

// Random templates of telling pieces: parsed or refused with a sentence, and what is parsed expands.
START_TEST(random_templates_are_parsed_or_refused) {
    constexpr std::string_view kPieces[] = {"$",   "{",  "}", ":",  "/",   "1",     "2",      "0",    "-",
                                            " ",   "id", "a", "$1", "${1", "${id:", "md5/2/", "n",    "${n}",
                                            "low", "er", ".", "*",  "$$",  "99",    "sha1",   "flat", "\xFF"};
    std::mt19937 random(20240607);
    int parsed = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string templ;
        for (auto count = random() % 8; count > 0; --count) templ += kPieces[random() % std::size(kPieces)];
        const auto rule = MapRule::compile("^(a)(?<n>.)?", templ);
        if (rule) {
            ++parsed;
            ck_assert(rule->apply("ab").has_value());
        } else {
            ck_assert(!rule.error().sentence.empty());
        }
    }
    ck_assert_int_gt(parsed, 500);
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("map_rule");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, rules_apply, 0, static_cast<int>(std::size(kApplied)));
    tcase_add_loop_test(tc, mistakes_are_refused_in_words, 0, static_cast<int>(std::size(kRefused)));
    tcase_add_test(tc, hostile_identifiers_are_given_up);
    tcase_add_test(tc, beyond_the_match_limit_there_is_no_match);
    tcase_add_test(tc, long_identifiers_match_when_they_should);
    tcase_add_test(tc, rules_move);
    tcase_add_test(tc, random_templates_are_parsed_or_refused);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
