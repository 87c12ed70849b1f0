// SPDX-License-Identifier: Apache-2.0
#include "renderd/kept_document.h"

#include <cstring>
#include <string_view>

namespace iiif::renderd {
namespace {

void append(std::string& out, std::string_view part) {
    const auto length = static_cast<std::uint64_t>(part.size());
    out.append(reinterpret_cast<const char*>(&length), sizeof length);
    out += part;
}

bool take(std::string_view& from, std::string& part) {
    std::uint64_t length = 0;
    if (from.size() < sizeof length) return false;
    std::memcpy(&length, from.data(), sizeof length);
    from.remove_prefix(sizeof length);
    if (length > from.size()) return false;
    part = from.substr(0, length);
    from.remove_prefix(length);
    return true;
}

}  // namespace

std::string KeptDocument::packed() const {
    std::string out;
    for (const std::string* part : {&watch, &tag, &text}) append(out, *part);
    out.append(reinterpret_cast<const char*>(&until_ms), sizeof until_ms);
    return out;
}

std::optional<KeptDocument> KeptDocument::unpacked(std::span<const std::byte> bytes) {
    std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    KeptDocument out;
    if (!take(rest, out.watch) || !take(rest, out.tag) || !take(rest, out.text)) return std::nullopt;
    if (rest.size() != sizeof out.until_ms) return std::nullopt;
    std::memcpy(&out.until_ms, rest.data(), sizeof out.until_ms);
    return out;
}

}  // namespace iiif::renderd
