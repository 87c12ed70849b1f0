// SPDX-License-Identifier: Apache-2.0
// What is asked for of the Presentation API, and which folders a location of its own keeps out of Collections.
#include <memory>
#include <string>

#include "delivery/request.h"
#include "suite.h"

namespace {

using namespace iiif::delivery;
using iiif::protocol::Resource;

std::unique_ptr<Service> made(const std::string& presentation) {
    Settings settings;
    ck_assert(settings.set("root", {"/tmp"}).has_value());
    ck_assert(settings.set("presentation", {presentation}).has_value());
    auto service = make_service(settings, "/iiif");
    ck_assert_msg(service.has_value(), "%s", service ? "" : service.error().sentence.c_str());
    return std::move(*service);
}

std::optional<Request> asked(const Service& service, const std::string& uri) {
    HttpRequest http;
    http.method = "GET";
    http.raw_uri = uri;
    http.base = "http://x";
    return parse_request(service, http);
}

START_TEST(resources) {
    static constexpr struct {
        const char *uri, *kind, *path, *id;
    } kCases[] = {
        {"/iiif/collection.json", "collection", "", "http://x/iiif/collection.json"},
        {"/iiif/3/collection.json", "collection", "", "http://x/iiif/3/collection.json"},
        {"/iiif/2/a/manifest.json", "manifest", "a", "http://x/iiif/2/a/manifest.json"},
        {"/iiif/a%2Fb/manifest.json", "manifest", "a/b", "http://x/iiif/a/b/manifest.json"},
        {"/iiif/a/b%20c/manifest.json?x=1", "manifest", "a/b c", "http://x/iiif/a/b%20c/manifest.json"},
        {"/iiif/a/b.tif;2/canvas.json", "manifest", "a/b.tif;2", "http://x/iiif/a/b.tif;2/canvas.json"},
        {"/iiif/3/a.tif/annotations.json", "manifest", "a.tif", "http://x/iiif/3/a.tif/annotations.json"},
        {"/iiif/3/a/range-1-12.json", "manifest", "a", "http://x/iiif/3/a/range-1-12.json"},
        {"/iiif/2/a/sequence.json", "manifest", "a", "http://x/iiif/2/a/sequence.json"},
        // Not these: a sequence is 2.1's, an annotation page 3.0's, and others are names of images.
        {"/iiif/3/a/sequence.json", "base", nullptr, "http://x/iiif/3/a/sequence.json"},
        {"/iiif/2/a/annotations.json", "base", nullptr, "http://x/iiif/2/a/annotations.json"},
        {"/iiif/a/range-x.json", "base", nullptr, "http://x/iiif/a/range-x.json"},
        {"/iiif/a/Manifest.json", "base", nullptr, "http://x/iiif/a/Manifest.json"},
        {"/iiif/a/info.json", "info", nullptr, "http://x/iiif/a"},
    };
    const auto service = made("on");
    for (const auto& c : kCases) {
        const auto request = asked(*service, c.uri);
        ck_assert_msg(request.has_value(), "%s", c.uri);
        ck_assert_text(std::string(name_of(request->kind)), c.kind);
        ck_assert_text(request->id, c.id);
        ck_assert_msg(request->presentation.has_value() == (c.path != nullptr), "%s", c.uri);
        if (request->presentation) {
            ck_assert_text(request->presentation->path, c.path);
            ck_assert_text(request->presentation->endpoint, "http://x/iiif");
        }
    }
    ck_assert(!asked(*made("off"), "/iiif/a/manifest.json")->presentation);
    ck_assert(asked(*service, "/iiif/a%zz/manifest.json")->refusal.has_value());
    ck_assert(asked(*service, "/iiif/" + std::string(5000, 'a') + "/manifest.json")->refusal.has_value());
}
END_TEST

START_TEST(locations_apart) {
    const auto service = made("on");
    for (const char* location : {"/iiif/3/private/", "/iiif/2/private/", "/iiif/priv", "/iiif/3", "/iiif/", "/other/x",
                                 "/iiif", "/iiifx/open", "/iiif/open/in/"}) {
        service->set_apart(location);
    }
    ck_assert_uint_eq(service->apart.size(), 3);
    static constexpr struct {
        const char *path, *from;
        bool apart;
    } kCases[] = {
        {"private", "", true},       {"private/x", "", true},   {"private/x", "private", false},
        {"privy", "", true},         {"open", "", false},       {"open/in", "open", true},
        {"open/in/x", "open", true}, {"open/inner", "", false}, {"open/in/x", "open/in", false},
        {"a/private", "", false},    {"", "", false},
    };
    for (const auto& c : kCases) {
        ck_assert_msg(service->is_apart(c.path, c.from) == c.apart, "%s from \"%s\"", c.path, c.from);
    }
}
END_TEST

START_TEST(locations_by_pattern) {
    using Kind = iiif::source::UriPattern::Kind;
    static constexpr struct {
        const char* pattern;
        Kind kind;
        const char *path, *from;
        bool apart;
    } kCases[] = {
        {"^/iiif/([23]/)?private/", Kind::regex, "private", "", true},
        {"^/iiif/([23]/)?private/", Kind::regex, "private/x", "private", false},
        {"^/iiif/([23]/)?private/", Kind::regex, "Private", "", false},
        {"^/iiif/([23]/)?private/", Kind::caseless_regex, "Private", "", true},
        {"^/iiif/3/a/b", Kind::regex, "a", "", false},
        {"^/iiif/3/a/b", Kind::regex, "a/b", "a", true},
        {"^/iiif/3/a$", Kind::regex, "a", "", true},
        {"/secret/.*manifest", Kind::regex, "x/secret", "x", true},
        {"/secret/.*/full/", Kind::regex, "x/secret", "x", true},
        {"/secret\\.tif/full/", Kind::regex, "x/secret.tif", "x", true},
        {"\\.json$", Kind::regex, "a", "", false},  // holds for what is around it as well
        {"/full/max/", Kind::regex, "a/b.tif", "a", false},
        {"\\.php$", Kind::regex, "a", "", false},
        {"^/other/", Kind::regex, "a", "", false},
        {"\xFF", Kind::regex, "\xFFx", "", true},  // bytes
        // Takes for ever: rather apart.
        {"(a+)+$", Kind::regex, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "", true},
        {"/iiif/*/private", Kind::wildcards, "private", "", true},
        {"/iiif/*/private/*", Kind::wildcards, "private", "", true},
        {"/iiif/*/private/*", Kind::wildcards, "private/x", "private", false},
        {"/iiif/?/[pq]rivate/*/*/*/*/*", Kind::wildcards, "private", "", true},
        {"/iiif/*/private/*", Kind::wildcards, "open", "", false},
        {"/iiif/*/private/*", Kind::wildcards, "a/private", "a", true},  // without a version
        {"/iiif/3/private/*", Kind::wildcards, "a/private", "a", false},
        {"/iiif/*", Kind::wildcards, "open", "", false},
        {"/iiif/*/*", Kind::wildcards, "open", "", true},  // whose Manifest it holds for
        {"/iiif/[", Kind::wildcards, "open", "", false},
    };
    for (const auto& c : kCases) {
        const auto service = made("on");
        ck_assert(service->set_apart_matching(c.pattern, c.kind).has_value());
        ck_assert_msg(service->is_apart(c.path, c.from) == c.apart, "%s: %s from \"%s\"", c.pattern, c.path, c.from);
    }
    const auto service = made("on");
    const auto wrong = service->set_apart_matching("(", Kind::regex);
    ck_assert(!wrong.has_value() && wrong.error().sentence.find("offset 1") != std::string::npos);
    ck_assert(service->apart_patterns.empty());
}
END_TEST

// The root is /tmp.
START_TEST(directories_apart) {
    static constexpr struct {
        const char* directory;
        bool beneath;
        const char* apart;
    } kCases[] = {
        {"/tmp/private", true, "private/"},
        {"/tmp/private/", true, "private/"},
        {"/tmp//a/./b", true, "a/b/"},
        {"/tmp/a/../private", true, "private/"},
        {"/tmp", false, nullptr},
        {"/tmp/", false, nullptr},
        {"/", false, nullptr},
        {"/tmpx/private", false, nullptr},
        {"/var/private", false, nullptr},
    };
    for (const auto& [directory, beneath, apart] : kCases) {
        const auto service = made("on");
        ck_assert_msg(service->set_apart_directory(directory) == beneath, "%s", directory);
        ck_assert_uint_eq(service->apart.size(), beneath ? 1 : 0);
        if (beneath) ck_assert_str_eq(service->apart[0].c_str(), apart);
    }
}
END_TEST

START_TEST(cannot_stand_beside_rules) {
    Settings settings;
    ck_assert(settings.set("root", {"/tmp"}).has_value());
    ck_assert(settings.set("presentation", {"on"}).has_value());
    ck_assert(settings.set("map", {"^x", "$0"}).has_value());
    const auto service = make_service(settings, "/iiif");
    ck_assert(!service.has_value());
    ck_assert(service.error().sentence.find("beside map") != std::string::npos);
    const auto wrong = settings.set("presentation", {"yes please"});
    ck_assert(!wrong.has_value());
}
END_TEST

TCase* presentation_case() {
    TCase* tests = tcase_create("presentation");
    tcase_add_test(tests, resources);
    tcase_add_test(tests, locations_apart);
    tcase_add_test(tests, locations_by_pattern);
    tcase_add_test(tests, directories_apart);
    tcase_add_test(tests, cannot_stand_beside_rules);
    return tests;
}
const iiif::test::Register registered(presentation_case);

}  // namespace
