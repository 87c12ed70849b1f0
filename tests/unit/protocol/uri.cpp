// SPDX-License-Identifier: Apache-2.0
#include "protocol/uri.h"

#include <array>

#include "protocol/exchange.h"
#include "suite.h"

namespace iiif::test {
namespace {

using namespace protocol;
using namespace std::string_view_literals;

struct Decoding {
    std::string_view raw;
    std::optional<std::string> decoded;
};

const Decoding kDecodings[] = {
    {"", ""},
    {"plain", "plain"},
    {"ark:%2F12025%2f654xz321", "ark:/12025/654xz321"},
    {"%253C", "%3C"},  // once only
    {"a%20b+c", "a b+c"},
    {"%C3%A4", "\xC3\xA4"},
    {"%zz", std::nullopt},
    {"%2", std::nullopt},
    {"%", std::nullopt},
    {"a%00b", std::nullopt},
    {"a\0b"sv, std::nullopt},
    {"%-1", std::nullopt},
};

START_TEST(decodes_once) {
    const Decoding& row = kDecodings[_i];
    const auto decoded = percent_decode(row.raw);
    EXPECT(decoded == row.decoded, "%s -> %s", std::string(row.raw).c_str(), decoded ? decoded->c_str() : "(refused)");
}
END_TEST

struct Encoding {
    std::string_view decoded, encoded;
};

constexpr Encoding kEncodings[] = {
    {"", ""},
    {"AZaz09-._~!$&'()*+,;=:", "AZaz09-._~!$&'()*+,;=:"},
    {"ark:/12025/654xz321", "ark:%2F12025%2F654xz321"},
    {"https://example.com/?54#a", "https:%2F%2Fexample.com%2F%3F54%23a"},
    {"a b@c%[]", "a%20b%40c%25%5B%5D"},
    {"\"<>\\^`{|}\x7F\x01", "%22%3C%3E%5C%5E%60%7B%7C%7D%7F%01"},
    {"\xC3\xA4", "%C3%A4"},
};

START_TEST(encodes_what_must_not_stand_raw) {
    const Encoding& row = kEncodings[_i];
    const std::string encoded = percent_encode(row.decoded);
    EXPECT(encoded == row.encoded, "encoded as %s", encoded.c_str());
    EXPECT(percent_decode(encoded) == row.decoded, "%s does not decode to what it was", encoded.c_str());
}
END_TEST

struct Cut {
    std::string_view path, prefix;
    std::optional<std::string_view> rest;
};

constexpr Cut kCuts[] = {
    {"/iiif/3/x", "/iiif", "/3/x"},
    {"/iiif", "/iiif", ""},
    {"/iiif/", "/iiif", "/"},
    {"/iiifx", "/iiif", std::nullopt},
    {"/iii", "/iiif", std::nullopt},
    {"/other/x", "/iiif", std::nullopt},
    {"/%69iif/a%2Fb", "/iiif", "/a%2Fb"},
    {"/my%20images/x", "/my images", "/x"},
    {"/iii%6/x", "/iiif", std::nullopt},
    {"/%00", "/iiif", std::nullopt},
    {"/x/y", "", "/x/y"},
    {"", "", ""},
    {"*", "", std::nullopt},
};

START_TEST(cuts_the_prefix) {
    const Cut& row = kCuts[_i];
    const auto rest = cut_prefix(row.path, row.prefix);
    EXPECT(rest == row.rest, "%s without %s -> %s", std::string(row.path).c_str(), std::string(row.prefix).c_str(),
           rest ? std::string(*rest).c_str() : "(elsewhere)");
}
END_TEST

START_TEST(cuts_query_and_fragment) {
    EXPECT(path_of("/a/b") == "/a/b", "no query");
    EXPECT(path_of("/a?b/c?d") == "/a", "query");
    EXPECT(path_of("/a#b?c") == "/a", "fragment");
    EXPECT(path_of("?") == "" && path_of("") == "", "nothing left");
}
END_TEST

START_TEST(splits_on_raw_slashes) {
    const std::vector<std::string_view> some = {"a%2Fb", "", "c", ""};
    EXPECT(split_segments("a%2Fb//c/") == some, "empty segments count, encoded slashes do not");
    EXPECT(split_segments("") == std::vector<std::string_view>{""}, "nothing is one empty segment");
    EXPECT((split_segments("/a") == std::vector<std::string_view>{"", "a"}), "a leading slash");
}
END_TEST

TCase* uri_test_case() {
    TCase* test_case = tcase_create("uri");
    tcase_add_loop_test(test_case, decodes_once, 0, std::size(kDecodings));
    tcase_add_loop_test(test_case, encodes_what_must_not_stand_raw, 0, std::size(kEncodings));
    tcase_add_loop_test(test_case, cuts_the_prefix, 0, std::size(kCuts));
    tcase_add_test(test_case, cuts_query_and_fragment);
    tcase_add_test(test_case, splits_on_raw_slashes);
    return test_case;
}

const Register registration(uri_test_case);

}  // namespace
}  // namespace iiif::test
