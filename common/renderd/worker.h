// SPDX-License-Identifier: Apache-2.0
// One renderer: a process that takes one connection at a time until it is told to end or is due for replacement.
#pragma once

#include <cstdint>

#include "protocol/refusal.h"
#include "renderd/configuration.h"
#include "renderd/refused_sources.h"
#include "renderd/shared_answers.h"
#include "renderd/slot.h"

namespace iiif::renderd {

// What the supervisor gives to a renderer. Everything is inherited by fork and lives as long as the process.
struct Seat {
    const Configuration* configuration = nullptr;
    Slot* slot = nullptr;
    SharedAnswers* answers = nullptr;  // nullptr: nothing is shared
    const RefusedSources* refused = nullptr;
    int tiles = -1;   // listening, non-blocking
    int heavy = -1;   // listening, non-blocking; -1: this renderer serves tiles only
    int stop = -1;    // end of file: no further job
    int report = -1;  // the first renderer writes the ready line here (pool/pool.h); else -1
};

// Exit statuses of a renderer that ended by itself.
inline constexpr int kEnded = 0;        // told to, or due for replacement
inline constexpr int kCannotStart = 3;  // it said why

// Loads what renderers decode and encode with, so that each need not do it again: they are forked from this process.
Expected<std::uint8_t> prepare_renderers();

// Returns the exit status. Needs prepare_renderers() before.
int run_renderer(const Seat&);

}  // namespace iiif::renderd
