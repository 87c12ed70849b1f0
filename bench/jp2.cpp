// SPDX-License-Identifier: Apache-2.0
// JPEG 2000 without any server: answers per processor second from random tiles, regions and thumbnails of each source.
//   jp2_bench [-n ROUNDS] [-m MIB] SOURCE...        -m: what the renderer keeps of decoded tiles, 0: nothing
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string_view>

#include "render/jp2.h"
#include "render/render.h"

namespace {

using namespace iiif;

// Of the processor, so that what else the machine does counts less.
double milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

enum class Work { tile, region, thumbnail };

render::Job job_of(Work work, const source::Description& image, std::minstd_rand& random) {
    constexpr std::uint32_t kTile = 512;
    const protocol::Extent full = image.extent();
    render::Job job;
    job.region = {0, 0, full.width, full.height};
    if (work == Work::tile) {
        const auto halvings = static_cast<std::uint32_t>(random() % std::min<std::size_t>(image.levels.size(), 4));
        const std::uint32_t side = kTile << halvings;
        job.region.x = random() % ((full.width - 1) / side + 1) * side;
        job.region.y = random() % ((full.height - 1) / side + 1) * side;
        job.region.width = std::min(side, full.width - job.region.x);
        job.region.height = std::min(side, full.height - job.region.y);
        job.size = {((job.region.width - 1) >> halvings) + 1, ((job.region.height - 1) >> halvings) + 1};
    } else if (work == Work::region) {
        // As scripts/lib/bench_workloads.py asks for them: off every grid.
        job.region.width = std::min(600 + static_cast<std::uint32_t>(random() % 1401), full.width);
        job.region.height =
            std::min(job.region.width * (60 + static_cast<std::uint32_t>(random() % 41)) / 100, full.height);
        job.region.x = (random() % (full.width - job.region.width + 1)) | 1U;
        job.region.y = (random() % (full.height - job.region.height + 1)) | 1U;
        job.region.x = std::min(job.region.x, full.width - job.region.width);
        job.region.y = std::min(job.region.y, full.height - job.region.height);
        job.size.width = 200 + random() % 201;
        job.size.height = std::max(1U, job.size.width * job.region.height / job.region.width);
    } else {
        job.size.width = 200 + random() % 401;
        job.size.height =
            std::max(1U, static_cast<std::uint32_t>(std::uint64_t{job.size.width} * full.height / full.width));
    }
    return job;
}

constexpr int kFirst = 20;

// Each kind of request from an empty store, which keeps at most `kept` bytes.
int measure(const char* path, int rounds, std::size_t kept) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        std::perror(path);
        return 1;
    }
    std::string detail;
    const double begin = milliseconds();
    const auto description = render::describe(fd, 1, {}, detail);
    if (!description) {
        std::printf("%s: %s (%s)\n", path, description.error().sentence.c_str(), detail.c_str());
        return 1;
    }
    std::printf("%s: %u x %u, described in %.1f ms\n", path, description->stored.width, description->stored.height,
                milliseconds() - begin);
    constexpr std::pair<Work, const char*> kWork[] = {
        {Work::tile, "tile 512"}, {Work::region, "region -> 200..400"}, {Work::thumbnail, "whole -> 200..600"}};
    for (const auto& [work, name] : kWork) {
        render::keep_jp2(kept);
        std::minstd_rand random(1);
        std::vector<double> times;
        double sum = 0;
        double first_sum = 0;  // of what is asked soon after the start
        for (int i = 0; i < rounds; ++i) {
            const render::Job job = job_of(work, *description, random);
            const double start = milliseconds();
            const auto answer = render::render(fd, 1, *description, job, nullptr, detail);
            times.push_back(milliseconds() - start);
            sum += times.back();
            if (i < kFirst) first_sum = sum;
            if (!answer) {
                std::printf("  %s: %s (%s)\n", name, answer.error().sentence.c_str(), detail.c_str());
                return 1;
            }
        }
        const double first = first_sum / std::min(rounds, kFirst);
        std::sort(times.begin(), times.end());
        std::printf("  %-20s %7.1f/s  mean of first %d %7.2f  of all %7.2f  median %7.2f  90%% %7.2f ms\n", name,
                    rounds * 1000 / sum, std::min(rounds, kFirst), first, sum / rounds, times[times.size() / 2],
                    times[times.size() * 9 / 10]);
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("  largest resident size so far: %ld MB\n", usage.ru_maxrss / 1024);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    int rounds = 100;
    std::size_t kept = render::kJp2StoreBytes;
    if (!render::start()) return 1;
    int failed = 0;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]) == "-n" && i + 1 < argc) {
            rounds = std::max(1, std::atoi(argv[++i]));
        } else if (std::string_view(argv[i]) == "-m" && i + 1 < argc) {
            kept = std::strtoull(argv[++i], nullptr, 10) << 20U;
        } else {
            failed |= measure(argv[i], rounds, kept);
        }
    }
    return failed;
}
