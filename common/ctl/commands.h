// SPDX-License-Identifier: Apache-2.0
// What iiifctl does, by its subcommands. Each returns the exit status of the program.
#pragma once

#include <string>

#include "ctl/prepare.h"

namespace iiif::ctl {

constexpr int kFine = 0;
constexpr int kToDo = 1;    // something should be done, or could not be
constexpr int kUnable = 2;  // the command itself could not work

struct Manner {
    bool json = false;   // one object on stdout instead of lines
    bool quiet = false;  // no bar
    unsigned jobs = 1;   // at a time
};

int info(const std::string& file, const Manner&);
// `verbose`: also what is fine.
int check(const std::string& folder, bool verbose, const Manner&);
// `verbose`: also what is fine. kToDo: something that must be is not.
int validate(const std::string& url, bool verbose, const Manner&);
// `seconds`: for each document. `verbose`: also what came as it should. kToDo: something did not, or is not shown.
int federate(const std::string& folder, long seconds, bool verbose, const Manner&);
int prepare(const std::string& in, const std::string& out, const PrepareOptions&, const Manner&);

}  // namespace iiif::ctl
