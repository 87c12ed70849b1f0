// SPDX-License-Identifier: Apache-2.0
// Requests to somebody else's server: TLS verified, bounded in time and in bytes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace iiif::ctl {

struct HttpAnswer {
    int status = 0;                              // 0: there was none
    std::string error;                           // why, in a sentence
    std::map<std::string, std::string> headers;  // by name in lower case; several of one name joined with commas
    std::string body;

    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
};

class HttpClient {
public:
    // Before the first request of this process: authorities in that file (PEM) are trusted instead of the system's.
    static void trust(const std::string& ca_file);

    HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient();

    struct Bounds {
        long seconds = 60;
        std::uint64_t bytes = std::uint64_t{64} << 20U;
    };
    // One request; redirects are answers like any other. `headers`: whole lines. The connection is kept for the next.
    // `error` of one whose certificate does not hold says so; there is no way to go on without.
    HttpAnswer ask(const std::string& method, const std::string& url, const std::vector<std::string>& headers,
                   const Bounds&);
    HttpAnswer get(const std::string& url, const std::vector<std::string>& headers = {}) {
        return ask("GET", url, headers, Bounds());
    }

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

// Where a Location leads from `url`, without a fragment; "": nowhere that is http or https.
std::string resolved(const std::string& url, const std::string& location);

}  // namespace iiif::ctl
