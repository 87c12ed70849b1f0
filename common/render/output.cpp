// SPDX-License-Identifier: Apache-2.0
#include "render/output.h"

#include <algorithm>
#include <exception>

namespace iiif::render {

bool Output::hold(std::span<const std::byte> bytes) {
    try {
        const std::size_t needed = held_.size() + bytes.size();
        if (needed > held_.capacity()) {
            // No more room than can be used: what is held is what renderers are measured by.
            held_.reserve(std::max(needed, std::min(most_, needed + needed / 2)));
        }
        held_.insert(held_.end(), bytes.begin(), bytes.end());
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

bool Output::write(std::span<const std::byte> bytes) {
    if (!passing_ && bytes.size() <= most_ - held_.size()) return hold(bytes);
    if (!passing_) {
        passing_ = true;
        const bool passed = held_.empty() || pass_(held_);
        held_ = {};
        if (!passed) return false;
    }
    return bytes.empty() || pass_(bytes);
}

}  // namespace iiif::render
