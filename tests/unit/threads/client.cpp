// SPDX-License-Identifier: Apache-2.0
#include "threads/client.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "delivery/answer.h"
#include "delivery/reply_body.h"
#include "delivery/service.h"
#include "delivery/wire.h"
#include "protocol/http_date.h"

namespace iiif::threads {
namespace {

using delivery::Parse;

iiif_str str(const std::string& text) {
    return {text.data(), text.size()};
}

std::string text(iiif_str from) {
    return {from.data, from.len};
}

iiif_str if_none_match(void* tag, const char* name) {
    const auto& given = *static_cast<const std::string*>(tag);
    return std::string_view(name) == "If-None-Match" && !given.empty() ? str(given) : iiif_str{nullptr, 0};
}

// The body of a rendered image says of what it was made.
std::string rendered(const delivery::RenderCall& call) {
    return "picture of " + call.path + ' ' + std::to_string(call.page) + ' ' + std::to_string(version_of(call.key));
}

// What a renderer says, without its pixels: with the same code, from what the call says of the file.
std::optional<std::string> reply_to(const delivery::Service& service, iiif_str bytes, bool in_pieces) {
    delivery::RenderCall call;
    if (decode_call({bytes.data, bytes.len}, call) != Parse::done) return std::nullopt;
    const auto request = parse_request(service, call.http);
    if (!request || request->refusal) return std::nullopt;
    const delivery::SourceState state{call.key, call.path, call.page};
    const auto description = description_of(call.path, call.key, call.page);
    auto decision = decide(service, call.http, *request, state, description);
    if (const auto* made = std::get_if<delivery::Answer>(&decision)) {
        return encode_reply_head(*made, &description, "open=1") + made->body;
    }
    auto answer =
        image_answer(service, call.http, *request, state, description, std::get<delivery::RenderPlan>(decision));
    const std::string body = rendered(call);
    if (!in_pieces) {
        answer.content_length = static_cast<std::int64_t>(body.size());
        return encode_reply_head(answer, &description, "open=1") + body;
    }
    std::string out = delivery::in_pieces(encode_reply_head(answer, &description, "open=1"));
    const auto add = [&out](std::string_view piece) {
        const auto head = delivery::piece_head(static_cast<std::uint32_t>(piece.size()));
        out.append(head.data(), head.size()).append(piece);
    };
    add(std::string_view(body).substr(0, 5));
    add(std::string_view(body).substr(5));
    add("");
    return out;
}

std::string plain_page(std::uint32_t page) {
    return "/iiif/3/plain;" + std::to_string(page);
}

}  // namespace

void Client::expect(bool holds, const std::string& what, const std::string& uri, const Said& said) {
    if (holds || complaints_.size() >= 20) return;
    complaints_.push_back(uri + ": " + what + ": " + std::to_string(said.status) + ' ' + said.served + ", version " +
                          std::to_string(said.version) + ": " + said.body.substr(0, 300));
}

// false: no reply.
bool Client::take_reply(iiif_exchange* exchange, Said& said) {
    iiif_render_request wanted{};
    iiif_exchange_render(exchange, &wanted);
    const auto made = reply_to(*world_.service()->service, wanted.request, below(2) == 0);
    if (!made) return false;
    const std::string& reply = *made;
    std::size_t head = 0;
    if (iiif_exchange_reply_head(exchange, reply.data(), 10, &head) != IIIF_AGAIN) return false;
    if (iiif_exchange_reply_head(exchange, reply.data(), reply.size(), &head) != IIIF_OK) return false;
    std::string_view rest = std::string_view(reply).substr(head);
    iiif_reply_step step{};
    do {
        // At most seven bytes at a time.
        const std::string_view come = rest.substr(0, 7);
        if (iiif_exchange_reply_body(exchange, come.data(), come.size(), &step) != IIIF_OK) return false;
        said.body += come.substr(step.skip, step.take);
        rest.remove_prefix(step.skip + step.take);
        if (step.skip + step.take == 0 && step.left > 0) return false;
    } while (step.left > 0);
    (void)iiif_exchange_may_be_cached(exchange);
    return rest.empty();
}

void Client::read_answer(const iiif_exchange* exchange, Said& said) {
    said.status = iiif_exchange_status(exchange);
    said.served = text(iiif_exchange_field(exchange, IIIF_FIELD_SERVED));
    const iiif_header* headers = nullptr;
    const std::size_t count = iiif_exchange_headers(exchange, &headers);
    for (std::size_t i = 0; i < count; ++i) said.headers[text(headers[i].name)] = text(headers[i].value);
    const iiif_segment* segments = nullptr;
    const std::size_t pieces = iiif_exchange_segments(exchange, &segments);
    for (std::size_t i = 0; i < pieces; ++i) {
        if (segments[i].memory.data != nullptr) {
            said.body += text(segments[i].memory);
            continue;
        }
        std::string part(static_cast<std::size_t>(segments[i].len), '\0');
        const ssize_t got = ::pread(segments[i].fd, part.data(), part.size(), segments[i].offset);
        said.body += part.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    if (const auto date = protocol::parse_http_date(said.headers["Last-Modified"])) {
        said.version = static_cast<std::uint32_t>(*date - kFirstTime);
    }
}

Client::Said Client::ask(const std::string& method, const std::string& uri, const std::string& tag, Renderer renderer) {
    Said said;
    std::string given = tag;
    const std::string base = "http://example.org";
    const iiif_http_request request{sizeof request, str(method), str(uri), str(base), 0, if_none_match, &given};
    iiif_exchange* exchange = iiif_exchange_begin(worker_, world_.service(), &request);
    switch (iiif_exchange_run(exchange, {nullptr, 0})) {
        case IIIF_DECLINED: said.served = "declined"; break;
        case IIIF_ANSWERED: break;
        case IIIF_NEEDS_RENDER:
            if (renderer == Renderer::answers) {
                if (take_reply(exchange, said)) break;
                expect(false, "a reply was not taken", uri, said);
            }
            if (renderer == Renderer::says_nonsense) {
                std::size_t length = 0;
                const std::string reply = "Status: 200 OK\r\nIIIF-Description: {\"levels\":[]}\r\n\r\n";
                expect(iiif_exchange_reply_head(exchange, reply.data(), reply.size(), &length) == IIIF_INVALID,
                       "nonsense was taken", uri, said);
            }
            iiif_exchange_fail(exchange, renderer == Renderer::is_busy   ? IIIF_FAILURE_BUSY
                                         : renderer == Renderer::is_late ? IIIF_FAILURE_TIMEOUT
                                                                         : IIIF_FAILURE_DIED);
            break;
    }
    if (said.served != "declined") read_answer(exchange, said);
    ++counts_[said.served];
    ++counts_[std::to_string(said.status)];
    const bool is_whole = method == "GET" && said.status != 304 && iiif_exchange_content_length(exchange) >= 0;
    expect(!is_whole || std::cmp_equal(said.body.size(), iiif_exchange_content_length(exchange)),
           "the body is not as long as it says", uri, said);
    iiif_exchange_end(exchange);
    return said;
}

void Client::remember(const std::string& uri, const Said& said) {
    const auto [known, added] = bodies_.try_emplace(said.headers.at("ETag"), said.body);
    expect(added || known->second == said.body, "two bodies with one ETag", uri, said);
}

// Mostly of the first file, whose index is larger than what is kept of it.
void Client::ask_for_tile() {
    const std::uint32_t file = below(3) == 0 ? 1 + below(kPyramids - 1) : 0;
    const std::string name = "p" + std::to_string(file);
    const std::uint32_t across = tiles_across(name + ".tif");
    const std::uint32_t x = below(across), y = below(across - 1);
    const std::string uri = "/iiif/3/" + name + '/' + std::to_string(x * kTile) + ',' + std::to_string(y * kTile) +
                            ",64,64/64,64/0/default.jpg";
    const Said said = ask("GET", uri);
    expect(said.status == 200, "no tile", uri, said);
    if (said.status != 200) return;
    if (said.served == "file") {
        expect(said.body.ends_with(tile_bytes(said.version, std::uint64_t{y} * across + x)), "another tile", uri, said);
        remember(uri, said);
    } else {
        expect(said.body == "picture of " + name + ".tif 1 " + std::to_string(said.version), "another picture", uri,
               said);
    }
    // And again, as a client that has it, and as one that only wants to know.
    const std::string tag = said.headers.at("ETag");
    const Said again = ask("GET", uri, tag);
    if (again.status == 304) {
        expect(again.headers.at("ETag") == tag && again.body.empty(), "304 of something else", uri, again);
    } else {
        expect(again.status == 200 && again.headers.at("ETag") != tag, "sent twice", uri, again);
    }
    const Said head = ask("HEAD", uri);
    expect(head.status == 200 && head.body.empty(), "no head", uri, head);
    expect(head.version != said.version || head.headers.at("ETag") == tag, "one version, two ETags", uri, head);
}

void Client::ask_for_info() {
    const std::string name = "p" + std::to_string(below(kPyramids));
    const std::uint32_t side = tiles_across(name + ".tif") * kTile;
    const std::string uri = "/iiif/" + std::to_string(2 + below(2)) + '/' + name + "/info.json";
    const Said said = ask("GET", uri);
    expect(said.status == 200 &&
               said.body.find("\"height\":" + std::to_string(side - said.version) + ',') != std::string::npos,
           "the description of another version", uri, said);
    if (said.status == 200) remember(uri, said);
}

void Client::ask_for_page(std::uint32_t page) {
    const std::string uri = plain_page(page) + "/info.json";
    const Said said = ask("GET", uri);
    expect(said.status == 200 &&
               said.body.find("\"width\":" + std::to_string(1000 + page) + ',') != std::string::npos &&
               said.body.find("\"height\":" + std::to_string(700 - said.version) + ',') != std::string::npos,
           "the description of another page or version", uri, said);
}

void Client::ask_for_image() {
    const std::uint32_t page = 1 + below(kPages);
    const std::string uri = plain_page(page) + "/full/200,/0/default.jpg";
    const Said said = ask("GET", uri);
    expect(said.status == 200 && said.served == "render" &&
               said.body == "picture of plain.tif " + std::to_string(page) + ' ' + std::to_string(said.version),
           "another picture", uri, said);
}

void Client::ask_for_what_fails() {
    const std::string uri = plain_page(1 + below(kPages)) + "/full/100,/0/default.png";
    static constexpr std::array<std::pair<Renderer, int>, 4> kWays{
        {{Renderer::says_nonsense, 502}, {Renderer::dies, 502}, {Renderer::is_busy, 503}, {Renderer::is_late, 504}}};
    const auto& [renderer, status] = kWays.at(below(kWays.size()));
    const Said said = ask("GET", uri, "", renderer);
    expect(said.status == status, "not " + std::to_string(status), uri, said);
}

void Client::ask_for_no_image() {
    struct Case {
        const char* method;
        const char* uri;
        int status;
    };
    static constexpr std::array kCases = {Case{"GET", "/iiif/3/p1", 303},
                                          Case{"GET", "/iiif/3/none/info.json", 404},
                                          Case{"OPTIONS", "/iiif/3/p0/info.json", 204},
                                          Case{"POST", "/iiif/3/p0/info.json", 405},
                                          Case{"GET", "/iiif/3/p1/full/full/0/default.jpg", 400},
                                          Case{"GET", "/iiif/3/p1/full/9999,/0/default.jpg", 400},
                                          Case{"GET", "/elsewhere", 0}};
    const Case& one = kCases.at(below(kCases.size()));
    const Said said = ask(one.method, one.uri);
    expect(said.status == one.status, "not " + std::to_string(one.status), one.uri, said);
}

void Client::ask_for_everything(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        switch (below(8)) {
            case 0:
            case 1:
            case 2: ask_for_tile(); break;
            case 3: ask_for_info(); break;
            case 4: ask_for_page(1 + below(kPages)); break;
            case 5: ask_for_image(); break;
            case 6: ask_for_what_fails(); break;
            default: ask_for_no_image();
        }
    }
}

void Client::follow_the_map(unsigned changes) {
    const std::string uri = "/iiif/3/mapped/0,0,64,64/64,64/0/default.jpg";
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    unsigned seen = 0;
    std::string last;
    while (seen < changes && std::chrono::steady_clock::now() < end) {
        const Said said = ask("GET", uri);
        // Which file it was: their versions differ, and nobody replaces them.
        expect(said.status == 200 && (said.version == 1 || said.version == 2), "not where the map leads", uri, said);
        const std::string now = std::to_string(said.version);
        if (!last.empty() && now != last) ++seen;
        last = now;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    expect(seen == changes, "the map was not read anew", uri, {});
}

}  // namespace iiif::threads
