// SPDX-License-Identifier: Apache-2.0
// Input: a line with the method, one with the raw URI, then lines "Name: value" for headers and for what else the glue
// says: Base, Configured (the base came from a directive), Source (the path the server computed), Reply (what a
// renderer says instead of ours, to the end of the input). The C ABI is used as glue does, on a folder with images;
// where a renderer is needed, the same is said that one would say, but for the pixels.
#include <fcntl.h>
#include <sys/stat.h>
#include <vips/vips.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "delivery/answer.h"
#include "delivery/service.h"
#include "delivery/wire.h"
#include "fuzz.h"
#include "iiif/iiif.h"
#include "pool/pool.h"
#include "render/render.h"

namespace {

using iiif::fuzz::claim;
namespace delivery = iiif::delivery;
namespace fs = std::filesystem;

constexpr std::string_view kBody = "pixels";

// -- the endpoints and their files --

struct World {
    fs::path folder;
    std::vector<iiif_service*> services;  // the first whose prefix fits is asked, as a server would
    iiif_pool pool;
    iiif_worker* worker = nullptr;
    std::map<std::string, iiif::source::Description> descriptions;
};
World* world;  // for the life of the process

void save(const fs::path& file, const char* options, int width, int height) {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 / 3);
    VipsImage* image =
        vips_image_new_from_memory_copy(pixels.data(), pixels.size(), width, height, 3, VIPS_FORMAT_UCHAR);
    claim(image != nullptr && vips_image_write_to_file(image, (file.string() + options).c_str(), nullptr) == 0,
          "images can be written");
    g_object_unref(image);
    // The same tags in each run, and nothing that changed just now.
    const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    claim(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0, "a file's time can be set");
}

iiif_service* service(const char* prefix, const std::vector<std::vector<std::string>>& directives) {
    iiif_options* options = nullptr;
    iiif_service* out = nullptr;
    iiif_error error{sizeof(iiif_error), ""};
    claim(iiif_options_new(IIIF_SPELLED_NGINX, &options) == IIIF_OK, "there is memory");
    for (const auto& words : directives) {
        std::vector<iiif_str> values;
        for (std::size_t i = 1; i < words.size(); ++i) values.push_back({words[i].data(), words[i].size()});
        claim(iiif_options_set(options, words[0].c_str(), values.data(), values.size(), &error) == IIIF_OK,
              error.message);
    }
    claim(iiif_service_new(options, {prefix, std::strlen(prefix)}, &out, &error) == IIIF_OK, error.message);
    iiif_options_free(options);
    return out;
}

void make_world() {
    world = new World;
    world->folder = (fs::temp_directory_path() / "iiif-fuzz-XXXXXX").string();
    std::string name = world->folder.string();
    claim(::mkdtemp(name.data()) != nullptr, "there is room for temporary files");
    world->folder = name;
    std::atexit([] { fs::remove_all(world->folder); });
    claim(iiif::render::start().has_value(), "libvips starts");
    fs::create_directories(world->folder / "a/b/c/full/max/0");
    save(world->folder / "pyramid.tif", "[tile,pyramid,compression=jpeg,tile-width=64,tile-height=64]", 300, 200);
    save(world->folder / "photo.jpg", "", 60, 90);
    save(world->folder / "a/b/c/full/max/0/default.png", "", 10, 7);
    save(world->folder / "ark:%65.webp", "", 9, 16);
    std::ofstream(world->folder / "text.tif") << "no image";
    fs::create_symlink("/etc/passwd", world->folder / "outside.tif");
    for (const char* file : {"pyramid.tif", "photo.jpg", "a/b/c/full/max/0/default.png", "ark:%65.webp"}) {
        const int fd = ::open((world->folder / file).c_str(), O_RDONLY | O_CLOEXEC);
        std::string detail;
        const auto description = iiif::render::describe(fd, 1, {}, detail);
        claim(description.has_value(), "images can be described");
        world->descriptions.emplace(file, *description);
        ::close(fd);
    }
    const std::string root = world->folder.string();
    world->services = {
        service("/iiif", {{"iiif", "on"}, {"root", root}}),
        service("/m\xC3\xBC", {{"iiif", "on"},
                               {"root", root},
                               {"versions", "2", "3"},
                               {"max_width", "100"},
                               {"max_height", "80"},
                               {"max_area", "5000"},
                               {"upscaling", "on"},
                               {"extensions", "jpg", "tif"},
                               {"symlinks", "off"},
                               {"as_stored", "off"}}),
        service("", {{"iiif", "on"},
                     {"root", root},
                     {"versions", "3"},
                     {"map", "^x-(.*)$", "$1.tif"},
                     {"map", "^(?<stem>[a-z]+)$", "${stem:lower}.jpg"},
                     {"page_delimiter", "@"},
                     {"upscaling", "off"}}),
    };
    world->pool.pool = std::make_unique<iiif::pool::Pool>();
    world->pool.pool->sockets[0] = world->pool.pool->sockets[1] = "/nowhere";
    world->pool.pool->descriptions = iiif::source::SharedDescriptions::make(16);
    claim(iiif_worker_start(&world->pool, &world->worker, nullptr) == IIIF_OK, "a worker starts");
    iiif_worker_keep_files(world->worker, 4);
}

