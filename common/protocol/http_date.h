// SPDX-License-Identifier: Apache-2.0
// RFC 9110 section 5.6.7 dates and section 13 preconditions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace iiif::protocol {

std::string http_date(std::int64_t unix_seconds);               // "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::int64_t> parse_http_date(std::string_view);  // the three forms of section 5.6.7

// True when a GET with these validators is answered by 304. If-None-Match wins over If-Modified-Since (13.2.2);
// weak comparison; "*" matches. Empty views: header absent.
bool not_modified(std::string_view if_none_match, std::string_view if_modified_since, std::string_view etag,
                  std::int64_t last_modified);

}  // namespace iiif::protocol
