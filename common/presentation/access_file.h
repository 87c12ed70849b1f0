// SPDX-License-Identifier: Apache-2.0
// .htaccess in a folder of images: httpd heeds it for files, and neither server for IIIF requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace iiif::presentation {

inline constexpr std::string_view kAccessFileName = ".htaccess";
inline constexpr std::size_t kMostAccessFileBytes = std::size_t{256} << 10U;

// The line, from 1, of the first directive that keeps something from somebody ("Require valid-user", "Deny from all",
// "AuthType Basic"); 0: there is none.
std::uint32_t line_that_guards(std::string_view text);

}  // namespace iiif::presentation
