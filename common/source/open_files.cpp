// SPDX-License-Identifier: Apache-2.0
#include "source/open_files.h"

#include <ctime>
#include <functional>
#include <utility>

namespace iiif::source {
namespace {

std::int64_t now_ms() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

OpenFiles::Place& OpenFiles::place_of(const std::string& path) {
    return places_[std::hash<std::string>{}(path) % places_.size()];
}

Expected<OpenFile> OpenFiles::open(const Root& root, std::string_view relative) {
    if (places_.empty() || !is_servable(relative)) return root.open(relative);
    std::string path;
    path.reserve(root.directory().size() + 1 + relative.size());
    path.append(root.directory()).append(1, '/').append(relative);
    if (OpenFile kept = find(root, path, relative); kept.fd) return kept;
    auto file = root.open(relative);
    if (!file && file.error().status == 503) {
        // Too many open files: these need not be.
        close_those_unused_since(0);
        file = root.open(relative);
    }
    if (file) store(root, std::move(path), *file);
    return file;
}

OpenFile OpenFiles::find(const Root& root, const std::string& path, std::string_view relative) {
    OpenFile kept;
    std::int64_t changed = 0;
    {
        const std::lock_guard lock(mutex_);
        Place& place = place_of(path);
        const std::int64_t now = now_ms();
        if (place.path != path || place.root_length != root.directory().size() || place.symlinks != root.symlinks() ||
            now - place.opened >= kTrusted) {
            return {};
        }
        place.used = now;
        kept.fd = place.fd;
        kept.key = place.key;
        changed = place.changed_ns;
    }
    // Without the lock: the disk may be slow, and others need not wait for it.
    struct stat file {};
    if (::stat(path.c_str(), &file) == 0 && file_key(file) == kept.key && changed_ns(file) == changed) {
        kept.path = relative;
        return kept;
    }
    const std::lock_guard lock(mutex_);
    if (Place& place = place_of(path); place.path == path && place.fd.get() == kept.fd.get()) place = {};
    return {};
}

void OpenFiles::store(const Root& root, std::string path, const OpenFile& file) {
    struct stat status {};
    if (::fstat(file.fd.get(), &status) != 0 || !(file_key(status) == file.key)) return;
    const std::int64_t now = now_ms();
    Place fresh{
        std::move(path), root.directory().size(), root.symlinks(), file.fd, file.key, changed_ns(status), now, now};
    const std::lock_guard lock(mutex_);
    std::swap(place_of(fresh.path), fresh);
    // What was there is closed after the lock.
}

bool OpenFiles::close_those_unused_since(std::int64_t milliseconds) {
    bool some = false;
    const std::lock_guard lock(mutex_);
    const std::int64_t now = now_ms();
    for (Place& place : places_) {
        if (place.path.empty()) continue;
        if (now - place.used >= milliseconds) {
            place = {};
        } else {
            some = true;
        }
    }
    return some;
}

bool OpenFiles::close_unused() {
    return close_those_unused_since(kUnused);
}

}  // namespace iiif::source