// -- a request and what is said to it --

struct Ask {
    std::string method = "GET", uri, base = "http://example.org";
    bool configured = false;
    std::optional<std::string> source, reply;
    std::map<std::string, std::string> headers;
};

struct Said {
    iiif_outcome outcome = IIIF_DECLINED;
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string kind;
    [[nodiscard]] bool is_found() const { return status == 200 && headers.contains("Link"); }
};

iiif_str str(const std::string& text) {
    return {text.data(), text.size()};
}

iiif_str header(void* context, const char* name) {
    const auto& headers = *static_cast<const std::map<std::string, std::string>*>(context);
    const auto found = headers.find(name);
    return found == headers.end() ? iiif_str{nullptr, 0} : str(found->second);
}

std::string text(iiif_str from) {
    return {from.data, from.len};
}

// What a renderer does, without its pixels.
std::string reply_to(const iiif_service& service, const Ask& ask, iiif_str bytes) {
    delivery::RenderCall call;
    claim(decode_call({bytes.data, bytes.len}, call) == delivery::Parse::done, "a renderer understands a call");
    claim(call.service == 0 && call.http.method == ask.method, "a call is for this endpoint");
    const auto request = parse_request(*service.service, call.http);
    claim(request && !request->refusal, "a renderer refuses nothing that the server accepted");
    const auto file = service.service->root.open(call.path);
    claim(file && file->key == call.key, "a renderer finds the file that the server found");
    const delivery::SourceState state{file->key, file->path, call.page};
    const auto description = world->descriptions.find(call.path);
    if (description == world->descriptions.end() || call.page != 1) {
        return encode_reply_head(delivery::refusal_answer({404, "there is no such page"}, false), nullptr, "");
    }
    auto decision = decide(*service.service, call.http, *request, state, description->second);
    delivery::Answer answer;
    if (auto* made = std::get_if<delivery::Answer>(&decision)) {
        answer = std::move(*made);
    } else {
        answer = image_answer(*service.service, call.http, *request, state, description->second,
                              std::get<delivery::RenderPlan>(decision));
        answer.content_length = static_cast<std::int64_t>(kBody.size());
    }
    return encode_reply_head(answer, &description->second, "open=0.1");
}

// Gives the exchange its reply, in pieces. false: what the input says instead was no reply.
bool take_reply(iiif_exchange* exchange, const iiif_service& service, const Ask& ask) {
    iiif_render_request wanted{};
    iiif_exchange_render(exchange, &wanted);
    claim(wanted.socket_path.len > 0 && wanted.timeout > 0, "a renderer is named");
    std::size_t length = 0;
    if (ask.reply) {
        const iiif_status status = iiif_exchange_reply_head(exchange, ask.reply->data(), ask.reply->size(), &length);
        if (status == IIIF_OK) claim(length <= ask.reply->size(), "a head is a part of the reply");
        return status == IIIF_OK;
    }
    if (wanted.request.len > delivery::kMaxRequestBytes) return false;
    std::string reply = reply_to(service, ask, wanted.request);
    const std::size_t head = reply.size();
    reply += kBody;
    claim(iiif_exchange_reply_head(exchange, reply.data(), head / 2, &length) == IIIF_AGAIN, "half a head is none");
    claim(iiif_exchange_reply_head(exchange, reply.data(), reply.size(), &length) == IIIF_OK, "a reply is read");
    claim(length == head, "a head ends where the body begins");
    (void)iiif_exchange_may_be_cached(exchange);
    return true;
}

void check_headers(const iiif_exchange* exchange, Said& said) {
    const iiif_header* headers = nullptr;
    const std::size_t count = iiif_exchange_headers(exchange, &headers);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = text(headers[i].name);
        const std::string value = text(headers[i].value);
        claim(!name.empty() && name.find_first_of("\r\n: ") == std::string::npos, "a header's name is a token");
        claim(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a header stays on its line");
        said.headers[name] = value;
    }
}

