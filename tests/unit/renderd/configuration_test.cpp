// SPDX-License-Identifier: Apache-2.0
#include "renderd/configuration.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;

struct Parts {
    std::string pool = R"([["renderers","3"],["timeout","7s"],["renderer_memory","128m"],["renderer_jobs","5"],)"
                       R"(["max_pixels","1000000"]])";
    std::string services;
    std::string rest =
        R"("uid":33,"gid":34,"encodable":5,"directory":"/run/x/iiif-1-1","sockets":["/run/x/iiif-1-1/tiles",)"
        R"("/run/x/iiif-1-1/heavy"])";
    explicit Parts(const std::string& root)
        : services(R"([{"prefix":"/iiif","settings":[["iiif","on"],["root",")" + root +
                   R"("]]},{"prefix":"","settings":[["iiif","on"],["root",")" + root + R"("],["max_width","500"]]}])") {
    }
    [[nodiscard]] std::string text() const {
        return R"({"pool":)" + pool + R"(,"services":)" + services + ',' + rest + '}';
    }
};

START_TEST(reads_everything) {
    const test::Folder folder;
    const auto read = renderd::parse_configuration(Parts(folder.path()).text());
    ck_assert_msg(read.has_value(), "%s", read ? "" : read.error().sentence.c_str());
    ck_assert_uint_eq(read->services.size(), 2);
    ck_assert_text(read->services[0]->prefix, "/iiif");
    ck_assert_text(read->services[1]->prefix, "");
    ck_assert_uint_eq(read->services[1]->pool_index, 1);
    ck_assert_uint_eq(read->services[1]->info.limits.max_width, 500);
    ck_assert_uint_eq(read->services[1]->timeout_ms, 7000);
    ck_assert_uint_eq(read->uid, 33);
    ck_assert_uint_eq(read->gid, 34);
    ck_assert_uint_eq(read->encodable, 5);
    ck_assert_text(read->directory, "/run/x/iiif-1-1");
    ck_assert_text(read->sockets[0], "/run/x/iiif-1-1/tiles");
    ck_assert_text(read->sockets[1], "/run/x/iiif-1-1/heavy");
    ck_assert_uint_eq(read->renderers, 3);
    ck_assert_uint_eq(read->timeout_ms, 7000);
    ck_assert_uint_eq(read->renderer_memory, 128U << 20U);
    ck_assert_uint_eq(read->renderer_jobs, 5);
    ck_assert_uint_eq(read->max_pixels, 1000000);
}
END_TEST

START_TEST(says_nothing_means_the_defaults) {
    const test::Folder folder;
    Parts parts(folder.path());
    for (const char* pool : {"[]", R"([["renderers","auto"]])"}) {
        parts.pool = pool;
        const auto read = renderd::parse_configuration(parts.text());
        ck_assert(read.has_value());
        ck_assert_uint_eq(read->renderers, renderd::automatic_renderers());
        ck_assert_uint_ge(read->renderers, 2);
        ck_assert_uint_eq(read->timeout_ms, 60000);
        ck_assert_uint_eq(read->renderer_memory, 1U << 30U);
        ck_assert_uint_eq(read->renderer_jobs, 10000);
        ck_assert_uint_eq(read->queue_ms, 30000);
        ck_assert_uint_eq(read->max_pixels, 20'000'000'000);
        ck_assert_uint_eq(read->decoder_memory, 512U << 20U);
        ck_assert_text(read->status, "");
    }
    parts.pool = R"([["queue","5","1500ms"],["renderer_memory","128m"],["status","off"]])";
    const auto less = renderd::parse_configuration(parts.text());
    ck_assert(less.has_value());
    ck_assert_uint_eq(less->queue_ms, 1500);
    ck_assert_uint_eq(less->decoder_memory, 128U << 20U);  // no more than a renderer may have
    ck_assert_text(less->status, "");
}
END_TEST

START_TEST(refuses_what_is_not_one) {
    const test::Folder folder;
    const Parts good(folder.path());
    const auto refused = [](const Parts& parts, const char* word) {
        const auto read = renderd::parse_configuration(parts.text());
        ck_assert_msg(!read.has_value(), "accepted although its %s is wrong", word);
        ck_assert_msg(read.error().sentence.find(word) != std::string::npos, "\"%s\" does not name %s",
                      read.error().sentence.c_str(), word);
    };
    const auto with = [&good](auto change) {
        Parts parts = good;
        change(parts);
        return parts;
    };
    refused(with([](Parts& p) { p.pool = "3"; }), "pool");
    refused(with([](Parts& p) { p.pool = R"([["renderers","many"]])"; }), "many");
    refused(with([](Parts& p) { p.services = "{}"; }), "services");
    refused(with([](Parts& p) { p.services = R"([{"settings":[]}])"; }), "prefix");
    refused(with([](Parts& p) { p.services = R"([{"prefix":"/x"}])"; }), "settings");
    refused(with([](Parts& p) { p.services = R"([{"prefix":"/x","settings":[["no_such_word","1"]]}])"; }), "directive");
    const auto rest = [&with](const char* text) { return with([text](Parts& p) { p.rest = text; }); };
    refused(rest(R"("gid":1,"encodable":0,"directory":"/a","sockets":["/a","/b"])"), "uid");
    refused(rest(R"("uid":-1,"gid":1,"encodable":0,"directory":"/a","sockets":["/a","/b"])"), "uid");
    refused(rest(R"("uid":4294967295,"gid":1,"encodable":0,"directory":"/a","sockets":["/a","/b"])"), "uid");
    refused(rest(R"("uid":1,"gid":"1","directory":"/a","sockets":["/a","/b"])"), "gid");
    refused(rest(R"("uid":1,"gid":1,"directory":"/a","sockets":["/a","/b"])"), "encodable");
    refused(rest(R"("uid":1,"gid":1,"encodable":65536,"directory":"/a","sockets":["/a","/b"])"), "encodable");
    refused(rest(R"("uid":1,"gid":1,"encodable":0,"directory":"a","sockets":["/a","/b"])"), "directory");
    refused(rest(R"("uid":1,"gid":1,"encodable":0,"directory":"/a","sockets":["/a"])"), "sockets");
    refused(rest(R"("uid":1,"gid":1,"encodable":0,"directory":"/a","sockets":["/a","b"])"), "sockets");
    for (const char* text : {"", "[]", "null", "{", "{}x"}) {
        ck_assert_msg(!renderd::parse_configuration(text).has_value(), "accepted %s", text);
    }
}
END_TEST

START_TEST(comes_through_a_descriptor) {
    const test::Folder folder;
    const std::string text = Parts(folder.path()).text();
    const source::UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
    ck_assert_int_eq(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ck_assert_int_eq(::lseek(fd.get(), 0, SEEK_SET), 0);
    ck_assert(renderd::read_configuration(fd.get()).has_value());
    const auto unreadable = renderd::read_configuration(-1);
    ck_assert(!unreadable.has_value());
    ck_assert_text(unreadable.error().sentence, "cannot read the configuration: Bad file descriptor");
}
END_TEST

TCase* configuration_test_case() {
    TCase* test_case = tcase_create("configuration");
    tcase_add_test(test_case, reads_everything);
    tcase_add_test(test_case, says_nothing_means_the_defaults);
    tcase_add_test(test_case, refuses_what_is_not_one);
    tcase_add_test(test_case, comes_through_a_descriptor);
    return test_case;
}
const test::Register registered(configuration_test_case);

}  // namespace
