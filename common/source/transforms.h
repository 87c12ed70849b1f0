// SPDX-License-Identifier: Apache-2.0
// What the templates of mapping rules can do with an identifier or a part of it. Bytes in, bytes out; nothing fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace iiif::source {

// Pairtrees for Object Storage 0.1, section 3: "ark:/13030/xt12t3" -> "ar/k+/=1/30/30/=x/t1/2t/3". No trailing slash.
std::string pairtree(std::string_view identifier);

enum class Digest : std::uint8_t { md5, sha1, sha256 };
std::size_t hexadecimal_length(Digest);
std::string hexadecimal_digest(Digest, std::string_view bytes);  // lower case
// The digest behind consecutive prefixes of it: lengths {2, 2} -> "ab/cd/abcdef...".
// The lengths are at least 1 each and together at most hexadecimal_length().
std::string digest_path(Digest, std::span<const std::size_t> lengths, std::string_view bytes);

// ASCII letters only: the file names of a collection do not depend on the server's locale.
std::string lower(std::string_view);
std::string upper(std::string_view);
std::string flat(std::string_view);  // '/' becomes '_'

// As ${text:from:length} in a shell, in bytes: a negative `from` counts from the end; what lies outside is empty.
std::string substring(std::string_view text, std::int64_t from, std::size_t length);

// For sentences: quotable text, valid UTF-8 without control characters, at most `limit` bytes, then "...".
// Bytes that cannot be shown are '?'.
std::string readable(std::string_view text, std::size_t limit = 100);

}  // namespace iiif::source
