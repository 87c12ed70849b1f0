// SPDX-License-Identifier: Apache-2.0
#include "delivery/answer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "protocol/char_set.h"
#include "protocol/http_date.h"
#include "protocol/info.h"
#include "protocol/presentation.h"

namespace iiif::delivery {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

void add_cors(Headers& headers) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
    headers.emplace_back("Access-Control-Expose-Headers", "Link, ETag, Retry-After, Content-Disposition");
}

std::int64_t last_modified(const SourceState& state) {
    return state.key.mtime_ns / kNanoseconds;
}

void add_validators(Headers& headers, const Service& service, const HttpRequest& http, const Request& request,
                    const SourceState& state) {
    headers.emplace_back("ETag", etag(service, http, request, state));
    headers.emplace_back("Last-Modified", protocol::http_date(last_modified(state)));
    // Not "public": behind the server's own authentication that would open shared caches (RFC 9111, 3.5).
    headers.emplace_back("Cache-Control",
                         service.max_age == 0 ? "no-cache" : "max-age=" + std::to_string(service.max_age));
    if (request.kind == Kind::info) headers.emplace_back("Vary", "Accept");
}

// The level that info.json declares.
std::string profile_link(const Service& service, const Request& request, const source::Description& description) {
    const int level = protocol::compliance_level(request.version, description.standard, service.info.qualities,
                                                 service.offered_formats());
    return '<' + std::string(protocol::profile_uri(request.version, level)) + ">;rel=\"profile\"";
}

// Refusals of every room become sentences here: a capital, a full stop.
Answer text_answer(int status, std::string body, bool head) {
    if (!body.empty() && body.front() >= 'a' && body.front() <= 'z')
        body.front() = static_cast<char>(body.front() - 32);
    if (!body.empty() && body.back() != '.') body += '.';
    Answer answer;
    answer.status = status;
    add_cors(answer.headers);
    answer.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
    body += '\n';
    answer.content_length = static_cast<std::int64_t>(body.size());
    if (!head) answer.body = std::move(body);
    return answer;
}

Answer not_modified_answer(const Service& service, const HttpRequest& http, const Request& request,
                           const SourceState& state) {
    Answer answer;
    answer.status = 304;
    add_cors(answer.headers);
    add_validators(answer.headers, service, http, request, state);
    return answer;
}

// "inline; filename=": what a browser's "save as" suggests (I-HTTP-14). Anything but plain letters becomes '_'.
std::string disposition(const Request& request) {
    std::string name = request.identifier;
    for (const std::string* part : {&request.region, &request.size, &request.rotation, &request.quality}) {
        name.append(1, '_').append(*part);
    }
    static constexpr protocol::CharSet kPlain("-.,!^", protocol::CharSet::Also::letters_and_digits);
    for (char& c : name) {
        if (!kPlain.has(c)) c = '_';
    }
    constexpr std::size_t kLongest = 160;
    if (name.size() > kLongest) name.erase(0, name.size() - kLongest);
    std::string out = "inline; filename=\"";
    out.reserve(out.size() + name.size() + request.format.size() + 2);
    return out.append(name).append(1, '.').append(request.format).append(1, '"');
}

Answer info_answer(const Service& service, const HttpRequest& http, const Request& request, const SourceState& state,
                   const source::Description& description) {
    protocol::InfoSubject subject;
    subject.id = request.id;
    subject.identifier = request.raw_identifier;
    subject.image = description.extent();
    subject.standard = description.standard;
    subject.tile = description.tile(service.tile_size);
    protocol::InfoOptions options = service.info;
    options.formats = service.offered_formats();

    Answer answer;
    add_cors(answer.headers);
    answer.headers.emplace_back("Content-Type", protocol::info_media_type(request.version, http.accept));
    answer.headers.emplace_back("Link", profile_link(service, request, description));
    add_validators(answer.headers, service, http, request, state);
    answer.body = protocol::info_json(request.version, subject, options);
    answer.content_length = static_cast<std::int64_t>(answer.body.size());
    if (request.head) answer.body.clear();
    return answer;
}

