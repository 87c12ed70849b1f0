// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <utility>

#include "source/mapping.h"
#include "source/transforms.h"

namespace iiif::source {
namespace {

constexpr std::size_t kMaxPageDigits = 6;

bool goes_on(const Expected<OpenFile>& file) {
    return !file && file.error().status == 404;
}

// As it stands, then with each extension. Anything but "not found" ends the search: what exists and cannot be read
// must not turn into another file.
Expected<OpenFile> open_candidate(const Root& root, OpenFiles& files, const MappingOptions& options,
                                  std::string_view path) {
    auto file = files.open(root, path);
    for (const std::string& extension : options.extensions) {
        if (!goes_on(file)) break;
        file = files.open(root, std::string(path).append(1, '.').append(extension));
    }
    return file;
}

Expected<OpenFile> open_mapped(const Root& root, OpenFiles& files, const MappingOptions& options,
                               std::string_view identifier) {
    Expected<OpenFile> file = refuse(404, "");
    if (identifier.empty() || identifier.ends_with('/')) return file;
    if (options.map_file) {
        if (const auto path = options.map_file->find(identifier)) file = open_candidate(root, files, options, *path);
    }
    for (const MapRule& rule : options.rules) {
        if (!goes_on(file)) return file;
        if (const auto path = rule.apply(identifier)) file = open_candidate(root, files, options, *path);
    }
    if (options.rules.empty() && goes_on(file)) file = open_candidate(root, files, options, identifier);
    return file;
}

struct PageOf {
    std::string_view name;
    std::uint32_t page;
};

std::optional<PageOf> split_page(std::string_view text, std::string_view delimiter) {
    const auto at = delimiter.empty() ? std::string_view::npos : text.rfind(delimiter);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(at + delimiter.size());
    // One name per page: "7" and not "007".
    if (digits.empty() || digits.size() > kMaxPageDigits || digits.front() == '0') return std::nullopt;
    std::uint32_t page = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), page);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return PageOf{text.substr(0, at), page};
}

bool has_control_byte(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Expected<Located> locate(const Root& root, OpenFiles& files, const MappingOptions& options, std::string_view identifier,
                         std::optional<std::string_view> computed) {
    if (identifier.size() > options.max_identifier) {
        return refuse(400, "the identifier is " + std::to_string(identifier.size()) + " bytes long; allowed are " +
                               std::to_string(options.max_identifier));
    }
    if (has_control_byte(identifier)) {
        return refuse(400, "the identifier \"" + readable(identifier) +
                               "\" contains a control character; no identifier here does");
    }
    const auto open = [&](std::string_view text) {
        return computed ? open_candidate(root, files, options, text) : open_mapped(root, files, options, text);
    };
    const std::string_view whole = computed.value_or(identifier);
    std::uint32_t page = 1;
    auto file = open(whole);
    if (goes_on(file)) {
        if (const auto split = split_page(whole, options.page_delimiter)) {
            page = split->page;
            file = open(split->name);
        }
    }
    if (goes_on(file)) return refuse(404, "there is no image \"" + readable(identifier) + "\" here");
    if (!file) return tl::unexpected(file.error());
    return Located{std::move(*file), page};
}

}  // namespace iiif::source
