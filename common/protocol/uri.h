// SPDX-License-Identifier: Apache-2.0
// The path of a request: split on raw slashes, each component decoded exactly once.
// Image API 3.0 section 2 (URI syntax), section 9 (encoding); RFC 3986 section 2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iiif::protocol {

// Decodes %XX once. nullopt: a broken escape, or a byte no identifier can hold (NUL).
std::optional<std::string> percent_decode(std::string_view raw);

// Encodes what must not stand raw in a path segment: / ? # [ ] @ % , controls, space, quotes, <>\^`{|} and non-ASCII.
std::string percent_encode(std::string_view decoded);

// The same for each component of a path; the slashes between them stay.
std::string percent_encode_path(std::string_view decoded);

// The part of a raw URI before '?' or '#'.
std::string_view path_of(std::string_view raw_uri);

// Cuts a decoded prefix ("/iiif", no trailing slash; "" is the root) from a raw path, comparing decoded bytes.
// Returns the raw remainder including its leading '/', "" when the path is the prefix alone,
// nullopt when the path lies elsewhere ("/iiifx").
std::optional<std::string_view> cut_prefix(std::string_view raw_path, std::string_view prefix);

// Cuts at every raw '/': n slashes give n + 1 segments, empty ones included ("/a" is "", "a").
std::vector<std::string_view> split_segments(std::string_view raw_path);

}  // namespace iiif::protocol
