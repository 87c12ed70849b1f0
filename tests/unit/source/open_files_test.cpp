// SPDX-License-Identifier: Apache-2.0
#include "source/open_files.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "source/temporary_folder.h"
#include "suite.h"

namespace {

using iiif::source::OpenFile;
using iiif::source::OpenFiles;
using iiif::source::Root;
using iiif::source::Symlinks;
using iiif::test::content_of;
using iiif::test::Folder;
using iiif::test::Unprivileged;

struct Place {
    Folder folder;
    Root root{folder.path(), Symlinks::refused};
    OpenFiles files;
    explicit Place(std::size_t places = 8) { files.keep(places); }

    [[nodiscard]] OpenFile open(const char* path) {
        auto file = files.open(root, path);
        ck_assert_msg(file.has_value(), "%s: %s", path, file ? "" : file.error().sentence.c_str());
        return std::move(*file);
    }
    [[nodiscard]] int status(const char* path) {
        const auto file = files.open(root, path);
        return file ? 200 : file.error().status;
    }
};

void assert_holds(const OpenFile& file, const std::string& text) {
    const std::string held = content_of(file.fd.get());
    ck_assert_msg(held == text, "\"%s\" instead of \"%s\"", held.c_str(), text.c_str());
}

START_TEST(what_is_kept_is_the_same_file) {
    Place place;
    place.folder.file("a.tif", "a");
    const int first = place.open("a.tif").fd.get();
    const OpenFile again = place.open("a.tif");
    ck_assert_int_eq(again.fd.get(), first);
    ck_assert(!again.fd.is_only_owner());
    ck_assert(again.path == "a.tif");
    assert_holds(again, "a");
    const auto fresh = place.root.open("a.tif");
    ck_assert(fresh && fresh->key == again.key && fresh->fd.is_only_owner());
}
END_TEST

START_TEST(without_places_nothing_is_kept) {
    Place place(0);
    place.folder.file("a.tif", "a");
    ck_assert(place.open("a.tif").fd.is_only_owner());
    ck_assert(!place.files.close_unused());
}
END_TEST

// Whatever happens to a file shows at the next request, as it does where each request opens it.
struct Case {
    const char* what;
    void (*change)(const Folder&);
    int status;
    const char* text;
};
const std::vector<Case> kCases = {
    {"replaced",
     [](const Folder& f) {
         f.file("new", "other");
         std::filesystem::rename(f.at("new"), f.at("dir/a.tif"));
     },
     200, "other"},
    {"replaced by a file of the same size and time",
     [](const Folder& f) {
         f.file("new", "B");
         std::filesystem::last_write_time(f.at("new"), std::filesystem::last_write_time(f.at("dir/a.tif")));
         std::filesystem::rename(f.at("new"), f.at("dir/a.tif"));
     },
     200, "B"},
    {"written to",
     [](const Folder& f) {
         const auto before = std::filesystem::last_write_time(f.at("dir/a.tif"));
         f.file("dir/a.tif", "longer");
         std::filesystem::last_write_time(f.at("dir/a.tif"), before);
     },
     200, "longer"},
    {"deleted", [](const Folder& f) { std::filesystem::remove(f.at("dir/a.tif")); }, 404, ""},
    {"made unreadable", [](const Folder& f) { ck_assert_int_eq(::chmod(f.at("dir/a.tif").c_str(), 0), 0); }, 403, ""},
    {"its folder closed", [](const Folder& f) { ck_assert_int_eq(::chmod(f.at("dir").c_str(), 0), 0); }, 403, ""},
    {"its folder moved away", [](const Folder& f) { std::filesystem::rename(f.at("dir"), f.at("gone")); }, 404, ""},
    {"become a folder",
     [](const Folder& f) {
         std::filesystem::remove(f.at("dir/a.tif"));
         std::filesystem::create_directory(f.at("dir/a.tif"));
     },
     404, ""},
    {"become a symlink, which are refused",
     [](const Folder& f) {
         f.file("b.tif", "b");
         std::filesystem::remove(f.at("dir/a.tif"));
         std::filesystem::create_symlink("../b.tif", f.at("dir/a.tif"));
     },
     404, ""},
};

START_TEST(changes_show_at_once) {
    const Case& c = kCases.at(static_cast<std::size_t>(_i));
    Place place;
    place.folder.folder("dir");
    place.folder.file("dir/a.tif", "a");
    {
        const Unprivileged reader;
        assert_holds(place.open("dir/a.tif"), "a");
        ck_assert(!place.open("dir/a.tif").fd.is_only_owner());
    }
    c.change(place.folder);
    {
        const Unprivileged reader;
        const int status = place.status("dir/a.tif");
        ck_assert_msg(status == c.status, "%s: %d", c.what, status);
        if (c.status == 200) assert_holds(place.open("dir/a.tif"), c.text);
    }
    (void)::chmod(place.folder.at("dir").c_str(), 0755);
}
END_TEST

// What one root allows, another does not, though both lead to the same path.
START_TEST(roots_are_told_apart) {
    const Folder folder;
    folder.file("outside/a.tif", "a");
    folder.folder("images");
    folder.link("../outside", "images/link");
    const Root outer(folder.at("images"), Symlinks::beneath);
    const Root inner(folder.at("images/link"), Symlinks::beneath);
    const Root strict(folder.at("images/link"), Symlinks::refused);
    const Root whole(folder.path(), Symlinks::beneath);
    const Root whole_strict(folder.path(), Symlinks::refused);
    OpenFiles files;
    files.keep(8);
    for (int round = 0; round < 3; ++round) {
        ck_assert(files.open(inner, "a.tif").has_value());
        ck_assert(!files.open(outer, "link/a.tif").has_value());
        ck_assert(files.open(strict, "a.tif").has_value());
        ck_assert(files.open(whole, "images/link/a.tif").has_value());
        ck_assert(!files.open(whole_strict, "images/link/a.tif").has_value());
    }
}
END_TEST

START_TEST(places_are_shared) {
    Place place(2);
    for (int i = 0; i < 20; ++i) place.folder.file("file" + std::to_string(i), std::to_string(i));
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 20; ++i) {
            const std::string name = "file" + std::to_string(i);
            assert_holds(place.open(name.c_str()), std::to_string(i));
        }
    }
    int open = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.starts_with(place.folder.at("file"))) ++open;
    }
    ck_assert_int_le(open, 2);
    ck_assert_int_ge(open, 1);
}
END_TEST

