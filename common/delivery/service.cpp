// SPDX-License-Identifier: Apache-2.0
#include "delivery/service.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "delivery/pages.h"
#include "delivery/values.h"
#include "protocol/parameters.h"

namespace iiif::delivery {
namespace {

// Upscaling has to declare a limit (I3-SIZE-19); this one stands when the administrator gave none.
constexpr std::uint64_t kUpscalingArea = 100'000'000;
// Where no other limit is set: more than almost any image has, and a few seconds of work.
constexpr std::uint64_t kArea = 400'000'000;
constexpr std::uint64_t kMapFileBytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t kPyramidBytes = std::uint64_t{10} << 30U;  // when the directive names no size

// FNV-1a: a fingerprint that tells configurations apart, not a secret.
class Fingerprint {
public:
    void add(std::string_view text) {
        for (const char c : text) step(static_cast<std::uint8_t>(c));
        step(0);
    }
    [[nodiscard]] std::uint64_t value() const { return value_; }

private:
    void step(std::uint8_t byte) { value_ = (value_ ^ byte) * 1099511628211ULL; }
    std::uint64_t value_ = 14695981039346656037ULL;
};

protocol::LinkedResource resource(std::span<const std::string> words) {
    protocol::LinkedResource out;
    out.id = words[0];
    out.type = words[1];
    return out;
}

void read_descriptive(const Settings& settings, protocol::InfoOptions& info) {
    info.rights = settings.text("rights", "");
    info.attribution = settings.text("attribution", "");
    info.logo = settings.text("logo", "");
    for (const Settings::Entry& entry : settings.entries()) {
        const std::string_view name = entry.directive->name;
        const auto& words = entry.values;
        const auto word = [&](std::size_t i) { return words.size() > i ? words[i] : std::string(); };
        if (name == "part_of") {
            auto& item = info.part_of.emplace_back(resource(words));
            item.label = word(2);
        } else if (name == "see_also") {
            auto& item = info.see_also.emplace_back(resource(words));
            item.label = word(2);
            item.format = word(3);
            item.profile = word(4);
        } else if (name == "service") {
            auto& item = info.services.emplace_back(resource(words));
            item.profile = word(2);
        }
    }
}

void read_offer(const Settings& settings, protocol::InfoOptions& info) {
    for (const auto format : protocol::kFormats) info.formats |= protocol::bit(format);
    if (const auto words = settings.values("formats"); !words.empty()) {
        info.formats = 0;
        for (const std::string& word : words) info.formats |= protocol::bit(*protocol::format_named(word));
    }
    if (const auto words = settings.values("qualities"); !words.empty()) {
        info.qualities = protocol::bit(protocol::Quality::standard);
        for (const std::string& word : words) info.qualities |= protocol::bit(*protocol::quality_named(word));
    }
    for (const std::string& word : settings.values("preferred_formats")) {
        info.preferred_formats.push_back(*protocol::format_named(word));
    }
}

Expected<bool> read_mapping(const Settings& settings, source::MappingOptions& mapping) {
    for (const Settings::Entry& entry : settings.entries()) {
        if (std::string_view(entry.directive->name) != "map") continue;
        auto rule = source::MapRule::compile(entry.values[0], entry.values[1]);
        if (!rule) return tl::unexpected(rule.error());
        mapping.rules.push_back(std::move(*rule));
    }
    if (const auto file = settings.values("map_file"); !file.empty()) {
        auto opened = source::MapFile::open(
            file[0], file.size() > 1 ? values::read_size(file[1]).value_or(kMapFileBytes) : kMapFileBytes);
        if (!opened) return refuse(0, "map_file \"" + file[0] + "\": " + opened.error().sentence);
        mapping.map_file = std::move(*opened);
    }
    for (std::string_view word : settings.values("extensions")) {
        if (word.starts_with('.')) word.remove_prefix(1);
        mapping.extensions.emplace_back(word);
    }
    mapping.max_identifier = static_cast<std::size_t>(settings.number("max_identifier", mapping.max_identifier));
    const std::string delimiter = settings.text("page_delimiter", ";");
    mapping.page_delimiter = values::read_switch(delimiter) == false ? "" : delimiter;
    return true;
}

Expected<bool> read_limits(const Settings& settings, protocol::Limits& limits) {
    limits.max_width = settings.number("max_width", 0);
    limits.max_height = settings.number("max_height", 0);
    const std::string area = settings.text("max_area", "");
    const bool unlimited = values::read_switch(area) == false;
    limits.max_area = unlimited ? 0 : settings.number("max_area", 0);
    limits.upscaling = settings.is_on("upscaling", false);
    if (limits.max_height != 0 && limits.max_width == 0) {
        return refuse(0,
                      "max_height needs max_width beside it: info.json cannot declare a height alone "
                      "(Image API 3.0, section 5.2)");
    }
    if (limits.any()) return true;
    if (limits.upscaling) {
        if (unlimited) return refuse(0, "upscaling needs a limit: max_area off cannot stand beside it alone");
        limits.max_area = kUpscalingArea;
    } else if (!unlimited) {
        limits.max_area = kArea;
    }
    return true;
}

void read_encoder(const Settings& settings, EncoderOptions& encoder) {
    const auto small = [&](const char* name, int standard) {
        return static_cast<int>(settings.number(name, static_cast<std::uint64_t>(standard)));
    };
    encoder.jpeg_quality = small("jpeg_quality", encoder.jpeg_quality);
    encoder.webp_quality = small("webp_quality", encoder.webp_quality);
    encoder.avif_quality = small("avif_quality", encoder.avif_quality);
    encoder.jp2_quality = small("jp2_quality", encoder.jp2_quality);
    encoder.png_compression = small("png_compression", encoder.png_compression);
    encoder.embed_profile = settings.text("icc", "srgb") == "embed";
    if (const auto color = values::read_color(settings.text("background", "FFFFFF"))) {
        std::ranges::copy(*color, encoder.background);
    }
}

// The renderers' supervisor makes the folder itself, but none above it.
Expected<bool> read_pyramids(const Settings& settings, Side side, std::optional<PyramidFolder>& out) {
    const auto words = settings.values("pyramids");
    if (words.empty() || values::read_switch(words[0]) == false) return true;
    std::string folder = words[0];
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    out = PyramidFolder{source::Root(folder, source::Symlinks::refused),
                        words.size() > 1 ? values::read_size(words[1]).value_or(kPyramidBytes) : kPyramidBytes};
    if (side == Side::renderer) return true;
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode)) return true;
        return refuse(0, "pyramids \"" + folder + "\": this is not a folder");
    }
    const std::string above = folder.substr(0, std::max<std::size_t>(folder.rfind('/'), 1));
    if (::stat(above.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return refuse(0, "pyramids \"" + folder + "\": there is no folder \"" + above + "\" in which it could be made");
    }
    return true;
}

