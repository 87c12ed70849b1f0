// SPDX-License-Identifier: Apache-2.0
// How an image will do behind the servers, in words that need no knowledge of image formats.
#pragma once

#include <cstdint>
#include <string>

#include "protocol/refusal.h"
#include "source/description.h"

namespace iiif::ctl {

enum class Verdict : std::uint8_t {
    fast,        // tiles are sent as they lie in the file
    fair,        // each answer takes a renderer milliseconds
    slow,        // views of it decode far more than they show
    unreadable,  // no server can show it
    other        // no image, and not named like one
};
constexpr std::size_t kVerdicts = 5;
const char* name_of(Verdict);

struct Finding {
    Verdict verdict = Verdict::other;
    std::string says;                                // what it is, and why it is so; one sentence
    std::string to_do;                               // "": nothing
    std::string detail;                              // the libraries' words
    std::uint32_t width = 0, height = 0, pages = 0;  // as viewers see it; 0: not known
    bool as_pyramid = false;                         // `prepare` makes a pyramid of it
};

// "TIFF, 12000 x 9000 pixels (108 megapixels)" and so on.
std::string title_of(const source::Description&);

// Of a description; `bytes` is the file's length.
Finding judge(const source::Description&);

// Opens and describes the file at `path` with the limits that servers have of their own accord. Decoders run in this
// process: whoever does not trust the file calls it in a child (children.h).
Finding examine(const std::string& path);

// One line of JSON and back; a Finding crosses a pipe.
std::string to_json(const Finding&);
Finding finding_of(const std::string& json);

}  // namespace iiif::ctl
