// SPDX-License-Identifier: Apache-2.0
#include "ctl/fetch.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace iiif::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// What people can do something about has a name.
std::string refused(int status) {
    const std::string number = " (status " + std::to_string(status) + ')';
    switch (status) {
        case 401:
        case 403: return "the server does not show it to everybody" + number;
        case 404: return "there is nothing at this address" + number;
        case 410: return "it has been withdrawn" + number;
        case 429: return "the server was asked too often; try again later" + number;
        default: break;
    }
    return (status >= 500 ? "the server is in trouble" : "the server does not give it") + number;
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

Fetched fetch_document(HttpClient& client, const std::string& url, const std::string& etag,
                       const std::string& last_modified, const HttpClient::Bounds& bounds) {
    Fetched out;
    std::vector<std::string> headers = {
        "Accept: application/ld+json;profile=\"http://iiif.io/api/presentation/3/context.json\", "
        "application/ld+json;q=0.9, application/json;q=0.8, */*;q=0.1"};
    const bool conditional = !etag.empty() || !last_modified.empty();
    if (!etag.empty()) headers.push_back("If-None-Match: " + etag);
    if (!last_modified.empty()) headers.push_back("If-Modified-Since: " + last_modified);

    const auto deadline = Clock::now() + std::chrono::seconds(bounds.seconds);
    std::string at = url.substr(0, url.find('#'));
    bool for_good = true;
    for (int redirects = 0;; ++redirects) {
        const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            out.wrong = "its redirects took longer than " + std::to_string(bounds.seconds) + " seconds";
            return out;
        }
        HttpAnswer answer = client.ask("GET", at, headers, {static_cast<long>(left), bounds.bytes});
        if (answer.status == 0) {
            out.wrong = answer.error;
            return out;
        }
        out.answered = true;
        if (!is_redirect(answer.status)) {
            if (answer.status == 304 && conditional) {
                out.unchanged = true;
            } else if (answer.status != 200) {
                out.wrong = refused(answer.status);
            } else {
                out.body = std::move(answer.body);
                out.etag = answer.header("etag");
                out.last_modified = answer.header("last-modified");
            }
            return out;
        }
        const std::string next = resolved(at, answer.header("location"));
        for_good = for_good && (answer.status == 301 || answer.status == 308);
        if (next.empty()) {
            out.wrong = "it redirects to no address with http or https";
        } else if (at.starts_with("https://") && !next.starts_with("https://")) {
            out.wrong = "it redirects from https to http, which is not followed: " + next;
        } else if (redirects == kMostRedirects) {
            out.wrong = "it redirects more than " + std::to_string(kMostRedirects) + " times, the last time to " + next;
        }
        if (!out.wrong.empty()) return out;
        at = next;
        if (for_good) out.moved_to = at;
    }
}

}  // namespace iiif::ctl
