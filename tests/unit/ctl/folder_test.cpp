// SPDX-License-Identifier: Apache-2.0
#include "ctl/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "suite.h"

namespace {

using namespace iiif;
namespace fs = std::filesystem;

START_TEST(as_people_count) {
    const std::vector<std::string> in_order = {"1.tif",
                                               "2.tif",
                                               "10.tif",
                                               "010.tif",
                                               "a/1.tif",
                                               "a/2/1.tif",
                                               "A/3.tif",
                                               "a.tif",
                                               "ab/1.tif",
                                               "img2.tif",
                                               "img10.tif",
                                               "img10b.tif",
                                               "img11.tif",
                                               "Page 9.tif",
                                               "page 10.tif",
                                               "z9999999999999999999998.tif",
                                               "z9999999999999999999999.tif"};
    for (std::size_t i = 0; i < in_order.size(); ++i) {
        ck_assert_msg(!ctl::natural_less(in_order[i], in_order[i]), "%s before itself", in_order[i].c_str());
        for (std::size_t j = i + 1; j < in_order.size(); ++j) {
            const bool same_number = in_order[i] == "10.tif" && in_order[j] == "010.tif";
            if (same_number) continue;  // some order, but one
            ck_assert_msg(ctl::natural_less(in_order[i], in_order[j]) && !ctl::natural_less(in_order[j], in_order[i]),
                          "%s, %s", in_order[i].c_str(), in_order[j].c_str());
        }
    }
    ck_assert(ctl::natural_less("10.tif", "010.tif") != ctl::natural_less("010.tif", "10.tif"));
}
END_TEST

struct Scratch {
    fs::path path;
    Scratch() {
        std::string name = (fs::temp_directory_path() / "iiif-ctl-XXXXXX").native();
        ck_assert_ptr_nonnull(::mkdtemp(name.data()));
        path = name;
    }
    ~Scratch() { fs::remove_all(path); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    void file(const std::string& name) const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name) << "12345";
    }
};

START_TEST(what_servers_would_serve) {
    const Scratch folder;
    for (const char* name : {"b/2.tif", "b/10.tif", ".hidden/x.tif", ".x.tif", "secret.tif", "plain.tif"})
        folder.file(name);
    folder.file("bad\xff.tif");
    ck_assert_int_eq(::chmod((folder.path / "secret.tif").c_str(), 0600), 0);
    const Scratch elsewhere;
    elsewhere.file("o.tif");
    fs::create_symlink("b/2.tif", folder.path / "inside.tif");
    fs::create_symlink(folder.path / "b/2.tif", folder.path / "absolute.tif");
    fs::create_symlink("../" + elsewhere.path.filename().native() + "/o.tif", folder.path / "outside.tif");
    fs::create_symlink("nowhere.tif", folder.path / "dangling.tif");
    fs::create_directory_symlink("..", folder.path / "b/circle");
    std::string wrong;
    const auto files = ctl::files_of(folder.path.native(), wrong);
    ck_assert_ptr_nonnull(files.data());
    ck_assert_uint_eq(wrong.size(), 0);
    const auto problem = [&files](const std::string& path) {
        const auto found = std::ranges::find(files, path, &ctl::File::path);
        return found == files.end() ? std::string("missing") : found->problem;
    };
    ck_assert_uint_eq(files.size(), 9);
    for (const char* fine : {"b/2.tif", "b/10.tif", "plain.tif", "inside.tif"}) {
        ck_assert_msg(problem(fine).empty(), "%s: %s", fine, problem(fine).c_str());
    }
    ck_assert(problem("secret.tif").find("o+r") != std::string::npos);
    ck_assert(problem("absolute.tif").find("absolute link") != std::string::npos);
    ck_assert(problem("outside.tif").find("out of the folder") != std::string::npos);
    ck_assert(problem("dangling.tif").find("nowhere") != std::string::npos);
    ck_assert(problem("bad\xff.tif").find("UTF-8") != std::string::npos);
    ck_assert(ctl::files_of(folder.path / "none", wrong).empty() && !wrong.empty());
    wrong.clear();
    ck_assert(ctl::files_of(folder.path / "plain.tif", wrong).empty() && !wrong.empty());
}
END_TEST

TCase* folder_test_case() {
    TCase* test_case = tcase_create("folder");
    tcase_add_test(test_case, as_people_count);
    tcase_add_test(test_case, what_servers_would_serve);
    return test_case;
}
const test::Register registered(folder_test_case);

}  // namespace