class Hash {
public:
    Hash& add(std::string_view text) {
        constexpr std::size_t kWord = sizeof(std::uint64_t);
        const std::size_t size = text.size();
        step(size);
        std::size_t at = 0;
        for (; at + kWord <= size; at += kWord) step(word_of(text.data() + at, kWord));
        // What is left, with some of what came before where there is that: a length that compilers know.
        if (at < size && size >= kWord) step(word_of(text.data() + size - kWord, kWord));
        if (at < size && size < kWord) step(word_of(text.data(), size));
        return *this;
    }
    Hash& add(std::uint64_t number) {
        step(number);
        return *this;
    }
    [[nodiscard]] std::string text() const {
        std::string out = "\"";
        append_hex(out, a_, 16);
        append_hex(out, b_, 8);
        return out += '"';
    }

private:
    static void append_hex(std::string& out, std::uint64_t number, unsigned digits) {
        while (digits-- > 0) out += "0123456789abcdef"[number >> (4 * digits) & 0xFU];
    }

    // At most eight bytes. The first is the lowest, whatever the processor's order: tags are equal on all servers.
    static std::uint64_t word_of(const char* bytes, std::size_t count) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, count);
        if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
        return word;
    }
    // Two independent streams of multiplications, each with its high bits brought down: 96 bits, so that no pair of
    // answers of one URI ever meets.
    void step(std::uint64_t word) {
        a_ = (a_ ^ word) * 0x9E3779B97F4A7C15U;
        a_ ^= a_ >> 32U;
        b_ = (std::rotl(b_, 29) + word) * 0xC2B2AE3D27D4EB4FU;
        b_ ^= b_ >> 29U;
    }
    std::uint64_t a_ = 14695981039346656037ULL;
    std::uint64_t b_ = 14695981039346656037ULL;
};

}  // namespace

Answer refusal_answer(const Refusal& refusal, bool head) {
    Answer answer = text_answer(refusal.status, refusal.sentence, head);
    // Errors are never cached for long: the next try may succeed.
    answer.headers.emplace_back("Cache-Control", "no-cache");
    if (refusal.status == 503) answer.headers.emplace_back("Retry-After", "5");
    return answer;
}

