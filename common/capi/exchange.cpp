// SPDX-License-Identifier: Apache-2.0
// iiif.h, "Worker" and "One request".
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capi/firewall.h"
#include "delivery/exchange.h"
#include "pool/pool.h"
#include "source/description.h"

using iiif::capi::guarded;

namespace {

// Descriptions take a kilobyte each: some megabytes per worker at most.
constexpr std::size_t kDescriptions = 4096;
static_assert(iiif::source::OpenFiles::kUnused == IIIF_CLOSE_UNUSED_EVERY);
// One megabyte: the tile indices of some gigapixels.
constexpr std::size_t kBlocks = 256;

iiif_str borrowed(std::string_view text) {
    return {text.data(), text.size()};
}

std::string copied(iiif_str text) {
    return text.data == nullptr ? std::string() : std::string(text.data, text.len);
}

}  // namespace

struct iiif_worker {
    const iiif::pool::Pool* pool;
    iiif::delivery::Memory memory{kDescriptions, kBlocks, pool == nullptr ? nullptr : pool->descriptions.get()};
};

// Glue reads headers and segments as plain arrays: they are laid out when an answer is complete.
struct iiif_exchange {
    iiif_exchange(iiif_worker& worker, const iiif::delivery::Service& service, iiif::delivery::HttpRequest http)
        : pool(worker.pool), exchange(service, worker.memory, std::move(http), worker.pool != nullptr) {}

    void lay_out() {
        headers.clear();
        headers.reserve(exchange.answer().headers.size());
        for (const auto& [name, value] : exchange.answer().headers)
            headers.push_back({borrowed(name), borrowed(value)});
        segments.clear();
        segments.reserve(3);
        const auto& held = exchange.answer().held.view;
        for (const std::string_view part :
             {std::string_view(exchange.answer().body), {reinterpret_cast<const char*>(held.data()), held.size()}}) {
            if (!part.empty()) segments.push_back({borrowed(part), -1, 0, static_cast<int64_t>(part.size())});
        }
        const auto& file = exchange.answer().file;
        if (file.fd >= 0) {
            segments.push_back(
                {{nullptr, 0}, file.fd, static_cast<int64_t>(file.offset), static_cast<int64_t>(file.length)});
        }
    }

    const iiif::pool::Pool* pool;
    iiif::delivery::Exchange exchange;
    std::vector<iiif_header> headers;
    std::vector<iiif_segment> segments;
};

