// SPDX-License-Identifier: Apache-2.0
// One renderer as its supervisor sees it: a process, its stderr, and a slot of shared memory.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "renderd/log.h"
#include "renderd/slot.h"
#include "source/root.h"

namespace iiif::renderd {

// Slots in memory that forked processes share with their parent.
class SharedSlots {
public:
    explicit SharedSlots(std::size_t count);
    ~SharedSlots();
    SharedSlots(const SharedSlots&) = delete;
    SharedSlots& operator=(const SharedSlots&) = delete;
    explicit operator bool() const { return slots_ != nullptr; }
    Slot& operator[](std::size_t index) { return slots_[index]; }
    const Slot& operator[](std::size_t index) const { return slots_[index]; }

private:
    std::size_t count_;
    Slot* slots_ = nullptr;
};

struct Child {
    pid_t pid = -1;
    source::UniqueFd log;  // what it writes to stderr arrives here
    LineCutter lines;
    std::int64_t born_ms = 0;
    std::int64_t due_ms = 0;  // when it is to be replaced, while it is not alive
    unsigned streak = 0;      // see replacement_delay
    bool killed = false;      // by the supervisor

    [[nodiscard]] bool alive() const { return pid > 0; }

    // Forks; the child keeps the descriptors of `keep` and its standard ones, ends with this process, whatever ends
    // it, and exits with what `body` returns. false: no process was made, errno says why.
    bool start(std::span<const int> keep, const std::function<int()>& body, Slot* slot);

    // Passes on to the error log what has arrived, with the child's process number.
    void relay();
};

// "ended by signal 11 (Segmentation fault)", "ended with status 3".
std::string how_it_ended(int wait_status);

}  // namespace iiif::renderd