Answer options_answer(const HttpRequest& http) {
    Answer answer;
    answer.status = 204;
    add_cors(answer.headers);
    answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    // Whatever is asked for harms nothing: there is nothing here that a header could change.
    std::string allowed = "Accept, Authorization, Content-Type";
    const bool names =
        std::ranges::all_of(http.requested_headers, [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
    if (names && !http.requested_headers.empty()) allowed = http.requested_headers;
    answer.headers.emplace_back("Access-Control-Allow-Headers", std::move(allowed));
    answer.headers.emplace_back("Access-Control-Max-Age", "86400");
    answer.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return answer;
}

Answer method_not_allowed() {
    Answer answer = refusal_answer({405, "This method is not allowed here; allowed are GET, HEAD and OPTIONS."}, false);
    answer.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return answer;
}

std::string etag(const Service& service, const HttpRequest& http, const Request& request, const SourceState& state) {
    Hash hash;
    // No device or inode: two servers with the same files give the same tags.
    hash.add(service.fingerprint).add(state.key.size).add(static_cast<std::uint64_t>(state.key.mtime_ns));
    hash.add(state.path).add(state.page).add(request.id).add(static_cast<std::uint64_t>(request.version));
    if (request.kind == Kind::info) {
        hash.add(protocol::info_media_type(request.version, http.accept)).add(service.offered_formats());
    } else {
        hash.add(request.region).add(request.size).add(request.rotation).add(request.quality).add(request.format);
    }
    return hash.text();
}

std::optional<Answer> conditional_answer(const Service& service, const HttpRequest& http, const Request& request,
                                         const SourceState& state) {
    if (http.if_none_match.empty() || http.if_none_match.find('*') != std::string::npos) return std::nullopt;
    if (!protocol::not_modified(http.if_none_match, "", etag(service, http, request, state), last_modified(state))) {
        return std::nullopt;
    }
    return not_modified_answer(service, http, request, state);
}

Answer see_other(std::string location) {
    Answer answer;
    answer.status = 303;
    add_cors(answer.headers);
    answer.headers.emplace_back("Location", std::move(location));
    answer.headers.emplace_back("Cache-Control", "no-cache");
    answer.content_length = 0;
    return answer;
}

Answer base_redirect(const Request& request) {
    return see_other((request.kind == Kind::base ? request.id : request.whole_id) + "/info.json");
}

std::variant<Answer, RenderPlan> decide(const Service& service, const HttpRequest& http, const Request& request,
                                        const SourceState& state, const source::Description& description) {
    RenderPlan plan{};
    if (request.is_image()) {
        const auto& wanted = request.parameters;
        auto geometry = protocol::resolve_geometry(request.version, wanted.region, wanted.size, description.extent(),
                                                   service.info.limits);
        if (!geometry) return refusal_answer(geometry.error(), request.head);
        plan = {*geometry, wanted.rotation, wanted.quality, wanted.format};
    } else if (request.kind != Kind::info) {
        return base_redirect(request);
    }
    const bool conditional = !http.if_none_match.empty() || !http.if_modified_since.empty();
    if (conditional && protocol::not_modified(http.if_none_match, http.if_modified_since,
                                              etag(service, http, request, state), last_modified(state))) {
        return not_modified_answer(service, http, request, state);
    }
    if (request.kind == Kind::info) return info_answer(service, http, request, state, description);
    if (request.head) return image_answer(service, http, request, state, description, plan);
    return plan;
}

Answer image_answer(const Service& service, const HttpRequest& http, const Request& request, const SourceState& state,
                    const source::Description& description, const RenderPlan& plan) {
    Answer answer;
    constexpr std::size_t kHeaders = 9;
    answer.headers.reserve(kHeaders);
    add_cors(answer.headers);
    answer.headers.emplace_back("Content-Type", protocol::media_type_of(plan.format));
    answer.headers.emplace_back("Content-Disposition", disposition(request));
    const std::string canonical =
        protocol::canonical_parameters(request.version, plan.geometry, plan.rotation, plan.quality,
                                       description.standard, plan.format, service.info.limits);
    // One header line: the validator and many clients read only the first (IX-CAN-07).
    std::string link = profile_link(service, request, description);
    link.reserve(link.size() + request.id.size() + canonical.size() + 32);
    link.append(", <").append(request.id).append(1, '/').append(canonical).append(">;rel=\"canonical\"");
    answer.headers.emplace_back("Link", std::move(link));
    add_validators(answer.headers, service, http, request, state);
    return answer;
}

std::string content_tag(std::string_view body) {
    return Hash().add(body).text();
}

Answer document_answer(const HttpRequest& http, const Request& request, int status, std::string body,
                       const std::string& tag) {
    Answer answer;
    answer.status = status;
    add_cors(answer.headers);
    const auto type = protocol::presentation_media_type(request.version, http.accept);
    if (status == 200) {
        // Asked for again each time: what changes in a folder shows at once, and what has not costs a 304.
        answer.headers.emplace_back("ETag", tag);
        if (!http.if_none_match.empty() && protocol::not_modified(http.if_none_match, "", tag, 0)) answer.status = 304;
    }
    if (answer.status != 304) answer.headers.emplace_back("Content-Type", type);
    answer.headers.emplace_back("Cache-Control", "no-cache");
    answer.headers.emplace_back("Vary", "Accept");
    if (answer.status == 304) return answer;
    answer.content_length = static_cast<std::int64_t>(body.size());
    if (!request.head) answer.body = std::move(body);
    return answer;
}

void make_passing(Answer& answer) {
    std::erase_if(answer.headers, [](const auto& header) {
        return header.first == "ETag" || header.first == "Last-Modified" || header.first == "Cache-Control";
    });
    answer.headers.emplace_back("Cache-Control", "no-cache");
}

}  // namespace iiif::delivery
