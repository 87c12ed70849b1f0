// SPDX-License-Identifier: Apache-2.0
// What image files say of themselves: which of them wins, in which encoding, and what is not worth saying.
#include "presentation/embedded.h"

#include <unistd.h>
#include <vips/vips.h>

#include <chrono>
#include <cstring>
#include <random>

#include "presentation/embedded_files.h"
#include "suite.h"

namespace {

using namespace iiif::presentation;
using namespace iiif::presentation::test;
using iiif::protocol::LanguageMap;
using iiif::source::Container;

constexpr unsigned kDescription = 270, kDateTime = 306, kArtist = 315, kCopyright = 33432, kXpTitle = 40091;
constexpr unsigned kObjectName = 5, kDateCreated = 55, kByline = 80, kHeadline = 105, kCredit = 110,
                   kIptcCopyright = 116, kCaption = 120;

// "none=Rose|de=Rosen"
std::string shown(const LanguageMap& map) {
    std::string out;
    for (const auto& [language, texts] : map.all()) {
        for (const std::string& text : texts) out += (out.empty() ? "" : "|") + language + "=" + text;
    }
    return out;
}

std::string full_xmp() {
    return xmp_of(
        alternatives("dc:title", {{"x-default", "Rose garden"}, {"en", "Rose garden"}, {"de-AT", "Rosengarten"}}) +
            alternatives("dc:description", {{"x-default", "Seen &amp; drawn"}}) +
            "<dc:creator><rdf:Seq><rdf:li>Jane Doe</rdf:li><rdf:li>John Roe</rdf:li></rdf:Seq></dc:creator>" +
            alternatives("dc:rights", {{"x-default", "(c) Museum"}}) +
            "<cc:license rdf:resource='https://creativecommons.org/licenses/by/4.0/deed.de'/>",
        "photoshop:Credit='The Museum' photoshop:DateCreated='1890-05'");
}

std::string full_exif(bool big = false) {
    return exif_of({{kDescription, "A garden"},
                    {kDateTime, "2024:05:02 10:00:00"},
                    {kArtist, "Exif Artist"},
                    {kCopyright, "Exif (c)"}},
                   big, "2024:05:01 12:30:00");
}

std::string full_iptc() {
    return iptc_of({{kObjectName, "Iptc title"},
                    {kDateCreated, "19991231"},
                    {kByline, "A"},
                    {kByline, "B"},
                    {kCredit, "Iptc credit"},
                    {kIptcCopyright, "Iptc (c)"},
                    {kCaption, "Iptc caption"}});
}

START_TEST(xmp_has_languages) {
    const Embedded said = embedded_in(jpeg_of("", "", full_xmp()), Container::jpeg);
    ck_assert_text(shown(said.title), "en=Rose garden|de-AT=Rosengarten");
    ck_assert_text(shown(said.description), "none=Seen & drawn");
    ck_assert_text(said.creator, "Jane Doe; John Roe");
    ck_assert_text(said.copyright, "(c) Museum");
    ck_assert_text(said.credit, "The Museum");
    ck_assert_text(said.date, "1890-05");
    ck_assert_text(said.rights, "http://creativecommons.org/licenses/by/4.0/");
}
END_TEST

START_TEST(iptc_and_exif_alone) {
    Embedded said = embedded_in(jpeg_of("", full_iptc()), Container::jpeg);
    ck_assert_text(shown(said.title), "none=Iptc title");
    ck_assert_text(shown(said.description), "none=Iptc caption");
    ck_assert_text(said.creator, "A; B");
    ck_assert_text(said.copyright + said.credit + said.date, "Iptc (c)Iptc credit1999-12-31");
    for (const bool big : {false, true}) {
        said = embedded_in(jpeg_of(full_exif(big)), Container::jpeg);
        ck_assert_text(shown(said.title), "none=A garden");
        ck_assert(said.description.empty());
        ck_assert_text(said.creator, "Exif Artist");
        ck_assert_text(said.copyright, "Exif (c)");
        ck_assert_text(said.date, "2024-05-01T12:30:00");
    }
}
END_TEST

START_TEST(the_best_wins) {
    const Embedded said = embedded_in(jpeg_of(full_exif(), full_iptc(), full_xmp()), Container::jpeg);
    ck_assert_text(shown(said.title), "en=Rose garden|de-AT=Rosengarten");
    ck_assert_text(said.creator, "Jane Doe; John Roe");
    const Embedded without = embedded_in(jpeg_of(full_exif(), full_iptc()), Container::jpeg);
    ck_assert_text(shown(without.title), "none=Iptc title");
    // EXIF's description is one, once there is a title.
    const Embedded described = embedded_in(jpeg_of(full_exif(), iptc_of({{kObjectName, "T"}})), Container::jpeg);
    ck_assert_text(shown(described.title) + shown(described.description), "none=Tnone=A garden");
    // All three say the same, as programs write it: it is said once.
    const Embedded same = embedded_in(jpeg_of(full_exif(), iptc_of({{kCaption, "A garden"}})), Container::jpeg);
    ck_assert_text(shown(same.title) + shown(same.description), "none=A garden");
    const Embedded windows =
        embedded_in(jpeg_of(exif_of({{kDescription, "D"}, {kXpTitle, utf16("T")}})), Container::jpeg);
    ck_assert_text(shown(windows.title) + shown(windows.description), "none=Tnone=D");
    ck_assert_text(shown(embedded_in(jpeg_of("", iptc_of({{kHeadline, "H"}})), Container::jpeg).title), "none=H");
    // A long one is no title.
    const std::string tale(400, 'a');
    ck_assert(embedded_in(jpeg_of(exif_of({{kDescription, tale}})), Container::jpeg).title.empty());
}
END_TEST

START_TEST(every_container) {
    ck_assert_int_eq(vips_init("test"), 0);
    const struct {
        const char* suffix;
        Container container;
    } kinds[] = {{".jpg", Container::jpeg},
                 {".png", Container::png},
                 {".webp", Container::webp},
                 {".avif", Container::heif},
                 {".tif", Container::tiff}};
    for (const auto& kind : kinds) {
        const Embedded said = embedded_in(written_by_vips(kind.suffix, "", "", full_xmp()), kind.container);
        // Of HEIF the languages come in the order of their tags.
        const char* const title =
            kind.container == Container::heif ? "de-AT=Rosengarten|en=Rose garden" : "en=Rose garden|de-AT=Rosengarten";
        ck_assert_msg(shown(said.title) == title, "%s: %s", kind.suffix, shown(said.title).c_str());
        ck_assert_text(said.creator, "Jane Doe; John Roe");
        ck_assert_text(said.rights, "http://creativecommons.org/licenses/by/4.0/");
        if (kind.container == Container::tiff) continue;
        const Embedded in_exif = embedded_in(written_by_vips(kind.suffix, full_exif(), "", ""), kind.container);
        if (kind.container != Container::png) ck_assert_text(in_exif.creator, "Exif Artist");
    }
    ck_assert_text(shown(embedded_in(jp2_of(full_xmp()), Container::jp2).title), "en=Rose garden|de-AT=Rosengarten");
}
END_TEST

START_TEST(tags_of_tiff) {
    for (const char* mode : {"w", "wb", "w8", "w8b"}) {
        const std::vector<std::pair<unsigned, std::string>> tags = {
            {kDescription, "Caf\xE9"},
            {kArtist, "An artist"},
            {kCopyright, "https://rightsstatements.org/page/InC/1.0/?language=en"},
            {kDateTime, "2001:02:03 04:05:06"}};
        Embedded said = embedded_in(tiff_of(mode, tags, "", ""), Container::tiff);
        ck_assert_text(shown(said.title), "none=Caf\xC3\xA9");
        ck_assert_text(said.creator + said.date, "An artist2001-02-03T04:05:06");
        ck_assert_text(said.rights, "http://rightsstatements.org/vocab/InC/1.0/");
        said = embedded_in(tiff_of(mode, tags, full_iptc(), full_xmp()), Container::tiff);
        ck_assert_text(shown(said.title), "en=Rose garden|de-AT=Rosengarten");
        said = embedded_in(tiff_of(mode, tags, full_iptc(), ""), Container::tiff);
        ck_assert_msg(shown(said.title) == "none=Iptc title", "%s: %s", mode, shown(said.title).c_str());
        ck_assert_text(shown(said.description), "none=Iptc caption");
        // Declared as numbers, and in the order of numbers: 33723, type 7, so many bytes.
        std::string numbers = tiff_of(mode, tags, full_iptc(), "");
        const bool big = mode[std::strlen(mode) - 1] == 'b';
        const bool wide = std::strchr(mode, '8') != nullptr;
        const std::string entry = big ? std::string("\x83\xBB\0\7", 4) : std::string("\xBB\x83\7\0", 4);
        const std::size_t at = numbers.find(entry);
        ck_assert_uint_ne(at, std::string::npos);
        numbers[at + (big ? 3 : 2)] = 4;
        char& count = numbers[at + 4 + (big ? (wide ? 7 : 3) : 0)];
        count = static_cast<char>(static_cast<unsigned char>(count) / 4);
        ck_assert_text(shown(embedded_in(numbers, Container::tiff).title), "none=Iptc title");
    }
}
END_TEST

START_TEST(encodings) {
    const auto title = [](const std::string& bytes) {
        return shown(embedded_in(jpeg_of("", iptc_of({{kObjectName, bytes}})), Container::jpeg).title);
    };
    ck_assert_text(title("Caf\xE9 \x84x\x93"), "none=Caf\xC3\xA9 \xE2\x80\x9Ex\xE2\x80\x9C");
    ck_assert_text(title("Caf\xC3\xA9"), "none=Caf\xC3\xA9");
    ck_assert_text(title(" a\r\n\tb\x01\x7F  c "), "none=a b c");
    ck_assert_text(title("a\xE2\x80\xAE"
                         "b\xEF\xBB\xBF"),
                   "none=ab");  // direction turned around, byte order mark
    const Embedded marked = embedded_in(jpeg_of("", iptc_of({{kObjectName, "\xE7\xB5\xB5"}}, true)), Container::jpeg);
    ck_assert_text(shown(marked.title), "none=\xE7\xB5\xB5");
    const Embedded two = embedded_in(jpeg_of(exif_of({{kCopyright, std::string(" \0Editor", 8)}})), Container::jpeg);
    ck_assert_text(two.copyright, "Editor");
    // Cut between two characters.
    std::string tale;
    for (int i = 0; i < 3000; ++i) tale += "\xE7\xB5\xB5";
    const Embedded cut = embedded_in(jpeg_of("", iptc_of({{kCaption, tale}})), Container::jpeg);
    ck_assert_uint_eq(shown(cut.description).size(), 5 + 4096 / 3 * 3);
}
END_TEST

START_TEST(what_cameras_write_is_no_title) {
    for (const char* text : {"OLYMPUS DIGITAL CAMERA         ", "SONY DSC", "Default", "untitled", "DSC_0123",
                             "img 12.jpg", "Created with GIMP", "Adobe Photoshop CS6", "{\"shape\": [2, 3]}",
                             "<?xml version='1.0'?>", "ImageJ=1.53t", "...", "P1050001", "(null)", "SILVERFAST 8"}) {
        ck_assert_msg(embedded_in(jpeg_of(exif_of({{kDescription, text}})), Container::jpeg) == Embedded(), "%s", text);
        ck_assert_msg(
            embedded_in(
                jpeg_of("", "", xmp_of(std::string("<dc:title>") + (text[0] == '<' ? "" : text) + "</dc:title>")),
                Container::jpeg)
                .title.empty(),
            "%s", text);
    }
    for (const char* text :
         {"Scandinavia", "1890", "Image of a king", "P. Bruegel", "Default Street", "\xE7\xB5\xB5"}) {
        ck_assert_text(shown(embedded_in(jpeg_of(exif_of({{kDescription, text}})), Container::jpeg).title),
                       std::string("none=") + text);
    }
}
END_TEST

START_TEST(rights) {
    const std::pair<const char*, const char*> cases[] = {
        {"https://creativecommons.org/licenses/by-sa/3.0/de/", "http://creativecommons.org/licenses/by-sa/3.0/de/"},
        {"CC0, see http://www.creativecommons.org/publicdomain/zero/1.0/legalcode.",
         "http://creativecommons.org/publicdomain/zero/1.0/"},
        {"(https://creativecommons.org/licenses/by/4.0)", "http://creativecommons.org/licenses/by/4.0/"},
        {"http://rightsstatements.org/vocab/NoC-NC/1.0/", "http://rightsstatements.org/vocab/NoC-NC/1.0/"},
        {"https://notcreativecommons.org/licenses/by/4.0/", ""},
        {"https://evil.example/creativecommons.org/licenses/by/4.0/", ""},
        {"https://creativecommons.org/about", ""},
        {"(c) 2020 Somebody", ""}};
    for (const auto& [said, uri] : cases) {
        ck_assert_text(embedded_in(jpeg_of(exif_of({{kCopyright, said}})), Container::jpeg).rights, uri);
        const std::string web = xmp_of("", "xmpRights:WebStatement='" + std::string(said) + "'");
        ck_assert_text(embedded_in(jpeg_of("", "", web), Container::jpeg).rights, uri);
    }
}
END_TEST

START_TEST(dates) {
    const std::pair<const char*, const char*> cases[] = {{"0000:00:00 00:00:00", ""},
                                                         {"    :  :     :  :  ", ""},
                                                         {"2024:13x", "2024:13x"},
                                                         {"2024:05:01", "2024-05-01"},
                                                         {"yesterday", ""}};
    for (const auto& [said, date] : cases) {
        ck_assert_text(embedded_in(jpeg_of(exif_of({{kDateTime, said}})), Container::jpeg).date, date);
    }
}
END_TEST

std::vector<std::pair<std::string, Container>> all_kinds() {
    ck_assert_int_eq(vips_init("test"), 0);
    std::vector<std::pair<std::string, Container>> files;
    files.emplace_back(jpeg_of(full_exif(), full_iptc(), full_xmp()), Container::jpeg);
    files.emplace_back(written_by_vips(".png", full_exif(), full_iptc(), full_xmp()), Container::png);
    files.emplace_back(written_by_vips(".webp", full_exif(), "", full_xmp()), Container::webp);
    files.emplace_back(written_by_vips(".avif", full_exif(), "", full_xmp()), Container::heif);
    files.emplace_back(jp2_of(full_xmp()), Container::jp2);
    for (const char* mode : {"w", "w8b"}) {
        files.emplace_back(tiff_of(mode, {{kDescription, "D"}, {kArtist, "A"}}, full_iptc(), full_xmp()),
                           Container::tiff);
    }
    return files;
}

START_TEST(damaged_files_come_back) {
    std::minstd_rand random(7);
    for (const auto& [good, container] : all_kinds()) {
        const std::size_t step = good.size() / 150 + 1;
        for (std::size_t length = 0; length < good.size(); length += step) {
            (void)embedded_in(good.substr(0, length), container);
        }
        for (int round = 0; round < 600; ++round) {
            std::string bad = good;
            for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
                bad[random() % bad.size()] = static_cast<char>(round % 3 == 0 ? 0xFF : random());
            }
            (void)embedded_in(bad, container);
        }
        for (const Container other : {Container::jpeg, Container::png, Container::webp, Container::jp2, Container::heif,
                                      Container::tiff, Container::gif, Container::jxl, Container::pdf}) {
            (void)embedded_in(good, other);
        }
    }
}
END_TEST

