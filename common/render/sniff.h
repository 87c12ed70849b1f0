// SPDX-License-Identifier: Apache-2.0
// What a file is, by its first bytes. Names and extensions are not looked at.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "source/description.h"

namespace iiif::render {

// 64 bytes are enough. nullopt: nothing that this server reads.
std::optional<source::Container> sniff(std::span<const unsigned char> start);
std::optional<source::Container> sniff(int fd);

// pread(2) until `bytes` is full, the file ends or an error: how many bytes arrived.
std::size_t read_at(int fd, std::span<unsigned char> bytes, std::uint64_t offset);

}  // namespace iiif::render
