// SPDX-License-Identifier: Apache-2.0
// Pages for people (directive `pages`): which requests ask for one, and the answer, from the folder of pages.
//
// Any path below the endpoint that ends with '/' is the page of that folder or file; one and the same HTML is sent for
// all of them and asks for the JSON beside itself. Its scripts and styles, and the pages that compare or gather, lie
// below PREFIX/pages/.
#pragma once

#include <optional>
#include <string_view>

#include "delivery/answer.h"
#include "delivery/request.h"
#include "delivery/service.h"
#include "source/mapping.h"

namespace iiif::delivery {

struct PageAnswer {
    Answer answer;
    source::SharedFd file;  // what answer.file is a part of
};

// Where `below`, the raw path behind the endpoint's prefix, asks for a page or for something that pages are made of:
// fills the request and returns true. `public_prefix`: the endpoint's public URI.
bool read_page_request(const Service&, std::string_view method, std::string_view below,
                       const std::string& public_prefix, Request&);

// For kinds page and asset.
PageAnswer answer_page(const Service&, const HttpRequest&, const Request&, source::OpenFiles&,
                       std::optional<std::string_view> computed_path);

// What is no image may be a folder whose '/' was forgotten: sent to its page.
std::optional<Answer> page_redirect(const Service&, const Request&);

// "" when `directory` holds the pages, else what is wrong with it.
std::string check_pages(const source::Root& directory);

}  // namespace iiif::delivery
