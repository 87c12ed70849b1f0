// SPDX-License-Identifier: Apache-2.0
// Requests from the raw URI to the answer, with a folder of real (but empty of pixels) files and a known description.
#include "delivery/exchange.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "delivery/request.h"
#include "suite.h"

namespace {

using namespace iiif::delivery;

std::filesystem::path folder;
std::unique_ptr<Service> service;
std::unique_ptr<Memory> memory;

void touch(const std::string& name) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "content";
    // What changed just now is not remembered.
    std::filesystem::last_write_time(folder / name,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
}

void set_up() {
    char name[] = "/tmp/iiif-exchange-XXXXXX";
    folder = mkdtemp(name);
    touch("a.tif");
    touch("dir/sub/b.tif");
    touch("with space.tif");
    touch("x/full/max/0/odd.tif");
    Settings settings;
    ck_assert(settings.set("root", {folder.string()}).has_value());
    ck_assert(settings.set("extensions", {"tif"}).has_value());
    ck_assert(settings.set("max_width", {"4000"}).has_value());
    auto made = make_service(settings, "/iiif/");
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

std::string header(const Answer& answer, std::string_view name) {
    for (const auto& [key, value] : answer.headers) {
        if (key == name) return value;
    }
    return "";
}

void describe(const char* path, std::uint32_t width, std::uint32_t height) {
    auto file = service->root.open(path);
    ck_assert(file.has_value());
    iiif::source::Description description;
    description.stored = {width, height};
    description.levels = {{{width, height}, {256, 256}, 0, -1}};
    memory->descriptions.keep(file->key, 1, description);
}

struct KindCase {
    const char* uri;
    Kind kind;
    const char* identifier;
    const char* id;
};

const KindCase kKinds[] = {
    {"/iiif/3/a/info.json", Kind::info, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/2/a/info.json", Kind::info, "a", "http://example.org:8080/iiif/2/a"},
    {"/iiif/a/info.json", Kind::info, "a", "http://example.org:8080/iiif/a"},
    {"/iiif/3/a", Kind::base, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/dir/sub/b", Kind::base, "dir/sub/b", "http://example.org:8080/iiif/3/dir/sub/b"},
    {"/iiif/3/dir%2Fsub%2fb/info.json", Kind::info, "dir/sub/b", "http://example.org:8080/iiif/3/dir%2Fsub%2fb"},
    {"/iiif/3/a/full/max/0/default.jpg", Kind::full, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/a/full/200,/0/default.jpg?x=1", Kind::thumbnail, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/a/0,0,512,512/256,256/0/default.jpg", Kind::tile, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/a/0,0,512,512/max/0/default.jpg", Kind::tile, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/a/0,0,5120,5120/max/0/default.jpg", Kind::region, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/a/pct:0,0,50,50/max/0/default.jpg", Kind::region, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/dir/sub/b/full/max/0/default.jpg", Kind::full, "dir/sub/b", "http://example.org:8080/iiif/3/dir/sub/b"},
    {"/iiif/3/a/full/full/0/default.jpg", Kind::invalid, "a", "http://example.org:8080/iiif/3/a"},
    {"/iiif/3/", Kind::invalid, "", ""},
    {"/iiif/", Kind::invalid, "", ""},
    {"/iiif", Kind::invalid, "", ""},
    {"/iiif/3/%zz/info.json", Kind::invalid, "", ""},
    {"http://other.org/iiif/3/a/info.json", Kind::info, "a", "http://example.org:8080/iiif/3/a"},
    {"/ii%69f/3/a/info.json", Kind::info, "a", "http://example.org:8080/ii%69f/3/a"},
    {"/iiif/3/a\">b/info.json", Kind::info, "a\">b", "http://example.org:8080/iiif/3/a%22%3Eb"},
};

START_TEST(kinds) {
    const KindCase& c = kKinds[_i];
    const auto request = parse_request(*service, http(c.uri));
    ck_assert(request.has_value());
    ck_assert_msg(request->kind == c.kind, "%s is %s", c.uri, std::string(name_of(request->kind)).c_str());
    ck_assert(request->identifier == c.identifier);
    ck_assert(request->id == c.id);
}
END_TEST

START_TEST(elsewhere_is_declined) {
    for (const char* uri : {"/", "/iiifx/3/a", "/other/3/a/info.json", "/IIIF/3/a"}) {
        Exchange exchange(*service, *memory, http(uri), true);
        ck_assert(exchange.run(std::nullopt) == Outcome::declined);
    }
}
END_TEST

struct AnswerCase {
    const char* method;
    const char* uri;
    int status;
    const char* header;
    const char* value;  // part of it
};

const AnswerCase kAnswers[] = {
    {"GET", "/iiif/3/a", 303, "Location", "http://example.org:8080/iiif/3/a/info.json"},
    {"GET", "/iiif/3/x/full/max/0/odd", 303, "Location", "/iiif/3/x/full/max/0/odd/info.json"},
    {"GET", "/iiif/3/a/info.json", 200, "Content-Type", "application/ld+json;profile="},
    {"GET", "/iiif/2/a/info.json", 200, "Content-Type", "application/json"},
    {"HEAD", "/iiif/3/a/info.json", 200, "Vary", "Accept"},
    {"HEAD", "/iiif/3/a/full/max/0/default.jpg", 200, "Link", "/iiif/3/a/full/max/0/default.jpg>;rel=\"canonical\""},
    {"GET", "/iiif/3/a/full/5000,/0/default.jpg", 400, "Content-Type", "text/plain"},
    {"GET", "/iiif/3/a/full/full/0/default.jpg", 400, "Cache-Control", "no-cache"},
    {"GET", "/iiif/3/none/info.json", 404, "Access-Control-Allow-Origin", "*"},
    {"GET", "/iiif/3/a/", 404, "Access-Control-Allow-Origin", "*"},
    {"GET", "/iiif/3/a/full/max/0", 404, "Access-Control-Allow-Origin", "*"},
    {"GET", "/iiif/3/..%2Fa/info.json", 404, "Content-Type", "text/plain"},
    {"POST", "/iiif/3/a/info.json", 405, "Allow", "GET, HEAD, OPTIONS"},
    {"OPTIONS", "/iiif/3/a/info.json", 204, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"},
    {"OPTIONS", "/iiif/3/a/full/nonsense/0/default.jpg", 204, "Access-Control-Allow-Origin", "*"},
};

START_TEST(answers) {
    const AnswerCase& c = kAnswers[_i];
    describe("a.tif", 6000, 4000);
    Exchange exchange(*service, *memory, http(c.uri, c.method), true);
    ck_assert(exchange.run(std::nullopt) == Outcome::answered);
    const Answer& answer = exchange.answer();
    ck_assert_msg(answer.status == c.status, "%s: %d %s", c.uri, answer.status, answer.body.c_str());
    ck_assert_msg(header(answer, c.header).find(c.value) != std::string::npos, "%s: %s: %s", c.uri, c.header,
                  header(answer, c.header).c_str());
    ck_assert(header(answer, "Access-Control-Allow-Origin") == "*");
    if (std::string_view(c.method) == "HEAD") ck_assert(answer.body.empty());
}
END_TEST

START_TEST(unknown_images_need_a_renderer) {
    Exchange exchange(*service, *memory, http("/iiif/3/a/full/200,/0/default.jpg"), true);
    ck_assert(exchange.run(std::nullopt) == Outcome::needs_render);
    ck_assert(!exchange.cache_key().empty());
    ck_assert(!exchange.heavy());
    RenderCall call;
    ck_assert(decode_call(exchange.call(), call) == Parse::done);
    ck_assert(call.path == "a.tif");

    Exchange whole(*service, *memory, http("/iiif/3/a/full/max/0/default.jpg"), true);
    ck_assert(whole.run(std::nullopt) == Outcome::needs_render);
    ck_assert(whole.heavy());

    Exchange without(*service, *memory, http("/iiif/3/a/full/200,/0/default.jpg"), false);
    ck_assert(without.run(std::nullopt) == Outcome::answered);
    ck_assert_int_eq(without.answer().status, 503);
    ck_assert(!header(without.answer(), "Retry-After").empty());
}
END_TEST

START_TEST(a_reply_teaches_the_description) {
    Exchange first(*service, *memory, http("/iiif/3/a/info.json"), true);
    ck_assert(first.run(std::nullopt) == Outcome::needs_render);
    iiif::source::Description description;
    description.stored = {300, 200};
    description.levels = {{{300, 200}, {0, 0}, 0, -1}};
    Answer reply;
    reply.headers = {{"Content-Type", "application/json"}};
    reply.content_length = 2;
    std::size_t length = 0;
    ck_assert(first.take_reply_head(encode_reply_head(reply, &description, "t") + "{}", length) == Parse::done);
    ck_assert_int_eq(first.answer().status, 200);

    Exchange second(*service, *memory, http("/iiif/3/a/info.json"), true);
    ck_assert(second.run(std::nullopt) == Outcome::answered);
    ck_assert(second.answer().body.find("\"width\":300") != std::string::npos ||
              second.answer().body.find("\"width\": 300") != std::string::npos);
}
END_TEST

START_TEST(validators) {
    describe("a.tif", 600, 400);
    const char* const image = "/iiif/3/a/full/max/0/default.jpg";
    Exchange head(*service, *memory, http(image, "HEAD"), true);
    ck_assert(head.run(std::nullopt) == Outcome::answered);
    const std::string tag = header(head.answer(), "ETag");
    const std::string date = header(head.answer(), "Last-Modified");
    ck_assert(tag.size() > 2 && tag.front() == '"');

    HttpRequest with_tag = http(image);
    with_tag.if_none_match = "\"other\", W/" + tag;
    memory = std::make_unique<Memory>(16, 4);  // nothing has to be known of the image
    Exchange unchanged(*service, *memory, with_tag, true);
    ck_assert(unchanged.run(std::nullopt) == Outcome::answered);
    ck_assert_int_eq(unchanged.answer().status, 304);
    ck_assert(header(unchanged.answer(), "ETag") == tag);
    ck_assert(header(unchanged.answer(), "Access-Control-Allow-Origin") == "*");

    // A date proves less: an impossible size was never answered 200, whatever the date.
    describe("a.tif", 600, 400);
    HttpRequest with_date = http("/iiif/3/a/full/5000,/0/default.jpg");
    with_date.if_modified_since = date;
    Exchange refused(*service, *memory, with_date, true);
    ck_assert(refused.run(std::nullopt) == Outcome::answered);
    ck_assert_int_eq(refused.answer().status, 400);
    with_date.raw_uri = image;
    Exchange dated(*service, *memory, with_date, true);
    ck_assert(dated.run(std::nullopt) == Outcome::answered);
    ck_assert_int_eq(dated.answer().status, 304);

    const char* const others[] = {"/iiif/3/a/full/max/0/default.png", "/iiif/3/a/full/max/90/default.jpg",
                                  "/iiif/2/a/full/full/0/default.jpg", "/iiif/3/a/info.json"};
    for (const char* uri : others) {
        Exchange other(*service, *memory, http(uri, "HEAD"), true);
        ck_assert(other.run(std::nullopt) == Outcome::answered);
        ck_assert(header(other.answer(), "ETag") != tag);
    }
}
END_TEST

struct BaseCase {
    const char* base;
    int configured;
    const char* id;
};

const BaseCase kBases[] = {
    {"https://images.example.org", 1, "https://images.example.org/iiif/3/a"},
    {"https://images.example.org/", 1, "https://images.example.org/iiif/3/a"},
    {"https://example.org/pictures", 1, "https://example.org/pictures/3/a"},
    {"http://[::1]:8080", 0, "http://[::1]:8080/iiif/3/a"},
    {"http://evil\"host", 0, ""},
    {"not a uri", 1, ""},
};

START_TEST(bases) {
    const BaseCase& c = kBases[_i];
    HttpRequest request = http("/iiif/3/a/info.json");
    request.base = c.base;
    request.base_is_configured = c.configured != 0;
    const auto parsed = parse_request(*service, request);
    ck_assert(parsed.has_value());
    ck_assert(parsed->id == c.id);
    if (*c.id == '\0') ck_assert(parsed->kind == Kind::invalid);
}
END_TEST

START_TEST(contradictions_are_refused) {
    const auto with = [](std::vector<std::pair<const char*, std::vector<std::string>>> rows) {
        Settings settings;
        for (auto& [name, values] : rows) ck_assert(settings.set(name, values).has_value());
        auto made = make_service(settings, "/iiif");
        return made ? std::string() : made.error().sentence;
    };
    ck_assert(with({}).find("root is missing") != std::string::npos);
    ck_assert(with({{"root", {"/nonexistent/folder"}}}).find("/nonexistent/folder") != std::string::npos);
    ck_assert(with({{"root", {folder.string()}}, {"max_height", {"10"}}}).find("max_width") != std::string::npos);
    ck_assert(with({{"root", {folder.string()}}, {"formats", {"jpg"}}, {"preferred_formats", {"webp"}}}).find("webp") !=
              std::string::npos);
    ck_assert(with({{"root", {folder.string()}}}) == "");
}
END_TEST

TCase* exchange_test_case() {
    TCase* tc = tcase_create("exchange");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, kinds, 0, static_cast<int>(std::size(kKinds)));
    tcase_add_test(tc, elsewhere_is_declined);
    tcase_add_loop_test(tc, answers, 0, static_cast<int>(std::size(kAnswers)));
    tcase_add_test(tc, unknown_images_need_a_renderer);
    tcase_add_test(tc, a_reply_teaches_the_description);
    tcase_add_test(tc, validators);
    tcase_add_loop_test(tc, bases, 0, static_cast<int>(std::size(kBases)));
    tcase_add_test(tc, contradictions_are_refused);
    return tc;
}

const iiif::test::Register kRegister(exchange_test_case);

}  // namespace