// Pages are the web server's own business: renderers neither look for them nor answer with one.
Expected<bool> read_pages(const Settings& settings, Side side, std::optional<source::Root>& out) {
    if (side == Side::renderer || !settings.is_on("pages", false)) return true;
    if (values::read_switch(settings.text("presentation", "off")) == false) {
        return refuse(0, "pages needs presentation beside it, on or opt_in: pages show Manifests and Collections");
    }
    std::string folder = settings.text("pages_directory", IIIF_PAGES_DIRECTORY);
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    source::Root pages(folder, source::Symlinks::refused);
    if (const std::string wrong = check_pages(pages); !wrong.empty()) {
        return refuse(0, "pages are on, but pages_directory \"" + folder + "\" does not hold them: " + wrong);
    }
    out = std::move(pages);
    return true;
}

}  // namespace

void Service::set_apart(std::string_view location) {
    if (!location.starts_with(prefix)) return;
    location.remove_prefix(prefix.size());
    if (!location.starts_with('/')) return;
    while (location.starts_with('/')) location.remove_prefix(1);
    for (const std::string_view version : {"3/", "2/"}) {
        if (!location.starts_with(version)) continue;
        location.remove_prefix(version.size());
        break;
    }
    // A version alone is the whole endpoint in another spelling.
    if (location.empty() || location == "2" || location == "3" || std::ranges::find(apart, location) != apart.end())
        return;
    apart.emplace_back(location);
}

bool Service::is_apart(std::string_view path, std::string_view from) const {
    // As servers compare: byte by byte, from the start. "private" is apart where "priv" is, rather than not.
    const auto lies_in = [](std::string_view one, std::string_view location) {
        if (one.starts_with(location)) return true;
        return location.ends_with('/') && one == location.substr(0, location.size() - 1);
    };
    const auto by_path = [&](const std::string& location) {
        return lies_in(path, location) && !lies_in(from, location);
    };
    return std::ranges::any_of(apart, by_path) || is_apart_by_patterns(path, from);
}

Expected<bool> Service::set_apart_matching(std::string_view pattern, source::UriPattern::Kind kind) {
    auto compiled = source::UriPattern::compile(pattern, kind);
    if (!compiled) return tl::unexpected(compiled.error());
    apart_patterns.push_back(std::move(*compiled));
    return true;
}

bool Service::set_apart_directory(std::string_view directory) {
    // Both as the kernel finds them: "/srv/images" may be a link to where the rule is written for.
    std::error_code failed;
    const auto found = [&](std::string_view path) { return std::filesystem::weakly_canonical(path, failed); };
    const auto beneath = found(directory).lexically_relative(found(root.directory()));
    const std::string path = beneath.generic_string();
    if (failed || path.empty() || path == "." || path == ".." || path.starts_with("../")) return false;
    set_apart(prefix + "/3/" + path + (path.ends_with('/') ? "" : "/"));
    return true;
}