void check_body(const iiif_exchange* exchange, const Ask& ask, bool from_renderer, int status) {
    const iiif_segment* segments = nullptr;
    const std::size_t count = iiif_exchange_segments(exchange, &segments);
    const std::int64_t length = iiif_exchange_content_length(exchange);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        sum += segments[i].len;
        if (segments[i].memory.data != nullptr) {
            claim(segments[i].len == static_cast<std::int64_t>(segments[i].memory.len), "a piece is as long as it is");
            continue;
        }
        struct stat file {};
        claim(::fstat(segments[i].fd, &file) == 0, "a piece's file is open");
        claim(segments[i].offset >= 0 && segments[i].len > 0 && segments[i].len <= file.st_size - segments[i].offset,
              "a piece lies in its file");
    }
    if (from_renderer || ask.method == "HEAD" || status == 304 || status == 204) {
        claim(count == 0, "there is no body where there cannot be one");
    } else {
        claim(sum == length, "Content-Length is the body's");
    }
}

Said ask(const iiif_service& service, const Ask& ask) {
    Said said;
    auto headers = ask.headers;
    const iiif_http_request request{sizeof request,         str(ask.method), str(ask.uri), str(ask.base),
                                    ask.configured ? 1 : 0, header,          &headers};
    iiif_exchange* exchange = iiif_exchange_begin(world->worker, &service, &request);
    claim(exchange != nullptr, "there is memory");
    for (int field = 0; field < IIIF_FIELD_COUNT; ++field) (void)text(iiif_exchange_field(exchange, iiif_field(field)));
    said.kind = text(iiif_exchange_field(exchange, IIIF_FIELD_KIND));
    said.outcome = iiif_exchange_run(exchange, ask.source ? str(*ask.source) : iiif_str{nullptr, 0});
    if (said.outcome == IIIF_DECLINED) {
        iiif_exchange_end(exchange);
        return said;
    }
    claim(iiif_exchange_is_preflight(exchange) == (said.kind == "options" ? 1 : 0), "a preflight is one");
    bool from_renderer = false;
    if (said.outcome == IIIF_NEEDS_RENDER) {
        from_renderer = take_reply(exchange, service, ask);
        if (!from_renderer) iiif_exchange_fail(exchange, IIIF_FAILURE_DIED);
    }
    said.status = iiif_exchange_status(exchange);
    check_headers(exchange, said);
    check_body(exchange, ask, from_renderer, said.status);
    iiif_exchange_end(exchange);
    if (ask.reply) return said;  // a renderer that went wrong may say anything
    constexpr std::array kSane = {200, 204, 303, 304, 400, 403, 404, 405, 501, 502};
    claim(std::ranges::find(kSane, said.status) != kSane.end() || (said.status == 500 && ask.configured),
          "a status is one of ours");
    return said;
}

// The URI that stands before this relation in the Link header, without `base`; "" for none.
std::string link(const Said& said, std::string_view relation, const std::string& base) {
    const auto found = said.headers.find("Link");
    if (found == said.headers.end()) return "";
    const auto end = found->second.find(">;rel=\"" + std::string(relation) + '"');
    if (end == std::string::npos) return "";
    const auto begin = found->second.rfind('<', end) + 1;
    const std::string uri = found->second.substr(begin, end - begin);
    claim(uri.starts_with(base), "a link leads to this server");
    return uri.substr(base.size());
}

void follow(const iiif_service& service, const Ask& first, const Said& said) {
    Ask next{"GET", "", first.base, false, first.source, std::nullopt, {}};
    if (said.status == 303) {
        const std::string& location = said.headers.at("Location");
        claim(location.starts_with(first.base), "a redirect leads to this server");
        next.uri = location.substr(first.base.size());
        const Said info = ask(service, next);
        claim(info.kind == "info" && (info.status == 200 || info.status == 404), "a redirect leads to info.json");
        return;
    }
    next.uri = link(said, "canonical", first.base);
    if (said.status != 200 || next.uri.empty()) return;
    const Said canonical = ask(service, next);
    claim(canonical.is_found(), "what is canonical is not redirected, and there");
    claim(link(canonical, "canonical", first.base) == next.uri, "there is one canonical URI");
    next.headers["If-None-Match"] = canonical.headers.at("ETag");
    claim(ask(service, next).status == 304, "who has an answer is not sent it again");
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
    make_world();
    return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    iiif::fuzz::Input input(data, size);
    Ask request;
    request.method = input.line();
    request.uri = input.line();
    while (!input.empty()) {
        if (input.rest().starts_with("Reply: ")) {
            request.reply = input.rest().substr(7);
            break;
        }
        const std::string_view line = input.line();
        const auto colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        const std::string name(line.substr(0, colon));
        const std::string value(line.substr(colon + 2));
        if (name == "Base") {
            request.base = value;
        } else if (name == "Configured") {
            request.configured = true;
        } else if (name == "Source") {
            request.source = value;
        } else {
            request.headers[name] = value;
        }
    }
    for (const iiif_service* service : world->services) {
        const Said said = ask(*service, request);
        if (said.outcome == IIIF_DECLINED) continue;
        if (!request.configured && !request.reply) follow(*service, request, said);
        break;
    }
    return 0;
}
