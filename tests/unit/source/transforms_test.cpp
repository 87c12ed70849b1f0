// SPDX-License-Identifier: Apache-2.0
#include "source/transforms.h"

#include <array>

#include "suite.h"
#include "text.h"

namespace {

using namespace iiif::source;
using iiif::test::is;
using std::string_view_literals::operator""sv;

struct Pair {
    std::string_view in, out;
};

const Pair kPairtree[] = {
    // The three examples of the specification's section 3, without the trailing slash. It prints the second one with
    // "n+/n/bn/+s/e+/kb/+/re/p/os/-1" in it, which are not pairs; here it is by the algorithm of section 1.
    {"ark:/13030/xt12t3", "ar/k+/=1/30/30/=x/t1/2t/3"},
    {"http://n2t.info/urn:nbn:se:kb:repos-1", "ht/tp/+=/=n/2t/,i/nf/o=/ur/n+/nb/n+/se/+k/b+/re/po/s-/1"},
    {"what-the-*@?#!^!?", "wh/at/-t/he/-^/2a/@^/3f/#!/^5/e!/^3/f"},
    // Section 1: two characters each, the last may be alone.
    {"abcd", "ab/cd"},
    {"abcdefg", "ab/cd/ef/g"},
    {"12-986xy4", "12/-9/86/xy/4"},
    {"a", "a"},
    {"", ""},
    // Every character that has to be cleaned, and its neighbours that have not.
    {"\"*+,<=>?\\^|", "^2/2^/2a/^2/b^/2c/^3/c^/3d/^3/e^/3f/^5/c^/5e/^7/c"},
    {"!#-;@[]_`{}~", "!#/-;/@[/]_/`{/}~"},
    {" \x7F\x01", "^2/0^/7f/^0/1"},
    {"\xC3\xA9t\xC3\xA9", "^c/3^/a9/t^/c3/^a/9"},
    {"../..", ",,/=,/,"},
};

START_TEST(pairtree_follows_the_specification) {
    is(pairtree(kPairtree[_i].in), kPairtree[_i].out);
}
END_TEST

START_TEST(digests_are_the_well_known_ones) {
    is(hexadecimal_digest(Digest::md5, ""), "d41d8cd98f00b204e9800998ecf8427e");
    is(hexadecimal_digest(Digest::md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
    is(hexadecimal_digest(Digest::sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    is(hexadecimal_digest(Digest::sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (const Digest digest : {Digest::md5, Digest::sha1, Digest::sha256}) {
        ck_assert_uint_eq(hexadecimal_digest(digest, "x").size(), hexadecimal_length(digest));
    }
}
END_TEST

START_TEST(digest_paths_begin_with_consecutive_prefixes) {
    const std::array<std::size_t, 3> lengths = {2, 1, 3};
    is(digest_path(Digest::md5, lengths, "abc"), "90/0/150/900150983cd24fb0d6963f7d28e17f72");
    is(digest_path(Digest::md5, {}, "abc"), "900150983cd24fb0d6963f7d28e17f72");
    const std::array<std::size_t, 1> all = {32};
    is(digest_path(Digest::md5, all, "abc"), "900150983cd24fb0d6963f7d28e17f72/900150983cd24fb0d6963f7d28e17f72");
}
END_TEST

START_TEST(letters_are_ascii) {
    is(lower("MS-1_\xC3\x84Z[@"), "ms-1_\xC3\x84z[@");
    is(upper("ms-1_\xC3\xA4z{`"), "MS-1_\xC3\xA4Z{`");
    is(flat("a/b//c"), "a_b__c");
}
END_TEST

START_TEST(substrings_are_those_of_a_shell) {
    is(substring("abcdef", 0, 2), "ab");
    is(substring("abcdef", 2, 100), "cdef");
    is(substring("abcdef", 6, 1), "");
    is(substring("abcdef", 7, 1), "");
    is(substring("abcdef", -2, 100), "ef");
    is(substring("abcdef", -6, 1), "a");
    is(substring("abcdef", -7, 1), "");
    is(substring("", 0, 1), "");
    is(substring("abc", 1, 0), "");
}
END_TEST

const Pair kReadable[] = {
    {"plain \"text\"", "plain \"text\""},
    {"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8E\xA8", "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8E\xA8"},
    {"a\0b\nc\x7F"sv, "a?b?c?"},
    {"\x1B[31m", "?[31m"},
    {"\xC2\x9B", "??"},  // a control character of two bytes
    {"\xC2\xA0", "\xC2\xA0"},
    {"\xFF\xC3", "??"},
    {"\xC0\xAF", "??"},  // overlong
    {"\xE0\x80\xAF", "???"},
    {"\xED\xA0\x80", "???"},       // a surrogate
    {"\xF4\x90\x80\x80", "????"},  // beyond U+10FFFF
    {"\xE2\x82", "??"},            // cut off
};

START_TEST(readable_text_is_clean_utf8) {
    is(readable(kReadable[_i].in), kReadable[_i].out);
}
END_TEST

START_TEST(readable_text_is_cut_between_characters) {
    is(readable("abcdef", 6), "abcdef");
    is(readable("abcdefg", 6), "abcdef...");
    is(readable("abcde\xC3\xA9", 6), "abcde...");
    ck_assert_uint_le(readable(std::string(5000, 'x')).size(), 103);
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("transforms");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, pairtree_follows_the_specification, 0, static_cast<int>(std::size(kPairtree)));
    tcase_add_test(tc, digests_are_the_well_known_ones);
    tcase_add_test(tc, digest_paths_begin_with_consecutive_prefixes);
    tcase_add_test(tc, letters_are_ascii);
    tcase_add_test(tc, substrings_are_those_of_a_shell);
    tcase_add_loop_test(tc, readable_text_is_clean_utf8, 0, static_cast<int>(std::size(kReadable)));
    tcase_add_test(tc, readable_text_is_cut_between_characters);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
