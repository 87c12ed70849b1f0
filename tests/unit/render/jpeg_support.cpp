// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <cmath>

#include "source/root.h"

#include "render/jpeg_support.h"

namespace iiif::render::test {

using protocol::Extent;
using protocol::Rect;
using source::Description;

Picture scene(std::uint32_t width, std::uint32_t height, std::uint32_t bands) {
    Picture picture{width, height, bands, {}};
    for (std::uint32_t v = 0; v < height; ++v) {
        for (std::uint32_t u = 0; u < width; ++u) {
            const double x = u;
            const double y = v;
            double luma = 120 + 40 * std::sin(x / 61) * std::cos(y / 47) + 14 * std::sin(x / 7 + y / 19) +
                          7 * std::sin(x * y / 9000) + 4 * std::cos(x / 2.9 - y / 3.7);
            const double disc = std::hypot(std::fmod(x, 180) - 90, std::fmod(y, 150) - 75) - 50;
            luma += 45 / (1 + std::exp(disc / 1.5));
            const double warm = 30 * std::sin(x / 90 + y / 130);
            const double cool = 25 * std::cos(x / 120 - y / 80);
            const std::array<double, 3> colours = {luma + warm, luma - warm / 2 - cool / 3, luma + cool};
            for (std::uint32_t band = 0; band < bands; ++band) {
                const double value = bands == 1 ? luma : colours.at(band);
                picture.pixels.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))));
            }
        }
    }
    return picture;
}

double psnr(const Picture& a, const Picture& b) {
    ck_assert_uint_eq(a.width, b.width);
    ck_assert_uint_eq(a.height, b.height);
    ck_assert_uint_eq(a.bands, b.bands);
    double sum = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::pow(a.pixels[i] - b.pixels[i], 2);
    return sum == 0 ? 99 : 10 * std::log10(255.0 * 255 * static_cast<double>(a.pixels.size()) / sum);
}

namespace {

// One axis of cubic convolution (Catmull-Rom), widened where it reduces, in doubles: weights of each sample.
std::vector<std::vector<double>> weights(double start, double length, std::uint32_t have, std::uint32_t want) {
    const double ratio = length / want;
    const double widened = std::max(ratio, 1.0);
    std::vector<std::vector<double>> rows(want, std::vector<double>(have, 0));
    for (std::uint32_t i = 0; i < want; ++i) {
        const double centre = start + (i + 0.5) * ratio;
        double sum = 0;
        const auto first = static_cast<int>(std::floor(centre - 2 * widened));
        const auto last = static_cast<int>(std::ceil(centre + 2 * widened));
        for (int at = first; at <= last; ++at) {
            const double t = std::abs((at + 0.5 - centre) / widened);
            const double weight = t < 1   ? 1.5 * t * t * t - 2.5 * t * t + 1
                                  : t < 2 ? -0.5 * t * t * t + 2.5 * t * t - 4 * t + 2
                                          : 0;
            rows[i][static_cast<std::size_t>(std::clamp(at, 0, static_cast<int>(have) - 1))] += weight;
            sum += weight;
        }
        for (double& weight : rows[i]) weight /= sum;
    }
    return rows;
}

}  // namespace

Picture reference(const Picture& full, Rect region, Extent size) {
    const auto across = weights(region.x, region.width, full.width, size.width);
    const auto down = weights(region.y, region.height, full.height, size.height);
    std::vector<std::size_t> first;
    std::vector<std::size_t> last;
    for (const auto& row : across) {
        const auto counts = [](double weight) { return weight != 0; };
        first.push_back(static_cast<std::size_t>(std::find_if(row.begin(), row.end(), counts) - row.begin()));
        last.push_back(static_cast<std::size_t>(row.rend() - std::find_if(row.rbegin(), row.rend(), counts)));
    }
    Picture out{size.width, size.height, full.bands, {}};
    std::vector<double> line(std::size_t{full.width} * full.bands);
    for (std::uint32_t y = 0; y < size.height; ++y) {
        std::fill(line.begin(), line.end(), 0);
        for (std::uint32_t v = 0; v < full.height; ++v) {
            if (down[y][v] == 0) continue;
            for (std::size_t i = 0; i < line.size(); ++i) line[i] += down[y][v] * full.pixels[v * line.size() + i];
        }
        for (std::uint32_t x = 0; x < size.width; ++x) {
            for (std::uint32_t band = 0; band < full.bands; ++band) {
                double value = 0;
                for (std::size_t u = first[x]; u < last[x]; ++u) {
                    value += across[x][u] * line[u * full.bands + band];
                }
                out.pixels.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))));
            }
        }
    }
    return out;
}

Description long_way(Description description) {
    description.alpha = true;
    return description;
}

bool taken(const std::string& path, const Description& description, Rect region, Extent size) {
    const iiif::source::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto engine = JpegEngine::open(fd.get(), description, region, size);
    return engine && engine->scaled(false, {}, nullptr).has_value();
}

void assert_neighbours_join(const std::string& path) {
    const Description description = described(path);
    const Picture both = rendered(path, description, part({51, 51, 300, 300}, {120, 120}));
    const Picture left = rendered(path, description, part({51, 51, 150, 300}, {60, 120}));
    const Picture below = rendered(path, description, part({51, 201, 300, 150}, {120, 60}));
    for (std::uint32_t y = 0; y < both.height; ++y) {
        for (std::uint32_t x = 0; x < both.width; ++x) {
            const int value = both.at(x, y, 0);
            if (x < left.width) ck_assert_int_le(std::abs(value - left.at(x, y, 0)), 1);
            if (y >= below.height) ck_assert_int_le(std::abs(value - below.at(x, y - below.height, 0)), 1);
        }
    }
}

void assert_turned_as_the_long_way(const std::string& path, int quality, int orientation) {
    const Description description = described(path);
    for (const bool mirror : {false, true}) {
        for (const std::uint64_t degrees : {0U, 90U, 180U, 270U}) {
            Job job = part({11, 6, 301, 203}, {151, 101}, protocol::Format::jpg);
            job.encode.jpeg_quality = quality;
            job.rotation = rotation(degrees, mirror);
            const Picture seen = rendered(path, description, job);
            job.format = protocol::Format::png;
            const double same = psnr(seen, rendered(path, long_way(description), job));
            ck_assert_msg(same >= 35, "orientation %d, %lu degrees: %.1f dB", orientation, degrees, same);
        }
    }
}

TiffOptions options_of(const Kind& kind, std::uint32_t tile) {
    TiffOptions options;
    options.compression = COMPRESSION_JPEG;
    options.photometric = kind.photometric;
    options.samples = kind.samples;
    options.across = kind.across;
    options.down = kind.down;
    options.tile = tile;
    return options;
}

}  // namespace iiif::render::test
