// SPDX-License-Identifier: Apache-2.0
#include "renderd/status.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "renderd/log.h"
#include "source/root.h"

namespace iiif::renderd {
namespace {

// File names are bytes.
json_t* text(const std::string& bytes) {
    json_t* string = json_stringn(bytes.data(), bytes.size());
    return string != nullptr ? string : json_string(escaped(bytes).c_str());
}

json_t* moment(std::int64_t at_ms, std::int64_t now_ms, std::int64_t time) {
    // To the nearest second, so that it is the same one whenever it is computed.
    const std::time_t seconds = (time * 1000 + at_ms - now_ms + 500) / 1000;
    std::tm parts{};
    std::array<char, 32> out{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return json_null();
    (void)std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(out.data());
}

json_t* image_of(const Status::Image& image) {
    json_t* object = json_object();
    json_object_set_new(object, "image", text(image.path));
    json_object_set_new(object, "page", json_integer(image.page));
    json_object_set_new(object, "endpoint", text(image.endpoint));
    return object;
}

bool write_all(int fd, const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        done += static_cast<std::size_t>(written);
    }
    return true;
}

}  // namespace

std::string to_json(const Status& status, std::int64_t now_ms, std::int64_t time) {
    const std::unique_ptr<json_t, void (*)(json_t*)> root(json_object(), json_decref);
    json_object_set_new(root.get(), "pid", json_integer(status.supervisor));
    json_object_set_new(root.get(), "started", moment(status.started_ms, now_ms, time));
    json_object_set_new(root.get(), "generation", json_integer(status.started_ms));
    json_object_set_new(root.get(), "crashed", json_integer(static_cast<json_int_t>(status.crashed)));
    json_object_set_new(root.get(), "disobeyed", json_integer(static_cast<json_int_t>(status.disobeyed)));
    json_t* renderers = json_array();
    for (const Status::Renderer& renderer : status.renderers) {
        json_t* object = renderer.started_ms > 0 ? image_of(renderer.image) : json_object();
        if (renderer.started_ms > 0) json_object_set_new(object, "since", moment(renderer.started_ms, now_ms, time));
        json_object_set_new(object, "pid", renderer.pid > 0 ? json_integer(renderer.pid) : json_null());
        json_object_set_new(object, "tilesOnly", json_boolean(renderer.tiles_only));
        json_object_set_new(object, "answers", json_integer(static_cast<json_int_t>(renderer.jobs)));
        json_array_append_new(renderers, object);
    }
    json_object_set_new(root.get(), "renderers", renderers);
    json_t* refused = json_array();
    for (const Status::Refused& source : status.refused) {
        if (source.until_ms <= now_ms) continue;
        json_t* object = image_of(source.image);
        json_object_set_new(object, "times", json_integer(source.times));
        json_object_set_new(object, "until", moment(source.until_ms, now_ms, time));
        json_array_append_new(refused, object);
    }
    json_object_set_new(root.get(), "refused", refused);
    const std::unique_ptr<char, void (*)(void*)> out(json_dumps(root.get(), JSON_INDENT(1)), std::free);
    return out ? std::string(out.get()) + '\n' : std::string();
}

// 0: there is none, or what is there is no status.
std::int64_t StatusFile::generation_there() const {
    const std::unique_ptr<json_t, void (*)(json_t*)> there(json_load_file(path_.c_str(), 0, nullptr), json_decref);
    return json_integer_value(json_object_get(there.get(), "generation"));
}

bool StatusFile::write(const std::string& text) {
    // What lay there before the first time was left behind, perhaps by another boot, whose clock went otherwise. Later,
    // the generation before this one, while it drains, may have removed or replaced this one's in the moment after it
    // had looked.
    const std::int64_t there = last_.empty() ? 0 : generation_there();
    if (there > started_ms_ || (there == started_ms_ && text == last_)) return true;
    const std::string part = path_ + ".part";
    {
        const source::UniqueFd fd(
            ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR | S_IRGRP));
        if (!fd || !write_all(fd.get(), text)) return false;
    }
    if (::rename(part.c_str(), path_.c_str()) != 0) return false;
    last_ = text;
    return true;
}

StatusFile::~StatusFile() {
    if (!last_.empty() && generation_there() == started_ms_) (void)::unlink(path_.c_str());
}

}  // namespace iiif::renderd
