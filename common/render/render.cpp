// SPDX-License-Identifier: Apache-2.0
// One answer: window of a level -> scale -> colour -> turn -> rotate -> quality -> encode. Image API 3.0 section 4.
#include "render/render.h"

#include "render/colour.h"
#include "render/encode.h"
#include "render/jp2_engine.h"
#include "render/jpeg_engine.h"
#include "render/jpeg_file_engine.h"
#include "render/jpeg_planes.h"
#include "render/levels.h"
#include "render/load.h"
#include "render/pipeline.h"

namespace iiif::render {
namespace {

using protocol::Extent;
using protocol::Quality;
using protocol::Rect;

std::uint64_t pixels(Extent extent) {
    return std::uint64_t{extent.width} * extent.height;
}

bool inside(const Rect& region, Extent image) {
    return region.width > 0 && region.height > 0 && region.x < image.width && region.y < image.height &&
           region.width <= image.width - region.x && region.height <= image.height - region.y;
}

Expected<std::uint8_t> check(const source::Description& description, const Job& job, Extent answer) {
    if (description.levels.empty() || description.levels.front().extent != description.stored ||
        !inside(job.region, description.extent())) {
        return refuse(400, "The region lies outside the image.");
    }
    if (job.size.width == 0 || job.size.height == 0) return refuse(400, "The size must be at least one pixel by one.");
    const std::uint32_t longest = longest_side(job.format);
    for (const Extent extent : {job.size, answer}) {
        if (extent.width > longest || extent.height > longest) {
            return refuse(400, "An image in format " + std::string(protocol::name_of(job.format)) + " can be at most " +
                                   std::to_string(longest) +
                                   " pixels wide and high; ask for a smaller size or another format.");
        }
    }
    const std::uint64_t held = bytes_held(job.format);
    const std::uint64_t most = held == 0 || job.encoder_memory == 0 ? 0 : job.encoder_memory / held;
    if (most > 0 && std::max(pixels(job.size), pixels(answer)) > most) {
        return refuse(400, "An image in format " + std::string(protocol::name_of(job.format)) + " can have at most " +
                               std::to_string(most) +
                               " pixels here; ask for a smaller size, or for format jpg, png, tif or pdf.");
    }
    return std::uint8_t{0};
}

// Decimal's fraction is in units of 10^-10.
double degrees_of(const protocol::Rotation& rotation) {
    return static_cast<double>(rotation.degrees.whole) +
           static_cast<double>(rotation.degrees.fraction) / static_cast<double>(protocol::Decimal::kFractionUnit);
}

bool apply_quality(Image& image, Quality quality) {
    switch (quality) {
        case Quality::gray: return to_gray(image);
        case Quality::bitonal: return to_bitonal(image);
        case Quality::standard:
        case Quality::color: return true;  // what the image has, colour or not
    }
    return true;
}

bool keeps_profile(const Job& job) {
    return job.encode.icc == Profile::embed && carries_profile(job.format) &&
           (job.quality == Quality::standard || job.quality == Quality::color);
}

// An answer that needs nothing but planes. Without a profile, or with one that is kept, samples are what they are.
bool is_plain(const Job& job, Colours colours, const std::string& profile) {
    if (job.format != protocol::Format::jpg || protocol::quarter_turns(job.rotation) < 0) return false;
    if (!profile.empty() && !keeps_profile(job)) return false;
    switch (job.quality) {
        case Quality::standard:
        case Quality::color: return true;
        case Quality::gray: return colours == Colours::gray;
        case Quality::bitonal: return false;
    }
    return false;
}

// Either is empty when the engine declines.
struct Short {
    std::vector<std::byte> bytes;  // the answer
    Image image;                   // the scaled pixels, for the rest of the way
};

// Empty: no memory.
std::vector<std::byte> encoded(Planes& planes, const Job& job, Turn turn, const std::string& profile) {
    if (turn != Turn{}) {
        for (std::size_t c = 0; c < planes.count(); ++c) {
            planes.plane.at(c) = turned(planes.plane.at(c), turn);
            if (!planes.plane.at(c)) return {};
        }
        planes.extent = planes.plane[0].extent();
    }
    return encode_jpeg(planes, job.encode.jpeg_quality, halves_chroma(job.encode.jpeg_quality), profile);
}

Short short_way(int fd, const source::Description& description, const Job& job, const Rect& region, Extent size,
                Turn turn, const Cancelled& cancelled) {
    auto engine = JpegEngine::open(fd, description, region, size);
    if (!engine) return {};
    const bool gray = engine->colours() == Colours::gray;
    const bool changes_nothing = description.profile_length == 0;
    std::string profile;
    if (keeps_profile(job) || !changes_nothing) profile = engine->profile();
    if (!profile_fits(profile, gray ? 1 : 3)) profile.clear();
    const bool plain = is_plain(job, engine->colours(), profile);
    // Without scaling, libjpeg's own way to RGB is the quicker one.
    if (!plain && !engine->scales()) return {};
    if (plain && job.as_stored) {
        auto stored = engine->stored_tile(turn);
        if (!stored.empty()) return {std::move(stored), {}};
    }
    const bool halve = plain && halves_chroma(job.encode.jpeg_quality);
    auto planes = engine->scaled(halve, plain ? turn : Turn{}, cancelled);
    if (!planes) return {};
    return plain ? Short{encoded(*planes, job, turn, profile), {}} : Short{{}, image_of(*planes, profile)};
}

Expected<bool> written(Output& out, std::span<const std::byte> bytes) {
    if (!out.write(bytes)) return refuse(500, "The image could not be written.");
    return true;
}

Short jpeg_file_way(int fd, const source::Description& description, const Job& job, const Rect& region, Extent size,
                    Turn turn, const Cancelled& cancelled) {
    auto engine = JpegFileEngine::open(fd, description, region, size);
    if (!engine) return {};
    std::string profile = engine->profile();
    const bool fits = profile_fits(profile, engine->colours() == Colours::gray ? 1 : 3);
    if (!fits || (!keeps_profile(job) && description.profile_length == 0)) profile.clear();
    const bool plain = is_plain(job, engine->colours(), profile);
    const bool halve = plain && halves_chroma(job.encode.jpeg_quality);
    auto planes = engine->scaled(halve, plain ? turn : Turn{}, cancelled);
    if (!planes) return {};
    return plain ? Short{encoded(*planes, job, turn, profile), {}} : Short{{}, image_of(*planes, profile)};
}

// JPEG 2000 has no second opinion about damage: its refusals stand.
Expected<Short> jp2_way(int fd, const source::Description& description, const Job& job, const Rect& region, Extent size,
                        Turn turn, const Cancelled& cancelled, std::string& detail) {
    auto scaled = scaled_jp2(fd, description, region, size, cancelled, detail);
    if (!scaled) return tl::unexpected(scaled.error());
    if (!*scaled) return Short{};
    auto& [planes, profile] = **scaled;
    const unsigned colours = planes.count() == 1 ? 1 : 3;
    const bool fits = profile_fits(profile, static_cast<int>(colours));
    if (!fits || (!keeps_profile(job) && description.profile_length == 0)) profile.clear();
    if (is_plain(job, planes.colours, profile)) return Short{encoded(planes, job, turn, profile), {}};
    return Short{{}, image_of(planes, profile)};
}

}  // namespace

Expected<bool> render(int fd, std::uint32_t page, const source::Description& description, const Job& job,
                      const Cancelled& cancelled, Output& out, std::string& detail) {
    const Extent answer = protocol::rotated_extent(job.size, job.rotation);
    if (auto sound = check(description, job, answer); !sound) return tl::unexpected(sound.error());

    // Pixels are decoded and scaled as they lie in the file, and turned last, when they are few.
    const Turn to_upright = upright(description.orientation);
    const int quarters = protocol::quarter_turns(job.rotation);
    const Turn whole_turn = then(to_upright, {job.rotation.mirror, std::max(quarters, 0)});
    const Rect region = before_turn(job.region, to_upright, description.stored);
    const Extent size = to_upright.swaps_axes() ? Extent{job.size.height, job.size.width} : job.size;

    Expected<Short> attempt;
    switch (description.container) {
        case source::Container::jp2:
            attempt = jp2_way(fd, description, job, region, size, whole_turn, cancelled, detail);
            break;
        case source::Container::jpeg:
            attempt = jpeg_file_way(fd, description, job, region, size, whole_turn, cancelled);
            break;
        default: attempt = short_way(fd, description, job, region, size, whole_turn, cancelled);
    }
    if (!attempt) return tl::unexpected(attempt.error());
    Short& quick = *attempt;
    if (!quick.bytes.empty()) return written(out, quick.bytes);

    fit_squares(std::max(size.width, answer.width));
    const Window window = choose_window(description.levels, region, size);
    const bool scaled = static_cast<bool>(quick.image);
    auto image =
        scaled ? Expected<Image>(std::move(quick.image))
               : load_area(fd, page, description, description.levels[window.level], window.area, cancelled, detail);
    if (!image) return tl::unexpected(image.error());

    // A failure from here on is most often the decoder's, which works as pixels are pulled.
    const auto failed = [&]() -> tl::unexpected<Refusal> {
        if (cancelled && cancelled()) {
            take_words(detail);
            return refuse(503, "The request was given up before the image was ready.");
        }
        return damaged(detail);
    };

    const bool reduced = window.level > 0;
    if (!scaled && !scale(*image, size, reduced, cancelled)) return failed();
    if (!to_display(*image, keeps_profile(job))) return failed();
    if (description.container == source::Container::pdf && !flatten(*image, {255, 255, 255})) return failed();

    const bool rotated = quarters < 0;
    if (rotated || whole_turn != Turn{}) {
        // What is only mirrored is still asked for from top to bottom.
        const bool askew = rotated || whole_turn.quarters != 0;
        // The tiles of a TIFF are kept, column or row: see open_directory().
        const bool kept = !rotated && description.container == source::Container::tiff && !scaled &&
                          window.area.width == size.width && window.area.height == size.height &&
                          vips_image_is_sequential(image->get()) == 0;
        if ((askew && !kept && !read_anywhere(*image, cancelled)) || !turn(*image, whole_turn)) return failed();
    }
    if (rotated && !rotate(*image, degrees_of(job.rotation), answer)) return failed();
    if (!apply_quality(*image, job.quality)) return failed();
    if (!carries_alpha(job.format) && !flatten(*image, job.encode.background)) return failed();

    auto done =
        encode(std::move(*image), job.format, job.encode, job.quality == Quality::bitonal, cancelled, out, detail);
    if (!done && cancelled && cancelled()) return failed();
    return done;
}

Expected<std::vector<std::byte>> render(int fd, std::uint32_t page, const source::Description& description,
                                        const Job& job, const Cancelled& cancelled, std::string& detail) {
    Output out;
    auto done = render(fd, page, description, job, cancelled, out, detail);
    if (!done) return tl::unexpected(done.error());
    return out.take();
}

}  // namespace iiif::render
