// SPDX-License-Identifier: Apache-2.0
// Asks a running server what the Image API and the Presentation API require of it, 3.0 or 2.1, whoever's server it is.
#pragma once

#include <string>
#include <vector>

namespace iiif::ctl {

struct Question {
    const char* section;  // of the specification, "5.2" say
    bool must = true;     // else it should
    std::string asked;    // a claim: "info.json is JSON"
    bool holds = false;
    std::string seen;  // when it does not hold: what came instead
};

struct Verification {
    std::string api;      // "Image API", "Presentation API"
    std::string version;  // "3.0", "2.1"; "": there was no document that could be understood
    std::vector<Question> questions;
};

// `url`: of a Manifest or Collection; or an image's base URI, or its info.json.
Verification verify(const std::string& url);

}  // namespace iiif::ctl
