// SPDX-License-Identifier: Apache-2.0
// Status, headers and body of everything an endpoint says. The only place that writes IIIF's HTTP headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "delivery/request.h"
#include "delivery/service.h"
#include "protocol/geometry.h"
#include "source/description.h"
#include "source/stored_tile.h"

namespace iiif::delivery {

// Names are literals: there are not many of them.
using Headers = std::vector<std::pair<std::string_view, std::string>>;

struct FilePart {
    int fd = -1;  // -1: none; stays whoever's it is, and must stay open until the answer is sent
    std::uint64_t offset = 0, length = 0;
};

struct Answer {
    int status = 200;
    Headers headers = {};
    std::string body = {};             // empty for HEAD and 304
    source::HeldBytes held = {};       // follow `body`
    FilePart file = {};                // follows these
    std::int64_t content_length = -1;  // what a GET would say; -1: not known
};

// What a renderer has to do for a request on an image whose description is known.
struct RenderPlan {
    protocol::Geometry geometry;
    protocol::Rotation rotation;
    protocol::Quality quality;
    protocol::Format format;
};

// The state of the file an answer is made from.
struct SourceState {
    source::FileKey key;
    std::string path;  // beneath the root
    std::uint32_t page = 1;
};

// -- without any file --
Answer refusal_answer(const Refusal&, bool head);
Answer options_answer(const HttpRequest&);
Answer method_not_allowed();
Answer see_other(std::string location);  // 303

// -- with a file, but nothing known of the image --
std::string etag(const Service&, const HttpRequest&, const Request&, const SourceState&);
// 304 when the client holds exactly this answer's ETag: it was given with a 200 for the same request on the same file,
// so nothing else has to be known. What proves less ("*", If-Modified-Since) waits for decide().
std::optional<Answer> conditional_answer(const Service&, const HttpRequest&, const Request&, const SourceState&);
Answer base_redirect(const Request&);

// -- with the image's description: the whole answer (info.json, 304, HEAD, a refusal), or what has to be rendered --
std::variant<Answer, RenderPlan> decide(const Service&, const HttpRequest&, const Request&, const SourceState&,
                                        const source::Description&);

// Headers of the 200 that carries a rendered image (HEAD and GET alike).
Answer image_answer(const Service&, const HttpRequest&, const Request&, const SourceState&, const source::Description&,
                    const RenderPlan&);

// The ETag of what is made in memory: of its content.
std::string content_tag(std::string_view body);
// The answer that carries it, or 304. `tag` is content_tag(body). `status` is 200 or 410, which nobody validates.
Answer document_answer(const HttpRequest&, const Request&, int status, std::string body, const std::string& tag);

// Takes the validators away: this answer was made in a way that the next one like it will not be. Nobody keeps it.
void make_passing(Answer&);

}  // namespace iiif::delivery
