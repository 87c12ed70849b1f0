// SPDX-License-Identifier: Apache-2.0
#include "presentation/identifiers.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>

#include "presentation/addresses.h"
#include "presentation/builder.h"
#include "presentation/reader.h"

namespace iiif::presentation {
namespace {

constexpr std::size_t kMostIdentifier = 1024;               // bytes of one
constexpr std::size_t kMostBytes = std::size_t{12} << 20U;  // of an index, with what it was made from
constexpr std::size_t kMostComplaints = 8;
constexpr unsigned kDeepest = 32;  // of folders in folders
// What the watch needs for a folder with a sidecar, beside its path.
constexpr std::size_t kBytesOfFolder = 120;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// The ARK Identifier Scheme, sections 2.1 and 2.8: the slash behind "ark:" may be there or not, the number of the
// authority has no case, hyphens mean nothing, and neither does a '/' or '.' at the end.
std::optional<std::string> plain_ark(std::string_view text) {
    constexpr std::string_view kScheme = "ark:";
    const std::string low = lowered(text);
    const auto at = low.rfind(kScheme);
    if (at == std::string::npos) return std::nullopt;
    std::string_view before = std::string_view(low).substr(0, at);
    if (before.starts_with(kScheme)) before.remove_prefix(kScheme.size());
    const bool resolver = (before.starts_with("http:/") || before.starts_with("https:/")) && before.ends_with('/');
    if (!before.empty() && !resolver) return std::nullopt;
    std::string_view rest = trimmed(text.substr(at + kScheme.size()));
    while (rest.starts_with('/')) rest.remove_prefix(1);
    while (rest.ends_with('/') || rest.ends_with('.')) rest.remove_suffix(1);
    std::string out = "ark:/";
    bool authority = true;
    for (const char c : rest) {
        authority = authority && c != '/';
        if (c != '-') out += authority ? lower(c) : c;
    }
    return out;
}

// DOI Handbook, section 2.4: a prefix "10.NUMBER", a slash, and anything; without case.
std::optional<std::string> plain_doi(std::string_view text) {
    constexpr auto kBefore =
        std::to_array<std::string_view>({"https://", "http://", "https:/", "http:/", "www.doi.org/", "dx.doi.org/",
                                         "doi.org/", "info:doi/", "urn:doi:", "doi:"});
    std::string low = lowered(text);
    std::string_view rest = low;
    for (bool found = true; found;) {
        found = false;
        for (const std::string_view before : kBefore) {
            if (!rest.starts_with(before)) continue;
            rest = trimmed(rest.substr(before.size()));
            found = true;
        }
    }
    if (!rest.starts_with("10.")) return std::nullopt;
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos || slash == 3 || slash + 1 == rest.size()) return std::nullopt;
    const bool is_number =
        std::ranges::all_of(rest.substr(3, slash - 3), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
    return is_number ? std::optional("doi:" + std::string(rest)) : std::nullopt;
}

struct Claim {
    std::string identifier, path;
};

class Walk {
public:
    Walk(const delivery::Service& service, const delivery::Request& request, const std::function<bool()>& cancelled,
         Watch& watch)
        : reader_(service.root, watch), addresses_(service, request), cancelled_(cancelled) {}

    // false: cancelled.
    bool look_through(const std::string& path, unsigned depth);
    IdentifierIndex index();

private:
    void claim(const std::vector<std::string>& identifiers, const std::string& path);
    void claim_items(const View& view);
    void complain(std::string sentence) {
        if (out_.complaints.size() < kMostComplaints) out_.complaints.push_back(std::move(sentence));
    }

