// SPDX-License-Identifier: Apache-2.0
// Runs every registered TCase. CK_FORK=no for a debugger; the last line is Check's "NN%: Checks: ..., Failures: ...".
#include <cstdlib>

#include "suite.h"

namespace iiif::test {
std::vector<TestCase>& registered() {
    static std::vector<TestCase> all;
    return all;
}
}  // namespace iiif::test

int main() {
    Suite* suite = suite_create("unit");
    for (auto test_case : iiif::test::registered()) suite_add_tcase(suite, test_case());
    SRunner* runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    const int run = srunner_ntests_run(runner);
    srunner_free(runner);
    return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
