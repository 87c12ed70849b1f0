// SPDX-License-Identifier: Apache-2.0
// Milliseconds to describe a source and to render typical answers from it, without any server.
//   render_tile SOURCE... [-n ROUNDS]
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

#include "render/render.h"

namespace {

using namespace iiif;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

struct Work {
    const char* name;
    std::uint32_t tile, scale;  // tile 0: the whole image, `scale` pixels wide
    protocol::Format format;
};

constexpr Work kWork[] = {
    {"tile 256, 1:1, jpg", 256, 1, protocol::Format::jpg},   {"tile 256, 1:2, jpg", 256, 2, protocol::Format::jpg},
    {"tile 256, 1:8, jpg", 256, 8, protocol::Format::jpg},   {"tile 512, 1:1, jpg", 512, 1, protocol::Format::jpg},
    {"tile 256, 1:3, jpg", 256, 3, protocol::Format::jpg},   {"tile 256, 1:1, png", 256, 1, protocol::Format::png},
    {"tile 256, 1:1, webp", 256, 1, protocol::Format::webp}, {"tile 256, 1:1, avif", 256, 1, protocol::Format::avif},
    {"whole, 200 wide, jpg", 0, 200, protocol::Format::jpg}, {"whole, 1000 wide, jpg", 0, 1000, protocol::Format::jpg},
};

render::Job job_of(const Work& work, protocol::Extent image, std::minstd_rand& random) {
    render::Job job;
    job.format = work.format;
    if (work.tile == 0) {
        job.region = {0, 0, image.width, image.height};
        job.size = {work.scale,
                    std::max(1U, static_cast<std::uint32_t>(std::uint64_t{image.height} * work.scale / image.width))};
        return job;
    }
    const std::uint32_t side = work.tile * work.scale;
    const auto place = [&](std::uint32_t full) { return full <= side ? 0 : random() % (full / side) * side; };
    job.region = {static_cast<std::uint32_t>(place(image.width)), static_cast<std::uint32_t>(place(image.height)),
                  std::min(side, image.width), std::min(side, image.height)};
    job.size = {(job.region.width - 1) / work.scale + 1, (job.region.height - 1) / work.scale + 1};
    return job;
}

int measure(const char* path, int rounds) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        std::perror(path);
        return 1;
    }
    std::string detail;
    const auto begin = Clock::now();
    const auto description = render::describe(fd, 1, {}, detail);
    const double describing = milliseconds(Clock::now() - begin);
    if (!description) {
        std::printf("%s: %s (%s)\n", path, description.error().sentence.c_str(), detail.c_str());
        return 1;
    }
    const protocol::Extent image = description->extent();
    std::printf("%s: %u x %u, %zu levels, described in %.2f ms\n", path, image.width, image.height,
                description->levels.size(), describing);
    std::printf("  %-24s %9s %9s %9s %9s\n", "", "median ms", "90% ms", "worst ms", "bytes");
    for (const Work& work : kWork) {
        std::minstd_rand random(1);
        std::vector<double> times;
        std::size_t bytes = 0;
        for (int i = 0; i < rounds; ++i) {
            const render::Job job = job_of(work, image, random);
            const auto start = Clock::now();
            const auto answer = render::render(fd, 1, *description, job, nullptr, detail);
            times.push_back(milliseconds(Clock::now() - start));
            if (!answer) {
                std::printf("  %s: %s (%s)\n", work.name, answer.error().sentence.c_str(), detail.c_str());
                return 1;
            }
            bytes += answer->size();
        }
        std::sort(times.begin(), times.end());
        std::printf("  %-24s %9.2f %9.2f %9.2f %9zu\n", work.name, times[times.size() / 2],
                    times[times.size() * 9 / 10], times.back(), bytes / times.size());
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("  largest resident size so far: %ld MB\n", usage.ru_maxrss / 1024);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    int rounds = 50;
    if (!render::start()) return 1;
    int failed = 0;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "-n" && i + 1 < argc) {
            rounds = std::max(1, std::atoi(argv[++i]));
        } else {
            failed |= measure(argv[i], rounds);
        }
    }
    return failed;
}
