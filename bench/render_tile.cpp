// SPDX-License-Identifier: Apache-2.0
// Milliseconds to describe a source and to render typical answers from it, without any server.
//   render_tile [-n ROUNDS] [-c] SOURCE...          -c: what is kept of JPEG files is forgotten before each answer
// Two columns: as it is, and without the engines for JPEG, in turns. Processor time: others may use the machine.
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string_view>

#include "render/jpeg_file.h"
#include "render/render.h"

namespace {

using namespace iiif;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

double processor_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Work {
    const char* name;
    std::uint32_t tile, scale;  // tile 0: the whole image, `scale` pixels wide; scale 0: `tile` pixels to 300, anywhere
    protocol::Format format;
};

constexpr Work kWork[] = {
    {"tile 256, 1:1, jpg", 256, 1, protocol::Format::jpg},
    {"tile 256, 1:2, jpg", 256, 2, protocol::Format::jpg},
    {"tile 256, 1:8, jpg", 256, 8, protocol::Format::jpg},
    {"tile 512, 1:1, jpg", 512, 1, protocol::Format::jpg},
    {"tile 512, 1:2, jpg", 512, 2, protocol::Format::jpg},
    {"tile 512, 1:4, jpg", 512, 4, protocol::Format::jpg},
    {"tile 512, 1:8, jpg", 512, 8, protocol::Format::jpg},
    {"tile 256, 1:3, jpg", 256, 3, protocol::Format::jpg},
    {"tile 256, 1:1, png", 256, 1, protocol::Format::png},
    {"tile 256, 1:1, webp", 256, 1, protocol::Format::webp},
    {"tile 256, 1:1, avif", 256, 1, protocol::Format::avif},
    {"region 1000 to 300, jpg", 1000, 0, protocol::Format::jpg},
    {"whole, 200 wide, jpg", 0, 200, protocol::Format::jpg},
    {"whole, 300 wide, jpg", 0, 300, protocol::Format::jpg},
    {"whole, 1000 wide, jpg", 0, 1000, protocol::Format::jpg},
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
    if (work.scale == 0) {
        const auto anywhere = [&](std::uint32_t full) {
            return full <= work.tile ? 0 : static_cast<std::uint32_t>(random() % (full - work.tile));
        };
        job.region = {anywhere(image.width), anywhere(image.height), std::min(work.tile, image.width),
                      std::min(work.tile, image.height)};
        job.size = {300, 300};
        return job;
    }
    const std::uint32_t side = work.tile * work.scale;
    const auto place = [&](std::uint32_t full) { return full <= side ? 0 : random() % (full / side) * side; };
    job.region = {static_cast<std::uint32_t>(place(image.width)), static_cast<std::uint32_t>(place(image.height)),
                  std::min(side, image.width), std::min(side, image.height)};
    job.size = {(job.region.width - 1) / work.scale + 1, (job.region.height - 1) / work.scale + 1};
    return job;
}

int measure(const char* path, int rounds, bool cold) {
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
    // The engine leaves alone what has transparency, and nothing else looks at this.
    source::Description plain = *description;
    plain.alpha = true;
    std::printf("  %-24s %9s %9s %9s   %9s %9s\n", "", "median ms", "90% ms", "bytes", "libvips", "bytes");
    for (const Work& work : kWork) {
        std::minstd_rand random(1);
        std::array<std::vector<double>, 2> times;
        std::array<std::size_t, 2> bytes{};
        for (int i = 0; i < 2 * rounds; ++i) {
            const std::size_t way = static_cast<std::size_t>(i) % 2;
            static render::Job job;
            if (way == 0) job = job_of(work, image, random);
            if (way == 0 && cold) render::keep_jpeg_files(render::kJpegFilesBytes);
            const double start = processor_milliseconds();
            const auto answer = render::render(fd, 1, way == 0 ? *description : plain, job, nullptr, detail);
            times.at(way).push_back(processor_milliseconds() - start);
            if (!answer) {
                std::printf("  %s: %s (%s)\n", work.name, answer.error().sentence.c_str(), detail.c_str());
                return 1;
            }
            bytes.at(way) += answer->size();
        }
        for (auto& sorted : times) std::sort(sorted.begin(), sorted.end());
        const std::size_t count = times[0].size();
        std::printf("  %-24s %9.2f %9.2f %9zu   %9.2f %9zu\n", work.name, times[0][count / 2], times[0][count * 9 / 10],
                    bytes[0] / count, times[1][count / 2], bytes[1] / count);
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("  largest resident size so far: %ld MB\n", usage.ru_maxrss / 1024);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    int rounds = 50;
    bool cold = false;
    if (!render::start()) return 1;
    int failed = 0;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "-n" && i + 1 < argc) {
            rounds = std::max(1, std::atoi(argv[++i]));
        } else if (std::string_view(argv[i]) == "-c") {
            cold = true;
        } else {
            failed |= measure(argv[i], rounds, cold);
        }
    }
    return failed;
}
