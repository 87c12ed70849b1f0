// SPDX-License-Identifier: Apache-2.0
// Sidecars and tables: what they say, and what is said of those that are wrong.
#include "presentation/sidecar.h"

#include <fstream>
#include <sstream>
#include <string>

#include "suite.h"

namespace {

using namespace iiif::presentation;

Sidecar yaml(const std::string& text) {
    const SidecarText file{"iiif.yaml", text};
    return read_sidecar(&file, nullptr);
}

Sidecar table(const std::string& text) {
    const SidecarText file{"metadata.csv", text};
    return read_sidecar(nullptr, &file);
}

std::string problems_of(const Sidecar& sidecar) {
    std::string out;
    for (const Problem& one : sidecar.problems) out += std::to_string(one.line) + ' ' + one.sentence + '\n';
    return out;
}

// "en=A;none=B"
std::string shown(const iiif::protocol::LanguageMap& map) {
    std::string out;
    for (const auto& [language, texts] : map.all()) {
        for (const std::string& text : texts) out += (out.empty() ? "" : ";") + language + '=' + text;
    }
    return out;
}

START_TEST(what_a_sidecar_says) {
    const Sidecar read = yaml(
        "label: {en: A book, cy: Llyfr}\n"
        "Summary: <b>Text</b> stays text\n"
        "metadata:\n"
        "  Date: 1890\n"
        "  Places: [Cardiff, Bangor]\n"
        "  Note@cy: {cy: Nodyn}\n"
        "attribution: Library\n"
        "rights: CC BY-SA 4.0\n"
        "provider: {name: Library, url: https://l.example.org/, logo: https://l.example.org/l.svg}\n"
        "see_also: {url: https://l.example.org/r.xml, format: text/xml}\n"
        "direction: rtl\n"
        "behaviour: [paged, repeat]\n"
        "navDate: 1890-05\n"
        "publish: no\n"
        "objects: chapters\n"
        "order: [b.jpg, a.jpg]\n"
        "ark: 12025/654\n"
        "scale: 300 dpi\n"
        "items:\n"
        "  a.jpg: First\n"
        "  b.jpg: {label: Second, withdrawn: Lost in a fire, scale: 0.5 mm}\n"
        "chapters:\n"
        "  - {label: One, items: [a.jpg], chapters: [{label: Inner, items: [b.jpg]}]}\n"
        "include:\n"
        "  - https://o.example.org/manifest.json\n"
        "  - {collection: https://o.example.org/c, label: Theirs}\n"
        "  - {canvas: https://o.example.org/c/1, manifest: https://o.example.org/m}\n");
    ck_assert_text(problems_of(read), "");
    ck_assert_text(shown(read.says.label), "en=A book;cy=Llyfr");
    ck_assert_text(shown(read.says.summary), "none=<b>Text</b> stays text");
    ck_assert_uint_eq(read.says.metadata.size(), 3);
    ck_assert_text(shown(read.says.metadata[1].value), "none=Cardiff;none=Bangor");
    ck_assert_text(shown(read.says.metadata[2].label), "cy=Note");
    ck_assert_text(shown(read.says.required_statement->label), "en=Attribution");
    ck_assert_text(read.says.rights, "http://creativecommons.org/licenses/by-sa/4.0/");
    ck_assert_text(read.says.provider.at(0).logo.at(0).format, "image/svg+xml");
    ck_assert_text(read.says.see_also.at(0).format, "text/xml");
    ck_assert_text(read.says.viewing_direction, "right-to-left");
    ck_assert_uint_eq(read.says.behavior.size(), 2);
    ck_assert_text(read.says.nav_date, "1890-05-01T00:00:00Z");
    ck_assert(read.publish == false && read.objects == Objects::chapters);
    ck_assert_text(read.order.at(0), "b.jpg");
    ck_assert_text(read.identifiers.at(0), "ark:12025/654");
    ck_assert_text(read.scale->factor + ' ' + read.scale->units, "0.0033333333 in");
    ck_assert_text(shown(read.item("a.jpg")->says.label), "none=First");
    const Item* const second = read.item("b.jpg");
    ck_assert(second->withdrawn && read.item("c.jpg") == nullptr);
    ck_assert_text(shown(second->says.summary), "none=Lost in a fire");
    ck_assert_text(second->scale->factor + ' ' + second->scale->units, "0.5 mm");
    ck_assert_text(read.chapters.at(0).chapters.at(0).items.at(0), "b.jpg");
    ck_assert_uint_eq(read.remotes.size(), 3);
    ck_assert(read.remotes[1].kind == Remote::Kind::collection && read.remotes[2].kind == Remote::Kind::canvas);
}
END_TEST

START_TEST(json_is_read_too) {
    const SidecarText file{
        "iiif.json",
        "{\"label\": {\"en\": [\"A\", \"B\"]}, \"rights\": \"https://creativecommons.org/licenses/by/4.0/deed.en\"}"};
    const Sidecar read = read_sidecar(&file, nullptr);
    ck_assert_text(problems_of(read), "");
    ck_assert_text(shown(read.says.label), "en=A;en=B");
    ck_assert_text(read.says.rights, "http://creativecommons.org/licenses/by/4.0/");
}
END_TEST

// Each is left out with a problem that has this line and these words; what else the sidecar says holds.
START_TEST(wrong_sidecars) {
    static constexpr struct {
        const char* text;
        unsigned line;
        const char* words;
    } kCases[] = {
        {"label: [\n", 2, "is not valid here"},
        {"\tlabel: x\n", 1, "is not valid here"},
        {"lable: x\n", 1, "did you mean \"label\"?"},
        {"wholly: unknown\n", 1, "belongs under metadata"},
        {"label: x\nlabel: y\n", 2, "stands twice"},
        {"label: &a x\nsummary: *a\n", 1, "anchor"},
        {"label: x\nrights: public domain\n", 2, "which is no licence that viewers know"},
        {"rights: <script>alert(1)</script>\n", 1, "is no licence"},
        {"navDate: last week\n", 1, "write a date like 1890"},
        {"navDate: 1890-13\n", 1, "write a date like 1890"},
        {"navDate: 1890-02-29\n", 1, "write a date like 1890"},
        {"navDate: 1890-01-01T24:30:00Z\n", 1, "write a date like 1890"},
        {"navDate: 1890-01-01T12:00:00+23:00\n", 1, "write a date like 1890"},
        {"scale: big\n", 1, "0.025 mm"},
        {"scale: 0 dpi\n", 1, "300 dpi"},
        {"direction: up\n", 1, "left-to-right"},
        {"behavior: [paged, continuous]\n", 1, "contradicts"},
        {"behavior: sideways\n", 1, "write paged"},
        {"label: x\nbehavior: facing-pages\n", 2, "write them under items"},
        {"items:\n  a.jpg: {behavior: [non-paged, facing-pages]}\n", 2, "contradicts"},
        {"items:\n  a.jpg: {behavior: [facing-pages, paged]}\n", 2, "contradicts"},
        {"ark: 654xz321\n", 1, "an ARK like"},
        {"ark: ark:/1202/654\n", 1, "an ARK like"},
        {"ark: ark:/12025/\n", 1, "an ARK like"},
        {"ark: ark:/abcde/654\n", 1, "an ARK like"},
        {"label: x\nitems:\n  a.jpg: {ark: [12025/1, x]}\n", 3, "an ARK like"},
        {"doi: 182\n", 1, "a DOI like"},
        {"doi: https://example.org/10.1000/182\n", 1, "a DOI like"},
        {"doi: ark:/12025/654\n", 1, "a DOI like"},
        {"publish: perhaps\n", 1, "true or false"},
        {"homepage: www.example.org\n", 1, "https://"},
        {"homepage: http://a b/\n", 1, "%20"},
        {"items: {../secret.jpg: x}\n", 1, "in this folder itself"},
        {"items: {.hidden: x}\n", 1, "in this folder itself"},
        {"start: a/b.jpg\n", 1, "in this folder itself"},
        {"label: {english: x}\nmetadata: {Date: }\n", 1, ""},
        {"label: {e: x}\n", 1, "is no language"},
        {"provider: Library\n", 1, "needs a name and a url"},
        {"metadata: [Date]\n", 1, "needs a label and a value"},
        {"include: [{canvas: 'https://x/c'}]\n", 1, "the manifest it is in"},
        {"just a text\n", 1, "write lines like"},
        {"--- \na: b\n---\nc: d\n", 3, "second document"},
        {"label: \xFF\n", 0, "save it as UTF-8"},
    };
    for (const auto& c : kCases) {
        const Sidecar read = yaml(c.text);
        if (std::string(c.words).empty()) continue;
        ck_assert_msg(!read.problems.empty(), "%s", c.text);
        const std::string said = problems_of(read);
        ck_assert_msg(said.find(c.words) != std::string::npos, "%s: %s", c.text, said.c_str());
        ck_assert_msg(read.problems.front().line == c.line, "%s: %s", c.text, said.c_str());
    }
    const std::string deep(100'000, '[');
    ck_assert(!yaml(deep).problems.empty());
    ck_assert_text(shown(yaml("label: x\nrights: no\nsummary: y\n").says.summary), "none=y");
}
END_TEST

// A blank at its end says that it is no HTML; labels never are.
START_TEST(html_stays_text) {
    const Sidecar read = yaml(
        "label: <b>x</b>\nsummary: <b>x</b>\nattribution: <i>y</i>\nmetadata: {<u>: <p>z</p>, Size: 1 < 2}\n"
        "items: {a.jpg: {summary: <b>x</b>}}\n");
    ck_assert_text(shown(read.says.label), "none=<b>x</b>");
    ck_assert_text(shown(read.says.summary), "none=<b>x</b> ");
    ck_assert_text(shown(read.says.required_statement->value), "none=<i>y</i> ");
    ck_assert_text(shown(read.says.metadata.at(0).label), "none=<u>");
    ck_assert_text(shown(read.says.metadata.at(0).value), "none=<p>z</p> ");
    ck_assert_text(shown(read.says.metadata.at(1).value), "none=1 < 2");
    ck_assert_text(shown(read.item("a.jpg")->says.summary), "none=<b>x</b> ");
    ck_assert_text(shown(table("file,summary\n.,<b>x</b>\n").says.summary), "none=<b>x</b> ");
}
END_TEST

START_TEST(addresses_are_uris) {
    ck_assert_text(yaml("homepage: https://example.org/gr\u00fc\u00dfe\n").says.homepage.at(0).id,
                   "https://example.org/gr%C3%BC%C3%9Fe");
    ck_assert_text(yaml("navDate: 1892-02-29\n").says.nav_date, "1892-02-29T00:00:00Z");
}
END_TEST

START_TEST(what_a_table_says) {
    for (const char delimiter : {',', ';', '\t'}) {
        std::string text =
            "\xEF\xBB\xBF"
            "File,Title@en,title@cy,Creator,Creator@cy,rights,order,publish,Subjects\r\n"
            "a.jpg,\"One, or two\",Un,Jones,Siôn,CC0,2,,x|y\r\n"
            "b.jpg,\"Two\r\nlines\",,,,,1,no,\r\n"
            ".,The folder,,,,,,,\r\n"
            "a.jpg,again,,,,,,,\r\n"
            "../c.jpg,no,,,,,,,\r\n"
            "d.jpg,bad,,,,whatever,x,,\r\n";
        bool quoted = false;
        for (char& c : text) {
            if (c == '"') quoted = !quoted;
            if (c == ',' && !quoted) c = delimiter;
        }
        const Sidecar read = table(text);
        const Item* const a = read.item("a.jpg");
        ck_assert_ptr_nonnull(a);
        ck_assert_text(shown(a->says.label), "en=One, or two;cy=Un");
        ck_assert_text(a->says.rights, "http://creativecommons.org/publicdomain/zero/1.0/");
        ck_assert_uint_eq(a->says.metadata.size(), 2);
        ck_assert_text(shown(a->says.metadata[0].value), "none=Jones;cy=Siôn");
        ck_assert_text(shown(a->says.metadata[1].value), "none=x;none=y");
        ck_assert_text(shown(read.item("b.jpg")->says.label), "en=Two  lines");
        ck_assert(read.item("b.jpg")->publish == false && !a->publish);
        ck_assert_text(shown(read.says.label), "en=The folder");
        ck_assert_text(read.order.at(0) + ' ' + read.order.at(1), "b.jpg a.jpg");
        const std::string said = problems_of(read);
        for (const char* words : {"6 \"a.jpg\" has a row above", "7 the file is \"../c.jpg\"",
                                  "8 \"rights\" is \"whatever\"", "8 \"order\" is \"x\""}) {
            ck_assert_msg(said.find(words) != std::string::npos, "%s in %s", words, said.c_str());
        }
        ck_assert_uint_eq(read.problems.size(), 4);
    }
    const Sidecar none = table("Titel,Was\nx,y\n");
    ck_assert(none.items.empty() && problems_of(none).find("call one \"file\"") != std::string::npos);
    const Sidecar old = table(
        "file,title\na.jpg,Gr\xFC\xDF"
        "e\n");
    ck_assert_text(shown(old.item("a.jpg")->says.label), "none=Grüße");
    ck_assert(problems_of(old).find("UTF-8") != std::string::npos);
    ck_assert(table("").problems.empty() == false || table("").items.empty());
}
END_TEST

// What docs/sidecars.md shows is right.
START_TEST(examples_of_the_documentation) {
    std::ifstream in(std::string(IIIF_SOURCE_DIR) + "/docs/sidecars.md");
    std::stringstream all;
    all << in.rdbuf();
    const std::string text = all.str();
    for (const std::string fence : {"```yaml\n", "```csv\n"}) {
        const auto begin = text.find(fence);
        ck_assert(begin != std::string::npos);
        const std::string example =
            text.substr(begin + fence.size(), text.find("```", begin + 3) - begin - fence.size());
        const Sidecar read = fence == "```csv\n" ? table(example) : yaml(example);
        ck_assert_text(problems_of(read), "");
        ck_assert_uint_eq(read.items.size(), 2);
    }
}
END_TEST

START_TEST(the_example_of_what_is_included) {
    std::ifstream in(std::string(IIIF_SOURCE_DIR) + "/docs/sidecars.md");
    std::stringstream all;
    all << in.rdbuf();
    const std::string text = all.str();
    const std::string fence = "```yaml\n";
    const auto begin = text.rfind(fence) + fence.size();
    const Sidecar read = yaml(text.substr(begin, text.find("```", begin) - begin));
    ck_assert_text(problems_of(read), "");
    ck_assert_uint_eq(read.remotes.size(), 3);
    ck_assert(!read.remotes[0].kind_said && read.remotes[1].kind_said);
    ck_assert_text(read.order.at(1), read.remotes[2].id);
}
END_TEST

START_TEST(the_sidecar_wins_property_by_property) {
    const SidecarText sidecar{"iiif.yaml", "items:\n  a.jpg: {label: Mine}\n"};
    const SidecarText rows{"metadata.csv", "file,title,summary\na.jpg,Theirs,Text\n"};
    const Sidecar read = read_sidecar(&sidecar, &rows);
    ck_assert_text(shown(read.item("a.jpg")->says.label), "none=Mine");
    ck_assert_text(shown(read.item("a.jpg")->says.summary), "none=Text");
}
END_TEST

// In bounded time, whatever it is: Check ends a test that takes longer.
START_TEST(much_and_garbage) {
    constexpr std::size_t kMuch = kMostSidecarBytes / 16;  // sanitizers take their time
    std::string garbage(kMuch, ',');
    for (std::size_t i = 0; i < garbage.size(); i += 7) garbage[i] = static_cast<char>(i * 31 % 251);
    (void)table(garbage);
    (void)yaml(garbage);
    (void)table(std::string(kMuch, '"'));
    (void)yaml(std::string(kMuch, '{'));
    std::string rows = "file,title\n";
    while (rows.size() < kMuch) rows += std::to_string(rows.size()) + ".jpg,x\n";
    const Sidecar many = table(rows);
    ck_assert_uint_gt(many.items.size(), 20000);
    ck_assert_ptr_nonnull(many.item(many.items.back().name));
}
END_TEST

TCase* sidecar_case() {
    TCase* tests = tcase_create("sidecar");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_a_sidecar_says);
    tcase_add_test(tests, json_is_read_too);
    tcase_add_test(tests, wrong_sidecars);
    tcase_add_test(tests, html_stays_text);
    tcase_add_test(tests, addresses_are_uris);
    tcase_add_test(tests, what_a_table_says);
    tcase_add_test(tests, examples_of_the_documentation);
    tcase_add_test(tests, the_example_of_what_is_included);
    tcase_add_test(tests, the_sidecar_wins_property_by_property);
    tcase_add_test(tests, much_and_garbage);
    return tests;
}
const iiif::test::Register registered(sidecar_case);

}  // namespace
