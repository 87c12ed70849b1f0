// SPDX-License-Identifier: Apache-2.0
// What a renderer tells its supervisor about itself: memory shared by the two, so that it can still be read when the
// renderer is dead. The supervisor distrusts it: a renderer decodes other people's files.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace iiif::renderd {

// Milliseconds of the monotonic clock, which is the same in all processes; never 0.
inline std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
               .count() +
           1;
}

// How long making a pyramid may take, in milliseconds: a gigapixel of striped TIFF takes a minute or two.
inline constexpr std::int64_t kPyramidWithin = 600'000;
inline constexpr std::int64_t kObeyWithin = 5000;  // ms beyond the deadline of a job

// After how many milliseconds the supervisor ends a renderer that is at work on one job. `with_pyramid`: it makes one.
inline std::int64_t longest_job(std::int64_t timeout_ms, bool with_pyramid) {
    return timeout_ms + kObeyWithin + (with_pyramid ? kPyramidWithin : 0);
}

struct Slot {
    std::atomic<std::int64_t> started_ms{0};  // of the job in hand; 0: none
    std::atomic<bool> long_job{false};        // it makes a pyramid first, for which it has kPyramidWithin
    std::atomic<std::uint64_t> jobs{0};       // finished by this process
    std::atomic<std::uint32_t> service{0};
    std::atomic<std::uint32_t> page{0};
    std::atomic<std::uint64_t> source{0};  // RefusedSources::name_of the job; 0: without
    std::array<char, 1024> path{};         // NUL-terminated, cut if longer; written before started_ms is set

    static_assert(std::atomic<std::int64_t>::is_always_lock_free && std::atomic<std::uint64_t>::is_always_lock_free &&
                      std::atomic<std::uint32_t>::is_always_lock_free,
                  "atomics are shared between processes");

    void reset() {
        started_ms = 0;
        jobs = 0;
    }
    void begin(std::uint32_t service_index, std::uint32_t page_number, std::string_view source_path,
               std::uint64_t source_name = 0) {
        source = source_name;
        service = service_index;
        page = page_number;
        const std::size_t length = source_path.copy(path.data(), path.size() - 1);
        path[length] = '\0';
        long_job = false;
        started_ms.store(now_ms(), std::memory_order_release);
    }
    // Within a job that reads several files: which one it is reading.
    void turn_to(std::uint32_t page_number, std::string_view source_path, std::uint64_t source_name) {
        source = 0;
        page = page_number;
        const std::size_t length = source_path.copy(path.data(), path.size() - 1);
        path[length] = '\0';
        source = source_name;
    }
    void end() {
        started_ms.store(0, std::memory_order_release);
        ++jobs;
    }
    [[nodiscard]] std::string source_path() const { return {path.data(), ::strnlen(path.data(), path.size())}; }
};

}  // namespace iiif::renderd
