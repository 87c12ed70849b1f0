// SPDX-License-Identifier: Apache-2.0
// The questions that the Presentation API makes of a Manifest or a Collection.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ctl/http.h"
#include "ctl/questions.h"
#include "ctl/validate.h"

namespace iiif::ctl {

// nullopt: what is at `url` is neither, nor is it called so.
std::optional<Verification> verify_document(const std::string& url);

// A picture that the document names, and how large it says it is; 0x0: it does not.
struct Pictured {
    std::string where, id;
    protocol::Extent extent;
    std::string service;      // the base URI of its image service; "": none
    protocol::Extent canvas;  // 0x0: of no canvas
};

struct Referred {  // by a Collection
    std::string where, id, type;
};

// One claim for each rule, whatever number of places it is asked of; the first place where it does not hold is told.
class Questions {
public:
    bool ask(const char* section, bool must, const std::string& asked, bool holds, const std::string& where,
             const std::string& seen);
    [[nodiscard]] std::vector<Question> take() { return std::move(all_); }

    std::vector<Pictured> thumbnails, images;
    std::vector<Referred> items;

private:
    std::vector<Question> all_;
    std::map<std::string, std::size_t, std::less<>> places_;
};

// What the document itself says, of a Manifest or Collection at `url`.
void ask_version_3(const json_t* document, const std::string& url, Questions&);
void ask_version_2(const json_t* document, const std::string& url, Questions&);

// Whether it is an absolute http or https URI of printable ASCII.
bool is_uri(const std::string& text);
// Whether text that begins with '<' and ends with '>' is one well-formed element; XML 1.0, as 4.5 (4.4 in 2.1) asks.
bool is_well_formed(std::string_view html);

}  // namespace iiif::ctl
