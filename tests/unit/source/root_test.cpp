// SPDX-License-Identifier: Apache-2.0
#include "source/root.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <limits>

#include "source/temporary_folder.h"
#include "suite.h"
#include "text.h"

namespace {

using iiif::source::is_servable;
using iiif::source::Root;
using iiif::source::Symlinks;
using iiif::test::content_of;
using iiif::test::Folder;
using iiif::test::is;
using iiif::test::Unprivileged;
using std::string_view_literals::operator""sv;

int status_of(const Root& root, std::string_view path) {
    const auto file = root.open(path);
    return file ? 200 : file.error().status;
}

// Everything a path can try. `secret` lies beside the root.
struct Collection {
    Folder outer;
    Collection() {
        outer.file("secret");
        outer.folder("images");
        for (const char* name :
             {"a.tif", "dir/b.tif", "dir/deep/c.tif", "with space.tif", "gr\xC3\xBC\xC3\x9F.tif", "latin\xFC.tif",
              "back\\slash.tif", "..a", ".hidden", ".git/config", "a;2", "%2e%2e"}) {
            outer.file(std::string("images/") + name, name);
        }
        outer.link("a.tif", "images/link.tif");
        outer.link("dir", "images/linkdir");
        outer.link("../a.tif", "images/dir/up.tif");
        outer.link("../../secret", "images/dir/out.tif");
        outer.link(outer.at("secret"), "images/absolute.tif");
        outer.link(outer.at("images/a.tif"), "images/absolute-inside.tif");
        outer.link("/proc/self/root", "images/proc");
        outer.link("/proc/self/cwd", "images/cwd");
        outer.link("loop", "images/loop");
        outer.link("nowhere", "images/dangling.tif");
        outer.link("..", "images/parent");
        ck_assert_int_eq(::mkfifo(outer.at("images/fifo").c_str(), 0644), 0);
    }
};

struct OpenCase {
    std::string_view path;
    int beneath, refused;  // statuses by symlink policy
};

const OpenCase kOpenCases[] = {
    {"a.tif", 200, 200},
    {"dir/b.tif", 200, 200},
    {"dir/deep/c.tif", 200, 200},
    {"with space.tif", 200, 200},
    {"gr\xC3\xBC\xC3\x9F.tif", 200, 200},
    {"latin\xFC.tif", 200, 200},
    {"back\\slash.tif", 200, 200},
    {"a;2", 200, 200},
    {"%2e%2e", 200, 200},
    // symlinks
    {"link.tif", 200, 404},
    {"linkdir/b.tif", 200, 404},
    {"dir/up.tif", 200, 404},
    {"dir/out.tif", 404, 404},
    {"absolute.tif", 404, 404},
    {"absolute-inside.tif", 404, 404},
    {"proc/etc/passwd", 404, 404},
    {"cwd/CMakeLists.txt", 404, 404},
    {"loop", 404, 404},
    {"dangling.tif", 404, 404},
    {"parent/secret", 404, 404},
    {"parent/images/a.tif", 404, 404},
    // not regular files
    {"dir", 404, 404},
    {"linkdir", 404, 404},
    {"fifo", 404, 404},
    // not there
    {"b.tif", 404, 404},
    {"a.tif/b", 404, 404},
    {"dir/nothing/b.tif", 404, 404},
    // traversal and names that are never looked up
    {"", 404, 404},
    {"/", 404, 404},
    {".", 404, 404},
    {"..", 404, 404},
    {"../secret", 404, 404},
    {"dir/../a.tif", 404, 404},
    {"dir/../../secret", 404, 404},
    {"./a.tif", 404, 404},
    {"dir/./b.tif", 404, 404},
    {"dir//b.tif", 404, 404},
    {"/a.tif", 404, 404},
    {"/etc/passwd", 404, 404},
    {"a.tif/", 404, 404},
    {"dir/", 404, 404},
    {"..a", 404, 404},
    {".hidden", 404, 404},
    {".git/config", 404, 404},
    {"dir/.", 404, 404},
    {"dir/..", 404, 404},
    {"a.tif\0"sv, 404, 404},
    {"a.tif\0.jpg"sv, 404, 404},
    {"\0"sv, 404, 404},
};

START_TEST(opens_what_lies_beneath_and_nothing_else) {
    const OpenCase& c = kOpenCases[_i];
    const Collection collection;
    for (const Symlinks symlinks : {Symlinks::beneath, Symlinks::refused}) {
        const Root root(collection.outer.at("images"), symlinks);
        const int expected = symlinks == Symlinks::beneath ? c.beneath : c.refused;
        const auto file = root.open(c.path);
        ck_assert_msg((file ? 200 : file.error().status) == expected, "%s: %d instead of %d",
                      std::string(c.path).c_str(), file ? 200 : file.error().status, expected);
        if (file) {
            ck_assert(file->path == c.path);
            ck_assert_msg(content_of(file->fd.get()) != "secret", "%s", std::string(c.path).c_str());
        } else {
            ck_assert(!file.error().sentence.empty());
            ck_assert(file.error().sentence.find(collection.outer.path()) == std::string::npos);
        }
    }
}
END_TEST

START_TEST(servable_is_what_root_would_look_up) {
    ck_assert(is_servable("a"));
    ck_assert(is_servable("a/b.c/d..e"));
    for (const std::string_view path :
         {""sv, "/"sv, "/a"sv, "a/"sv, "a//b"sv, "."sv, "a/.b"sv, "a/../b"sv, ".."sv, "a\0b"sv}) {
        ck_assert_msg(!is_servable(path), "%s", std::string(path).c_str());
    }
}
END_TEST

START_TEST(long_names_are_not_found) {
    const Folder folder;
    const Root root(folder.path(), Symlinks::beneath);
    const std::string component(255, 'a');
    folder.file(component);
    ck_assert_int_eq(status_of(root, component), 200);
    ck_assert_int_eq(status_of(root, component + 'a'), 404);
    std::string path = "a";
    while (path.size() < 8192) path += "/a";
    ck_assert_int_eq(status_of(root, path), 404);
}
END_TEST

START_TEST(sockets_and_devices_are_not_found) {
    const Folder folder;
    folder.file("a");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder.at("socket");
    ck_assert_uint_lt(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ck_assert_int_eq(status_of(Root(folder.path(), Symlinks::beneath), "socket"), 404);
    ::close(listener);
    ck_assert_int_eq(status_of(Root("/dev", Symlinks::beneath), "null"), 404);
}
END_TEST

START_TEST(unreadable_files_are_forbidden) {
    const Folder folder;
    folder.file("locked.tif");
    folder.file("closed/a.tif");
    folder.folder("unlistable");
    folder.file("open.tif");
    ::chmod(folder.at("locked.tif").c_str(), 0);
    ::chmod(folder.at("closed").c_str(), 0);
    ::chmod(folder.at("unlistable").c_str(), 0);
    const Root root(folder.path(), Symlinks::beneath);
    {
        const Unprivileged nobody;
        ck_assert_int_eq(status_of(root, "locked.tif"), 403);
        ck_assert_int_eq(status_of(root, "closed/a.tif"), 403);
        ck_assert_int_eq(status_of(root, "unlistable"), 404);  // a folder, and no image either way
        ck_assert_int_eq(status_of(root, "open.tif"), 200);
    }
    ::chmod(folder.at("closed").c_str(), 0755);
}
END_TEST

START_TEST(descriptors_are_close_on_exec_and_positioned_at_the_start) {
    const Folder folder;
    folder.file("a", "hello");
    const auto file = Root(folder.path(), Symlinks::beneath).open("a");
    ck_assert(file.has_value());
    ck_assert_int_ne(::fcntl(file->fd.get(), F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(::fcntl(file->fd.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
    ck_assert(content_of(file->fd.get()) == "hello");
}
END_TEST

START_TEST(key_changes_with_the_file) {
    const Folder folder;
    const Root root(folder.path(), Symlinks::beneath);
    folder.file("a", "one");
    const auto first = root.open("a")->key;
    ck_assert(root.open("a")->key == first);
    ck_assert_uint_eq(first.size, 3);

    folder.file("a", "three");
    const auto longer = root.open("a")->key;
    ck_assert(longer != first);
    ck_assert_uint_eq(longer.size, 5);

    // Nanoseconds count: the same second, the same size.
    const timespec early[2] = {{1000, 1}, {1000, 1}};
    const timespec late[2] = {{1000, 2}, {1000, 2}};
    ::utimensat(AT_FDCWD, folder.at("a").c_str(), early, 0);
    const auto before = root.open("a")->key;
    ck_assert_int_eq(before.mtime_ns, 1'000'000'000'001);
    ::utimensat(AT_FDCWD, folder.at("a").c_str(), late, 0);
    ck_assert(root.open("a")->key != before);

    // Another file under the name, alike in all but its inode.
    folder.file("b", "three");
    ::utimensat(AT_FDCWD, folder.at("b").c_str(), late, 0);
    const auto replaced = root.open("a")->key;
    std::filesystem::rename(folder.at("b"), folder.at("a"));
    ck_assert(root.open("a")->key != replaced);
}
END_TEST

START_TEST(times_beyond_64_bit_nanoseconds_still_make_keys) {
    struct stat file {};
    file.st_mtim.tv_sec = std::numeric_limits<time_t>::max();
    file.st_mtim.tv_nsec = 999'999'999;
    const auto key = iiif::source::file_key(file);
    file.st_mtim.tv_nsec = 0;
    ck_assert(iiif::source::file_key(file) != key);
}
END_TEST

START_TEST(the_root_may_be_a_symlink_and_may_be_replaced) {
    const Folder folder;
    folder.file("one/a", "one");
    folder.file("two/a", "two");
    folder.link("one", "root");
    const Root root(folder.at("root"), Symlinks::refused);
    is(root.check(), "");
    ck_assert(content_of(root.open("a")->fd.get()) == "one");

    std::filesystem::remove(folder.at("root"));
    ck_assert_int_eq(status_of(root, "a"), 500);
    folder.link("two", "root");
    ck_assert(content_of(root.open("a")->fd.get()) == "two");
}
END_TEST

START_TEST(exhausted_descriptors_are_busy) {
    const Folder folder;
    folder.file("a");
    folder.link("a", "linked");
    const Root root(folder.path(), Symlinks::beneath);
    rlimit was{};
    ::getrlimit(RLIMIT_NOFILE, &was);
    // The lowest free descriptor is what the next open gets: at that limit the root itself fails, one above it the
    // file. Only a path with a symlink needs both.
    const int free = ::dup(0);
    ::close(free);
    for (const int limit : {free, free + 1}) {
        const rlimit less{static_cast<rlim_t>(limit), was.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &less);
        const int status = status_of(root, "linked");
        ::setrlimit(RLIMIT_NOFILE, &was);
        ck_assert_int_eq(status, 503);
    }
    const rlimit none{static_cast<rlim_t>(free), was.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const int status = status_of(root, "a");
    ::setrlimit(RLIMIT_NOFILE, &was);
    ck_assert_int_eq(status, 503);
    ck_assert_int_eq(status_of(root, "a"), 200);
}
END_TEST

START_TEST(no_descriptor_is_left_open) {
    const Collection collection;
    const Root root(collection.outer.at("images"), Symlinks::beneath);
    const int before = ::dup(0);
    ::close(before);
    for (const OpenCase& c : kOpenCases) static_cast<void>(root.open(c.path));
    const int after = ::dup(0);
    ::close(after);
    ck_assert_int_eq(after, before);
}
END_TEST

START_TEST(check_says_what_is_wrong) {
    const Folder folder;
    folder.file("file");
    is(Root(folder.path(), Symlinks::beneath).check(), "");
    is(Root(folder.at("none"), Symlinks::beneath).check(), "there is no such folder");
    const std::string file = Root(folder.at("file"), Symlinks::beneath).check();
    ck_assert_msg(file.find("not a folder") != std::string::npos, "%s", file.c_str());
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("root");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, opens_what_lies_beneath_and_nothing_else, 0, static_cast<int>(std::size(kOpenCases)));
    tcase_add_test(tc, servable_is_what_root_would_look_up);
    tcase_add_test(tc, long_names_are_not_found);
    tcase_add_test(tc, sockets_and_devices_are_not_found);
    tcase_add_test(tc, unreadable_files_are_forbidden);
    tcase_add_test(tc, descriptors_are_close_on_exec_and_positioned_at_the_start);
    tcase_add_test(tc, key_changes_with_the_file);
    tcase_add_test(tc, times_beyond_64_bit_nanoseconds_still_make_keys);
    tcase_add_test(tc, the_root_may_be_a_symlink_and_may_be_replaced);
    tcase_add_test(tc, exhausted_descriptors_are_busy);
    tcase_add_test(tc, no_descriptor_is_left_open);
    tcase_add_test(tc, check_says_what_is_wrong);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
