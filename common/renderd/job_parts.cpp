// SPDX-License-Identifier: Apache-2.0
#include "renderd/job_parts.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace iiif::renderd {
namespace {

// Libraries say one thing per line.
std::string on_one_line(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > 0) out.append(out.empty() ? "" : "; ").append(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace

void Timing::lap(const char* name) {
    const auto now = std::chrono::steady_clock::now();
    std::array<char, 48> entry{};
    const double spent = std::chrono::duration<double, std::milli>(now - last_).count();
    const int length = std::snprintf(entry.data(), entry.size(), "%s%s=%.1f", text_.empty() ? "" : " ", name, spent);
    if (length > 0) text_.append(entry.data(), std::min(static_cast<std::size_t>(length), entry.size() - 1));
    last_ = now;
}

Reply to_reply(delivery::Answer answer, const source::Description* description, const Timing& timing,
               const source::Description* pyramid) {
    Reply reply;
    reply.head = delivery::encode_reply_head(answer, description, timing.text(), pyramid);
    reply.text = std::move(answer.body);
    return reply;
}

Reply refused(const Refusal& refusal, bool head, const source::Description* description, const Timing& timing,
              std::string complaint) {
    Reply reply = to_reply(delivery::refusal_answer(refusal, head), description, timing);
    reply.complaint = std::move(complaint);
    return reply;
}

std::string complaint_about(const delivery::RenderCall& call, const Refusal& refusal, const std::string& detail) {
    // What a client did wrong is the access log's business; a file that cannot be read is the administrator's.
    if (refusal.status < 500 && detail.empty()) return "";
    return "\"" + call.path + "\": " + (detail.empty() ? refusal.sentence : on_one_line(detail));
}

}  // namespace iiif::renderd
