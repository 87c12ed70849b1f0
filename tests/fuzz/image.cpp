// SPDX-License-Identifier: Apache-2.0
// Input: an image file, then eight bytes that say what is asked of it (a file may end in anything, so the examples are
// real files). It is described and rendered, small and with a short deadline, as a renderer would. Most of what runs
// here is Debian's libraries, which were not compiled for this: see "Fuzzing" in CONTRIBUTING.md.
#include <fcntl.h>

#include <chrono>

#include "fuzz.h"
#include "protocol/geometry.h"
#include "render/render.h"

using iiif::fuzz::claim;
namespace protocol = iiif::protocol;
namespace render = iiif::render;

namespace {

constexpr std::size_t kAsked = 8;
constexpr std::uint64_t kMaxPixels = 1'000'000;
constexpr auto kDeadline = std::chrono::seconds(2);

std::uint32_t part(std::uint32_t side, std::uint8_t of_256) {
    return static_cast<std::uint32_t>(std::uint64_t{side} * of_256 / 256);
}

// Most answers are JPEG: other encoders take long, and are not what is looked for here.
protocol::Format format_of(std::uint8_t byte) {
    const std::size_t number = byte % 32U;
    return number < protocol::kFormatCount ? protocol::kFormats.at(number) : protocol::Format::jpg;
}

render::Job job_of(iiif::fuzz::Input asked, const iiif::source::Description& image) {
    const protocol::Extent extent = image.extent();
    render::Job job;
    const std::uint8_t kind = asked.byte();
    job.format = format_of(asked.byte());
    job.quality = static_cast<protocol::Quality>(kind % 4U);
    job.rotation.mirror = (kind & 4U) != 0;
    static constexpr std::uint64_t kDegrees[] = {0, 0, 0, 90, 180, 270, 360, 45};
    job.rotation.degrees = {kDegrees[kind >> 3U & 7U], 0};
    job.as_stored = (kind & 64U) != 0;
    job.encode.icc = (kind & 128U) != 0 ? render::Profile::embed : render::Profile::srgb;
    job.region.x = part(extent.width, asked.byte());
    job.region.y = part(extent.height, asked.byte());
    job.region.width = std::max(1U, part(extent.width - job.region.x, asked.byte()));
    job.region.height = std::max(1U, part(extent.height - job.region.y, asked.byte()));
    job.size = {1U + asked.byte() / 4U, 1U + asked.byte() / 4U};
    // As it is, often: what is stored is then sent or decoded, and not scaled.
    if (job.size.width == 1) job.size.width = std::min(job.region.width, 256U);
    if (job.size.height == 1) job.size.height = std::min(job.region.height, 256U);
    return job;
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
    claim(render::start().has_value(), "libvips starts");
    return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size <= kAsked) return 0;
    const iiif::fuzz::MemoryFile file({reinterpret_cast<const char*>(data), size - kAsked});
    const iiif::fuzz::Input asked(data + size - kAsked, kAsked);
    std::string detail;
    const std::uint32_t page = 1U + (data[size - 1] % 64U == 63U ? 1U : 0U);
    const auto image = render::describe(file.fd(), page, {kMaxPixels}, detail);
    if (!image) {
        claim(!image.error().sentence.empty(), "a refusal says why");
        return 0;
    }
    // What the web server's worker will be told.
    const auto told = iiif::source::parse_description(iiif::source::serialize(*image));
    claim(told.has_value(), "a description can be passed on");
    claim(std::uint64_t{told->stored.width} * told->stored.height <= kMaxPixels, "an image is within the limit");

    const auto begin = std::chrono::steady_clock::now();
    const auto late = [begin] { return std::chrono::steady_clock::now() - begin > kDeadline; };
    const auto made = render::render(file.fd(), page, *told, job_of(asked, *told), late, detail);
    if (made) {
        claim(!made->empty(), "an answer is not empty");
    } else {
        claim(!made.error().sentence.empty() && made.error().status >= 400, "a refusal says why");
    }
    return 0;
}
