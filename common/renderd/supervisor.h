// SPDX-License-Identifier: Apache-2.0
// Keeps the renderers: starts them, replaces those that end, kills those that do not obey, and ends with the server.
#pragma once

#include <cstdint>

#include "renderd/configuration.h"
#include "renderd/worker.h"

namespace iiif::renderd {

// What the server's parent process handed over: see pool/pool.h. Owned by the supervisor from now on.
struct Descriptors {
    int lifeline = -1;
    int tiles = -1;
    int heavy = -1;
    int ready = -1;  // -1: nobody waits for a ready line
};

// What a renderer process runs: run_renderer, or a test's own. Returns its exit status.
using RendererMain = int (*)(const Seat&);

// Until the lifeline ends or SIGTERM comes; then running jobs may finish within the configuration's timeout, and
// sockets and folder are removed. Single-threaded: its children are forks. Returns the exit status. Called once per
// process: it changes signal handling and, as root, the user.
int supervise(Configuration&, const Descriptors&, RendererMain);

// How a renderer ended.
enum class End : std::uint8_t {
    expected,  // by itself: told to, or due for replacement
    in_job,    // killed by what it was working on
    idle       // while starting or waiting: something is wrong with more than one file
};

// How long to wait before a renderer is replaced, in ms. `streak`: how many have now ended in this place without a
// finished job or ten seconds of life between them, this one included. The first is replaced at once. Requests for a
// broken file come no faster than they are asked, so those waits stay short: others are waiting behind it.
std::int64_t replacement_delay(End, unsigned streak);

// The first `n` of `renderers` serve only tiles; the others serve both lanes.
unsigned tiles_only(unsigned renderers);

}  // namespace iiif::renderd
