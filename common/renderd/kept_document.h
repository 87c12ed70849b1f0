// SPDX-License-Identifier: Apache-2.0
// What is made of folders and kept for all renderers, with what it was made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace iiif::renderd {

struct KeptDocument {
    std::string watch, tag, text;
    std::int64_t until_ms = 0;  // now_ms() from which on it has to be made anew whatever it was made from; 0: never

    [[nodiscard]] std::string packed() const;
    // nullopt: these are not the bytes of one.
    static std::optional<KeptDocument> unpacked(std::span<const std::byte> bytes);
};

}  // namespace iiif::renderd
