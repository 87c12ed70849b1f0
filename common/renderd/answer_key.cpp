// SPDX-License-Identifier: Apache-2.0
#include "renderd/answer_key.h"

#include <sys/stat.h>

#include <array>

namespace iiif::renderd {

std::string answer_key(std::uint32_t service, int fd, const source::FileKey& opened, std::uint32_t page,
                       const delivery::RenderPlan& plan) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || source::file_key(status) != opened) return "";
    // The time of the last change to the file's status, too: whoever writes a file can set the other one back.
    source::FileKey changed = opened;
    changed.mtime_ns = static_cast<std::int64_t>(status.st_ctim.tv_sec) * 1'000'000'000 + status.st_ctim.tv_nsec;
    if (!source::is_settled(opened) || !source::is_settled(changed)) return "";

    const auto& [region, size, whole] = plan.geometry;
    (void)whole;  // says how the region was asked for
    const std::array<std::uint64_t, 18> parts = {service,
                                                 opened.device,
                                                 opened.inode,
                                                 opened.size,
                                                 static_cast<std::uint64_t>(opened.mtime_ns),
                                                 static_cast<std::uint64_t>(changed.mtime_ns),
                                                 page,
                                                 region.x,
                                                 region.y,
                                                 region.width,
                                                 region.height,
                                                 size.width,
                                                 size.height,
                                                 plan.rotation.mirror ? 1U : 0U,
                                                 plan.rotation.degrees.whole,
                                                 plan.rotation.degrees.fraction,
                                                 static_cast<std::uint64_t>(plan.quality),
                                                 static_cast<std::uint64_t>(plan.format)};
    return {reinterpret_cast<const char*>(parts.data()), sizeof(parts)};
}

}  // namespace iiif::renderd
