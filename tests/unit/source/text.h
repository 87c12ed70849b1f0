// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <check.h>

namespace iiif::test {

// ck_assert_str_eq keeps pointers into temporaries; this does not.
inline void is(const std::string& got, std::string_view expected) {
    ck_assert_msg(got == expected, "\"%s\" instead of \"%s\"", got.c_str(), std::string(expected).c_str());
}

}  // namespace iiif::test
