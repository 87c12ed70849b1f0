// SPDX-License-Identifier: Apache-2.0
// What the protocol code makes of a whole request, from its raw path to status, extent and canonical form.
#pragma once

#include <check.h>

#include <string>
#include <string_view>

#include "protocol/geometry.h"
#include "protocol/parameters.h"

namespace iiif::test {

// Like ck_assert_msg, but silent (and fast) for the millions of times that all is well.
#define EXPECT(condition, ...)         \
    do {                               \
        if (!(condition)) {            \
            ck_abort_msg(__VA_ARGS__); \
        }                              \
    } while (false)

struct Subject {
    protocol::Version version = protocol::Version::v3;
    protocol::Extent image;
    protocol::Limits limits;
    protocol::Quality standard = protocol::Quality::color;
    protocol::QualitySet qualities = 0x0F;
    protocol::FormatSet formats = 0xFF;
};

struct Outcome {
    int status = 200;
    std::string sentence;         // of a refusal
    protocol::Geometry geometry;  // and the rest: of a 200
    protocol::Extent rotated;
    std::string canonical;
};

// `raw_path`: "full/max/0/default.jpg", as a client sends it, possibly with a query.
Outcome request(const Subject&, std::string_view raw_path);

// The canonical form must mean itself: same geometry, same canonical form. Does nothing for a refusal.
void expect_fix_point(const Subject&, const Outcome&, const std::string& name);

}  // namespace iiif::test
