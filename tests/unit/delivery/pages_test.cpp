// SPDX-License-Identifier: Apache-2.0
#include "delivery/pages.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "delivery/exchange.h"
#include "suite.h"

namespace {

using namespace iiif::delivery;

std::filesystem::path folder;
std::unique_ptr<Service> service;
std::unique_ptr<Memory> memory;

void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << text;
}

void set_up() {
    char name[] = "/tmp/iiif-pages-XXXXXX";
    folder = mkdtemp(name);
    write("pages/index.html", "{{endpoint}}|{{endpoint}}{{endpoin}}");
    write("pages/missing.html", "missing {{endpoint}}");
    write("pages/app.js", "1");
    write("pages/secret.json", "{}");
    write("pages/large.html", std::string(300U << 10U, 'x'));
    write("images/book/1.tif", "II*");
    write("images/2/x.tif", "II*");
    write("images/pages/app.tif", "II*");
    Settings settings;
    ck_assert(settings.set("root", {(folder / "images").string()}).has_value());
    ck_assert(settings.set("presentation", {"on"}).has_value());
    ck_assert(settings.set("pages", {"on"}).has_value());
    ck_assert(settings.set("pages_directory", {(folder / "pages").string()}).has_value());
    auto made = make_service(settings, "/iiif");
    ck_assert_msg(made.has_value(), "%s", made ? "" : made.error().sentence.c_str());
    service = std::move(*made);
    memory = std::make_unique<Memory>(16, 4);
}

void tear_down() {
    service.reset();
    memory.reset();
    std::filesystem::remove_all(folder);
}

HttpRequest http(const std::string& uri, const std::string& method = "GET") {
    HttpRequest request;
    request.method = method;
    request.raw_uri = uri;
    request.base = "http://example.org:8080";
    return request;
}

Answer answer(const std::string& uri, const std::string& method = "GET") {
    Exchange exchange(*service, *memory, http(uri, method), false);
    ck_assert(exchange.run(std::nullopt) == Outcome::answered);
    return exchange.answer();
}

Kind kind_of(const std::string& uri) {
    return parse_request(*service, http(uri))->kind;
}

START_TEST(which_requests) {
    for (const char* uri : {"/iiif", "/iiif/", "/iiif/book/", "/iiif/3/book/", "/iiif/a/b/c/d/e/f/", "/iiif/pages/",
                            "/iiif/pages/compare.html", "/iiif//", "/iiif/?a=b", "/iiif/2/"}) {
        ck_assert_msg(kind_of(uri) == Kind::page, "%s", uri);
    }
    for (const char* uri : {"/iiif/pages/app.js", "/iiif/pages/site.json", "/iiif/pages/.js"}) {
        ck_assert_msg(kind_of(uri) == Kind::asset, "%s", uri);
    }
    for (const char* uri : {"/iiif/book", "/iiif/pages/info.json", "/iiif/pages/secret.json", "/iiif/pages/0001.tif",
                            "/iiif/pages", "/iiif/pages/a/app.js", "/iiif/pages/a%2Fapp.js", "/iiif/book%2F"}) {
        ck_assert_msg(kind_of(uri) != Kind::page && kind_of(uri) != Kind::asset, "%s", uri);
    }
    ck_assert(parse_request(*service, http("/iiif/", "OPTIONS"))->kind == Kind::options);
    ck_assert(parse_request(*service, http("/iiif/pages/app.js", "OPTIONS"))->kind == Kind::options);
    ck_assert(!parse_request(*service, http("/elsewhere/")));
}
END_TEST

START_TEST(what_a_page_is_of) {
    ck_assert_text(parse_request(*service, http("/iiif/3/a%2Fb%20c/"))->identifier, "a/b c");
    ck_assert_text(parse_request(*service, http("/iiif/2/"))->identifier, "");
    ck_assert_int_eq(answer("/iiif/2/").status, 200);
    ck_assert_int_eq(answer("/iiif/book/").status, 200);
    ck_assert_int_eq(answer("/iiif/book/1.tif/").status, 200);
    ck_assert_int_eq(answer("/iiif/book/2.tif/").status, 404);
    ck_assert_int_eq(answer("/iiif/%zz/").status, 404);
    ck_assert_int_eq(answer("/iiif/book//").status, 404);
}
END_TEST

START_TEST(html_names_the_endpoint) {
    ck_assert_text(answer("/iiif/book/").body, "/iiif|/iiif{{endpoin}}");
    ck_assert_text(answer("/%69iif/%22%3C/").body, "missing /%69iif");
    service->base_uri = "https://images.example.org/a'b&c";
    ck_assert_text(answer("/iiif/nowhere/").body, "missing /a&#39;b&amp;c");
    service->base_uri = "https://images.example.org";
    ck_assert_text(answer("/iiif/nowhere/").body, "missing /iiif");
    ck_assert_int_eq(answer("/iiif/pages/large.html").status, 500);
    ck_assert_int_eq(answer("/iiif/pages/nowhere.html").status, 404);
}
END_TEST

START_TEST(heads_and_redirects) {
    const Answer head = answer("/iiif/book/", "HEAD");
    ck_assert(head.body.empty() && head.content_length == 22);
    const Answer asset = answer("/iiif/pages/app.js", "HEAD");
    ck_assert(asset.file.fd < 0 && asset.content_length == 1);
    ck_assert_int_eq(answer("/iiif/book", "HEAD").status, 303);
    ck_assert_int_eq(answer("/iiif").status, 303);
    ck_assert_int_eq(answer("/iiif/", "POST").status, 405);
}
END_TEST

START_TEST(only_where_they_are_on) {
    Settings settings;
    ck_assert(settings.set("root", {(folder / "images").string()}).has_value());
    const auto off = make_service(settings, "/iiif");
    ck_assert(off.has_value() && !(*off)->pages);
    ck_assert(parse_request(**off, http("/iiif/"))->kind == Kind::invalid);
    ck_assert(parse_request(**off, http("/iiif/pages/app.js"))->kind == Kind::base);
    ck_assert(settings.set("pages", {"on"}).has_value());
    const auto nothing = make_service(settings, "/iiif");
    ck_assert(!nothing && nothing.error().sentence.find("presentation") != std::string::npos);
    ck_assert(settings.set("presentation", {"on"}).has_value());
    ck_assert(settings.set("pages_directory", {folder.string()}).has_value());
    const auto wrong = make_service(settings, "/iiif");
    ck_assert(!wrong && wrong.error().sentence.find("index.html") != std::string::npos);
    // Renderers may not see that folder.
    ck_assert(make_service(settings, "/iiif", Side::renderer).has_value());
    // Images are the same with any name.
    ck_assert(settings.set("pages_name", {"Library"}).has_value());
    const auto named = make_service(settings, "/iiif", Side::renderer);
    Settings bare;
    ck_assert(bare.set("root", {(folder / "images").string()}).has_value());
    ck_assert(bare.set("presentation", {"on"}).has_value());
    const auto unnamed = make_service(bare, "/iiif", Side::renderer);
    ck_assert(named && unnamed && (*named)->fingerprint == (*unnamed)->fingerprint);
}
END_TEST

TCase* pages_case() {
    TCase* tests = tcase_create("pages");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, which_requests);
    tcase_add_test(tests, what_a_page_is_of);
    tcase_add_test(tests, html_names_the_endpoint);
    tcase_add_test(tests, heads_and_redirects);
    tcase_add_test(tests, only_where_they_are_on);
    return tests;
}
const iiif::test::Register _(pages_case);

}  // namespace
