// SPDX-License-Identifier: Apache-2.0
// One rendering for all who ask the same: memory of all renderers of a generation, mapped before they are forked.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/refusal.h"
#include "renderd/answer_store.h"
#include "source/root.h"

namespace iiif::renderd {

// Who renders holds a claim; who asks the same meanwhile waits for it, and takes the bytes that were kept. Claims, and
// the locks of the stores, are record locks of the memory's file (fcntl): the kernel takes them from a process that
// ends, however it ends, and what a process gone wrong writes into the memory cannot touch them. No waiting is without
// an end: who waits for a store in vain does without, who waits for an image is cancelled. For one thread a process.
class SharedAnswers {
public:
    using Bytes = AnswerStore::Bytes;
    using Cancelled = std::function<bool()>;
    using Make = std::function<Expected<Bytes>()>;

    // Bytes of encoded images. Pages are taken from the system as they are used.
    struct Sizes {
        std::size_t log = 32U << 20U;        // of images up to `most` each: thousands of tiles and thumbnails
        std::size_t most = 1U << 20U;        // larger ones do not drive those out
        std::size_t large_log = 32U << 20U;  // of larger ones, the largest of them as large as this
    };

    // nullptr: no memory, errno says why.
    static std::unique_ptr<SharedAnswers> make(const Sizes&);
    ~SharedAnswers();
    SharedAnswers(const SharedAnswers&) = delete;
    SharedAnswers& operator=(const SharedAnswers&) = delete;

    // Processes that share have to keep it open, and must neither duplicate nor close it: that would end their claims.
    [[nodiscard]] int fd() const { return fd_.get(); }

    struct Outcome {
        Expected<Bytes> image;
        bool made;  // by `make`, just now; else it was made before, or by somebody else meanwhile
    };
    // The image with this key (answer_key); "": `make` it without sharing. What `make` refuses is not kept: who waited
    // for it tries as well. An image too large to keep is made once while others wait, then by each who asks, at the
    // same time; so is one that `make` passed on itself, which it shows by no bytes. `cancelled` is asked while waiting
    // for another process; then the image is a refusal.
    Outcome once(std::string_view key, const Cancelled& cancelled, const Make& make);

    // Within `make`: this image will be too large to keep, nobody needs to wait for it any longer. From whichever
    // thread `make` works in, as long as it is one at a time.
    void give_up(std::string_view key);

    // Without a claim, for what is made anew whenever its sources change: what was kept last with this key.
    [[nodiscard]] std::optional<Bytes> find(std::string_view key) const;
    // Nothing happens when it is too large, or the store is not to be had.
    void keep(std::string_view key, std::span<const std::byte> image);

private:
    class Lock;
    class Claim;
    struct Control {
        std::atomic<std::uint32_t> finished;  // claims that ended; a futex
    };

    SharedAnswers(source::UniqueFd fd, std::span<std::byte> memory, const Sizes& sizes);
    [[nodiscard]] AnswerStore store_at(std::size_t offset, std::size_t log, std::size_t places) const;
    void wait(std::uint32_t finished) const;
    [[nodiscard]] Control& control() const;

    source::UniqueFd fd_;
    std::span<std::byte> memory_;
    std::size_t most_;
    AnswerStore small_, large_;
};

}  // namespace iiif::renderd
