// SPDX-License-Identifier: Apache-2.0
#include "source/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "source/temporary_folder.h"
#include "suite.h"

namespace iiif::test {
namespace {

using source::in_natural_order;

START_TEST(as_people_number) {
    static constexpr const char* kSorted[] = {"",        "1",         "1.png",   "2",      "10",      "a", "A1",
                                              "a2",      "a10",       "a10b1",   "a10b02", "a10b3",   "B", "page 9",
                                              "page 10", "page 0010", "page 11", "z",      "\xC3\xA9"};
    for (const char* one : kSorted) {
        ck_assert(!in_natural_order(one, one));
        for (const char* other : kSorted) {
            if (std::string(one) == other) continue;
            ck_assert_msg(in_natural_order(one, other) != in_natural_order(other, one), "%s, %s", one, other);
        }
    }
    ck_assert(in_natural_order("page 9", "page 10"));
    ck_assert(in_natural_order("A1", "a2"));
    ck_assert(in_natural_order("99999999999999999999998", "99999999999999999999999"));
    // Any order of a list gives the same one.
    std::vector<std::string> names(std::begin(kSorted), std::end(kSorted));
    std::ranges::sort(names, in_natural_order);
    std::vector<std::string> again(names.rbegin(), names.rend());
    std::ranges::sort(again, in_natural_order);
    ck_assert(names == again);
}
END_TEST

START_TEST(names_in_a_folder) {
    const Folder folder;
    folder.file("b/10.png", "x");
    folder.file("b/9.png", "xy");
    folder.file("b/.hidden", "x");
    folder.file("b/sub/x.png", "x");
    folder.file("outside", "x");
    ck_assert_int_eq(::symlink("9.png", folder.at("b/link.png").c_str()), 0);
    ck_assert_int_eq(::symlink("/etc/passwd", folder.at("b/passwd.png").c_str()), 0);
    ck_assert_int_eq(::mkfifo(folder.at("b/fifo.png").c_str(), 0600), 0);

    const source::Root root(folder.path(), source::Symlinks::beneath);
    const auto opened = source::Folder::open(root, "b");
    ck_assert(opened.has_value());
    for (int round = 0; round < 2; ++round) {
        const auto entries = opened->list();
        ck_assert(entries.has_value());
        std::string names;
        for (const auto& entry : *entries) names += entry.name + (entry.is_folder ? "/ " : " ");
        ck_assert_text(names, "9.png 10.png link.png sub/ ");
        ck_assert_uint_eq(entries->front().key.size, 2);
    }
    ck_assert(opened->find("9.png")->key == opened->find("link.png")->key);
    for (const char* name : {"", ".", "..", ".hidden", "../outside", "sub/x.png", "passwd.png", "fifo.png", "no"}) {
        ck_assert_msg(!opened->find(name), "%s", name);
    }
    for (const char* name : {"no", "iiif.yaml"}) ck_assert_msg(opened->is_absent(name), "%s", name);
    for (const char* name : {"", ".hidden", "../no", "9.png", "passwd.png", "fifo.png", "sub"}) {
        ck_assert_msg(!opened->is_absent(name), "%s", name);
    }
    const source::Root strict(folder.path(), source::Symlinks::refused);
    ck_assert(!source::Folder::open(strict, "b")->find("link.png"));
    for (const char* path : {"b/..", "/etc", "b/9.png", "no", ".", "b/"}) {
        ck_assert_msg(!source::Folder::open(root, path).has_value(), "%s", path);
    }
    ck_assert(source::Folder::open(root, "").has_value());
}
END_TEST

START_TEST(what_is_kept_under_a_hidden_name) {
    const Folder folder;
    folder.file("b/.kept", "xy");
    folder.file("b/.sub/x", "x");
    ck_assert_int_eq(::symlink(".kept", folder.at("b/.link").c_str()), 0);
    ck_assert_int_eq(::mkfifo(folder.at("b/.fifo").c_str(), 0600), 0);
    folder.file("b/1.png", "x");
    const source::Root root(folder.path(), source::Symlinks::beneath);
    const auto opened = source::Folder::open(root, "b");
    ck_assert(opened.has_value());
    ck_assert(!opened->find(".kept"));
    ck_assert_uint_eq(opened->find_hidden(".kept")->key.size, 2);
    ck_assert(static_cast<bool>(opened->open_hidden(".kept")));
    for (const char* other : {".link", ".fifo", ".sub", ".sub/x", ".", "..", "", "1.png", ".none", "../b/.kept"}) {
        ck_assert_msg(!opened->find_hidden(other), "%s", other);
        ck_assert_msg(!opened->open_hidden(other), "%s", other);
    }
}
END_TEST

TCase* folder_test_case() {
    TCase* all = tcase_create("folder");
    tcase_add_test(all, as_people_number);
    tcase_add_test(all, names_in_a_folder);
    tcase_add_test(all, what_is_kept_under_a_hidden_name);
    return all;
}
const Register _(folder_test_case);

}  // namespace
}  // namespace iiif::test
