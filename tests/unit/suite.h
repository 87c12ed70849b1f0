// SPDX-License-Identifier: Apache-2.0
// Each test file registers its one TCase:   static const Register _(geometry_test_case);
#pragma once

#include <check.h>
// Check still defines this old name; the standard library has functions of the same name.
#undef fail

#include <string>
#include <vector>

// Check's own macros keep only the pointers of strings that may be gone when they are compared.
#define ck_assert_text(got, expected)                                                              \
    do {                                                                                           \
        const std::string got_ = (got), expected_ = (expected);                                    \
        ck_assert_msg(got_ == expected_, "\"%s\" is not \"%s\"", got_.c_str(), expected_.c_str()); \
    } while (0)
#define ck_assert_not_text(got, unwanted)                               \
    do {                                                                \
        const std::string got_ = (got), unwanted_ = (unwanted);         \
        ck_assert_msg(got_ != unwanted_, "it is \"%s\"", got_.c_str()); \
    } while (0)

namespace iiif::test {

using TestCase = TCase* (*)();
std::vector<TestCase>& registered();

struct Register {
    explicit Register(TestCase test_case) { registered().push_back(test_case); }
};

}  // namespace iiif::test
