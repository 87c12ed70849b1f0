// SPDX-License-Identifier: Apache-2.0
#include "delivery/settings.h"

#include <string>
#include <vector>

#include "delivery/values.h"
#include "suite.h"

namespace {

using iiif::delivery::Settings;

struct Case {
    const char* name;
    std::vector<std::string> values;
    const char* wrong;  // part of the refusal; nullptr: accepted
};

const Case kCases[] = {
    {"iiif", {"on"}, nullptr},
    {"iiif", {"Off"}, nullptr},
    {"iiif", {"yes"}, "allowed is on or off"},
    {"iiif", {}, "expected on | off"},
    {"root", {"/srv/images"}, nullptr},
    {"root", {"images"}, "absolute path"},
    {"map", {"^(.*)$", "$1.tif"}, nullptr},
    {"map", {"(", "$1"}, "offset"},
    {"extensions", {"tif", ".jp2"}, nullptr},
    {"extensions", {"../x"}, "extensions"},
    {"page_delimiter", {";"}, nullptr},
    {"page_delimiter", {"off"}, nullptr},
    {"page_delimiter", {"p1"}, "without digits"},
    {"symlinks", {"beneath"}, nullptr},
    {"symlinks", {"on"}, "beneath"},
    {"pyramids", {"/var/cache/iiif"}, nullptr},
    {"pyramids", {"/var/cache/iiif", "50g"}, nullptr},
    {"pyramids", {"off"}, nullptr},
    {"pyramids", {"off", "50g"}, "absolute path"},
    {"pyramids", {"cache"}, "absolute path"},
    {"pyramids", {"/var/cache/iiif", "1m"}, "at least 64m"},
    {"pyramids", {"/var/cache/iiif", "much"}, "at least 64m"},
    {"versions", {"3", "2"}, nullptr},
    {"versions", {"2"}, nullptr},
    {"versions", {"3", "3"}, "each once"},
    {"versions", {"1"}, "allowed are 3 and 2"},
    {"base_uri", {"https://example.org/iiif"}, nullptr},
    {"base_uri", {"example.org"}, "http"},
    {"base_uri", {"http://[2001:db8::1]:8080/iiif"}, nullptr},
    {"base_uri", {"http://example.org:8080"}, nullptr},
    {"base_uri", {"http://[::1"}, "http"},
    {"base_uri", {"http://[x]"}, "http"},
    {"base_uri", {"http://a]b"}, "http"},
    {"base_uri", {"http://reader@example.org"}, "http"},
    {"base_uri", {"http://example.org:port"}, "http"},
    {"base_uri", {"http://:80"}, "http"},
    {"base_uri", {"http:///iiif"}, "http"},
    {"base_uri", {"https://example.org/\"x"}, "http"},
    {"max_width", {"3000"}, nullptr},
    {"max_width", {"0"}, "from 1"},
    {"max_width", {"3k"}, "from 1"},
    {"max_width", {"99999999999999999999"}, "from 1"},
    {"max_area", {"off"}, nullptr},
    {"max_area", {"none"}, "or off for no limit"},
    {"max_identifier", {"255"}, nullptr},
    {"max_identifier", {"5000"}, "from 16 to 4096"},
    {"map_file", {"/etc/iiif.json", "1g"}, nullptr},
    {"map_file", {"/etc/iiif.json", "large"}, "such as 64m"},
    {"map_file", {"iiif.json"}, "absolute path"},
    {"queue", {"100"}, nullptr},
    {"queue", {"100", "10s"}, nullptr},
    {"queue", {"100", "10ms"}, "100ms to 1h"},
    {"queue", {"0", "10s"}, "from 1 to 4096"},
    {"status", {"/run/iiif/status.json"}, nullptr},
    {"status", {"off"}, nullptr},
    {"status", {"status.json"}, "absolute path of a file"},
    {"decoder_memory", {"1g"}, nullptr},
    {"decoder_memory", {"1m"}, "64m"},
    {"formats", {"jpg", "webp"}, nullptr},
    {"formats", {"jpeg"}, "allowed are jpg png"},
    {"qualities", {"gray"}, nullptr},
    {"qualities", {"grey"}, "default color gray bitonal"},
    {"rights", {"http://creativecommons.org/licenses/by/4.0/"}, nullptr},
    {"rights", {"public domain"}, "URI"},
    {"part_of", {"https://example.org/${id}/manifest", "Manifest", "A book"}, nullptr},
    {"part_of", {"manifest", "Manifest"}, "URI"},
    {"background", {"#ff8800"}, nullptr},
    {"background", {"red"}, "hexadecimal"},
    {"icc", {"embed"}, nullptr},
    {"icc", {"adobe"}, "srgb"},
    {"pages", {"on"}, nullptr},
    {"pages", {"yes please"}, "on"},
    {"pages_logo", {"/static/logo.svg"}, nullptr},
    {"pages_logo", {"https://example.org/logo.svg"}, nullptr},
    {"pages_logo", {"//example.org/logo.svg"}, "path"},
    {"pages_logo", {"javascript:alert(1)"}, "path"},
    {"pages_logo", {"/a \"b"}, "path"},
    {"pages_colour", {"#7A1F3D"}, nullptr},
    {"pages_colour", {"red"}, "hexadecimal"},
    {"pages_directory", {"relative"}, "absolute"},
    {"max_age", {"7d"}, nullptr},
    {"max_age", {"soon"}, "time"},
    {"timeout", {"0"}, "1s to 1h"},
    {"timeout", {"90s"}, nullptr},
    {"renderers", {"auto"}, nullptr},
    {"renderers", {"0"}, "from 1 to 256"},
    {"renderer_memory", {"2g"}, nullptr},
    {"renderer_memory", {"1k"}, "64m"},
    {"encoder_memory", {"1g"}, nullptr},
    {"encoder_memory", {"63m"}, "64m"},
    {"sandbox", {"require"}, nullptr},
    {"sandbox", {"prefer"}, nullptr},
    {"sandbox", {"off"}, nullptr},
    {"sandbox", {"on"}, "prefer (use what there is)"},
    {"no_such_thing", {"1"}, "no directive"},
    {"attribution", {"\xff\xfe"}, "UTF-8"},
};

START_TEST(values_are_checked) {
    const Case& c = kCases[_i];
    Settings settings;
    const auto done = settings.set(c.name, c.values);
    if (c.wrong == nullptr) {
        ck_assert_msg(done.has_value(), "%s was refused: %s", c.name, done ? "" : done.error().sentence.c_str());
    } else {
        ck_assert_msg(!done, "%s was accepted", c.name);
        ck_assert_msg(done.error().sentence.find(c.wrong) != std::string::npos, "%s: \"%s\" lacks \"%s\"", c.name,
                      done.error().sentence.c_str(), c.wrong);
    }
}
END_TEST

START_TEST(the_table_is_sound) {
    ck_assert_uint_gt(iiif::delivery::directives().size(), 0);
    for (const auto& directive : iiif::delivery::directives()) {
        const std::string name = directive.name;
        std::string squeezed;
        for (const char ch : name) {
            if (ch != '_') squeezed += ch;
        }
        // The same words in httpd's spelling: IIIF + words run together, whatever their capitals.
        std::string httpd = std::string(directive.httpd_name);
        ck_assert(httpd.starts_with("IIIF"));
        httpd = httpd == "IIIF" ? "iiif" : httpd.substr(4);
        for (char& ch : httpd) ch = static_cast<char>(ch >= 'A' && ch <= 'Z' ? ch + 32 : ch);
        ck_assert_str_eq(httpd.c_str(), squeezed.c_str());
        ck_assert_uint_le(directive.min_values, directive.max_values);
    }
}
END_TEST

START_TEST(given_twice_is_refused_unless_repeatable) {
    Settings settings;
    ck_assert(settings.set("max_width", {"1"}).has_value());
    ck_assert(!settings.set("max_width", {"2"}).has_value());
    ck_assert(settings.set("map", {"a", "b"}).has_value());
    ck_assert(settings.set("map", {"c", "d"}).has_value());
}
END_TEST

START_TEST(inherits_what_it_does_not_say) {
    Settings parent;
    Settings child;
    ck_assert(parent.set("max_width", {"1000"}).has_value());
    ck_assert(parent.set("max_area", {"5000"}).has_value());
    ck_assert(parent.set("map", {"a", "b"}).has_value());
    ck_assert(parent.set("map", {"c", "d"}).has_value());
    ck_assert(child.set("max_width", {"2000"}).has_value());
    child.inherit(parent);
    ck_assert_uint_eq(child.number("max_width", 0), 2000);
    ck_assert_uint_eq(child.number("max_area", 0), 5000);
    ck_assert_uint_eq(child.entries().size(), 4);  // both rules came along
}
END_TEST

START_TEST(survives_json) {
    Settings settings;
    ck_assert(settings.set("map", {"^(\\w+)\"$", "${1:lower}/ä.tif"}).has_value());
    ck_assert(settings.set("timeout", {"1500ms"}).has_value());
    const auto back = Settings::from_json(settings.to_json());
    ck_assert(back.has_value());
    ck_assert(back->to_json() == settings.to_json());
    ck_assert_uint_eq(back->number("timeout", 0), 1500);
    ck_assert(!Settings::from_json("{}").has_value());
    ck_assert(!Settings::from_json("[[\"max_width\",\"x\"]]").has_value());
    ck_assert(!Settings::from_json("[[1]]").has_value());
    ck_assert(!Settings::from_json("").has_value());
}
END_TEST

TCase* settings_test_case() {
    TCase* tc = tcase_create("settings");
    tcase_add_loop_test(tc, values_are_checked, 0, static_cast<int>(std::size(kCases)));
    tcase_add_test(tc, the_table_is_sound);
    tcase_add_test(tc, given_twice_is_refused_unless_repeatable);
    tcase_add_test(tc, inherits_what_it_does_not_say);
    tcase_add_test(tc, survives_json);
    return tc;
}

const iiif::test::Register kRegister(settings_test_case);

}  // namespace
