// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/mapping.h"
#include "source/temporary_folder.h"
#include "suite.h"
#include "text.h"

namespace {

using iiif::source::locate;
using iiif::source::MapFile;
using iiif::source::MappingOptions;
using iiif::source::MapRule;
using iiif::source::Root;
using iiif::source::Symlinks;
using iiif::test::Folder;
using iiif::test::is;
using std::string_view_literals::operator""sv;

iiif::source::OpenFiles each_time;  // keeps none

using Rules = std::vector<std::pair<const char*, const char*>>;

// The options of an endpoint, as short as a table wants them.
struct Endpoint {
    Rules rules = {};
    const char* map = nullptr;  // JSON
    std::vector<std::string> extensions = {};
    const char* delimiter = ";";
};

MappingOptions options_of(const Endpoint& endpoint, const Folder& folder) {
    MappingOptions options;
    for (const auto& [regex, templ] : endpoint.rules) {
        auto rule = MapRule::compile(regex, templ);
        ck_assert_msg(rule.has_value(), "%s", rule ? "" : rule.error().sentence.c_str());
        options.rules.push_back(std::move(*rule));
    }
    if (endpoint.map != nullptr) {
        folder.file("map.json", endpoint.map);
        options.map_file = *MapFile::open(folder.at("map.json"));
    }
    options.extensions = endpoint.extensions;
    options.page_delimiter = endpoint.delimiter;
    return options;
}

struct Case {
    Endpoint endpoint;
    std::string_view identifier;
    std::string_view found;  // path beneath the root, with #PAGE unless 1; "404" and so on
    std::optional<std::string_view> computed = std::nullopt;
};

const Endpoint kPlain;
const Endpoint kExtensions = {.extensions = {"tif", "jp2"}};
const Endpoint kRules = {.rules = {{"^ms-(\\w+)$", "dir/$1.tif"}, {"^ms-(\\w+)$", "$1.jp2"}, {"^all$", "nothing.tif"}}};
const Endpoint kMap = {.map = R"({"one": "dir/b.tif", "two": "gone.tif", "three": "a", "x;2": "a.tif"})",
                       .extensions = {"tif"}};
const Endpoint kMapAndRules = {.rules = {{"^(.*)$", "dir/$1.tif"}}, .map = R"({"b": "a.tif", "c": "gone.tif"})"};

const Case kCases[] = {
    // the identifier itself
    {kPlain, "a.tif", "a.tif"},
    {kPlain, "dir/b.tif", "dir/b.tif"},
    {kPlain, "with space.tif", "with space.tif"},
    {kPlain, "gr\xC3\xBC\xC3\x9F.tif", "gr\xC3\xBC\xC3\x9F.tif"},
    {kPlain, "ark:/12025/654", "ark:/12025/654"},
    {kPlain, "a", "404"},
    {kPlain, "", "404"},
    {kPlain, "dir", "404"},
    {kPlain, "dir/", "404"},
    {kPlain, "a.tif/", "404"},
    {kPlain, "/a.tif", "404"},
    {kPlain, "../secret", "404"},
    {kPlain, "dir/../../secret", "404"},
    {kPlain, "/etc/passwd", "404"},
    {kPlain, ".hidden.tif", "404"},
    {kPlain, "%2e%2e/secret", "404"},
    // extensions, in order, after the identifier as it stands
    {kExtensions, "a", "a.tif"},
    {kExtensions, "a.tif", "a.tif"},
    {kExtensions, "a.jp2", "a.jp2"},
    {kExtensions, "c", "c.jp2"},
    {kExtensions, "twice.tif", "twice.tif.jp2"},
    {kExtensions, "both", "both"},
    {kExtensions, "dir", "dir.jp2"},
    {kExtensions, "dir/", "404"},
    {kExtensions, ".hidden", "404"},
    {kExtensions, "nothing", "404"},
    {kExtensions, "", "404"},
    {{.extensions = {"jp2", "tif"}}, "a", "a.jp2"},
    // pages
    {kPlain, "a.tif;2", "a.tif#2"},
    {kPlain, "dir/b.tif;12", "dir/b.tif#12"},
    {kPlain, "a.tif;1", "a.tif"},
    {kPlain, "a.tif;999999", "a.tif#999999"},
    {kPlain, "a.tif;1000000", "404"},
    {kPlain, "a.tif;0", "404"},
    {kPlain, "a.tif;02", "404"},
    {kPlain, "a.tif;", "404"},
    {kPlain, "a.tif;2x", "404"},
    {kPlain, "a.tif;-2", "404"},
    {kPlain, "a.tif;+2", "404"},
    {kPlain, "a.tif; 2", "404"},
    {kPlain, "a.tif;2;3", "404"},
    {kPlain, ";2", "404"},
    {kPlain, "dir/;2", "404"},
    {kPlain, "named;7", "named;7"},      // a file of that name comes first
    {kPlain, "named;7;3", "named;7#3"},  // the last delimiter counts
    {kExtensions, "a;2", "a.tif#2"},
    {kExtensions, "dir/b;4", "dir/b.tif#4"},
    {{.delimiter = ""}, "a.tif;2", "404"},
    {{.delimiter = "!p"}, "a.tif!p3", "a.tif#3"},
    {{.delimiter = "!p"}, "a.tif;3", "404"},
    {{.delimiter = "/"}, "a.tif/3", "a.tif#3"},
    // rules: the first whose file exists, and not the identifier itself
    {kRules, "ms-b", "dir/b.tif"},
    {kRules, "ms-c", "c.jp2"},
    {kRules, "ms-b;3", "dir/b.tif#3"},
    {kRules, "ms-zz", "404"},
    {kRules, "a.tif", "404"},
    {kRules, "all", "404"},
    {kRules, "ms-b/", "404"},
    {{.rules = {{"^(.*)$", "$1"}}}, "../secret", "404"},
    {{.rules = {{"^(.*)$", "dir/$1"}}}, "../../secret", "404"},
    {{.rules = {{"^(.*)$", "$1"}}}, "/etc/passwd", "404"},
    {{.rules = {{"^(.*?)/?$", "$1"}}}, "a.tif/", "404"},
    {{.rules = {{"^(.*)$", "dir/$1"}}, .extensions = {"tif"}}, "b", "dir/b.tif"},
    {{.rules = {{"^ark:", "${id:pairtree}/image.tif"}}}, "ark:/13030/xt12", "ar/k+/=1/30/30/=x/t1/2/image.tif"},
    {{.rules = {{"", "${id:md5/2/2}.tif"}}}, "abc", "90/01/900150983cd24fb0d6963f7d28e17f72.tif"},
    // the map file, then rules or the identifier
    {kMap, "one", "dir/b.tif"},
    {kMap, "one;5", "dir/b.tif#5"},
    {kMap, "two", "404"},
    {kMap, "three", "a.tif"},
    {kMap, "x;2", "a.tif"},  // an entry of that name is not a page
    {kMap, "a.tif", "a.tif"},
    {kMap, "x", "404"},
    {kMapAndRules, "b", "a.tif"},
    {kMapAndRules, "c", "404"},
    {kMapAndRules, "d", "dir/d.tif"},
    {kMapAndRules, "a.tif", "404"},
    // computed by the server: that alone
    {kPlain, "whatever", "a.tif", "a.tif"},
    {kPlain, "a.tif", "404", "nothing.tif"},
    {kPlain, "a.tif", "404", ""},
    {kPlain, "a.tif", "404", "/a.tif"},
    {kPlain, "a.tif", "404", "../secret"},
    {kPlain, "a.tif", "404", "a.tif\0"sv},
    {kRules, "ms-b", "a.tif", "a.tif"},
    {kMap, "one", "404", "gone"},
    {kExtensions, "whatever", "a.tif", "a"},
    {kExtensions, "whatever", "a.tif#3", "a;3"},
    // what no identifier has
    {kPlain, "a\n.tif", "400"},
    {kPlain, "\x1F", "400"},
    {kPlain, "a.tif\x7F", "400"},
    {kPlain, "a.tif\0"sv, "400"},
    {kPlain, "a\n", "400", "a.tif"},
};

START_TEST(locates) {
    const Case& c = kCases[_i];
    const Folder folder;
    folder.file("secret");
    for (const char* name :
         {"a.tif", "a.jp2", "c.jp2", "dir.jp2", "dir/b.tif", "dir/d.tif", "with space.tif", "gr\xC3\xBC\xC3\x9F.tif",
          "ark:/12025/654", "twice.tif.jp2", "both", "both.tif", "named;7", ".hidden.tif",
          "ar/k+/=1/30/30/=x/t1/2/image.tif", "90/01/900150983cd24fb0d6963f7d28e17f72.tif"}) {
        folder.file(std::string("images/") + name);
    }
    std::filesystem::remove(folder.at("images/twice.tif"));
    const MappingOptions options = options_of(c.endpoint, folder);
    const auto located =
        locate(Root(folder.at("images"), Symlinks::beneath), each_time, options, c.identifier, c.computed);
    std::string found = located ? located->file.path : std::to_string(located.error().status);
    if (located && located->page != 1) found += "#" + std::to_string(located->page);
    ck_assert_msg(found == c.found, "\"%s\" gave %s instead of %s", std::string(c.identifier).c_str(), found.c_str(),
                  std::string(c.found).c_str());
    if (located) {
        ck_assert(iiif::test::content_of(located->file.fd.get()) == "images/" + located->file.path);
    } else {
        ck_assert(located.error().sentence.find(folder.path()) == std::string::npos);
    }
}
END_TEST

std::string sentence_for(std::string_view identifier) {
    const Folder folder;
    const auto located =
        locate(Root(folder.path(), Symlinks::beneath), each_time, MappingOptions{}, identifier, std::nullopt);
    ck_assert(!located.has_value());
    return std::to_string(located.error().status) + ' ' + located.error().sentence;
}

START_TEST(says_what_is_not_here) {
    is(sentence_for("a/b;2"), "404 there is no image \"a/b;2\" here");
    is(sentence_for("../x"), "404 there is no image \"../x\" here");
    is(sentence_for("gr\xC3\xBC\xC3\x9F\xFF"), "404 there is no image \"gr\xC3\xBC\xC3\x9F?\" here");
    is(sentence_for(std::string(1000, 'x')), ("404 there is no image \"" + std::string(100, 'x') + "...\" here"));
    is(sentence_for("a\x1B[0mb"),
       "400 the identifier \"a?[0mb\" contains a control character; no identifier here does");
    is(sentence_for(std::string(1025, 'x')), "400 the identifier is 1025 bytes long; allowed are 1024");
}
END_TEST

START_TEST(identifiers_may_be_kept_short) {
    const Folder folder;
    const Root root(folder.path(), Symlinks::beneath);
    MappingOptions options;
    options.max_identifier = 16;
    const auto located = locate(root, each_time, options, "seventeen bytes!!", std::nullopt);
    ck_assert(!located.has_value());
    is(located.error().sentence, "the identifier is 17 bytes long; allowed are 16");
}
END_TEST

START_TEST(identifiers_of_a_thousand_characters_work) {
    const Folder folder;
    std::string path(200, 'a');
    for (int i = 0; i < 4; ++i) path += '/' + std::string(199, 'b');
    ck_assert_uint_eq(path.size(), 1000);
    folder.file(path);
    const auto located =
        locate(Root(folder.path(), Symlinks::beneath), each_time, MappingOptions{}, path, std::nullopt);
    ck_assert(located.has_value());
    ck_assert(located->file.path == path);
}
END_TEST

START_TEST(what_exists_but_cannot_be_read_does_not_become_another_file) {
    const Folder folder;
    folder.file("a");
    folder.file("a.tif");
    folder.folder("b");
    folder.file("b.tif");
    ::chmod(folder.at("a").c_str(), 0);
    ::chmod(folder.at("b").c_str(), 0);
    MappingOptions options;
    options.extensions = {"tif"};
    const Root root(folder.path(), Symlinks::beneath);
    const iiif::test::Unprivileged nobody;
    const auto locked = locate(root, each_time, options, "a", std::nullopt);
    ck_assert(!locked.has_value());
    ck_assert_int_eq(locked.error().status, 403);
    // A folder is no image, so its name is free for b.tif.
    const auto beside = locate(root, each_time, options, "b", std::nullopt);
    ck_assert(beside.has_value());
    ck_assert(beside->file.path == "b.tif");
}
END_TEST

START_TEST(symlinks_are_the_roots_decision) {
    const Folder folder;
    folder.file("a.tif");
    folder.link("a.tif", "link.tif");
    const MappingOptions options;
    ck_assert(locate(Root(folder.path(), Symlinks::beneath), each_time, options, "link.tif", std::nullopt).has_value());
    ck_assert(
        !locate(Root(folder.path(), Symlinks::refused), each_time, options, "link.tif", std::nullopt).has_value());
}
END_TEST

TCase* test_case() {
    TCase* tc = tcase_create("locate");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, locates, 0, static_cast<int>(std::size(kCases)));
    tcase_add_test(tc, says_what_is_not_here);
    tcase_add_test(tc, identifiers_may_be_kept_short);
    tcase_add_test(tc, identifiers_of_a_thousand_characters_work);
    tcase_add_test(tc, what_exists_but_cannot_be_read_does_not_become_another_file);
    tcase_add_test(tc, symlinks_are_the_roots_decision);
    return tc;
}
const iiif::test::Register kRegistered(test_case);

}  // namespace
