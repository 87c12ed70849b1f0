// SPDX-License-Identifier: Apache-2.0
#include "presentation/watch.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "source/temporary_folder.h"
#include "suite.h"

namespace iiif::test {
namespace {

using presentation::Watch;

void age(const std::string& path, int hours) {
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(hours));
}

Watch seen(const source::Root& root) {
    Watch watch;
    const auto folder = source::Folder::open(root, "a");
    ck_assert(folder.has_value());
    watch.saw(*folder);
    for (const char* name : {"1.png", "iiif.yaml", "link.yaml"}) {
        const auto entry = folder->find(name);
        watch.saw(*folder, name, entry ? &entry->key : nullptr);
    }
    return watch;
}

// Folders were made just now; that nobody can date back.
void settle() {
    std::this_thread::sleep_for(std::chrono::milliseconds(2'100));
}

// What happens to the folder, and whether what was made from it still holds.
START_TEST(holds_until_something_changes) {
    struct Case {
        const char* what;
        bool holds;
    };
    const Case cases[] = {{"nothing", true},      {"touched", false},           {"longer", false},
                          {"added", false},       {"added, dated back", false}, {"appeared", false},
                          {"link filled", false}, {"removed", false},           {"folder gone", false},
                          {"elsewhere", true}};
    std::vector<std::unique_ptr<const Folder>> folders;
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        const auto& folder = *folders.emplace_back(std::make_unique<const Folder>());
        folder.file("a/1.png");
        folder.file("b/1.png");
        std::filesystem::create_symlink("../b/later.yaml", folder.at("a/link.yaml"));
        age(folder.at("a/1.png"), 2);
        const source::Root root(folder.path(), source::Symlinks::beneath);
        ck_assert(!seen(root).is_settled());
    }
    settle();
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        const Case& c = cases[i];
        const Folder& folder = *folders[i];
        const source::Root root(folder.path(), source::Symlinks::beneath);
        const Watch watch = seen(root);
        ck_assert(watch.is_settled());
        const std::string what = c.what;
        const auto before = std::filesystem::last_write_time(folder.at("a"));
        if (what == "touched") age(folder.at("a/1.png"), 1);
        if (what == "longer") folder.file("a/1.png", "of another length");
        if (what.starts_with("added")) folder.file("a/2.png");
        if (what == "added, dated back") std::filesystem::last_write_time(folder.at("a"), before);
        if (what == "appeared") folder.file("a/iiif.yaml");
        if (what == "link filled") folder.file("b/later.yaml");
        if (what == "removed") std::filesystem::remove(folder.at("a/1.png"));
        if (what == "folder gone") std::filesystem::remove_all(folder.at("a"));
        if (what == "elsewhere") folder.file("b/2.png");
        ck_assert_msg(Watch::holds(root, watch.text()) == c.holds, "%s", c.what);
        if (what == "longer") ck_assert(!seen(root).is_settled());
    }
}
END_TEST

START_TEST(nothing_that_is_cut_holds) {
    const Folder folder;
    folder.file("a/1.png");
    std::filesystem::create_symlink("nowhere", folder.at("a/link.yaml"));
    const source::Root root(folder.path(), source::Symlinks::beneath);
    const std::string text = seen(root).text();
    ck_assert(Watch::holds(root, text));
    // That a name is not there, the folder's own key says.
    ck_assert(text.find("iiif.yaml") == std::string::npos);
    const std::size_t link = text.find("link.yaml");
    ck_assert(link != std::string::npos);
    for (std::size_t length = 0; length < text.size(); ++length) {
        ck_assert_msg(!Watch::holds(root, std::string_view(text).substr(0, length)), "%zu", length);
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        // What cannot be found is no more to be found under another name.
        if (at >= link && at < link + 9) continue;
        std::string damaged = text;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x80);
        ck_assert_msg(!Watch::holds(root, damaged), "%zu", at);
    }
}
END_TEST

TCase* watch_case() {
    TCase* tests = tcase_create("watch");
    tcase_add_test(tests, holds_until_something_changes);
    tcase_add_test(tests, nothing_that_is_cut_holds);
    return tests;
}
const Register registered(watch_case);

}  // namespace
}  // namespace iiif::test
