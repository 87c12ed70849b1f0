// SPDX-License-Identifier: Apache-2.0
// What the server's parent process hands over: see pool/pool.h, "configuration".
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/service.h"
#include "protocol/refusal.h"

namespace iiif::renderd {

// What is done when the kernel lacks a part of the sandbox (sandbox.h).
enum class Sandbox : std::uint8_t {
    require,  // nothing starts
    prefer,   // the rest is used
    off       // nothing of it is used
};

struct Configuration {
    std::vector<std::unique_ptr<delivery::Service>> services;  // in the pool's order; RenderCall::service counts in it
    uid_t uid = 0;                                             // whom to become when started by root
    gid_t gid = 0;
    std::string directory;               // holds the sockets; removed at the end
    std::array<std::string, 2> sockets;  // by lane

    // What an earlier start of this program found that it can write; 0: not known yet.
    protocol::FormatSet encodable = 0;

    unsigned renderers = 2;                      // at least 1
    std::uint32_t timeout_ms = 60000;            // of one job
    std::uint32_t queue_ms = 30000;              // a request that waited longer is not begun
    std::uint64_t max_pixels = 20'000'000'000;   // of a source page
    std::uint64_t renderer_memory = 1ULL << 30;  // bytes; a renderer that keeps more after a job is replaced
    std::uint64_t decoder_memory = 512U << 20U;  // bytes; of a decoder that holds the image whole
    std::uint64_t encoder_memory = 160U << 20U;  // the same of an encoder
    Sandbox sandbox = Sandbox::prefer;
    std::uint64_t renderer_jobs = 10000;  // after so many jobs a renderer is replaced
    std::string status;                   // a file that says how renderers are (status.h); "": none
};

// The sentence of a refusal is for the error log and the server's start message; its status is unused.
Expected<Configuration> parse_configuration(std::string_view json);
// Reads `fd` to its end; at most 64 MiB.
Expected<Configuration> read_configuration(int fd);

// How many renderers "auto" means: the processor cores this process may use, at least 2.
unsigned automatic_renderers();

}  // namespace iiif::renderd
