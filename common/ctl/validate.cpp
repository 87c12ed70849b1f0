// SPDX-License-Identifier: Apache-2.0
#include "ctl/validate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string_view>

#include "ctl/http.h"
#include "ctl/questions.h"
#include "ctl/validate_document.h"

namespace iiif::ctl {
namespace {

using protocol::Extent;

constexpr std::size_t kMostSizes = 4, kMostScales = 8;

std::set<std::string> words_of(const json_t* array) {
    std::set<std::string> out;
    std::size_t i = 0;
    json_t* value = nullptr;
    json_array_foreach(array, i, value) out.insert(text_of(value));
    return out;
}

class Verifier {
public:
    explicit Verifier(std::string base) : base_(std::move(base)) {}
    Verification run();

private:
    bool ask(const char* section, bool must, std::string asked, bool holds, const std::string& seen = "") {
        out_.questions.push_back({section, must, std::move(asked), holds, holds ? "" : in_short(seen)});
        return holds;
    }
    bool read_info();
    void info_version_3();
    void info_version_2();
    void dimensions();
    void headers();
    void sizes();
    void tiles();
    void features();
    void errors();
    void image(const char* section, bool must, const std::string& asked, const std::string& parameters, Extent expected,
               std::uint32_t slack = 0);
    [[nodiscard]] bool has(const char* feature, int from_level) const {
        return level_ >= from_level || features_.contains(feature);
    }
    [[nodiscard]] bool is_3() const { return out_.version == "3.0"; }
    // The size that asks for these pixels.
    [[nodiscard]] std::string size(Extent extent) const {
        return std::to_string(extent.width) + ',' + (is_3() ? std::to_string(extent.height) : "");
    }
    // Whether the server's limits let an image be this large.
    [[nodiscard]] bool within_limits(Extent extent) const {
        const std::uint32_t height = max_height_ > 0 ? max_height_ : max_width_;
        return (max_width_ == 0 || extent.width <= max_width_) && (height == 0 || extent.height <= height) &&
               (max_area_ == 0 || std::uint64_t{extent.width} * extent.height <= max_area_);
    }

