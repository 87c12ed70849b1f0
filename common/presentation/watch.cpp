// SPDX-License-Identifier: Apache-2.0
#include "presentation/watch.h"

#include <cstring>
#include <optional>

namespace iiif::presentation {
namespace {

using source::FileKey;

void append(std::string& out, const FileKey& key) {
    const std::uint64_t numbers[] = {key.device, key.inode, key.size, static_cast<std::uint64_t>(key.mtime_ns)};
    out.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
}

void append(std::string& out, std::string_view name) {
    const auto length = static_cast<std::uint32_t>(name.size());
    out.append(reinterpret_cast<const char*>(&length), sizeof length);
    out += name;
}

// nullopt, "": there is nothing more.
struct Text {
    std::string_view rest;

    std::optional<std::uint32_t> number() {
        std::uint32_t number = 0;
        if (rest.size() < sizeof number) return std::nullopt;
        std::memcpy(&number, rest.data(), sizeof number);
        rest.remove_prefix(sizeof number);
        return number;
    }
    std::optional<std::string_view> name() {
        const auto length = number();
        if (!length || *length > rest.size()) return std::nullopt;
        const std::string_view name = rest.substr(0, *length);
        rest.remove_prefix(*length);
        return name;
    }
    std::optional<FileKey> key() {
        std::uint64_t numbers[4];
        if (rest.size() < sizeof numbers) return std::nullopt;
        std::memcpy(numbers, rest.data(), sizeof numbers);
        rest.remove_prefix(sizeof numbers);
        return FileKey{numbers[0], numbers[1], numbers[2], static_cast<std::int64_t>(numbers[3])};
    }
};

}  // namespace

void Watch::note(const FileKey& key) {
    settled_ = settled_ && source::is_settled(key);
}

Watch::Seen& Watch::at(std::string_view path, const FileKey& folder) {
    auto place = folders_.find(path);
    if (place == folders_.end()) place = folders_.emplace(path, Seen{}).first;
    Seen& seen = place->second;
    // Two looks at a folder that changed in between: neither holds.
    if (seen.folder == FileKey{}) {
        seen.folder = folder;
        note(folder);
    } else if (!(seen.folder == folder)) {
        settled_ = false;
    }
    return seen;
}

void Watch::saw(const source::Folder& folder) {
    (void)at(folder.path(), folder.key());
}

// Thousands of folders have no sidecar: that there is none, their own keys say.
void Watch::saw(const source::Folder& folder, std::string_view name, const FileKey* found) {
    if (found == nullptr && folder.is_absent(name)) {
        saw(folder);
    } else {
        saw(folder.path(), folder.key(), name, found);
    }
}

void Watch::saw(std::string_view path, const FileKey& folder, std::string_view name, const FileKey* found) {
    const FileKey key = found == nullptr ? FileKey{} : *found;
    const auto [place, is_new] = at(path, folder).names.emplace(name, key);
    if (!is_new && !(place->second == key)) settled_ = false;
    if (found != nullptr) note(key);
}

std::string Watch::text() const {
    std::string out;
    for (const auto& [path, seen] : folders_) {
        append(out, path);
        append(out, seen.folder);
        const auto count = static_cast<std::uint32_t>(seen.names.size());
        out.append(reinterpret_cast<const char*>(&count), sizeof count);
        for (const auto& [name, key] : seen.names) {
            append(out, name);
            append(out, key);
        }
    }
    return out;
}

bool Watch::holds(const source::Root& root, std::string_view text) {
    Text in{text};
    if (in.rest.empty()) return false;
    while (!in.rest.empty()) {
        const auto path = in.name();
        const auto key = path ? in.key() : std::nullopt;
        const auto count = key ? in.number() : std::nullopt;
        if (!count) return false;
        const auto folder = source::Folder::open(root, *path);
        if (!folder || !(folder->key() == *key)) return false;
        for (std::uint32_t i = 0; i < *count; ++i) {
            const auto name = in.name();
            const auto known = name ? in.key() : std::nullopt;
            if (!known) return false;
            const auto found = name->starts_with('.') ? folder->find_hidden(*name) : folder->find(*name);
            if (!((found ? found->key : FileKey{}) == *known)) return false;
        }
    }
    return true;
}

}  // namespace iiif::presentation