START_TEST(unused_files_are_closed) {
    Place place;
    place.folder.file("a.tif", "a");
    (void)place.open("a.tif");
    ck_assert(place.files.close_unused());  // just used
    ck_assert_int_eq(::usleep((OpenFiles::kUnused + 100) * 1000), 0);
    ck_assert(!place.files.close_unused());
    ck_assert(place.open("a.tif").fd.get() >= 0);
}
END_TEST

// A process that has as many files open as it may gives these up first.
START_TEST(given_up_for_others) {
    Place place;
    place.folder.file("a.tif", "a");
    place.folder.file("b.tif", "b");
    (void)place.open("a.tif");
    rlimit before{};
    ck_assert_int_eq(::getrlimit(RLIMIT_NOFILE, &before), 0);
    std::vector<int> taken;
    const rlimit few{64, before.rlim_max};
    ck_assert_int_eq(::setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int fd = ::open("/dev/null", O_RDONLY); fd >= 0; fd = ::open("/dev/null", O_RDONLY)) taken.push_back(fd);
    const int status = place.status("b.tif");
    for (const int fd : taken) (void)::close(fd);
    ck_assert_int_eq(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(status, 200);
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("open_files");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_is_kept_is_the_same_file);
    tcase_add_test(tc, without_places_nothing_is_kept);
    tcase_add_loop_test(tc, changes_show_at_once, 0, static_cast<int>(kCases.size()));
    tcase_add_test(tc, roots_are_told_apart);
    tcase_add_test(tc, places_are_shared);
    tcase_add_test(tc, unused_files_are_closed);
    tcase_add_test(tc, given_up_for_others);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
