// SPDX-License-Identifier: Apache-2.0
#include "presentation/addresses.h"

#include <algorithm>
#include <charconv>

#include "protocol/geometry.h"
#include "protocol/info.h"
#include "protocol/uri.h"

namespace iiif::presentation {
namespace {

using protocol::Extent;
using protocol::ServedImage;
using protocol::Size;
using protocol::Version;

// What browsers show, best first.
protocol::Format shown(protocol::FormatSet offered) {
    for (const auto format : {protocol::Format::jpg, protocol::Format::png, protocol::Format::webp}) {
        if ((offered & protocol::bit(format)) != 0) return format;
    }
    for (const auto format : protocol::kFormats) {
        if ((offered & protocol::bit(format)) != 0) return format;
    }
    return protocol::Format::jpg;
}

}  // namespace

Addresses::Addresses(const delivery::Service& service, const delivery::Request& request)
    : service_(service),
      request_(request),
      delimiter_(service.settings.text("page_delimiter", source::MappingOptions().page_delimiter)),
      format_(shown(service.offered_formats())) {
    if (delimiter_ == "off") delimiter_.clear();
}

std::string Addresses::base(std::string_view path) const {
    std::string out = request_.presentation->prefix;
    if (!path.empty()) out.append(1, '/').append(protocol::percent_encode_path(path));
    return out;
}

std::string Addresses::id(std::string_view path, protocol::Resource resource) const {
    return protocol::id_at(base(path), resource);
}

std::string Addresses::in_this_version(const std::string& uri) const {
    const std::string& endpoint = request_.presentation->endpoint;
    if (!uri.starts_with(endpoint + '/')) return uri;
    std::string_view rest = std::string_view(uri).substr(endpoint.size());
    if (rest.starts_with("/2/") || rest.starts_with("/3/")) rest.remove_prefix(2);
    return request_.presentation->prefix + std::string(rest);
}

std::string Addresses::numbered(std::string_view path, std::uint32_t page) const {
    return std::string(path) + delimiter_ + std::to_string(page);
}

std::string Addresses::page_path(std::string_view path, std::uint32_t page) const {
    return page == 1 ? std::string(path) : numbered(path, page);
}

Addresses::Page Addresses::split_page(std::string_view path) const {
    const auto at = delimiter_.empty() ? std::string_view::npos : path.rfind(delimiter_);
    if (at != std::string_view::npos) {
        const std::string_view digits = path.substr(at + delimiter_.size());
        std::uint32_t page = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), page);
        if (error == std::errc() && end == digits.data() + digits.size() && page > 0 && digits.front() != '0') {
            return {std::string(path.substr(0, at)), page};
        }
    }
    return {std::string(path), 1};
}

protocol::ImageServices Addresses::services(std::string_view page_path, const Facts& facts) const {
    protocol::ImageServices services;
    const std::string identifier = protocol::percent_encode(page_path);
    for (const Version version : service_.versions) {
        const int level =
            protocol::compliance_level(version, facts.standard, service_.info.qualities, service_.offered_formats());
        if (version == Version::v2) {
            services.v2 = request_.presentation->endpoint + "/2/" + identifier;
            services.level2 = level;
        } else {
            services.v3 = request_.presentation->endpoint + "/3/" + identifier;
            services.level3 = level;
        }
    }
    return services;
}

ServedImage Addresses::sized(std::string_view page_path, const Facts& facts, const Size& size) const {
    ServedImage image;
    image.services = services(page_path, facts);
    const bool is_2 = image.services.v3.empty() || (request_.version == Version::v2 && !image.services.v2.empty());
    const Version version = is_2 ? Version::v2 : Version::v3;
    const auto geometry =
        protocol::resolve_geometry(version, protocol::Region{}, size, facts.extent, service_.info.limits);
    const std::string& base = is_2 ? image.services.v2 : image.services.v3;
    if (geometry) {
        image.extent = geometry->size;
        image.id = base + '/' +
                   protocol::canonical_parameters(version, *geometry, protocol::Rotation{}, protocol::Quality::standard,
                                                  facts.standard, format_, service_.info.limits);
    } else {
        image.id = base + "/full/max/0/default." + std::string(protocol::name_of(format_));
    }
    image.format = protocol::media_type_of(format_);
    return image;
}

ServedImage Addresses::image(std::string_view page_path, const Facts& facts) const {
    return sized(page_path, facts, Size{});
}

ServedImage Addresses::thumbnail(std::string_view page_path, const Facts& facts) const {
    const Extent favoured =
        facts.stored_tile.width == 0 ? Extent{service_.tile_size, service_.tile_size} : facts.stored_tile;
    const auto& limits = service_.info.limits;
    const auto sizes = protocol::listed_sizes(facts.extent, protocol::offered_tile(favoured, limits), limits);
    if (sizes.empty()) return image(page_path, facts);
    const auto large =
        std::ranges::find_if(sizes, [](const Extent& one) { return std::max(one.width, one.height) >= kThumbnail; });
    const Extent chosen = large == sizes.end() ? sizes.back() : *large;
    Size size;
    size.form = Size::Form::exact;
    size.width = chosen.width;
    size.height = chosen.height;
    return sized(page_path, facts, size);
}

}  // namespace iiif::presentation
