// SPDX-License-Identifier: Apache-2.0
// The geometry against a slow second opinion that searches instead of dividing, and against known large numbers.
#include "protocol/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "protocol/exchange.h"
#include "suite.h"

namespace iiif::test {
namespace {

using namespace protocol;
using Long = long long;

// Half up, by counting.
Long nearest(Long numerator, Long denominator) {
    Long result = 0;
    while ((2 * result + 1) * denominator <= 2 * numerator) ++result;
    return result;
}

bool keeps_limits(Long width, Long height, const Limits& limits) {
    const auto max_width = static_cast<Long>(limits.max_width);
    const auto max_height = static_cast<Long>(limits.max_height != 0 ? limits.max_height : limits.max_width);
    const auto max_area = static_cast<Long>(limits.max_area);
    return (max_width == 0 || width <= max_width) && (max_height == 0 || height <= max_height) &&
           (max_area == 0 || width * height <= max_area);
}

std::string describe(Version version, const std::string& size, Extent region, const Limits& limits) {
    return "version " + std::to_string(static_cast<int>(version)) + ", " + size + " of " +
           std::to_string(region.width) + 'x' + std::to_string(region.height) + ", limits " +
           std::to_string(limits.max_width) + ' ' + std::to_string(limits.max_height) + ' ' +
           std::to_string(limits.max_area) + (limits.upscaling ? " upscaling" : "");
}

const Limits kSomeLimits[] = {
    {}, {3, 0, 0}, {5, 2, 0}, {2, 6, 0}, {0, 0, 6}, {0, 0, 1}, {4, 3, 7}, {7, 0, 20}, {40, 0, 0}, {30, 9, 50},
};

// Size "w,", ",h", "w,h" and "pct:n": what they mean, and which of them are refused and how.
struct Asked {
    std::string text;
    bool enlarging = false;  // "^"
    Long width = 0, height = 0;
    bool more_than_whole = false;
};

void check_asked(Version version, const Asked& asked, Extent image, const Limits& limits) {
    int status = 200;
    const bool enlarges = asked.width > image.width || asked.height > image.height || asked.more_than_whole;
    if (asked.width == 0 || asked.height == 0) {
        status = 400;
    } else if (enlarges && !(limits.upscaling && (version == Version::v2 || asked.enlarging))) {
        status = asked.enlarging ? 501 : 400;
    } else if (!keeps_limits(asked.width, asked.height, limits)) {
        status = 400;
    }
    Subject subject;
    subject.version = version;
    subject.image = image;
    subject.limits = limits;
    const std::string name = describe(version, asked.text, image, limits);
    const Outcome got = request(subject, "full/" + asked.text + "/0/default.jpg");
    EXPECT(got.status == status, "%s: %d instead of %d", name.c_str(), got.status, status);
    if (status != 200) return;
    EXPECT(got.geometry.size.width == asked.width && got.geometry.size.height == asked.height,
           "%s: %ux%u instead of %lldx%lld", name.c_str(), got.geometry.size.width, got.geometry.size.height,
           asked.width, asked.height);
    EXPECT(got.geometry.whole && got.canonical.starts_with("full/"), "%s: %s", name.c_str(), got.canonical.c_str());
    expect_fix_point(subject, got, name);
}

// 2.1 lets "w," come out at the limit where only the client's rounding of w breaks it (scaling.h).
Long height_in_2(Long width, Extent image, const Limits& limits) {
    const Long height = nearest(Long{image.height} * width, image.width);
    if (keeps_limits(width, height, limits)) return height;
    for (Long lower = height - 1; lower > 0; --lower) {
        if (lower * image.width <= Long{image.height} * (width - 1)) break;
        if (keeps_limits(width, lower, limits)) return lower;
    }
    return height;
}

START_TEST(sizes_agree_with_the_reference) {
    const Version version = _i < 2 ? Version::v2 : Version::v3;
    const bool upscaling = _i % 2 == 1;
    for (std::uint32_t w = 1; w <= 9; ++w) {
        for (std::uint32_t h = 1; h <= 9; ++h) {
            const Extent image{w, h};
            for (Limits limits : kSomeLimits) {
                limits.upscaling = upscaling;
                for (const bool enlarging : {false, true}) {
                    if (enlarging && version == Version::v2) continue;
                    const std::string prefix = enlarging ? "^" : "";
                    for (Long n = 1; n <= 12; ++n) {
                        const std::string text = std::to_string(n);
                        const Long height = version == Version::v2 ? height_in_2(n, image, limits) : nearest(h * n, w);
                        check_asked(version, {prefix + text + ',', enlarging, n, height}, image, limits);
                        check_asked(version, {prefix + ',' + text, enlarging, nearest(w * n, h), n}, image, limits);
                        check_asked(version, {prefix + text + ",5", enlarging, n, 5}, image, limits);
                        const Long tenths = n * 125;  // 12.5 % .. 150 %
                        check_asked(version,
                                    {prefix + "pct:" + std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10),
                                     enlarging, nearest(w * tenths, 1000), nearest(h * tenths, 1000), tenths > 1000},
                                    image, limits);
                    }
                }
            }
        }
    }
}
END_TEST

// "max", "!w,h" and their "^" forms: the region's shape, within every bound, and not possibly larger.
void check_largest(Version version, const std::string& size, bool confined, bool enlarge, Extent image,
                   const Limits& limits, Long box_width, Long box_height) {
    Subject subject;
    subject.version = version;
    subject.image = image;
    subject.limits = limits;
    const std::string name = describe(version, size, image, limits);
    const Outcome got = request(subject, "full/" + size + "/0/default.jpg");
    const Long w = image.width;
    const Long h = image.height;
    const auto allowed = [&](Long width, Long height) {
        return keeps_limits(width, height, limits) && width <= box_width && height <= box_height &&
               (enlarge || (width <= w && height <= h));
    };
    if (confined && got.status != 200) {
        // Refused only if one side really rounds to nothing or, with "^", enlarging is needed but off. The largest
        // shape under maxArea has its sides rounded down.
        const auto area = static_cast<Long>(limits.max_area);
        const bool vanishes = area != 0 && (area * w < h || area * h < w);
        bool any = false;
        for (Long width = 1; width <= std::min<Long>(box_width, w) && !vanishes; ++width) {
            const Long height = area == 0 ? nearest(h * width, w) : h * width / w;
            any = any || (height >= 1 && allowed(width, height));
        }
        const bool needs = enlarge && !limits.upscaling && allowed(w, h);
        EXPECT(needs ? got.status == 501 : (got.status == 400 && !any), "%s: %d", name.c_str(), got.status);
        return;
    }
    EXPECT(got.status == 200, "%s: %d %s", name.c_str(), got.status, got.sentence.c_str());
    const Long width = got.geometry.size.width;
    const Long height = got.geometry.size.height;
    EXPECT(width >= 1 && height >= 1 && allowed(width, height), "%s: %lldx%lld breaks a bound", name.c_str(), width,
           height);
    EXPECT(!allowed(width + 1, height + 1), "%s: %lldx%lld could be larger", name.c_str(), width, height);
    // One scale explains both sides to within one pixel.
    EXPECT((width - 1) * h < (height + 1) * w && (height - 1) * w < (width + 1) * h, "%s: %lldx%lld has another shape",
           name.c_str(), width, height);
    if (allowed(w, h) && !enlarge) EXPECT(width == w && height == h, "%s: reduced without need", name.c_str());
    expect_fix_point(subject, got, name);
}

START_TEST(largest_sizes_are_largest) {
    constexpr Long kAny = 1'000'000'000;
    for (std::uint32_t w = 1; w <= 9; ++w) {
        for (std::uint32_t h = 1; h <= 9; ++h) {
            const Extent image{w, h};
            for (Limits limits : kSomeLimits) {
                for (const bool upscaling : {false, true}) {
                    limits.upscaling = upscaling;
                    check_largest(Version::v2, "max", false, false, image, limits, kAny, kAny);
                    check_largest(Version::v3, "max", false, false, image, limits, kAny, kAny);
                    check_largest(Version::v3, "^max", false, upscaling && limits.any(), image, limits, kAny, kAny);
                    for (Long a = 1; a <= 13; a += 2) {
                        for (Long b = 1; b <= 13; b += 3) {
                            const std::string box = '!' + std::to_string(a) + ',' + std::to_string(b);
                            check_largest(Version::v2, box, true, false, image, limits, a, b);
                            check_largest(Version::v3, box, true, false, image, limits, a, b);
                            check_largest(Version::v3, '^' + box, true, true, image, limits, a, b);
                        }
                    }
                }
            }
        }
    }
}
END_TEST

START_TEST(regions_agree_with_the_reference) {
    for (std::uint32_t w = 1; w <= 7; ++w) {
        for (std::uint32_t h = 1; h <= 5; ++h) {
            Subject subject;
            subject.image = {w, h};
            for (Long x = 0; x <= 8; ++x) {
                for (Long y = 0; y <= 6; y += 2) {
                    for (Long rw = 1; rw <= 9; rw += 2) {
                        const Long rh = rw / 2 + 1;
                        const std::string text = std::to_string(x) + ',' + std::to_string(y) + ',' +
                                                 std::to_string(rw) + ',' + std::to_string(rh);
                        const Outcome got = request(subject, text + "/max/0/default.jpg");
                        EXPECT((got.status == 200) == (x < w && y < h), "%s of %ux%u: %d", text.c_str(), w, h,
                               got.status);
                        if (got.status != 200) continue;
                        const Rect& region = got.geometry.region;
                        EXPECT(region.x == x && region.y == y && region.width == std::min(rw, w - x) &&
                                   region.height == std::min(rh, h - y),
                               "%s of %ux%u: %s", text.c_str(), w, h, got.canonical.c_str());
                        expect_fix_point(subject, got, text);
                    }
                }
            }
            for (Long p = 0; p <= 1100; p += 25) {  // tenths of a percent
                for (Long pw = 75; pw <= 1200; pw += 225) {
                    const auto tenths = [](Long n) { return std::to_string(n / 10) + '.' + std::to_string(n % 10); };
                    const std::string text = "pct:" + tenths(p) + ",0," + tenths(pw) + ",100";
                    const Outcome got = request(subject, text + "/max/0/default.jpg");
                    const Long x = nearest(w * p, 1000);
                    const Long width = nearest(w * pw, 1000);
                    EXPECT((got.status == 200) == (x < w && width > 0), "%s of %ux%u: %d", text.c_str(), w, h,
                           got.status);
                    if (got.status != 200) continue;
                    EXPECT(got.geometry.region.x == x && got.geometry.region.width == std::min(width, w - x),
                           "%s of %ux%u: %s", text.c_str(), w, h, got.canonical.c_str());
                    expect_fix_point(subject, got, text);
                }
            }
        }
    }
}
END_TEST

struct Large {
    Version version;
    Extent image;
    const char* request;
    int status;
    Extent size;
    Limits limits = {};
};

constexpr std::uint32_t kSide = 2'147'483'647;
constexpr std::uint64_t kBeyond = 18'446'744'073'709'551'615U;

const Large kLarge[] = {
    {Version::v3, {kSide, kSide}, "full/max", 200, {kSide, kSide}},
    {Version::v3, {kSide, kSide - 1}, "full/2147483646,", 200, {2147483646, 2147483645}},
    {Version::v3, {kSide, kSide}, "pct:99.9999999999,0,100,100/max", 400, {}},  // less than half a pixel is left
    {Version::v3, {kSide, kSide}, "pct:99.9999999,0,100,100/max", 200, {2, kSide}},
    {Version::v3, {kSide, kSide}, "pct:0,0,99999999999999999999,100/max", 200, {kSide, kSide}},
    {Version::v3, {kSide, kSide}, "pct:0,0,0.0000000001,100/max", 400, {}},
    {Version::v3, {kSide, 1}, "full/pct:0.0000001", 400, {}},
    {Version::v3, {kSide, kSide}, "full/pct:0.0000001", 200, {2, 2}},
    {Version::v3, {kSide, kSide}, "2147483646,2147483646,9223372036854775807,9223372036854775808/max", 200, {1, 1}},
    {Version::v3, {kSide, kSide}, "4294967296,0,1,1/max", 400, {}},
    {Version::v3, {1, kSide}, "full/9223372036854775807,", 400, {}},
    {Version::v3, {1, kSide}, "full/^9223372036854775807,", 400, {}, {0, 0, kBeyond, true}},
    {Version::v3, {1, 1}, "full/^2147483648,1", 400, {}, {kBeyond, kBeyond, kBeyond, true}},
    {Version::v3, {1, 1}, "full/^2147483647,2147483647", 200, {kSide, kSide}, {kBeyond, kBeyond, kBeyond, true}},
    {Version::v3, {1, 1}, "full/^pct:99999999999999999", 400, {}, {kBeyond, kBeyond, kBeyond, true}},
    {Version::v3, {1, kSide}, "full/^max", 200, {1, kSide}, {kBeyond, kBeyond, kBeyond, true}},
    {Version::v3, {1, 1}, "full/^max", 200, {kSide, kSide}, {kBeyond, kBeyond, kBeyond, true}},
    {Version::v3, {1, 1}, "full/^max", 200, {kSide, kSide}, {0, 0, 1ULL << 62U, true}},
    {Version::v3, {1, 1}, "full/^max", 200, {46340, 46340}, {0, 0, kSide, true}},
    {Version::v3, {kSide, kSide}, "full/max", 200, {1, 1}, {0, 0, 1, false}},
    {Version::v3, {kSide, 1}, "full/max", 200, {1, 1}, {1, 0, 0, false}},
    {Version::v3, {kSide, 1}, "full/max", 200, {4, 1}, {0, 0, 4, false}},
    {Version::v3, {kSide, 1}, "full/!5,5", 400, {}},
    {Version::v3, {kSide, kSide}, "full/!18446744073709551716,99999999999999999999999", 200, {kSide, kSide}},
    {Version::v2, {1, kSide}, "full/2,", 400, {}, {0, 0, 0, true}},  // 2 x 4294967294
    {Version::v2, {kSide, kSide}, "full/9223372036854775807,1", 400, {}, {0, 0, 0, true}},
    // The strip that is left at an edge: 2.1 asks it by its width (rounded up) alone.
    {Version::v2, {8192, 8193}, "0,8192,8192,1/512,", 200, {512, 1}},
    {Version::v2, {8192, 8193}, "0,0,8192,1/512,", 400, {}},
    {Version::v2, {20000, 100}, "full/99,", 400, {}},
    {Version::v2, {8193, 8192}, "8192,0,1,8192/1,", 200, {1, 8192}},
    {Version::v2, {8193, 8192}, "8192,0,1,8192/1,", 200, {1, 3000}, {3000, 0, 0, false}},
    {Version::v2, {8177, 8192}, "full/512,", 200, {512, 512}, {512, 0, 0, false}},
    {Version::v2, {8177, 8192}, "full/512,", 200, {512, 512}, {0, 0, 262144, false}},
    {Version::v2, {6000, 4000}, "5000,0,1000,4000/1000,", 400, {}, {1000, 0, 0, false}},
    {Version::v3, {8177, 8192}, "full/512,", 400, {}, {512, 0, 0, false}},
};

START_TEST(large_and_thin_images) {
    const Large& row = kLarge[_i];
    Subject subject;
    subject.version = row.version;
    subject.image = row.image;
    subject.limits = row.limits;
    const Outcome got = request(subject, std::string(row.request) + "/0/default.jpg");
    EXPECT(got.status == row.status, "%s of %ux%u: %d %s", row.request, row.image.width, row.image.height, got.status,
           got.sentence.c_str());
    EXPECT(got.geometry.size == row.size, "%s of %ux%u: %ux%u", row.request, row.image.width, row.image.height,
           got.geometry.size.width, got.geometry.size.height);
    expect_fix_point(subject, got, row.request);
}
END_TEST

Rotation turned(const std::string& degrees) {
    return *parse_rotation(degrees);
}

START_TEST(rotated_extents_agree_with_libm) {
    std::mt19937_64 random(20);  // the same numbers every time
    for (int i = 0; i < 50'000; ++i) {
        const std::uint32_t most = i % 3 == 0 ? kSide : i % 3 == 1 ? 60'000 : 40;
        const Extent extent{static_cast<std::uint32_t>(random() % most + 1),
                            static_cast<std::uint32_t>(random() % most + 1)};
        Rotation rotation;
        rotation.degrees.whole = random() % 360;
        rotation.degrees.fraction = i % 2 == 0 ? 0 : random() % Decimal::kFractionUnit;
        if (quarter_turns(rotation) >= 0) continue;

        const long double degrees = static_cast<long double>(rotation.degrees.units()) / Decimal::kFractionUnit;
        const long double angle = degrees * std::numbers::pi_v<long double> / 180;
        const long double sine = std::fabs(std::sin(angle));
        const long double cosine = std::fabs(std::cos(angle));
        const auto agrees = [](std::uint32_t got, long double exact) {
            return std::fabs(got - exact) < 0.5L + 1e-6L || (got == 1 && exact < 1);
        };
        const Extent got = rotated_extent(extent, rotation);
        EXPECT(agrees(got.width, extent.width * cosine + extent.height * sine) &&
                   agrees(got.height, extent.width * sine + extent.height * cosine),
               "%ux%u by %s: %ux%u", extent.width, extent.height, rotation.degrees.text().c_str(), got.width,
               got.height);
    }
}
END_TEST

START_TEST(quarter_turns_are_exact) {
    constexpr Extent kImage{600, 401};
    constexpr Extent kTurned{401, 600};
    struct Row {
        const char* text;
        int turns;
    };
    for (const Row& row : {Row{"0", 0}, Row{"90", 1}, Row{"180.0", 2}, Row{"!270", 3}, Row{"360", 0}}) {
        EXPECT(quarter_turns(turned(row.text)) == row.turns, "%s", row.text);
        EXPECT(rotated_extent(kImage, turned(row.text)) == (row.turns % 2 == 0 ? kImage : kTurned), "%s", row.text);
    }
    for (const char* text : {"45", "90.0000000001", "0.5", "359.9999999999"}) {
        EXPECT(quarter_turns(turned(text)) == -1, "%s", text);
    }
    EXPECT(rotated_extent(kImage, turned("0.0000000001")) == kImage, "hardly turned");
    EXPECT(rotated_extent({1, 1}, turned("45")) == (Extent{1, 1}), "1.41 is 1");
}
END_TEST

START_TEST(squares_are_centred) {
    struct Row {
        Extent image;
        Rect square;
    };
    for (const Row& row : {Row{{7, 4}, {1, 0, 4, 4}}, Row{{4, 7}, {0, 1, 4, 4}}, Row{{600, 400}, {100, 0, 400, 400}},
                           Row{{5, 5}, {0, 0, 5, 5}}, Row{{1, kSide}, {0, kSide / 2, 1, 1}}}) {
        Subject subject;
        subject.image = row.image;
        const Outcome got = request(subject, "square/max/0/default.jpg");
        EXPECT(got.geometry.region == row.square, "of %ux%u: %s", row.image.width, row.image.height,
               got.canonical.c_str());
        expect_fix_point(subject, got, "square");
    }
}
END_TEST

// "default" where that is what the image has; else the name, even if the pixels may be the same.
START_TEST(canonical_quality) {
    for (const Quality standard : {Quality::color, Quality::gray, Quality::bitonal}) {
        for (const Quality asked : {Quality::standard, Quality::color, Quality::gray, Quality::bitonal}) {
            Subject subject;
            subject.image = {3, 2};
            subject.standard = standard;
            const std::string end = std::string(name_of(asked)) + ".png";
            const Outcome got = request(subject, "full/max/!360.0/" + end);
            const std::string expected = "full/max/!0/" + (asked == standard ? "default.png" : end);
            EXPECT(got.canonical == expected, "%s", got.canonical.c_str());
            expect_fix_point(subject, got, end);
        }
    }
}
END_TEST

START_TEST(within_is_about_every_limit) {
    EXPECT(within({3, 3}, {3, 0, 0}) && !within({4, 3}, {3, 0, 0}) && !within({3, 4}, {3, 0, 0}), "width for both");
    EXPECT(within({3, 9}, {3, 9, 0}) && !within({3, 10}, {3, 9, 0}), "height");
    EXPECT(within({3, 4}, {0, 0, 12}) && !within({13, 1}, {0, 0, 12}), "area");
    EXPECT(within({kSide, kSide}, {}), "no limit");
}
END_TEST

TCase* geometry_test_case() {
    TCase* test_case = tcase_create("geometry");
    tcase_set_timeout(test_case, 60);
    tcase_add_loop_test(test_case, sizes_agree_with_the_reference, 0, 4);
    tcase_add_test(test_case, largest_sizes_are_largest);
    tcase_add_test(test_case, regions_agree_with_the_reference);
    tcase_add_loop_test(test_case, large_and_thin_images, 0, std::size(kLarge));
    tcase_add_test(test_case, rotated_extents_agree_with_libm);
    tcase_add_test(test_case, quarter_turns_are_exact);
    tcase_add_test(test_case, squares_are_centred);
    tcase_add_test(test_case, canonical_quality);
    tcase_add_test(test_case, within_is_about_every_limit);
    return test_case;
}

const Register registration(geometry_test_case);

}  // namespace
}  // namespace iiif::test
