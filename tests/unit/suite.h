// SPDX-License-Identifier: Apache-2.0
// Each test file registers its one TCase:   static const Register _(geometry_test_case);
#pragma once

#include <check.h>
// Check still defines this old name; the standard library has functions of the same name.
#undef fail

#include <vector>

namespace iiif::test {

using TestCase = TCase* (*)();
std::vector<TestCase>& registered();

struct Register {
    explicit Register(TestCase test_case) { registered().push_back(test_case); }
};

}  // namespace iiif::test
