// SPDX-License-Identifier: Apache-2.0
// What all kinds of jobs need. Internal to job.cpp and document.cpp.
#pragma once

#include <chrono>
#include <string>

#include "renderd/job.h"

namespace iiif::renderd {

// "open=0.3 render=4.1", in milliseconds; how long each step took, in the order in which they were taken.
class Timing {
public:
    void lap(const char* name);
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
    std::string text_;
};

Reply to_reply(delivery::Answer, const source::Description*, const Timing&,
               const source::Description* pyramid = nullptr);
Reply refused(const Refusal&, bool head, const source::Description*, const Timing&, std::string complaint);

// What the error log says of a refusal; "": nothing. `detail`: the words of a library.
std::string complaint_about(const delivery::RenderCall&, const Refusal&, const std::string& detail);

}  // namespace iiif::renderd
