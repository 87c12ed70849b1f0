// SPDX-License-Identifier: Apache-2.0
// One document of somebody else's, with redirects.
#pragma once

#include <string>

#include "ctl/http.h"

namespace iiif::ctl {

struct Fetched {
    bool unchanged = false;
    bool answered = false;  // a server said something, whatever it was
    std::string wrong;      // "" or why there is no body
    std::string body;
    std::string etag, last_modified;
    std::string moved_to;  // redirected for good
};

inline constexpr int kMostRedirects = 5;

// `etag`, `last_modified`: of what is there already; "": ask for it in any case.
Fetched fetch_document(HttpClient& client, const std::string& url, const std::string& etag,
                       const std::string& last_modified, const HttpClient::Bounds& bounds);

}  // namespace iiif::ctl