extern "C" {

iiif_status iiif_worker_start(const iiif_pool* pool, iiif_worker** out, iiif_error* error) {
    return guarded(IIIF_FAILED, error, [&] {
        iiif::pool::leave_to_parent();
        *out = new iiif_worker{pool == nullptr ? nullptr : pool->pool.get()};
        return IIIF_OK;
    });
}

void iiif_worker_free(iiif_worker* worker) {
    delete worker;
}

void iiif_worker_keep_files(iiif_worker* worker, size_t most) {
    guarded(0, nullptr, [&] {
        worker->memory.files.keep(most);
        return 0;
    });
}

int iiif_worker_close_unused(iiif_worker* worker) {
    return worker->memory.files.close_unused() ? 1 : 0;
}

iiif_exchange* iiif_exchange_begin(iiif_worker* worker, const iiif_service* service, const iiif_http_request* request) {
    if (request->size < sizeof(iiif_http_request)) return nullptr;
    return guarded(static_cast<iiif_exchange*>(nullptr), nullptr, [&] {
        const auto header = [request](const char* name) {
            return copied(request->header(request->header_context, name));
        };
        iiif::delivery::HttpRequest http;
        http.method = copied(request->method);
        http.raw_uri = copied(request->raw_uri);
        http.base = copied(request->base);
        http.base_is_configured = request->base_is_configured != 0;
        http.accept = header("Accept");
        http.if_none_match = header("If-None-Match");
        http.if_modified_since = header("If-Modified-Since");
        if (http.method == "OPTIONS") http.requested_headers = header("Access-Control-Request-Headers");
        return new iiif_exchange(*worker, *service->service, std::move(http));
    });
}

void iiif_exchange_end(iiif_exchange* exchange) {
    delete exchange;
}

iiif_str iiif_exchange_field(const iiif_exchange* exchange, iiif_field field) {
    const auto* request = exchange->exchange.request();
    if (request == nullptr) return {"", 0};
    switch (field) {
        case IIIF_FIELD_IDENTIFIER: return borrowed(request->identifier);
        case IIIF_FIELD_REGION: return borrowed(request->region);
        case IIIF_FIELD_SIZE: return borrowed(request->size);
        case IIIF_FIELD_ROTATION: return borrowed(request->rotation);
        case IIIF_FIELD_QUALITY: return borrowed(request->quality);
        case IIIF_FIELD_FORMAT: return borrowed(request->format);
        case IIIF_FIELD_VERSION: return borrowed(request->version == iiif::protocol::Version::v2 ? "2" : "3");
        case IIIF_FIELD_KIND: return borrowed(iiif::delivery::name_of(request->kind));
        case IIIF_FIELD_SERVED: return borrowed(exchange->exchange.served());
        case IIIF_FIELD_TIMING: return borrowed(exchange->exchange.timing());
        case IIIF_FIELD_COUNT: break;
    }
    return {"", 0};
}

const char* iiif_field_name(iiif_field field) {
    static const char* const kNames[IIIF_FIELD_COUNT] = {"identifier", "region",  "size", "rotation", "quality",
                                                         "format",     "version", "kind", "served",   "timing"};
    return field < IIIF_FIELD_COUNT ? kNames[field] : "";
}

int iiif_exchange_is_preflight(const iiif_exchange* exchange) {
    const auto* request = exchange->exchange.request();
    return request != nullptr && request->kind == iiif::delivery::Kind::options ? 1 : 0;
}

iiif_outcome iiif_exchange_run(iiif_exchange* exchange, iiif_str source) {
    const auto outcome = guarded(iiif::delivery::Outcome::answered, nullptr, [&] {
        std::optional<std::string_view> computed;
        if (source.data != nullptr) computed = std::string_view(source.data, source.len);
        const auto done = exchange->exchange.run(computed);
        if (done == iiif::delivery::Outcome::answered) exchange->lay_out();
        return done;
    });
    switch (outcome) {
        case iiif::delivery::Outcome::declined: return IIIF_DECLINED;
        case iiif::delivery::Outcome::answered: return IIIF_ANSWERED;
        case iiif::delivery::Outcome::needs_render: break;
    }
    return IIIF_NEEDS_RENDER;
}

int iiif_exchange_status(const iiif_exchange* exchange) {
    // Without headers nothing was answered: memory ran out on the way.
    return exchange->headers.empty() ? 500 : exchange->exchange.answer().status;
}

size_t iiif_exchange_headers(const iiif_exchange* exchange, const iiif_header** out) {
    *out = exchange->headers.data();
    return exchange->headers.size();
}

int64_t iiif_exchange_content_length(const iiif_exchange* exchange) {
    return exchange->headers.empty() ? 0 : exchange->exchange.answer().content_length;
}

size_t iiif_exchange_segments(const iiif_exchange* exchange, const iiif_segment** out) {
    *out = exchange->segments.data();
    return exchange->segments.size();
}

void iiif_exchange_render(const iiif_exchange* exchange, iiif_render_request* out) {
    const auto lane = exchange->exchange.heavy() ? iiif::pool::Lane::heavy : iiif::pool::Lane::tiles;
    // The renderer ends its job at the deadline and says so itself; the margin lets it.
    constexpr uint32_t kMarginMs = 10'000;
    out->socket_path = borrowed(exchange->pool->sockets[static_cast<std::size_t>(lane)]);
    out->request = borrowed(exchange->exchange.call());
    const std::string& key = exchange->exchange.cache_key();
    out->cache_key = key.empty() ? iiif_str{nullptr, 0} : borrowed(key);
    out->timeout = exchange->pool->queue_ms + exchange->pool->timeout_ms + kMarginMs;
}

iiif_status iiif_exchange_reply_head(iiif_exchange* exchange, const char* data, size_t len, size_t* head_len) {
    return guarded(IIIF_FAILED, nullptr, [&] {
        switch (exchange->exchange.take_reply_head(std::string_view(data, len), *head_len)) {
            case iiif::delivery::Parse::more: return IIIF_AGAIN;
            case iiif::delivery::Parse::bad: return IIIF_INVALID;
            case iiif::delivery::Parse::done: break;
        }
        exchange->lay_out();
        return IIIF_OK;
    });
}

iiif_status iiif_exchange_reply_body(iiif_exchange* exchange, const char* data, size_t len, iiif_reply_step* out) {
    // Nothing here allocates, so nothing throws.
    auto& body = exchange->exchange.reply_body();
    iiif::delivery::ReplyBody::Step step;
    if (!body.step(std::string_view(data, len), step)) return IIIF_INVALID;
    out->skip = step.skip;
    out->take = step.take;
    out->left = static_cast<int64_t>(std::min<uint64_t>(body.left(), INT64_MAX));
    return IIIF_OK;
}

int iiif_exchange_may_be_cached(const iiif_exchange* exchange) {
    return exchange->exchange.may_be_cached() ? 1 : 0;
}

void iiif_exchange_fail(iiif_exchange* exchange, iiif_failure failure) {
    using iiif::delivery::Failure;
    guarded(0, nullptr, [&] {
        exchange->exchange.fail(failure == IIIF_FAILURE_BUSY   ? Failure::busy
                                : failure == IIIF_FAILURE_DIED ? Failure::died
                                                               : Failure::timeout);
        exchange->lay_out();
        return 0;
    });
}

size_t iiif_common_headers(const iiif_header** out) {
    static const iiif_header kHeaders[] = {
        {{"Access-Control-Allow-Origin", 27}, {"*", 1}},
    };
    *out = kHeaders;
    return 1;
}

}  // extern "C"
