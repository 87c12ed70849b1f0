// SPDX-License-Identifier: Apache-2.0
// What an administrator may want to know of the renderers, as a file of JSON: iiif_status in docs/directives.md.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace iiif::renderd {

// All times are now_ms()'s.
struct Status {
    struct Image {
        std::string path, endpoint;  // beneath the endpoint's root
        std::uint32_t page = 1;
    };
    struct Renderer {
        pid_t pid = -1;
        bool tiles_only = false;
        std::uint64_t jobs = 0;       // that this process has finished
        std::int64_t started_ms = 0;  // of the job in hand; 0: none
        Image image;                  // of that job
    };
    struct Refused {
        Image image;
        std::uint64_t source = 0;   // RefusedSources::name_of
        unsigned times = 0;         // that it ended a renderer
        std::int64_t until_ms = 0;  // it is not tried before
    };
    pid_t supervisor = -1;
    std::int64_t started_ms = 0;  // this generation of renderers
    std::uint64_t crashed = 0;    // renderers that ended by themselves and should not have
    std::uint64_t disobeyed = 0;  // renderers that were ended because they did not heed their deadline
    std::vector<Renderer> renderers;
    std::vector<Refused> refused;
};

// Ends with a line feed; the same text for the same state, whenever it is made. `now_ms` and `time` are the same moment
// on the monotonic clock and in seconds since 1970.
std::string to_json(const Status&, std::int64_t now_ms, std::int64_t time);

// Replaced in one step whenever it changes; removed at the end, unless somebody else has replaced it meanwhile, as the
// next generation does: from then on nothing is written.
class StatusFile {
public:
    // `started_ms`: as Status has it; the later generation is right.
    StatusFile(std::string path, std::int64_t started_ms) : path_(std::move(path)), started_ms_(started_ms) {}
    ~StatusFile();
    StatusFile(const StatusFile&) = delete;
    StatusFile& operator=(const StatusFile&) = delete;
    // What to_json() has made. false: it could not be written, and errno says why.
    bool write(const std::string& text);

private:
    [[nodiscard]] std::int64_t generation_there() const;

    std::string path_, last_;
    std::int64_t started_ms_;
};

}  // namespace iiif::renderd
