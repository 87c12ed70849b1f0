// SPDX-License-Identifier: Apache-2.0
#include "renderd/configuration.h"

#include <jansson.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace iiif::renderd {
namespace {

constexpr std::size_t kMaxBytes = 64U << 20U;

using Json = std::unique_ptr<json_t, void (*)(json_t*)>;

tl::unexpected<Refusal> missing(const std::string& what) {
    return refuse(0, "the configuration has no valid \"" + what + "\"");
}

Expected<delivery::Settings> settings_of(const json_t* object, const char* key) {
    const json_t* list = json_object_get(object, key);
    if (!json_is_array(list)) return missing(key);
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(list, JSON_COMPACT), std::free);
    if (!text) return missing(key);
    return delivery::Settings::from_json(text.get());
}

Expected<std::unique_ptr<delivery::Service>> service_of(const json_t* object) {
    const json_t* prefix = json_object_get(object, "prefix");
    if (!json_is_string(prefix)) return missing("prefix");
    auto settings = settings_of(object, "settings");
    if (!settings) return tl::unexpected(settings.error());
    auto service = delivery::make_service(*settings, {json_string_value(prefix), json_string_length(prefix)},
                                          delivery::Side::renderer);
    if (!service) return service;
    const json_t* const apart = json_object_get(object, "apart");
    for (std::size_t i = 0; i < json_array_size(apart); ++i) {
        const json_t* const location = json_array_get(apart, i);
        if (!json_is_string(location)) return missing("apart");
        (*service)->apart.emplace_back(json_string_value(location), json_string_length(location));
    }
    const json_t* const patterns = json_object_get(object, "apart_patterns");
    for (std::size_t i = 0; i < json_array_size(patterns); ++i) {
        const json_t* const one = json_array_get(patterns, i);
        const json_t* const pattern = json_object_get(one, "pattern");
        if (!json_is_string(pattern)) return missing("apart_patterns");
        const json_t* const kind = json_object_get(one, "kind");
        using Kind = source::UriPattern::Kind;
        if (!json_is_integer(kind) || json_integer_value(kind) < 0 ||
            json_integer_value(kind) > static_cast<json_int_t>(Kind::wildcards)) {
            return missing("apart_patterns");
        }
        auto set = (*service)->set_apart_matching({json_string_value(pattern), json_string_length(pattern)},
                                                  static_cast<Kind>(json_integer_value(kind)));
        if (!set) return tl::unexpected(set.error());
    }
    (*service)->published_only = json_is_true(json_object_get(object, "published_only"));
    return service;
}

Expected<std::uint32_t> identity_of(const json_t* object, const char* key) {
    const json_t* value = json_object_get(object, key);
    // -1 is "no change" to setuid and its kin.
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) >= UINT32_MAX) {
        return missing(key);
    }
    return static_cast<std::uint32_t>(json_integer_value(value));
}

Expected<std::string> path_of(const json_t* value, const char* name) {
    if (!json_is_string(value) || json_string_value(value)[0] != '/') return missing(name);
    return std::string(json_string_value(value), json_string_length(value));
}

void apply(const delivery::Settings& pool, Configuration& out) {
    const std::uint64_t automatic = automatic_renderers();
    const bool counted = pool.text("renderers", "auto") != "auto";
    out.renderers = static_cast<unsigned>(
        std::clamp<std::uint64_t>(counted ? pool.number("renderers", automatic) : automatic, 1, 65536));
    out.timeout_ms =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(pool.number("timeout", out.timeout_ms), INT32_MAX));
    out.queue_ms = delivery::queue_wait_ms(pool);
    out.max_pixels = pool.number("max_pixels", out.max_pixels);
    out.renderer_memory = pool.number("renderer_memory", out.renderer_memory);
    out.decoder_memory = pool.number("decoder_memory", std::min(out.decoder_memory, out.renderer_memory));
    out.encoder_memory = pool.number("encoder_memory", out.encoder_memory);
    const std::string sandbox = pool.text("sandbox", "prefer");
    out.sandbox = sandbox == "require" ? Sandbox::require : sandbox == "off" ? Sandbox::off : Sandbox::prefer;
    out.status = pool.text("status", "");
    if (!out.status.starts_with('/')) out.status.clear();  // off
    out.renderer_jobs = std::max<std::uint64_t>(pool.number("renderer_jobs", out.renderer_jobs), 1);
}

}  // namespace

unsigned automatic_renderers() {
    cpu_set_t usable;
    const int cores = ::sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable) : 1;
    return static_cast<unsigned>(std::max(cores, 2));
}

Expected<Configuration> parse_configuration(std::string_view text) {
    const Json root(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, nullptr), json_decref);
    if (!json_is_object(root.get())) return refuse(0, "the configuration is not a JSON object");
    Configuration out;

    auto pool = settings_of(root.get(), "pool");
    if (!pool) return tl::unexpected(pool.error());
    apply(*pool, out);

    const json_t* services = json_object_get(root.get(), "services");
    if (!json_is_array(services)) return missing("services");
    for (std::size_t i = 0; i < json_array_size(services); ++i) {
        auto service = service_of(json_array_get(services, i));
        if (!service) return tl::unexpected(service.error());
        (*service)->pool_index = static_cast<std::uint32_t>(i);
        (*service)->timeout_ms = out.timeout_ms;
        out.services.push_back(std::move(*service));
    }

    const auto uid = identity_of(root.get(), "uid");
    if (!uid) return tl::unexpected(uid.error());
    const auto gid = identity_of(root.get(), "gid");
    if (!gid) return tl::unexpected(gid.error());
    out.uid = *uid;
    out.gid = *gid;

    const json_t* encodable = json_object_get(root.get(), "encodable");
    if (!json_is_integer(encodable) || json_integer_value(encodable) < 0 ||
        json_integer_value(encodable) > std::numeric_limits<protocol::FormatSet>::max()) {
        return missing("encodable");
    }
    out.encodable = static_cast<protocol::FormatSet>(json_integer_value(encodable));

    auto directory = path_of(json_object_get(root.get(), "directory"), "directory");
    if (!directory) return tl::unexpected(directory.error());
    out.directory = std::move(*directory);
    const json_t* sockets = json_object_get(root.get(), "sockets");
    if (json_array_size(sockets) != out.sockets.size()) return missing("sockets");
    for (std::size_t lane = 0; lane < out.sockets.size(); ++lane) {
        auto path = path_of(json_array_get(sockets, lane), "sockets");
        if (!path) return tl::unexpected(path.error());
        out.sockets[lane] = std::move(*path);
    }
    return out;
}

Expected<Configuration> read_configuration(int fd) {
    std::string text;
    std::array<char, 16384> piece{};
    while (true) {
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refuse(0, std::string("cannot read the configuration: ") + std::strerror(errno));
        if (got == 0) return parse_configuration(text);
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > kMaxBytes) return refuse(0, "the configuration is larger than 64 MiB");
    }
}

}  // namespace iiif::renderd
