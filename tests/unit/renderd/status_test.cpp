// SPDX-License-Identifier: Apache-2.0
#include "renderd/status.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "renderd/scratch.h"
#include "suite.h"

namespace {

using iiif::renderd::Status;
using iiif::renderd::StatusFile;
using iiif::renderd::to_json;

constexpr std::int64_t kNow = 5'000'000;       // ms
constexpr std::int64_t kNoon = 1'767'268'800;  // 2026-01-01T12:00:00Z
using Json = std::unique_ptr<json_t, void (*)(json_t*)>;

Json parsed(const Status& status, std::int64_t now = kNow, std::int64_t time = kNoon) {
    const std::string text = to_json(status, now, time);
    ck_assert(text.ends_with('\n'));
    Json root(json_loads(text.c_str(), 0, nullptr), json_decref);
    ck_assert_msg(json_is_object(root.get()), "%s", text.c_str());
    return root;
}

const char* word(const json_t* object, const char* key) {
    const char* text = json_string_value(json_object_get(object, key));
    ck_assert_msg(text != nullptr, "no %s", key);
    return text;
}

Status busy() {
    Status status;
    status.supervisor = 100;
    status.started_ms = kNow - 60'000;
    status.crashed = 3;
    status.disobeyed = 1;
    status.renderers.push_back({101, true, 7, 0, {}});
    status.renderers.push_back({102, false, 2, kNow - 3000, {"a/b.tif", "/iiif", 4}});
    status.renderers.push_back({-1, false, 0, 0, {}});
    status.refused.push_back({{"bad.tif", "/iiif", 1}, 9, 2, kNow + 10'000});
    status.refused.push_back({{"over.tif", "/iiif", 1}, 8, 2, kNow});
    return status;
}

START_TEST(says_how_renderers_are) {
    const Json root = parsed(busy());
    ck_assert_int_eq(json_integer_value(json_object_get(root.get(), "pid")), 100);
    ck_assert_str_eq(word(root.get(), "started"), "2026-01-01T11:59:00Z");
    ck_assert_int_eq(json_integer_value(json_object_get(root.get(), "generation")), kNow - 60'000);
    ck_assert_int_eq(json_integer_value(json_object_get(root.get(), "crashed")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(root.get(), "disobeyed")), 1);
    const json_t* renderers = json_object_get(root.get(), "renderers");
    ck_assert_uint_eq(json_array_size(renderers), 3);
    ck_assert_ptr_null(json_object_get(json_array_get(renderers, 0), "image"));
    ck_assert(json_is_true(json_object_get(json_array_get(renderers, 0), "tilesOnly")));
    const json_t* at_work = json_array_get(renderers, 1);
    ck_assert_str_eq(word(at_work, "image"), "a/b.tif");
    ck_assert_str_eq(word(at_work, "endpoint"), "/iiif");
    ck_assert_str_eq(word(at_work, "since"), "2026-01-01T11:59:57Z");
    ck_assert_int_eq(json_integer_value(json_object_get(at_work, "page")), 4);
    ck_assert(json_is_null(json_object_get(json_array_get(renderers, 2), "pid")));
    // Those whose time is over are welcome again.
    const json_t* refused = json_object_get(root.get(), "refused");
    ck_assert_uint_eq(json_array_size(refused), 1);
    ck_assert_str_eq(word(json_array_get(refused, 0), "image"), "bad.tif");
    ck_assert_str_eq(word(json_array_get(refused, 0), "until"), "2026-01-01T12:00:10Z");
}
END_TEST

// The file is left alone as long as nothing has happened.
START_TEST(is_the_same_a_while_later) {
    const std::string text = to_json(busy(), kNow, kNoon);
    ck_assert(to_json(busy(), kNow + 2000, kNoon + 2) == text);
}
END_TEST

START_TEST(any_file_name_can_be_told) {
    Status status = busy();
    status.renderers[1].image.path = "\xFF\"\n";
    (void)parsed(status);
}
END_TEST

std::string content(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string says(const char* what, int started) {
    return std::string("{\"what\": \"") + what + "\", \"generation\": " + std::to_string(started) + "}\n";
}

START_TEST(a_file_that_is_replaced_and_removed) {
    const iiif::test::Folder folder;
    const std::string path = folder.path() + "/status.json";
    const std::string one = says("one", 1000);
    const std::string two = says("two", 1000);
    {
        StatusFile file(path, 1000);
        ck_assert(file.write(one));
        ck_assert_text(content(path), one);
        struct stat before {};
        struct stat after {};
        ck_assert_int_eq(::stat(path.c_str(), &before), 0);
        ck_assert_uint_eq(before.st_mode & 0777U, 0640);
        ck_assert(file.write(one));
        ck_assert_int_eq(::stat(path.c_str(), &after), 0);
        ck_assert_uint_eq(before.st_ino, after.st_ino);
        ck_assert(file.write(two));
        // Somebody took it away: the generation before, say.
        std::filesystem::remove(path);
        ck_assert(file.write(two));
        ck_assert_text(content(path), two);
    }
    ck_assert_int_ne(::access(path.c_str(), F_OK), 0);
}
END_TEST

START_TEST(the_next_generation_keeps_its_own) {
    const iiif::test::Folder folder;
    const std::string path = folder.path() + "/status.json";
    const std::string next_says = says("next", 2000);
    // Left behind by another boot: neither right nor in the way.
    std::ofstream(path) << says("boot", 9000);
    auto old = std::make_unique<StatusFile>(path, 1000);
    ck_assert(old->write(says("old", 1000)));
    ck_assert_text(content(path), says("old", 1000));
    StatusFile next(path, 2000);
    ck_assert(next.write(next_says));
    // The old one drains.
    ck_assert(old->write(says("crashed", 1000)));
    ck_assert_text(content(path), next_says);
    // As it would if it had looked a moment before.
    std::filesystem::remove(path);
    ck_assert(old->write(says("crashed", 1000)));
    ck_assert_text(content(path), says("crashed", 1000));
    ck_assert(next.write(next_says));
    ck_assert_text(content(path), next_says);
    old.reset();
    ck_assert_text(content(path), next_says);
    // What is no status is not kept.
    std::ofstream(path + "x") << "{";
    std::filesystem::rename(path + "x", path);
    ck_assert(next.write(next_says));
    ck_assert_text(content(path), next_says);
}
END_TEST

START_TEST(a_folder_that_is_not_there) {
    StatusFile file("/nonexistent/status.json", 1000);
    ck_assert(!file.write("x\n"));
}
END_TEST

TCase* status_case() {
    TCase* tests = tcase_create("status");
    tcase_add_test(tests, says_how_renderers_are);
    tcase_add_test(tests, is_the_same_a_while_later);
    tcase_add_test(tests, any_file_name_can_be_told);
    tcase_add_test(tests, a_file_that_is_replaced_and_removed);
    tcase_add_test(tests, the_next_generation_keeps_its_own);
    tcase_add_test(tests, a_folder_that_is_not_there);
    return tests;
}
const iiif::test::Register registered(status_case);

}  // namespace