START_TEST(large_files_are_not_read) {
    for (const auto& [good, container] : all_kinds()) {
        const MemoryFile file(good);
        ck_assert_int_eq(ftruncate(file.fd(), off_t{300} << 20), 0);
        const auto before = std::chrono::steady_clock::now();
        const Embedded said = read_embedded(file.fd(), container);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
        ck_assert_msg(took.count() < 5, "%f seconds", took.count());
        ck_assert_msg(!said.title.empty(), "container %d", static_cast<int>(container));
    }
    // A segment after the other, none of them with anything in it.
    std::string many = "\xFF\xD8";
    for (int i = 0; i < 1'000'000; ++i) many += std::string("\xFF\xE2\0\2", 4);
    ck_assert(embedded_in(many, Container::jpeg) == Embedded());
}
END_TEST

START_TEST(hostile_xml) {
    const std::string bomb = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]>" + xmp_of("<dc:title>&a;</dc:title>");
    ck_assert(embedded_in(jpeg_of("", "", bomb), Container::jpeg) == Embedded());
    std::string deep;
    for (int i = 0; i < 15'000; ++i) deep += "<a>";
    ck_assert(embedded_in(jpeg_of("", "", xmp_of("<dc:title>" + deep)), Container::jpeg) == Embedded());
    // What came before the damage holds, and markup within a title is not taken for one.
    ck_assert_text(shown(embedded_in(jpeg_of("", "", xmp_of("<dc:title>T</dc:title><oops")), Container::jpeg).title),
                   "none=T");
    const Embedded odd =
        embedded_in(jpeg_of("", "", xmp_of("<dc:title xml:lang='en'>T<b>x</b></dc:title>")), Container::jpeg);
    ck_assert_text(shown(odd.title), "none=T");
}
END_TEST

TCase* embedded_test_case() {
    TCase* tests = tcase_create("embedded");
    tcase_set_timeout(tests, 120);
    for (const TTest* test : {xmp_has_languages, iptc_and_exif_alone, the_best_wins, every_container, tags_of_tiff,
                              encodings, what_cameras_write_is_no_title, rights, dates, damaged_files_come_back,
                              large_files_are_not_read, hostile_xml}) {
        tcase_add_test(tests, test);
    }
    return tests;
}

const iiif::test::Register registered(embedded_test_case);

}  // namespace