namespace {

constexpr std::string_view kVersions[] = {"", "/3", "/2"};
// Of a folder or an image, or what may lie in it; the first one is all of it.
constexpr std::string_view kBeneath[] = {"",
                                         "/",
                                         "/manifest.json",
                                         "/collection.json",
                                         "/info.json",
                                         "/full/max/0/default.jpg",
                                         "/x/info.json",
                                         "/x/full/max/0/default.jpg"};
using Uris = std::array<std::string, std::size(kVersions) * std::size(kBeneath)>;

Uris uris_of(const std::string& prefix, std::string_view path) {
    Uris uris;
    auto uri = uris.begin();
    for (const std::string_view beneath : kBeneath) {
        for (const std::string_view version : kVersions) {
            *uri = prefix;
            uri->append(version);
            if (!path.empty()) uri->append("/").append(path);
            uri->append(beneath);
            ++uri;
        }
    }
    return uris;
}

}  // namespace

// A pattern that holds for what is around it as well, as "\.json$" may, sets nothing apart.
bool Service::is_apart_by_patterns(std::string_view path, std::string_view from) const {
    if (apart_patterns.empty()) return false;
    const Uris uris = uris_of(prefix, path);
    std::optional<Uris> around;
    for (const source::UriPattern& pattern : apart_patterns) {
        for (std::size_t i = 0; i < uris.size(); ++i) {
            if (!pattern.matches(uris[i])) continue;
            if (!around) around = uris_of(prefix, from);
            // Whoever writes "/iiif/3/private" and no more means what is in it, too; not so "/iiif/*", which holds for
            // "/iiif/3".
            const std::size_t bare = std::size(kVersions);
            const bool is_outside = i >= bare
                                        ? !pattern.matches((*around)[i])
                                        : std::none_of(around->begin(), around->begin() + 2 * bare,
                                                       [&](const std::string& uri) { return pattern.matches(uri); });
            if (is_outside) return true;
        }
    }
    return false;
}

Expected<std::unique_ptr<Service>> make_service(const Settings& settings, std::string_view prefix, Side side) {
    auto service = std::make_unique<Service>();
    service->settings = settings;
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    service->prefix = prefix;

    const auto root = settings.values("root");
    if (root.empty()) return refuse(0, "root is missing: name the folder of images");
    service->root =
        source::Root(root[0], settings.text("symlinks", "beneath") == "beneath" ? source::Symlinks::beneath
                                                                                : source::Symlinks::refused);
    if (std::string wrong = service->root.check(); !wrong.empty())
        return refuse(0, "root \"" + root[0] + "\": " + wrong);

    if (side == Side::server) {
        if (auto done = read_mapping(settings, service->mapping); !done) return tl::unexpected(done.error());
    }
    if (auto done = read_limits(settings, service->info.limits); !done) return tl::unexpected(done.error());
    read_offer(settings, service->info);
    read_descriptive(settings, service->info);
    read_encoder(settings, service->encoder);
    if (auto done = read_pyramids(settings, side, service->pyramids); !done) return tl::unexpected(done.error());
    if (auto done = read_pages(settings, side, service->pages); !done) return tl::unexpected(done.error());
    for (const auto format : service->info.preferred_formats) {
        if ((service->info.formats & protocol::bit(format)) == 0) {
            return refuse(0, "preferred_formats names " + std::string(protocol::name_of(format)) +
                                 ", which formats does not offer");
        }
    }

    for (const std::string& word : settings.values("versions")) {
        service->versions.push_back(word == "2" ? protocol::Version::v2 : protocol::Version::v3);
    }
    if (service->versions.empty()) service->versions = {protocol::Version::v3, protocol::Version::v2};

    service->base_uri = settings.text("base_uri", "");
    while (service->base_uri.ends_with('/')) service->base_uri.pop_back();
    const std::string presentation = settings.text("presentation", "off");
    if (presentation == "opt_in") {
        service->presentation = Presentation::opt_in;
    } else if (values::read_switch(presentation) == true) {
        service->presentation = Presentation::on;
    }
    for (const char* other : {"map", "source"}) {
        // An image in a Manifest is named by its path: a rule that makes something else of paths would lead elsewhere.
        if (service->presentation != Presentation::off && settings.has(other)) {
            return refuse(0, std::string("presentation cannot stand beside ") + other +
                                 ": in Manifests, identifiers are paths beneath the root");
        }
    }
    service->as_stored = settings.is_on("as_stored", true);
    service->tile_size = static_cast<std::uint32_t>(settings.number("tile_size", service->tile_size));
    service->max_age = static_cast<std::uint32_t>(settings.number("max_age", 86'400'000) / 1000);

    Fingerprint print;
    for (const Settings::Entry& entry : settings.entries()) {
        // Images do not change with the pages that show them.
        if (std::string_view(entry.directive->name).starts_with("pages")) continue;
        print.add(entry.directive->name);
        for (const std::string& word : entry.values) print.add(word);
    }
    print.add(prefix);
    service->fingerprint = print.value();
    return service;
}

}  // namespace iiif::delivery
