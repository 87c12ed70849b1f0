// SPDX-License-Identifier: Apache-2.0
// The C ABI as glue uses it: borrowed memory, errors in the caller's structure, an exchange from begin to end.
#include <iiif/iiif.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "suite.h"

namespace {

std::filesystem::path folder;
iiif_options* options = nullptr;
iiif_service* service = nullptr;
iiif_worker* worker = nullptr;

iiif_str str(const std::string& text) {
    return {text.data(), text.size()};
}

iiif_status set(const char* name, const std::string& value, iiif_error* error = nullptr) {
    const iiif_str word = str(value);
    return iiif_options_set(options, name, &word, 1, error);
}

void set_up() {
    char name[] = "/tmp/iiif-abi-XXXXXX";
    folder = mkdtemp(name);
    std::ofstream(folder / "a.tif") << "content";
    ck_assert_int_eq(iiif_options_new(IIIF_SPELLED_HTTPD, &options), IIIF_OK);
    ck_assert_int_eq(set("iiif", "on"), IIIF_OK);
    ck_assert_int_eq(set("root", folder.string()), IIIF_OK);
    ck_assert_int_eq(iiif_service_new(options, {"/iiif/", 6}, &service, nullptr), IIIF_OK);
    ck_assert_int_eq(iiif_worker_start(nullptr, &worker, nullptr), IIIF_OK);
}

void tear_down() {
    iiif_worker_free(worker);
    iiif_service_free(service);
    iiif_options_free(options);
    std::filesystem::remove_all(folder);
}

iiif_str no_header(void*, const char*) {
    return {nullptr, 0};
}

iiif_exchange* begin(const char* method, const char* uri) {
    iiif_http_request request{};
    request.size = sizeof request;
    request.method = {method, std::strlen(method)};
    request.raw_uri = {uri, std::strlen(uri)};
    request.base = {"http://example.org", 18};
    request.header = no_header;
    iiif_exchange* exchange = iiif_exchange_begin(worker, service, &request);
    ck_assert_ptr_nonnull(exchange);
    return exchange;
}

std::string field(const iiif_exchange* exchange, iiif_field which) {
    const iiif_str value = iiif_exchange_field(exchange, which);
    return {value.data, value.len};
}

START_TEST(the_table_is_readable_from_c) {
    ck_assert_uint_eq(iiif_abi_version(), IIIF_ABI_VERSION);
    ck_assert_uint_gt(iiif_directive_count(), 0);
    for (size_t i = 0; i < iiif_directive_count(); ++i) ck_assert_ptr_nonnull(iiif_directive_at(i)->synopsis);
    ck_assert_ptr_null(iiif_directive_at(iiif_directive_count()));
    for (int i = 0; i < IIIF_FIELD_COUNT; ++i) ck_assert_str_ne(iiif_field_name(static_cast<iiif_field>(i)), "");
    ck_assert_str_eq(iiif_field_name(IIIF_FIELD_COUNT), "");
}
END_TEST

START_TEST(errors_belong_to_the_caller) {
    iiif_error error{};
    error.size = sizeof error;
    ck_assert_int_eq(set("max_width", "wide", &error), IIIF_INVALID);
    ck_assert_ptr_nonnull(std::strstr(error.message, "\"wide\""));
    ck_assert_int_eq(set("max_width", "wide", nullptr), IIIF_INVALID);
    iiif_error small{};
    small.size = 1;  // a caller built for another structure is not written to
    std::strcpy(small.message, "mine");
    ck_assert_int_eq(set("max_width", "wide", &small), IIIF_INVALID);
    ck_assert_str_eq(small.message, "mine");
    // What only the whole shows begins with the directive, as this server spells it.
    iiif_options* bare = nullptr;
    iiif_service* none = nullptr;
    ck_assert_int_eq(iiif_options_new(IIIF_SPELLED_HTTPD, &bare), IIIF_OK);
    ck_assert_int_eq(iiif_service_new(bare, {"/iiif", 5}, &none, &error), IIIF_INVALID);
    ck_assert_ptr_eq(std::strstr(error.message, "IIIFRoot is missing"), error.message);
    iiif_options_free(bare);
    error.message[0] = '\0';
    ck_assert_int_eq(iiif_pool_check(nullptr, &error), IIIF_INVALID);
    ck_assert_str_ne(error.message, "");
}
END_TEST

START_TEST(nothing_is_ended_twice_or_not_at_all) {
    iiif_options_free(nullptr);
    iiif_service_free(nullptr);
    iiif_worker_free(nullptr);
    iiif_pool_release(nullptr);
    iiif_exchange_end(nullptr);
    iiif_exchange_end(begin("GET", "/iiif/3/a.tif"));  // without running it
}
END_TEST

START_TEST(an_answer_is_laid_out) {
    iiif_exchange* exchange = begin("GET", "/iiif/3/none/info.json");
    ck_assert(field(exchange, IIIF_FIELD_IDENTIFIER) == "none");
    ck_assert(field(exchange, IIIF_FIELD_KIND) == "info");
    ck_assert(field(exchange, IIIF_FIELD_SERVED).empty());
    ck_assert_int_eq(iiif_exchange_run(exchange, {nullptr, 0}), IIIF_ANSWERED);
    ck_assert_int_eq(iiif_exchange_status(exchange), 404);
    ck_assert(field(exchange, IIIF_FIELD_SERVED) == "memory");
    const iiif_segment* segments = nullptr;
    ck_assert_uint_eq(iiif_exchange_segments(exchange, &segments), 1);
    ck_assert_int_eq(iiif_exchange_content_length(exchange), static_cast<int64_t>(segments[0].memory.len));
    const iiif_header* headers = nullptr;
    ck_assert_uint_gt(iiif_exchange_headers(exchange, &headers), 1);
    iiif_exchange_end(exchange);
}
END_TEST

START_TEST(without_a_pool_it_is_busy) {
    iiif_exchange* exchange = begin("GET", "/iiif/3/a.tif/full/max/0/default.jpg");
    ck_assert_int_eq(iiif_exchange_run(exchange, {nullptr, 0}), IIIF_ANSWERED);
    ck_assert_int_eq(iiif_exchange_status(exchange), 503);
    iiif_exchange_end(exchange);
}
END_TEST

START_TEST(preflights_are_known_before_they_run) {
    iiif_exchange* preflight = begin("OPTIONS", "/iiif/3/a.tif/info.json");
    ck_assert_int_eq(iiif_exchange_is_preflight(preflight), 1);
    iiif_exchange_end(preflight);
    iiif_exchange* other = begin("GET", "/iiif/3/a.tif/info.json");
    ck_assert_int_eq(iiif_exchange_is_preflight(other), 0);
    iiif_exchange_end(other);
    iiif_exchange* elsewhere = begin("OPTIONS", "/other");
    ck_assert_int_eq(iiif_exchange_is_preflight(elsewhere), 0);
    ck_assert_int_eq(iiif_exchange_run(elsewhere, {nullptr, 0}), IIIF_DECLINED);
    iiif_exchange_end(elsewhere);
}
END_TEST

TCase* abi_test_case() {
    TCase* tc = tcase_create("abi");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, the_table_is_readable_from_c);
    tcase_add_test(tc, errors_belong_to_the_caller);
    tcase_add_test(tc, nothing_is_ended_twice_or_not_at_all);
    tcase_add_test(tc, an_answer_is_laid_out);
    tcase_add_test(tc, without_a_pool_it_is_busy);
    tcase_add_test(tc, preflights_are_known_before_they_run);
    return tc;
}

const iiif::test::Register kRegister(abi_test_case);

}  // namespace
