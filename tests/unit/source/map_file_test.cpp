// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "source/mapping.h"
#include "source/temporary_folder.h"
#include "suite.h"
#include "text.h"

namespace {

using iiif::source::MapFile;
using iiif::test::Folder;
using iiif::test::is;

// A little longer than a MapFile waits between two looks.
void wait_for_the_next_look() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1050));
}

START_TEST(finds_exact_identifiers) {
    const Folder folder;
    folder.file("map.json", R"({"b": "boxes/b.tif", "ark:/1/a": "a.tif", "": "empty.tif", "gr\u00fc\u00df": "g.tif",
                                "aa": "x/aa.tif", "a": "first.tif", "a": "last.tif"})");
    const auto opened = MapFile::open(folder.at("map.json"));
    ck_assert_msg(opened.has_value(), "%s", opened ? "" : opened.error().sentence.c_str());
    const MapFile& map = **opened;
    ck_assert(map.find("b") == "boxes/b.tif");
    ck_assert(map.find("ark:/1/a") == "a.tif");
    ck_assert(map.find("") == "empty.tif");
    ck_assert(map.find("gr\xC3\xBC\xC3\x9F") == "g.tif");
    ck_assert(map.find("aa") == "x/aa.tif");
    ck_assert(map.find("a") == "last.tif");  // written twice: the last one
    for (const char* absent : {"c", "aaa", "B", "ark:/1/", "boxes/b.tif", "ab"}) ck_assert(!map.find(absent));
}
END_TEST

START_TEST(an_empty_map_finds_nothing) {
    const Folder folder;
    folder.file("map.json", "{}");
    ck_assert(!(*MapFile::open(folder.at("map.json")))->find("a"));
}
END_TEST

struct Refused {
    const char* content;
    const char* words;
};

const Refused kRefused[] = {
    {"", "not valid JSON at line 1"},
    {"{\"a\": \"b\"", "not valid JSON at line 1, column"},
    {"{\"a\": \"b\"}\n{}", "not valid JSON at line 2"},
    {"{\"a\": \"b\\u0000\"}", "not valid JSON"},
    {"{\"a\\u0000\": \"b\"}", "not valid JSON"},
    {"{\"a\": \"\xFF\"}", "not valid JSON"},
    {"[]", "not a JSON object"},
    {"[\"a\", \"b\"]", "not a JSON object"},
    {"{\"a\": 1}", "the value of \"a\" has to be a string"},
    {"{\"x\": \"fine\", \"b\": null}", "the value of \"b\" has to be a string"},
    {"{\"a\": {\"path\": \"b\"}}", "the value of \"a\""},
    {"{\"a\": \"\"}", "the value of \"a\""},
    {"{\"abs\": \"/etc/passwd\"}", "the value of \"abs\""},
    {"{\"up\": \"../a\"}", "the value of \"up\""},
    {"{\"up\": \"a/../../b\"}", "the value of \"up\""},
    {"{\"up\\u001b\": \"..\"}", "the value of \"up?\""},
    {"{\"hidden\": \"a/.b\"}", "the value of \"hidden\""},
    {"{\"folder\": \"a/\"}", "the value of \"folder\""},
};

START_TEST(mistakes_are_configuration_errors) {
    const Refused& c = kRefused[_i];
    const Folder folder;
    folder.file("map.json", c.content);
    const auto map = MapFile::open(folder.at("map.json"));
    ck_assert_msg(!map.has_value(), "%s", c.content);
    ck_assert_msg(map.error().sentence.find(c.words) != std::string::npos, "%s", map.error().sentence.c_str());
}
END_TEST

START_TEST(what_cannot_be_read_is_a_configuration_error) {
    const Folder folder;
    folder.file("map.json", R"({"a": "b"})");
    ck_assert_int_eq(::mkfifo(folder.at("fifo").c_str(), 0644), 0);
    const auto sentence = [](auto opened) { return opened ? std::string() : opened.error().sentence; };
    is(sentence(MapFile::open(folder.at("none"))), "cannot be read: No such file or directory");
    is(sentence(MapFile::open(folder.path())), "not a regular file");
    is(sentence(MapFile::open(folder.at("fifo"))), "not a regular file");
    is(sentence(MapFile::open(folder.at("map.json"), 9)), "larger than the 9 bytes that are allowed");
    ck_assert(MapFile::open(folder.at("map.json"), 10).has_value());
}
END_TEST

