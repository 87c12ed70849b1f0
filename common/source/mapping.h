// SPDX-License-Identifier: Apache-2.0
// Identifier -> file beneath the root, by the administrator's rules. Pure but for the map file, which is reread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/refusal.h"
#include "source/open_files.h"
#include "source/root.h"

namespace iiif::source {

// One `map REGEX TEMPLATE`. REGEX (PCRE2, UTF, matched against the decoded identifier, unanchored unless it says ^ $).
// TEMPLATE: text with $0..$9, ${name} captures, and functions on a capture or on `id`:
//   ${id}                the whole identifier
//   ${id:pairtree}       pairtree mapping of CDL's specification ("ark:/13030/xt12" -> "ar/k+/=1/30/30/=x/t1/2"),
//   cleaned characters included
//   ${id:md5/2/2}        "ab/cd/abcdef...": hexadecimal digest behind prefixes of the given lengths; also sha1, sha256
//   ${1:lower} ${1:upper} ${1:encode} ${1:flat}   flat: '/' becomes '_'
//   ${1:2}  ${1:0:2}     substring from, length (bytes), as in a shell
//   $$                   a dollar sign
class MapRule {
public:
    // The refusal's sentence says what is wrong, at which offset; status is unused (0).
    static Expected<MapRule> compile(std::string_view regex, std::string_view templ);
    MapRule(MapRule&&) noexcept;
    MapRule& operator=(MapRule&&) noexcept;
    ~MapRule();

    // nullopt: no match. A match limit bounds hostile input; beyond it there is no match.
    [[nodiscard]] std::optional<std::string> apply(std::string_view identifier) const;

private:
    struct Impl;
    explicit MapRule(std::unique_ptr<Impl>);
    std::unique_ptr<Impl> impl_;
};

// JSON object {"identifier": "path/beneath/root.tif", ...}. Read at configuration and whenever its mtime, size or
// inode changes (looked at no more than once a second). A file that became unreadable or invalid keeps the last
// good content. Safe for threads. At most `max_bytes`.
class MapFile {
public:
    static Expected<std::unique_ptr<MapFile>> open(std::string path, std::uint64_t max_bytes = 64U << 20U);
    ~MapFile();
    [[nodiscard]] std::optional<std::string> find(std::string_view identifier) const;

private:
    struct Impl;
    explicit MapFile(std::unique_ptr<Impl>);
    std::unique_ptr<Impl> impl_;
};

struct MappingOptions {
    std::vector<MapRule> rules;
    std::unique_ptr<MapFile> map_file;
    std::vector<std::string> extensions;  // without dot, tried in order
    std::string page_delimiter = ";";     // empty: pages are not addressable
    std::size_t max_identifier = 1024;    // bytes
};

struct Located {
    OpenFile file;
    std::uint32_t page = 1;  // 1-based
};

// Finds the file of a decoded identifier:
//  1. `computed` (the server's own `source` value) when given: that path, alone.
//  2. the map file's entry. 3. each rule in turn. 4. without any rule, the identifier itself.
// Each candidate as it stands, then with each extension; the first that exists wins.
// If none: the identifier split at the last delimiter followed by digits 1..999999, and the same again.
// 404 when nothing is found; 400 for control bytes and identifiers that are too long.
Expected<Located> locate(const Root&, OpenFiles&, const MappingOptions&, std::string_view identifier,
                         std::optional<std::string_view> computed);

}  // namespace iiif::source
