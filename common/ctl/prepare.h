// SPDX-License-Identifier: Apache-2.0
// A folder of images to one that is fast: what is slow becomes a pyramid, all else is copied as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ctl/folder.h"
#include "ctl/verdict.h"

namespace iiif::ctl {

struct PrepareOptions {
    int quality = 85;
    std::uint32_t tile = 512;
    bool all = false;  // also what is fair as it is
};

// What becomes of one file.
struct Step {
    std::string from;  // beneath the folder
    std::string to;    // beneath the other; "": nothing becomes of it
    bool convert = false;
    std::string wrong;  // why nothing becomes of it
};

// "maps/1890.png" is "maps/1890.tif" afterwards.
std::string prepared_name(const std::string& path);

// `findings` belong to `files`, one each. Two files that would get one name are both wrong, and so is what is
// unreadable; what is no image is left out.
std::vector<Step> plan(const std::vector<File>& files, const std::vector<Finding>& findings, const PrepareOptions&);

enum class Done : std::uint8_t { made, there_already, failed };
struct Made {
    Done done = Done::failed;
    std::string wrong;  // failed: why, in a sentence
};

// Carries out one step. The result has the time of change of its source: what has it is there already and is not made
// again. Until it is whole it has another, hidden name. Never changes anything beneath `in`.
Made carry_out(const std::string& in, const std::string& out, const Step&, const PrepareOptions&);

}  // namespace iiif::ctl