START_TEST(is_reread_when_it_changes) {
    const Folder folder;
    folder.file("map.json", R"({"a": "1.tif"})");
    const auto map = *MapFile::open(folder.at("map.json"));
    ck_assert(map->find("a") == "1.tif");

    // The same size within the same second: only nanoseconds, or nothing at all, tell the difference.
    folder.file("map.json", R"({"a": "2.tif"})");
    ck_assert(map->find("a") == "1.tif");  // not looked at again so soon
    wait_for_the_next_look();
    ck_assert(map->find("a") == "2.tif");

    // Replaced by renaming, with the old time.
    struct stat old {};
    ck_assert_int_eq(::stat(folder.at("map.json").c_str(), &old), 0);
    folder.file("new.json", R"({"a": "3.tif"})");
    const timespec times[2] = {old.st_atim, old.st_mtim};
    ::utimensat(AT_FDCWD, folder.at("new.json").c_str(), times, 0);
    std::filesystem::rename(folder.at("new.json"), folder.at("map.json"));
    wait_for_the_next_look();
    ck_assert(map->find("a") == "3.tif");
}
END_TEST

START_TEST(bad_changes_keep_the_last_good_content) {
    const Folder folder;
    folder.file("map.json", R"({"a": "1.tif"})");
    const auto map = *MapFile::open(folder.at("map.json"), 100);
    for (const char* content : {"{", "[]", ""}) {
        folder.file("map.json", content);
        wait_for_the_next_look();
        ck_assert_msg(map->find("a") == "1.tif", "%s", content);
    }
    folder.file("map.json", "{\"a\": \"2.tif\"" + std::string(200, ' ') + "}");
    wait_for_the_next_look();
    ck_assert(map->find("a") == "1.tif");
    std::filesystem::remove(folder.at("map.json"));
    wait_for_the_next_look();
    ck_assert(map->find("a") == "1.tif");

    // Back again; entries that cannot be used are left out now, since nobody would read a complaint.
    folder.file("map.json", R"({"a": "3.tif", "b": 7, "c": "/etc/passwd", "d": "d.tif"})");
    wait_for_the_next_look();
    ck_assert(map->find("a") == "3.tif");
    ck_assert(map->find("d") == "d.tif");
    ck_assert(!map->find("b"));
    ck_assert(!map->find("c"));
}
END_TEST

START_TEST(a_change_right_after_reading_is_seen) {
    const Folder folder;
    folder.file("map.json", R"({"a": "1.tif"})");
    struct stat first {};
    ck_assert_int_eq(::stat(folder.at("map.json").c_str(), &first), 0);
    const auto map = *MapFile::open(folder.at("map.json"));
    // What a coarse clock does: same inode, same size, same time to the nanosecond.
    folder.file("map.json", R"({"a": "2.tif"})");
    const timespec times[2] = {first.st_atim, first.st_mtim};
    ::utimensat(AT_FDCWD, folder.at("map.json").c_str(), times, 0);
    wait_for_the_next_look();
    ck_assert(map->find("a") == "2.tif");
}
END_TEST

START_TEST(many_entries_are_all_found) {
    const Folder folder;
    std::string json = "{";
    for (int i = 0; i < 20000; ++i) {
        const std::string number = std::to_string(i * 7919 % 20000);
        json += (i == 0 ? "\"id" : ",\"id") + number + "\":\"dir/" + number + ".tif\"";
    }
    folder.file("map.json", json + "}");
    const auto map = *MapFile::open(folder.at("map.json"));
    for (int i = 0; i < 20000; ++i) {
        const std::string number = std::to_string(i);
        ck_assert(map->find("id" + number) == "dir/" + number + ".tif");
    }
    ck_assert(!map->find("id20000"));
}
END_TEST

START_TEST(threads_see_the_old_or_the_new) {
    const Folder folder;
    folder.file("map.json", R"({"a": "1.tif"})");
    const auto map = *MapFile::open(folder.at("map.json"));
    std::atomic<bool> stop = false;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 4; ++i) {
        readers.emplace_back([&] {
            while (!stop) {
                const auto path = map->find("a");
                if (path != "1.tif" && path != "2.tif") ++wrong;
            }
        });
    }
    folder.file("new.json", R"({"a": "2.tif"})");
    std::filesystem::rename(folder.at("new.json"), folder.at("map.json"));
    wait_for_the_next_look();
    wait_for_the_next_look();
    stop = true;
    for (std::thread& reader : readers) reader.join();
    ck_assert_int_eq(wrong, 0);
    ck_assert(map->find("a") == "2.tif");
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("map_file");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, finds_exact_identifiers);
    tcase_add_test(tc, an_empty_map_finds_nothing);
    tcase_add_loop_test(tc, mistakes_are_configuration_errors, 0, static_cast<int>(std::size(kRefused)));
    tcase_add_test(tc, what_cannot_be_read_is_a_configuration_error);
    tcase_add_test(tc, is_reread_when_it_changes);
    tcase_add_test(tc, bad_changes_keep_the_last_good_content);
    tcase_add_test(tc, a_change_right_after_reading_is_seen);
    tcase_add_test(tc, many_entries_are_all_found);
    tcase_add_test(tc, threads_see_the_old_or_the_new);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
