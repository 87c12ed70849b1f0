// SPDX-License-Identifier: Apache-2.0
// Birth and death of the renderers, seen from the server's parent process. See docs/architecture.md, "Renderers".
//
// What the parent and iiif-renderd agree on:
//   exec, once:  iiif-renderd --supervise, with
//     fd 3       control: a SOCK_SEQPACKET socket, see handover.h; its end means that no further generation comes
//     fd 4       failure pipe: "failed ERRNO CALL\n" or "error SENTENCE\n" when it cannot even begin; else closed
//     stderr     the server's error log
//   then, for each generation of the server, one message on the control socket with
//     lifeline   read end: EOF means that no process of this generation is left
//     sockets    listening, non-blocking: the tile lane, the heavy lane
//     ready      write end: one line, "ready HEXMASK\n" (formats it can write) or "error SENTENCE\n"
//     configuration  a memfd with JSON
//           {"pool": [["renderers","4"],...], "services": [{"prefix": "/iiif", "settings": [[...],...]}, ...],
//            "uid": 33, "gid": 33, "encodable": 255, "directory": "/run/…", "sockets": ["/run/…/tiles",
//            "/run/…/heavy"]}
//           encodable: the mask of an earlier generation, then ready comes at once; 0: to be found out
//     log        the error log of this generation
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "delivery/service.h"
#include "iiif/iiif.h"
#include "protocol/refusal.h"
#include "source/root.h"
#include "source/shared_descriptions.h"

namespace iiif::pool {

enum class Lane : std::uint8_t { tiles, heavy };

struct Pool {
    source::UniqueFd lifeline;                                 // write end
    std::string sockets[2];                                    // by lane
    std::unique_ptr<source::SharedDescriptions> descriptions;  // of this generation's workers; nullptr: no memory
    protocol::FormatSet encodable = 0;
    std::uint32_t timeout_ms = 60000;  // the renderers' deadline for one job
    std::uint32_t queue_ms = 30000;    // how long a job may wait for its renderer
};

struct Launch {
    delivery::Settings settings;  // server scope
    std::string runtime_dir;
    uid_t uid = 0;
    gid_t gid = 0;
    int log_fd = -1;
};

// Binds, spawns, waits (at most 30 s) for the ready line. Sets pool_index, encodable and timeout_ms of each service.
Expected<std::unique_ptr<Pool>> start(const std::vector<delivery::Service*>& services, const Launch&);
// In a worker process, after fork: lets go of what only the parent may use.
void leave_to_parent();
// What start would check, without starting: runtime directory, program, values.
Expected<bool> check(const Launch&);

}  // namespace iiif::pool

struct iiif_pool {
    std::unique_ptr<iiif::pool::Pool> pool;
};
