// SPDX-License-Identifier: Apache-2.0
// The words that stand behind directives: how each kind of value is read, and what is said when it cannot be.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/parameters.h"

namespace iiif::delivery::values {

using Words = std::span<const std::string>;

std::optional<bool> read_switch(std::string_view);            // on | off
std::optional<std::uint64_t> read_number(std::string_view);   // digits
std::optional<std::uint64_t> read_time_ms(std::string_view);  // 500ms 30s 5m 12h 7d 4w 1y; bare numbers are seconds
std::optional<std::uint64_t> read_size(std::string_view);     // bytes: 512k 256m 2g
std::optional<std::array<std::uint8_t, 3>> read_color(std::string_view);  // RRGGBB, with or without '#'
// What number() of that directive means: time for timeout (ms) and max_age (ms), bytes for those named *_memory, else
// digits.
std::optional<std::uint64_t> read_quantity(std::string_view directive, std::string_view);

// Each returns "" when the words are right, else what is allowed.
std::string check_nothing(Words);
std::string check_switch(Words);
std::string check_absolute_path(Words);
std::string check_map(Words);
std::string check_map_file(Words);
std::string check_max_identifier(Words);
std::string check_extensions(Words);
std::string check_page_delimiter(Words);
std::string check_symlinks(Words);
std::string check_pyramids(Words);
std::string check_versions(Words);
std::string check_base_uri(Words);
std::string check_uri(Words);
std::string check_text(Words);
std::string check_resource(Words);
std::string check_pixels(Words);
std::string check_area(Words);
std::string check_max_area(Words);
std::string check_tile_size(Words);
std::string check_formats(Words);
std::string check_qualities(Words);
std::string check_percent(Words);
std::string check_png_compression(Words);
std::string check_background(Words);
std::string check_icc(Words);
std::string check_presentation(Words);
std::string check_logo(Words);
std::string check_time(Words);
std::string check_timeout(Words);
std::string check_renderers(Words);
std::string check_queue(Words);
std::string check_memory(Words);
std::string check_sandbox(Words);
std::string check_status(Words);
std::string check_count(Words);

// scheme://authority[/path] with nothing but URI characters; also used on a base the server computed per request.
bool is_http_uri(std::string_view);

}  // namespace iiif::delivery::values
