// SPDX-License-Identifier: Apache-2.0
#include "protocol/decimal.h"

#include <limits>

#include "protocol/exchange.h"
#include "suite.h"

namespace iiif::test {
namespace {

using namespace protocol;

struct Row {
    const char* text;
    std::optional<Decimal> value;
    const char* shortest = "";
};

constexpr std::uint64_t kTenth = Decimal::kFractionUnit / 10;

constexpr Row kRows[] = {
    {"0", Decimal{0, 0}, "0"},
    {"90", Decimal{90, 0}, "90"},
    {"007", Decimal{7, 0}, "7"},
    {"22.5", Decimal{22, 5 * kTenth}, "22.5"},
    {"22.50", Decimal{22, 5 * kTenth}, "22.5"},
    {".5", Decimal{0, 5 * kTenth}, "0.5"},
    {"0.0", Decimal{0, 0}, "0"},
    {"1.0000000001", Decimal{1, 1}, "1.0000000001"},
    {"1.000000000100", Decimal{1, 1}, "1.0000000001"},
    {"99.0123456789", Decimal{99, 123456789}, "99.0123456789"},
    {"1.00000000001", std::nullopt},
    {"1.0000000000x", std::nullopt},
    {"999999999999.5", Decimal{999'999'999'999, 5 * kTenth}, "999999999999.5"},
    {"1000000000000.5", Decimal{Decimal::kWholeMax, 0}, "1000000000000"},
    {"99999999999999999999999999999999999999999", Decimal{Decimal::kWholeMax, 0}, "1000000000000"},
    {"", std::nullopt},
    {".", std::nullopt},
    {"5.", std::nullopt},
    {"1.2.3", std::nullopt},
    {"+1", std::nullopt},
    {"-1", std::nullopt},
    {"1e1", std::nullopt},
    {"0x10", std::nullopt},
    {"nan", std::nullopt},
    {" 1", std::nullopt},
    {"1,5", std::nullopt},
    {"\xD9\xA1", std::nullopt},  // a digit, but not of ASCII
};

START_TEST(reads_decimals) {
    const Row& row = kRows[_i];
    const auto value = parse_decimal(row.text);
    EXPECT(value == row.value, "%s -> %s", row.text, value ? value->text().c_str() : "(refused)");
    EXPECT(!value || value->text() == row.shortest, "%s is written as %s", row.text, value->text().c_str());
}
END_TEST

START_TEST(reads_integers) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() / 2;
    EXPECT(parse_integer("0") == 0U && parse_integer("0042") == 42U, "small ones");
    EXPECT(parse_integer("9223372036854775806") == kMost - 1, "2^63 - 2");
    EXPECT(parse_integer("9223372036854775807") == kMost, "2^63 - 1");
    EXPECT(parse_integer("9223372036854775808") == kMost, "2^63");
    EXPECT(parse_integer("18446744073709551616") == kMost, "2^64");
    EXPECT(parse_integer("18446744073709551617000000000001") == kMost, "beyond");
    for (const char* text : {"", "+1", "-0", "1.0", "1e2", "0x1", " 1", "1 ", "99999999999999999999999x"}) {
        EXPECT(!parse_integer(text), "%s is no integer", text);
    }
}
END_TEST

TCase* decimal_test_case() {
    TCase* test_case = tcase_create("decimal");
    tcase_add_loop_test(test_case, reads_decimals, 0, std::size(kRows));
    tcase_add_test(test_case, reads_integers);
    return test_case;
}

const Register registration(decimal_test_case);

}  // namespace
}  // namespace iiif::test