    std::string base_;
    Verification out_;
    HttpClient client_;
    HttpAnswer info_answer_;
    Json info_{nullptr, json_decref};
    int level_ = 0;
    Extent full_;
    std::uint32_t max_width_ = 0, max_height_ = 0;
    std::uint64_t max_area_ = 0;
    std::set<std::string> features_, formats_, qualities_;
};

bool Verifier::read_info() {
    out_.api = "Image API";
    info_answer_ = client_.get(base_ + "/info.json");
    if (!ask("5", true, "info.json is there", info_answer_.status == 200, said(info_answer_))) return false;
    info_ = json_of(info_answer_.body);
    if (!ask("5.1", true, "info.json is a JSON object", json_is_object(info_.get()), info_answer_.body)) return false;
    const json_t* context = json_object_get(info_.get(), "@context");
    if (json_is_array(context)) context = json_array_get(context, json_array_size(context) - 1);
    const std::string name = text_of(context);
    if (name == "http://iiif.io/api/image/3/context.json") out_.version = "3.0";
    if (name == "http://iiif.io/api/image/2/context.json") out_.version = "2.1";
    return ask("5.1", true, "@context is that of Image API 3 or 2, and the last one", !out_.version.empty(), name);
}

void Verifier::info_version_3() {
    const json_t* const info = info_.get();
    const std::string id = text_of(json_object_get(info, "id"));
    ask("5.2", true, "id is the URI that was asked for, byte for byte", id == base_, id);
    ask("5.2", true, "type is ImageService3", text_of(json_object_get(info, "type")) == "ImageService3",
        text_of(json_object_get(info, "type")));
    const std::string profile = text_of(json_object_get(info, "profile"));
    const bool known = profile == "level0" || profile == "level1" || profile == "level2";
    ask("5.2", true, "profile is level0, level1 or level2", known, profile);
    level_ = known ? profile.back() - '0' : 0;
    features_ = words_of(json_object_get(info, "extraFeatures"));
    formats_ = words_of(json_object_get(info, "extraFormats"));
    qualities_ = words_of(json_object_get(info, "extraQualities"));
    max_width_ = number_of(info, "maxWidth");
    max_height_ = number_of(info, "maxHeight");
    max_area_ = number_of(info, "maxArea");
    ask("5.3", true, "maxHeight has a maxWidth beside it", max_height_ == 0 || max_width_ > 0);
    ask("5.7", true, "sizeUpscaling has a maxWidth or a maxArea",
        !features_.contains("sizeUpscaling") || max_width_ > 0 || max_area_ > 0);
    for (const char* array : {"partOf", "seeAlso", "service"}) {
        const json_t* const value = json_object_get(info, array);
        if (value != nullptr) ask("5.8", true, std::string(array) + " is an array", json_is_array(value));
    }
    for (const char* old : {"@id", "@type", "attribution", "license", "logo"}) {
        if (json_object_get(info, old) != nullptr)
            ask("5.2", true, std::string(old) + ", of version 2, is not there", false);
    }
}

void Verifier::info_version_2() {
    const json_t* const info = info_.get();
    const std::string id = text_of(json_object_get(info, "@id"));
    ask("5.2", true, "@id is the URI that was asked for, byte for byte", id == base_, id);
    const json_t* const profile = json_object_get(info, "profile");
    const std::string uri = text_of(json_is_array(profile) ? json_array_get(profile, 0) : profile);
    const auto at = uri.find("/level");
    const bool known = uri.starts_with("http://iiif.io/api/image/2/level") && at + 6 < uri.size();
    ask("5.2", true, "profile begins with http://iiif.io/api/image/2/levelN.json", json_is_array(profile) && known,
        uri);
    level_ = known ? std::clamp(uri[at + 6] - '0', 0, 2) : 0;
    std::size_t i = 0;
    json_t* part = nullptr;
    json_array_foreach(profile, i, part) {
        if (!json_is_object(part)) continue;
        features_.merge(words_of(json_object_get(part, "supports")));
        formats_.merge(words_of(json_object_get(part, "formats")));
        qualities_.merge(words_of(json_object_get(part, "qualities")));
        max_width_ = std::max(max_width_, number_of(part, "maxWidth"));
        max_height_ = std::max(max_height_, number_of(part, "maxHeight"));
        max_area_ = std::max<std::uint64_t>(max_area_, number_of(part, "maxArea"));
    }
}

void Verifier::dimensions() {
    const json_t* const info = info_.get();
    const std::string protocol = text_of(json_object_get(info, "protocol"));
    ask("5.2", true, "protocol is http://iiif.io/api/image", protocol == "http://iiif.io/api/image", protocol);
    full_ = {number_of(info, "width"), number_of(info, "height")};
    ask("5.2", true, "width and height are positive integers", full_.width > 0 && full_.height > 0, words(full_));
}

void Verifier::headers() {
    const std::string cors = info_answer_.header("access-control-allow-origin");
    ask("7.1", false, "info.json may be read by viewers on other sites (Access-Control-Allow-Origin)", cors == "*",
        cors);
    const std::string type = info_answer_.header("content-type");
    ask("5.1", true, "info.json is application/ld+json or application/json",
        type.starts_with("application/ld+json") || type.starts_with("application/json"), type);
    const HttpAnswer plain = client_.get(base_);
    const bool leads = (plain.status == 303 && plain.header("location").ends_with("/info.json")) || plain.status == 200;
    ask("2", has("baseUriRedirect", 1), "the base URI leads to info.json (303)", leads, said(plain));
    for (const char* name : {"etag", "last-modified"}) {
        const std::string value = info_answer_.header(name);
        if (value.empty()) continue;
        const bool tag = std::string_view(name) == "etag";
        const HttpAnswer again =
            client_.get(base_ + "/info.json", {(tag ? "If-None-Match: " : "If-Modified-Since: ") + value});
        ask("7", false, "what has not changed is not sent again (304)", again.status == 304, said(again));
        break;
    }
    const HttpAnswer preflight = client_.ask(
        "OPTIONS", base_ + "/info.json", {"Origin: https://viewer.example", "Access-Control-Request-Method: GET"}, {});
    ask("7.1", false, "a browser's question before a request is answered (OPTIONS)",
        preflight.status >= 200 && preflight.status < 300, said(preflight));
    if (base_.starts_with("https:")) {
        const std::string id = text_of(json_object_get(info_.get(), is_3() ? "id" : "@id"));
        ask("5.2", true, "id is https, as the page is that shows it", id.starts_with("https:"), id);
    }
}

void Verifier::image(const char* section, bool must, const std::string& asked, const std::string& parameters,
                     Extent expected, std::uint32_t slack) {
    const HttpAnswer answer = client_.get(base_ + '/' + parameters);
    if (answer.status != 200) {
        ask(section, must, asked + ": " + parameters, false, said(answer));
        return;
    }
    const auto got = size_of(answer.body);
    const auto near = [slack](std::uint32_t a, std::uint32_t b) { return (a > b ? a - b : b - a) <= slack; };
    ask(section, must, asked + ": " + parameters,
        got && near(got->width, expected.width) && near(got->height, expected.height),
        got ? words(*got) + " pixels instead of " + words(expected) : "no image that can be read");
}

void Verifier::sizes() {
    std::size_t i = 0;
    json_t* entry = nullptr;
    json_array_foreach(json_object_get(info_.get(), "sizes"), i, entry) {
        const Extent extent{number_of(entry, "width"), number_of(entry, "height")};
        if (i >= kMostSizes) break;
        if (!ask("5.3", true, "sizes have a width and a height", extent.width > 0 && extent.height > 0)) continue;
        ask("5.3", true, "a size keeps to the limits", within_limits(extent), words(extent));
        image("5.3", true, "a size that is listed", "full/" + size(extent) + "/0/default.jpg", extent);
    }
}

void Verifier::tiles() {
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
    std::size_t i = 0;
    json_t* entry = nullptr;
    json_array_foreach(json_object_get(info_.get(), "tiles"), i, entry) {
        const std::uint32_t width = number_of(entry, "width");
        const std::uint32_t height = json_object_get(entry, "height") != nullptr ? number_of(entry, "height") : width;
        if (!ask("5.4", true, "tiles have a width", width > 0 && height > 0)) continue;
        ask("5.4", true, "no two tiles have one width and height", seen.insert({width, height}).second);
        std::size_t j = 0;
        json_t* value = nullptr;
        json_array_foreach(json_object_get(entry, "scaleFactors"), j, value) {
            const json_int_t factor = json_integer_value(value);
            if (j >= kMostScales) break;
            if (!ask("5.4", true, "scaleFactors are positive integers", factor > 0 && factor <= INT32_MAX)) continue;
            // The last one across and down, whose size is rounded up; section 8, "Calculation of Tile Coordinates".
            const auto scale = static_cast<std::uint64_t>(factor);
            const std::uint64_t x = (full_.width - 1) / (width * scale) * (width * scale);
            const std::uint64_t y = (full_.height - 1) / (height * scale) * (height * scale);
            const std::uint64_t w = full_.width - x;
            const std::uint64_t h = full_.height - y;
            const Extent extent{static_cast<std::uint32_t>((w + scale - 1) / scale),
                                static_cast<std::uint32_t>((h + scale - 1) / scale)};
            const bool whole = x == 0 && y == 0;
            const std::string region =
                whole ? "full"
                      : std::to_string(x) + ',' + std::to_string(y) + ',' + std::to_string(w) + ',' + std::to_string(h);
            image("5.4", true, "the last tile of scale factor " + std::to_string(factor),
                  region + '/' + size(extent) + "/0/default.jpg", extent, is_3() ? 0 : 1);
        }
    }
}

void Verifier::features() {
    const Extent small{std::min(full_.width, 120U), 0};
    const auto rounded = [](std::uint64_t a, std::uint64_t b, std::uint64_t c) {  // a * b / c
        return static_cast<std::uint32_t>((2 * a * b + c) / (2 * c));
    };
    const Extent thumbnail{small.width, std::max(rounded(full_.height, small.width, full_.width), 1U)};
    const std::uint32_t side = std::min({full_.width, full_.height, 100U});
    const std::string by_size = std::to_string(side) + ',' + std::to_string(side);
    if (has("sizeByW", 1)) {
        image("4.2", true, "size w,", "full/" + std::to_string(small.width) + ",/0/default.jpg", thumbnail, 1);
        const HttpAnswer answer = client_.get(base_ + "/full/" + std::to_string(small.width) + ",/0/default.jpg");
        ask("4.5", true, "jpg is image/jpeg", answer.header("content-type").starts_with("image/jpeg"),
            answer.header("content-type"));
        const std::string cors = answer.header("access-control-allow-origin");
        ask("7.1", false, "images may be read by viewers on other sites (Access-Control-Allow-Origin)", cors == "*",
            cors);
        const HttpAnswer head =
            client_.ask("HEAD", base_ + "/full/" + std::to_string(small.width) + ",/0/default.jpg", {}, {});
        ask("7", false, "HEAD is answered as GET is", head.status == 200, said(head));
    }
    if (has("regionByPx", 1))
        image("4.1", true, "region x,y,w,h", "0,0," + by_size + "/" + (is_3() ? "max" : "full") + "/0/default.jpg",
              {side, side});
    if (has("regionSquare", is_3() ? 1 : 3))
        image("4.1", true, "region square", "square/" + size({side, side}) + "/0/default.jpg", {side, side});
    if (has("regionByPct", 2) && full_.width >= 20 && full_.height >= 20) {
        image("4.1", true, "region pct:", "pct:10,10,50,50/" + by_size + "/0/default.jpg", {side, side});
    }
    if (has("sizeByConfinedWh", 2)) {
        const Extent fit = full_.width >= full_.height
                               ? Extent{side, std::max(rounded(full_.height, side, full_.width), 1U)}
                               : Extent{std::max(rounded(full_.width, side, full_.height), 1U), side};
        image("4.2", true, "size !w,h", "full/!" + by_size + "/0/default.jpg", fit, 1);
    }
    if (has("rotationBy90s", 2)) {
        image("4.3", true, "rotation by 90", "full/" + size(thumbnail) + "/90/default.jpg",
              {thumbnail.height, thumbnail.width}, 1);
    }
    if (has("mirroring", 3))
        image("4.3", true, "mirroring", "full/" + size(thumbnail) + "/!0/default.jpg", thumbnail, 1);
    auto formats = formats_;
    if (level_ >= 2) formats.insert("png");
    for (const std::string& format : formats) {
        const HttpAnswer answer = client_.get(base_ + "/full/" + size(thumbnail) + "/0/default." + format);
        ask("4.5", true, "format " + format + ", which is promised", answer.status == 200, said(answer));
    }
    auto qualities = qualities_;
    if (level_ >= 2 && !is_3()) qualities.merge(std::set<std::string>{"color", "gray", "bitonal"});
    if (level_ >= 2 && is_3()) qualities.insert("color");
    for (const std::string& quality : qualities) {
        const HttpAnswer answer = client_.get(base_ + "/full/" + size(thumbnail) + "/0/" + quality + ".jpg");
        ask("4.4", true, "quality " + quality + ", which is promised", answer.status == 200, said(answer));
    }
}

void Verifier::errors() {
    const std::string max = is_3() ? "max" : "full";
    const std::string beyond = std::to_string(full_.width) + ",0,10,10";
    struct Wrong {
        const char* section;
        const char* what;
        std::string parameters;
    };
    const std::string small = std::to_string(std::min(full_.width, 100U)) + ',';
    const std::array wrong = {
        Wrong{"4.1", "an unknown region", "somewhere/" + small + "/0/default.jpg"},
        Wrong{"4.1", "a region outside of the image", beyond + "/max/0/default.jpg"},
        Wrong{"4.1", "a region without height", "0,0,10,0/" + max + "/0/default.jpg"},
        Wrong{"4.2", "an unknown size", "full/big/0/default.jpg"},
        Wrong{"4.2", "a size of nothing", "full/0,/0/default.jpg"},
        Wrong{"4.3", "a rotation beyond 360", "full/" + small + "/361/default.jpg"},
        Wrong{"4.4", "an unknown quality", "full/" + small + "/0/sepia.jpg"},
        Wrong{"4.5", "an unknown format", "full/" + small + "/0/default.xyz"},
    };
    bool cors = true;
    for (const Wrong& one : wrong) {
        const HttpAnswer answer = client_.get(base_ + '/' + one.parameters);
        const bool format = std::string_view(one.section) == "4.5";
        ask(one.section, false, std::string(one.what) + " is refused (400)",
            answer.status == 400 || (format && (answer.status == 404 || answer.status == 415 || answer.status == 501)),
            said(answer));
        cors = cors && answer.header("access-control-allow-origin") == "*";
    }
    ask("7.1", false, "refusals may be read by viewers on other sites as well", cors);
    const std::string unknown = base_.substr(0, base_.rfind('/') + 1) + "there-is-no-such-image-here";
    const HttpAnswer missing = client_.get(unknown + "/info.json");
    ask("7.2", false, "an unknown image is not found (404)", missing.status == 404 || missing.status == 410,
        said(missing));
    if (is_3()) {
        const Extent above{full_.width + 1, 0};
        const HttpAnswer answer = client_.get(base_ + "/full/" + std::to_string(above.width) + ",/0/default.jpg");
        ask("4.2", false, "more pixels than there are, without ^, are refused (400)", answer.status == 400,
            said(answer));
    }
    if (max_width_ > 0 && max_width_ < full_.width) {
        const HttpAnswer answer = client_.get(base_ + "/full/" + std::to_string(max_width_ + 1) + ",/0/default.jpg");
        ask("5.3", true, "more than maxWidth is refused", answer.status >= 400 && answer.status < 500, said(answer));
    }
}

Verification Verifier::run() {
    if (!read_info()) return std::move(out_);
    if (is_3()) {
        info_version_3();
    } else {
        info_version_2();
    }
    dimensions();
    headers();
    if (full_.width == 0 || full_.height == 0) return std::move(out_);
    sizes();
    tiles();
    features();
    if (level_ > 0) errors();  // level 0 may be files
    return std::move(out_);
}

}  // namespace

Verification verify(const std::string& url) {
    constexpr std::string_view kInfo = "/info.json";
    if (auto document = verify_document(url)) return std::move(*document);
    std::string base = url;
    if (base.ends_with(kInfo)) base.resize(base.size() - kInfo.size());
    while (base.ends_with('/')) base.pop_back();
    return Verifier(base).run();
}

}  // namespace iiif::ctl
