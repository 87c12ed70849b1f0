// SPDX-License-Identifier: Apache-2.0
// Sources that ended renderers, or that renderers had to be ended for: each is refused for a while, which doubles with
// every further one, so that one bad file costs a few renderers an hour and not all of them all the time. Memory that a
// supervisor shares with its renderers: it writes, they read.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "delivery/wire.h"

namespace iiif::renderd {

class RefusedSources {
public:
    static constexpr std::int64_t kFirst = 10'000;       // ms, at the second time: the first may have been an accident
    static constexpr std::int64_t kLongest = 3'600'000;  // ms; a source that was quiet for as long begins anew
    static constexpr std::size_t kPlaces = 256;          // of the sources that are known, the newest

    RefusedSources();
    ~RefusedSources();
    RefusedSources(const RefusedSources&) = delete;
    RefusedSources& operator=(const RefusedSources&) = delete;
    explicit operator bool() const { return places_ != nullptr; }

    // A source in the state it is in: one that is mended is another one. Never 0.
    static std::uint64_t name_of(const delivery::RenderCall&);

    struct Verdict {
        unsigned times = 0;            // that it did
        std::int64_t refused_for = 0;  // ms from now on; 0: not yet
    };
    // It has done so again. For the supervisor. `source` 0, which a renderer may claim, is nobody.
    Verdict blame(std::uint64_t source, std::int64_t now_ms);

    // ms, 0: it is welcome.
    [[nodiscard]] std::int64_t refused_for(std::uint64_t source, std::int64_t now_ms) const;

private:
    struct Place {
        std::atomic<std::uint64_t> source{0};
        std::atomic<std::int64_t> until_ms{0};
        std::int64_t last_ms = 0;  // the supervisor's alone, as is this:
        unsigned times = 0;
    };
    using Places = std::array<Place, kPlaces>;
    Places* places_ = nullptr;
};

}  // namespace iiif::renderd
