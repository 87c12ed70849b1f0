// SPDX-License-Identifier: Apache-2.0
// iiif.h, "Configuration" and "Renderers".
#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "capi/firewall.h"
#include "delivery/service.h"
#include "delivery/settings.h"
#include "pool/pool.h"

using iiif::capi::guarded;
using iiif::capi::set_error;

namespace {

iiif::pool::Launch launch_of(const iiif_pool_settings& settings) {
    iiif::pool::Launch launch;
    if (settings.options != nullptr) launch.settings = settings.options->settings;
    launch.runtime_dir = settings.runtime_dir == nullptr ? "" : settings.runtime_dir;
    launch.uid = settings.uid;
    launch.gid = settings.gid;
    launch.log_fd = settings.log_fd;
    return launch;
}

// The rooms below know directives by the table's names, and begin a sentence with the one it is about: here it gets the
// spelling of the server whose administrator reads it.
std::string spelled(std::string_view sentence, iiif_spelling spelling) {
    const std::string_view first = sentence.substr(0, sentence.find(' '));
    for (const iiif_directive& directive : iiif::delivery::directives()) {
        if (first != directive.name) continue;
        const std::string name = spelling == IIIF_SPELLED_HTTPD ? directive.httpd_name : "iiif_" + std::string(first);
        return name + std::string(sentence.substr(first.size()));
    }
    return std::string(sentence);
}

void set_spelled_error(iiif_error* error, std::string_view sentence, const iiif_options* options) {
    set_error(error, options == nullptr ? std::string(sentence) : spelled(sentence, options->spelling));
}

bool fits(const iiif_pool_settings* settings, iiif_error* error) {
    if (settings != nullptr && settings->size >= sizeof(iiif_pool_settings)) return true;
    set_error(error, "the module was built for another version of the core");
    return false;
}

}  // namespace

extern "C" {

uint32_t iiif_abi_version(void) {
    return IIIF_ABI_VERSION;
}

size_t iiif_directive_count(void) {
    return iiif::delivery::directives().size();
}

const iiif_directive* iiif_directive_at(size_t index) {
    const auto all = iiif::delivery::directives();
    return index < all.size() ? &all[index] : nullptr;
}

iiif_status iiif_options_new(iiif_spelling spelling, iiif_options** out) {
    return guarded(IIIF_FAILED, nullptr, [&] {
        *out = new iiif_options{spelling, {}};
        return IIIF_OK;
    });
}

void iiif_options_free(iiif_options* options) {
    delete options;
}

iiif_status iiif_options_set(iiif_options* options, const char* name, const iiif_str* values, size_t count,
                             iiif_error* error) {
    return guarded(IIIF_FAILED, error, [&] {
        std::vector<std::string> words;
        words.reserve(count);
        for (size_t i = 0; i < count; ++i) words.emplace_back(values[i].data, values[i].len);
        const auto done = options->settings.set(name, std::move(words));
        if (done) return IIIF_OK;
        set_error(error, done.error().sentence);
        return IIIF_INVALID;
    });
}

iiif_status iiif_options_inherit(iiif_options* options, const iiif_options* parent) {
    return guarded(IIIF_FAILED, nullptr, [&] {
        if (parent != nullptr) options->settings.inherit(parent->settings);
        return IIIF_OK;
    });
}

int iiif_options_enabled(const iiif_options* options) {
    return guarded(0, nullptr, [&] { return options->settings.is_on("iiif", false) ? 1 : 0; });
}

iiif_status iiif_service_new(const iiif_options* options, iiif_str prefix, iiif_service** out, iiif_error* error) {
    return guarded(IIIF_FAILED, error, [&] {
        auto service = iiif::delivery::make_service(options->settings, std::string_view(prefix.data, prefix.len));
        if (!service) {
            set_spelled_error(error, service.error().sentence, options);
            return IIIF_INVALID;
        }
        *out = new iiif_service{std::move(*service)};
        return IIIF_OK;
    });
}

void iiif_service_free(iiif_service* service) {
    delete service;
}

iiif_status iiif_service_set_apart(iiif_service* service, iiif_str location) {
    return guarded(IIIF_FAILED, nullptr, [&] {
        service->service->set_apart(std::string_view(location.data, location.len));
        return IIIF_OK;
    });
}

iiif_status iiif_service_set_apart_matching(iiif_service* service, iiif_str pattern, iiif_pattern kind,
                                            iiif_error* error) {
    using Kind = iiif::source::UriPattern::Kind;
    static_assert(static_cast<int>(Kind::regex) == IIIF_REGEX &&
                  static_cast<int>(Kind::caseless_regex) == IIIF_CASELESS_REGEX &&
                  static_cast<int>(Kind::wildcards) == IIIF_WILDCARDS);
    return guarded(IIIF_FAILED, error, [&] {
        const auto set =
            service->service->set_apart_matching(std::string_view(pattern.data, pattern.len), static_cast<Kind>(kind));
        if (set) return IIIF_OK;
        set_error(error, set.error().sentence);
        return IIIF_INVALID;
    });
}

int iiif_service_set_apart_directory(iiif_service* service, iiif_str directory) {
    return guarded(-1, nullptr, [&] {
        return service->service->set_apart_directory(std::string_view(directory.data, directory.len)) ? 1 : 0;
    });
}

int iiif_service_set_published_only(iiif_service* service) {
    auto& said = *service->service;
    const bool is_new = said.presentation != iiif::delivery::Presentation::off && !said.published_only;
    said.published_only = true;
    return is_new ? 1 : 0;
}

iiif_status iiif_pool_start(iiif_service* const* services, size_t count, const iiif_pool_settings* settings,
                            iiif_pool** out, iiif_error* error) {
    if (!fits(settings, error)) return IIIF_INVALID;
    return guarded(IIIF_FAILED, error, [&] {
        std::vector<iiif::delivery::Service*> all;
        for (size_t i = 0; i < count; ++i) all.push_back(services[i]->service.get());
        // An endpoint inside another one is a location inside it, too.
        for (auto* outer : all) {
            for (const auto* inner : all) outer->set_apart(inner->prefix);
        }
        auto pool = iiif::pool::start(all, launch_of(*settings));
        if (!pool) {
            set_spelled_error(error, pool.error().sentence, settings->options);
            return IIIF_FAILED;
        }
        *out = new iiif_pool{std::move(*pool)};
        return IIIF_OK;
    });
}

void iiif_pool_release(iiif_pool* pool) {
    delete pool;
}

iiif_status iiif_pool_check(const iiif_pool_settings* settings, iiif_error* error) {
    if (!fits(settings, error)) return IIIF_INVALID;
    return guarded(IIIF_FAILED, error, [&] {
        const auto done = iiif::pool::check(launch_of(*settings));
        if (done) return IIIF_OK;
        set_spelled_error(error, done.error().sentence, settings->options);
        return IIIF_INVALID;
    });
}

}  // extern "C"
