// SPDX-License-Identifier: Apache-2.0
#include "protocol/http_date.h"

#include <chrono>
#include <limits>

#include "protocol/exchange.h"
#include "suite.h"

namespace iiif::test {
namespace {

using namespace protocol;

struct Row {
    std::int64_t seconds;
    const char* text;
};

constexpr Row kDates[] = {
    {784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
    {951'782'400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {1'709'251'199, "Thu, 29 Feb 2024 23:59:59 GMT"},
    {4'107'542'400, "Mon, 01 Mar 2100 00:00:00 GMT"},
    {253'402'300'799, "Fri, 31 Dec 9999 23:59:59 GMT"},
};

START_TEST(writes_and_reads_dates) {
    const Row& row = kDates[_i];
    EXPECT(http_date(row.seconds) == row.text, "%s for %s", http_date(row.seconds).c_str(), row.text);
    EXPECT(parse_http_date(row.text) == row.seconds, "%s", row.text);
}
END_TEST

START_TEST(reads_the_obsolete_forms) {
    EXPECT(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784'111'777, "RFC 850");
    EXPECT(parse_http_date("Sun Nov  6 08:49:37 1994") == 784'111'777, "asctime");
    EXPECT(parse_http_date("Wed Nov 16 08:49:37 1994") == 784'975'777, "asctime, two digits");
    EXPECT(parse_http_date("Sun, 06 Nov 1994 08:49:60 GMT") == 784'111'800, "leap second");

    // Two digits of a year mean at most 50 years ahead.
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
    const int now = static_cast<int>(today.year());
    for (int year = now - 49; year <= now + 50; ++year) {
        const std::string digits = std::to_string(year).substr(2);
        const auto whole = parse_http_date("Mon, 01 Feb " + std::to_string(year) + " 00:00:00 GMT");
        EXPECT(whole && parse_http_date("Monday, 01-Feb-" + digits + " 00:00:00 GMT") == whole, "%d", year);
    }
}
END_TEST

START_TEST(refuses_what_is_no_date) {
    for (const char* text : {"",
                             "now",
                             "784111777",
                             "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             "Sun, 6 Nov 1994 08:49:37 GMT",
                             "sun, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 nov 1994 08:49:37 GMT",
                             "Sun, 31 Feb 1994 08:49:37 GMT",
                             "Sun, 29 Feb 2100 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:00:00 GMT",
                             "Sun, 06 Nov 1994 08:60:00 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 06 Nov -994 08:49:37 GMT",
                             "Sun, 06 Nov 19940 08:49:37 GMT",
                             "Sun, 06-Nov-94 08:49:37 GMT",
                             "Sunday, 06 Nov 1994 08:49:37 GMT",
                             "Sun Nov 6 08:49:37 1994"}) {
        EXPECT(!parse_http_date(text), "%s", text);
    }
    for (const std::int64_t any :
         {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
        EXPECT(http_date(any).size() == 29, "the format has a fixed length: %s", http_date(any).c_str());
    }
}
END_TEST

START_TEST(decides_conditional_requests) {
    constexpr std::int64_t kTime = 784'111'777;
    constexpr const char* kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
    constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
    struct Condition {
        const char *none_match, *since;
        bool unchanged;
    };
    for (const Condition& row : {
             Condition{"", "", false},
             Condition{"\"a\"", "", true},
             Condition{"W/\"a\"", "", true},
             Condition{"\"b\"", "", false},
             Condition{"*", "", true},
             Condition{"\"b\", \"a\"", "", true},
             Condition{"\"b\",W/\"a\" , \"c\"", "", true},
             Condition{"\"b,\",\"a\"", "", true},
             Condition{"\"x, \\\"a\"", "", false},
             Condition{"a", "", false},
             Condition{"\"a", "", false},
             Condition{"w/\"a\"", "", false},
             Condition{"", kSame, true},
             Condition{"", kBefore, false},
             Condition{"", "yesterday", false},
             Condition{"\"b\"", kSame, false},  // If-None-Match wins both ways
             Condition{"\"a\"", kBefore, true},
         }) {
        for (const char* etag : {"\"a\"", "W/\"a\""}) {
            EXPECT(not_modified(row.none_match, row.since, etag, kTime) == row.unchanged, "%s and %s on %s",
                   row.none_match, row.since, etag);
        }
    }
}
END_TEST

TCase* http_date_test_case() {
    TCase* test_case = tcase_create("http_date");
    tcase_add_loop_test(test_case, writes_and_reads_dates, 0, std::size(kDates));
    tcase_add_test(test_case, reads_the_obsolete_forms);
    tcase_add_test(test_case, refuses_what_is_no_date);
    tcase_add_test(test_case, decides_conditional_requests);
    return test_case;
}

const Register registration(http_date_test_case);

}  // namespace
}  // namespace iiif::test
