// SPDX-License-Identifier: Apache-2.0
// Persistent identifiers: how they are spelled, and which object of a tree has which.
#include "presentation/identifiers.h"

#include <string>

#include "delivery/service.h"
#include "source/temporary_folder.h"
#include "suite.h"

namespace iiif::test {
namespace {

using presentation::find_identifier;
using presentation::plain_identifier;

START_TEST(one_spelling_for_all_that_mean_the_same) {
    struct Case {
        const char* written;
        const char* plain;
    };
    for (const Case& c : {Case{"ark:/12025/654xz321", "ark:/12025/654xz321"},
                          {"ark:12025/654xz321", "ark:/12025/654xz321"},
                          {" ARK:/12025/654-xz-321/ ", "ark:/12025/654xz321"},
                          {"ark:/B5060/Xy.", "ark:/b5060/Xy"},
                          {"https://n2t.net/ark:/12025/654xz321", "ark:/12025/654xz321"},
                          {"ark:ark:/12025/654", "ark:/12025/654"},
                          {"https://example.org/mark:x", "https://example.org/mark:x"},
                          {"book/ark:/12025/654", "book/ark:/12025/654"},
                          {"ark:https://n2t.net/ark:/12025/654", "ark:/12025/654"},
                          {"doi:10.1000/182", "doi:10.1000/182"},
                          {"10.1000/ABC-x", "doi:10.1000/abc-x"},
                          {"DOI: 10.1000.10/182", "doi:10.1000.10/182"},
                          {"https://doi.org/10.1000/182", "doi:10.1000/182"},
                          {"doi:https://dx.doi.org/10.1000/182", "doi:10.1000/182"},
                          {"10.1000", "10.1000"},
                          {"10.1000/", "10.1000/"},
                          {"10.10a0/182", "10.10a0/182"},
                          {" MS Peniarth 28 ", "MS Peniarth 28"},
                          {"urn:nbn:de:101-2010", "urn:nbn:de:101-2010"},
                          {"", ""}}) {
        ck_assert_msg(plain_identifier(c.written) == c.plain, "\"%s\" is \"%s\"", c.written,
                      plain_identifier(c.written).c_str());
        ck_assert_msg(plain_identifier(c.plain) == c.plain, "\"%s\" does not stay", c.plain);
    }
}
END_TEST

delivery::Service service_of(const test::Folder& folder) {
    delivery::Service service;
    service.prefix = "/iiif";
    service.root = source::Root(folder.path(), source::Symlinks::beneath);
    service.versions = {protocol::Version::v3};
    service.presentation = delivery::Presentation::on;
    return service;
}

delivery::Request request_of(const delivery::Service& service) {
    delivery::HttpRequest http;
    http.method = "GET";
    http.raw_uri = "/iiif/3/x/manifest.json";
    http.base = "http://iiif.test";
    return *delivery::parse_request(service, http);
}

Expected<presentation::IdentifierIndex> index_of(const test::Folder& folder, bool cancelled = false) {
    const auto service = service_of(folder);
    const auto request = request_of(service);
    presentation::Watch watch;
    return presentation::index_identifiers(
        service, request, [cancelled] { return cancelled; }, watch);
}

std::string found(const presentation::IdentifierIndex& index, const std::string& identifier) {
    return find_identifier(index.text, identifier).value_or("(none)");
}

START_TEST(what_the_sidecars_of_a_tree_name) {
    const test::Folder folder;
    folder.file("iiif.yaml", "identifiers: [MS 1]\nitems:\n  book: {ark: 12025/book}\n  gone: {ark: 12025/gone}\n");
    folder.file("book/iiif.yaml", "doi: 10.1000/Book\n");
    folder.file("book/1.png", "");
    folder.file("maps/metadata.csv",
                "file,ark,doi\natlas.pdf,ark:/12025/atlas,\natlas.pdf;3,,10.1000/leaf\nlost.png,12025/lost,\n");
    folder.file("maps/atlas.pdf", "");
    const auto index = index_of(folder);
    ck_assert(index.has_value());
    ck_assert(found(*index, "MS 1") == "");
    ck_assert(found(*index, "ark:/12025/book") == "book");
    ck_assert(found(*index, "10.1000/book") == "book");
    ck_assert(found(*index, "ark:12025/atlas") == "maps/atlas.pdf");
    ck_assert(found(*index, "doi:10.1000/leaf") == "maps/atlas.pdf;3");
    // Of nothing that is there.
    for (const char* other : {"ark:/12025/gone", "ark:/12025/lost", "ark:/12025/boo", "ark:/12025/bookx", "", "MS 2"}) {
        ck_assert(found(*index, other) == "(none)");
    }
    ck_assert(index->complete && index->complaints.empty());
    const auto cancelled = index_of(folder, true);
    ck_assert(!cancelled && cancelled.error().status == 503);
}
END_TEST

START_TEST(two_that_claim_one_identifier) {
    const test::Folder folder;
    for (const char* name : {"box 10", "box 9"}) {
        folder.file(std::string(name) + "/iiif.yaml", "ark: 12025/x\n");
        folder.file(std::string(name) + "/1.png", "");
    }
    // The folder above and the folder itself may both say so.
    folder.file("metadata.csv", "file,ark\nbox 9,ark:/12025/x\n");
    const auto index = index_of(folder);
    ck_assert(found(*index, "ark:/12025/x") == "box 9");
    ck_assert_uint_eq(index->complaints.size(), 1);
    const std::string& complaint = index->complaints.front();
    ck_assert_msg(
        complaint.find("\"box 9\" and \"box 10\" both claim the identifier \"ark:/12025/x\"") != std::string::npos,
        "%s", complaint.c_str());
}
END_TEST

START_TEST(bytes_that_are_no_index) {
    const test::Folder folder;
    folder.file("a/iiif.yaml", "identifiers: [one, two, three]\n");
    const std::string text = index_of(folder)->text;
    ck_assert(find_identifier(text, "two").value_or("(none)") == "a");
    for (std::size_t length = 0; length < text.size(); ++length) {
        for (const char* name : {"one", "two", "three"}) {
            const auto path = find_identifier(text.substr(0, length), name);
            ck_assert(!path || *path == "a");
        }
    }
    std::string wild = text;
    wild.replace(4, 12, 12, '\xff');
    ck_assert(!find_identifier(wild, "two"));
}
END_TEST

TCase* identifiers_case() {
    TCase* const test = tcase_create("identifiers");
    tcase_add_test(test, one_spelling_for_all_that_mean_the_same);
    tcase_add_test(test, what_the_sidecars_of_a_tree_name);
    tcase_add_test(test, two_that_claim_one_identifier);
    tcase_add_test(test, bytes_that_are_no_index);
    return test;
}
const Register registered(identifiers_case);

}  // namespace
}  // namespace iiif::test
