// SPDX-License-Identifier: Apache-2.0
#include "ctl/verdict.h"

#include <fcntl.h>
#include <jansson.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "delivery/pyramid.h"
#include "render/render.h"

namespace iiif::ctl {
namespace {

using source::Container;
using source::Description;

// What iiif_max_pixels and iiif_decoder_memory are unless somebody says otherwise.
constexpr render::Limits kLimits = {20'000'000'000, std::uint64_t{512} << 20U};
// A plain JPEG is read to its end once, and entered where its index says from then on: seconds beyond this.
constexpr std::uint64_t kLargeJpeg = 64'000'000;

const char* const kPrepare = "iiifctl prepare makes a fast copy; or let the server do it: iiif_pyramids";

const char* container_name(Container container) {
    switch (container) {
        case Container::tiff: return "TIFF";
        case Container::jpeg: return "JPEG";
        case Container::jp2: return "JPEG 2000";
        case Container::png: return "PNG";
        case Container::webp: return "WebP";
        case Container::gif: return "GIF";
        case Container::heif: return "HEIF or AVIF";
        case Container::jxl: return "JPEG XL";
        case Container::pdf: return "PDF";
    }
    return "";
}

std::uint64_t pixels_of(const Description& image) {
    return std::uint64_t{image.stored.width} * image.stored.height;
}

// The smallest level is about a screen, or less: an overview decodes no more than it shows.
bool reaches_down(const Description& image) {
    constexpr std::uint32_t kScreen = 2048;
    const protocol::Extent smallest = image.levels.back().extent;
    return std::max(smallest.width, smallest.height) <= kScreen;
}

Finding judge_tiff(const Description& image) {
    Finding out;
    const bool tiled = std::ranges::all_of(image.levels, [](const auto& level) { return level.tile.width > 0; });
    const bool stored =
        std::ranges::all_of(image.levels, [](const auto& level) { return level.index.codec != source::Codec::other; });
    if (pixels_of(image) <= delivery::kPyramidPixels) {
        out.verdict = tiled && stored ? Verdict::fast : Verdict::fair;
        out.says =
            tiled && stored ? "its tiles are sent as they are stored" : "small enough to be decoded for each view";
    } else if (!tiled) {
        out.verdict = Verdict::slow;
        out.says = "without tiles all of it has to be decoded for each view";
        out.to_do = kPrepare;
    } else if (!reaches_down(image)) {
        out.verdict = Verdict::slow;
        out.says = "without smaller versions inside, every overview decodes all of it";
        out.to_do = kPrepare;
    } else if (stored) {
        out.verdict = Verdict::fast;
        out.says = "its tiles are sent as they are stored";
    } else {
        out.verdict = Verdict::fair;
        out.says = "tiled with smaller versions; each tile is decoded and written as JPEG when it is asked for";
    }
    return out;
}

Finding judge_kind(const Description& image) {
    Finding out;
    switch (image.container) {
        case Container::tiff: return judge_tiff(image);
        case Container::jp2:
            out.verdict = reaches_down(image) ? Verdict::fair : Verdict::slow;
            out.says = out.verdict == Verdict::fair
                           ? "each tile is decoded when it is asked for"
                           : "without smaller resolutions inside, every overview decodes all of it";
            if (out.verdict == Verdict::slow) out.to_do = "iiifctl prepare makes a fast copy";
            return out;
        case Container::pdf:
            out.verdict = Verdict::fair;
            out.says = "its pages are drawn when they are asked for";
            return out;
        case Container::jpeg:
            if (image.parts && pixels_of(image) <= kLargeJpeg) {
                out.verdict = Verdict::fair;
                out.says = "read to its end once, and in parts from then on";
                return out;
            }
            break;
        default: break;
    }
    const bool small = pixels_of(image) <= delivery::kPyramidPixels;
    out.verdict = small ? Verdict::fair : Verdict::slow;
    out.says = small ? "small enough to be decoded for each view" : "all of it has to be decoded for each view";
    if (!small) out.to_do = kPrepare;
    return out;
}

// Whether somebody will miss it when it is no image.
bool is_named_like_an_image(const std::string& path) {
    constexpr std::array kSuffixes = {".tif", ".tiff", ".ptif", ".btf", ".jpg", ".jpeg", ".jpe",  ".png",  ".webp",
                                      ".gif", ".jp2",  ".jpx",  ".j2k", ".jph", ".heic", ".heif", ".avif", ".jxl",
                                      ".pdf", ".bmp",  ".psd",  ".dng", ".cr2", ".nef",  ".arw",  ".svg"};
    const auto dot = path.find_last_of("./");
    if (dot == std::string::npos || path[dot] != '.') return false;
    std::string suffix = path.substr(dot);
    std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::ranges::find(kSuffixes, suffix) != kSuffixes.end();
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

Finding unreadable(const Refusal& refusal, const std::string& path, const std::string& detail) {
    Finding out;
    out.verdict = Verdict::unreadable;
    out.says = refusal.sentence;
    out.detail = first_line(detail);
    if (refusal.status == 501) {
        if (!is_named_like_an_image(path)) out.verdict = Verdict::other;
        out.to_do = "save it as TIFF, JPEG, PNG or JPEG 2000";
    } else if (refusal.status == 403) {
        out.to_do =
            "iiif_max_pixels and iiif_decoder_memory decide; prepare a tiled TIFF on a machine with more memory";
    } else {
        out.to_do = "fetch it anew from where it came from";
    }
    return out;
}

}  // namespace

const char* name_of(Verdict verdict) {
    constexpr std::array kNames = {"fast", "fair", "slow", "unreadable", "other"};
    return kNames.at(static_cast<std::size_t>(verdict));
}

std::string title_of(const Description& image) {
    const protocol::Extent extent = image.extent();
    const std::uint64_t tenths = (pixels_of(image) + 50'000) / 100'000;  // of a megapixel
    std::string out = std::string(container_name(image.container)) + ", " + std::to_string(extent.width) + " x " +
                      std::to_string(extent.height) + " pixels";
    if (tenths >= 10) {
        out += " (" + std::to_string(tenths / 10) + (tenths < 100 ? '.' + std::to_string(tenths % 10) : "") +
               " megapixels)";
    }
    if (image.pages > 1) out += ", " + std::to_string(image.pages) + " pages";
    return out;
}

Finding judge(const Description& image) {
    Finding out = judge_kind(image);
    out.says = title_of(image) + ": " + out.says;
    out.width = image.extent().width;
    out.height = image.extent().height;
    out.pages = image.pages;
    out.as_pyramid = out.verdict == Verdict::slow || out.verdict == Verdict::fair;
    // A pyramid has one page, and pages of a PDF have no pixels of their own.
    if (image.pages > 1 || image.container == Container::pdf) out.as_pyramid = false;
    if (out.verdict == Verdict::slow && image.pages > 1)
        out.to_do = "iiif_pyramids lets the server make a fast copy of each page";
    return out;
}

Finding examine(const std::string& path) {
    const source::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return unreadable({500, std::string("It cannot be opened: ") + std::strerror(errno) + '.'}, path, "");
    std::string detail;
    const auto image = render::describe(fd.get(), 1, kLimits, detail);
    return image ? judge(*image) : unreadable(image.error(), path, detail);
}

std::string to_json(const Finding& finding) {
    const std::unique_ptr<json_t, void (*)(json_t*)> object(
        json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:b}", "verdict", static_cast<int>(finding.verdict), "says",
                  finding.says.c_str(), "to_do", finding.to_do.c_str(), "detail", finding.detail.c_str(), "width",
                  static_cast<json_int_t>(finding.width), "height", static_cast<json_int_t>(finding.height), "pages",
                  static_cast<json_int_t>(finding.pages), "as_pyramid", finding.as_pyramid ? 1 : 0),
        json_decref);
    if (!object) {  // the libraries' words were not UTF-8
        Finding plain = finding;
        plain.detail.clear();
        return finding.detail.empty() ? "" : to_json(plain);
    }
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(object.get(), JSON_COMPACT), std::free);
    return text ? text.get() : "";
}

Finding finding_of(const std::string& json) {
    Finding out;
    const std::unique_ptr<json_t, void (*)(json_t*)> object(json_loads(json.c_str(), 0, nullptr), json_decref);
    int verdict = 0;
    int as_pyramid = 0;
    const char* says = nullptr;
    const char* to_do = nullptr;
    const char* detail = nullptr;
    json_int_t width = 0;
    json_int_t height = 0;
    json_int_t pages = 0;
    if (json_unpack(object.get(), "{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:b}", "verdict", &verdict, "says", &says,
                    "to_do", &to_do, "detail", &detail, "width", &width, "height", &height, "pages", &pages,
                    "as_pyramid", &as_pyramid) != 0 ||
        verdict < 0 || verdict >= static_cast<int>(kVerdicts)) {
        out.verdict = Verdict::unreadable;
        out.says = "Nothing could be found out about it.";
        return out;
    }
    out.verdict = static_cast<Verdict>(verdict);
    out.says = says;
    out.to_do = to_do;
    out.detail = detail;
    out.width = static_cast<std::uint32_t>(width);
    out.height = static_cast<std::uint32_t>(height);
    out.pages = static_cast<std::uint32_t>(pages);
    out.as_pyramid = as_pyramid != 0;
    return out;
}

}  // namespace iiif::ctl