    Reader reader_;
    Addresses addresses_;
    const std::function<bool()>& cancelled_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // device and inode of folders
    std::vector<Claim> claims_;
    std::size_t bytes_ = 0;
    bool full_ = false;
    IdentifierIndex out_;
};

void Walk::claim(const std::vector<std::string>& identifiers, const std::string& path) {
    for (const std::string& written : identifiers) {
        std::string identifier = plain_identifier(written);
        const bool is_text = std::ranges::none_of(identifier, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
        if (!is_text || identifier.empty() || identifier.size() > kMostIdentifier) continue;
        bytes_ += identifier.size() + path.size() + 2 + sizeof(std::uint32_t);
        claims_.push_back({std::move(identifier), path});
    }
}

// Of what is there: a row for a file that somebody renamed must not hide the one that has its name now.
void Walk::claim_items(const View& view) {
    if (std::ranges::all_of(view.sidecar.items, [](const Item& item) { return item.identifiers.empty(); })) return;
    std::set<std::string_view> names;
    for (const auto* entries : {&view.images, &view.folders}) {
        for (const source::Entry& entry : *entries) names.insert(entry.name);
    }
    for (const Item& item : view.sidecar.items) {
        if (names.contains(item.name) || names.contains(addresses_.split_page(item.name).path)) {
            claim(item.identifiers, joined(view.path, item.name));
        }
    }
}

bool Walk::look_through(const std::string& path, unsigned depth) {
    if (cancelled_ && cancelled_()) return false;
    if (bytes_ > kMostBytes) {
        if (!std::exchange(full_, true)) {
            complain('"' + path + "\" and what follows was not looked through for identifiers: these are too many");
        }
        return true;
    }
    const auto view = reader_.view(path);
    if (!view) {
        out_.complete = false;
        return true;
    }
    if (!seen_.emplace(view->key.device, view->key.inode).second) return true;
    bytes_ += path.size() + kBytesOfFolder;
    claim(view->sidecar.identifiers, path);
    claim_items(*view);
    if (depth >= kDeepest) return true;
    return std::ranges::all_of(
        view->folders, [&](const source::Entry& folder) { return look_through(joined(path, folder.name), depth + 1); });
}

void append(std::string& out, std::uint32_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::optional<std::uint32_t> number_at(std::string_view text, std::size_t at) {
    std::uint32_t number = 0;
    if (at > text.size() || text.size() - at < sizeof number) return std::nullopt;
    std::memcpy(&number, text.data() + at, sizeof number);
    return number;
}

// How many there are, where each begins, and then each with its path, NUL behind both; sorted by their bytes.
IdentifierIndex Walk::index() {
    std::ranges::sort(claims_, [](const Claim& a, const Claim& b) {
        if (a.identifier != b.identifier) return a.identifier < b.identifier;
        return source::in_natural_order(a.path, b.path);
    });
    std::vector<std::uint32_t> places;
    std::string texts;
    const Claim* last = nullptr;
    for (const Claim& one : claims_) {
        if (last != nullptr && last->identifier == one.identifier) {
            if (last->path != one.path) {
                complain('"' + last->path + "\" and \"" + one.path + "\" both claim the identifier \"" +
                         one.identifier + "\"; the first of them is found under it");
            }
            continue;
        }
        last = &one;
        places.push_back(static_cast<std::uint32_t>(texts.size()));
        texts.append(one.identifier).append(1, '\0').append(one.path).append(1, '\0');
    }
    append(out_.text, static_cast<std::uint32_t>(places.size()));
    for (const std::uint32_t place : places) append(out_.text, place);
    out_.text += texts;
    return std::move(out_);
}

}  // namespace

std::string plain_identifier(std::string_view written) {
    const std::string_view text = trimmed(written);
    if (auto ark = plain_ark(text)) return std::move(*ark);
    if (auto doi = plain_doi(text)) return std::move(*doi);
    return std::string(text);
}

Expected<IdentifierIndex> index_identifiers(const delivery::Service& service, const delivery::Request& request,
                                            const std::function<bool()>& cancelled, Watch& watch) {
    Walk walk(service, request, cancelled, watch);
    if (!walk.look_through("", 0)) return tl::unexpected(cancelled_refusal());
    return walk.index();
}

std::optional<std::string> find_identifier(std::string_view index, std::string_view identifier) {
    const std::string wanted = plain_identifier(identifier);
    const std::uint32_t count = number_at(index, 0).value_or(0);
    const std::size_t texts = (std::size_t{count} + 1) * sizeof(std::uint32_t);
    std::uint32_t from = 0;
    std::uint32_t to = count;
    while (from < to) {
        const std::uint32_t middle = from + (to - from) / 2;
        const auto place = number_at(index, (std::size_t{middle} + 1) * sizeof(std::uint32_t));
        if (!place || texts + *place > index.size()) return std::nullopt;
        const std::string_view text = index.substr(texts + *place);
        const auto end = text.find('\0');
        const auto end_of_path = end == std::string_view::npos ? end : text.find('\0', end + 1);
        if (end_of_path == std::string_view::npos) return std::nullopt;
        const int order = text.substr(0, end).compare(wanted);
        if (order == 0) return std::string(text.substr(end + 1, end_of_path - end - 1));
        if (order < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return std::nullopt;
}

}  // namespace iiif::presentation
