// SPDX-License-Identifier: Apache-2.0
// The URIs of folders, files and their images, and what the image services of an endpoint give.
#pragma once

#include <string>
#include <string_view>

#include "delivery/request.h"
#include "delivery/service.h"
#include "presentation/facts.h"
#include "protocol/presentation.h"

namespace iiif::presentation {

class Addresses {
public:
    // Both must outlive this; the request is one of the Presentation API.
    Addresses(const delivery::Service& service, const delivery::Request& request);

    // Of what lies at `path` beneath the root, in the spelling of the request: canonical, one escape for each byte.
    [[nodiscard]] std::string base(std::string_view path) const;
    [[nodiscard]] std::string id(std::string_view path, protocol::Resource resource) const;
    // What is of this endpoint, in the spelling of the request; else `uri`.
    [[nodiscard]] std::string in_this_version(const std::string& uri) const;
    // How many pages of a file have names; 1 where `page_delimiter off` leaves them without.
    [[nodiscard]] std::uint32_t pages_of(const Facts& facts) const { return delimiter_.empty() ? 1 : facts.pages; }
    // "book.pdf;3"
    [[nodiscard]] std::string numbered(std::string_view path, std::uint32_t page) const;
    // The name of a page; of the first, the file's.
    [[nodiscard]] std::string page_path(std::string_view path, std::uint32_t page) const;
    // The reverse, where `path` ends like that; else the path, and page 1.
    struct Page {
        std::string path;
        std::uint32_t page = 1;
    };
    [[nodiscard]] Page split_page(std::string_view path) const;

    [[nodiscard]] protocol::ImageServices services(std::string_view page_path, const Facts& facts) const;
    // The whole image, as large as the endpoint's limits let it be.
    [[nodiscard]] protocol::ServedImage image(std::string_view page_path, const Facts& facts) const;
    // The smallest of the sizes that info.json lists which has kThumbnail pixels on its longer side, or more.
    [[nodiscard]] protocol::ServedImage thumbnail(std::string_view page_path, const Facts& facts) const;

    static constexpr std::uint32_t kThumbnail = 200;

private:
    [[nodiscard]] protocol::ServedImage sized(std::string_view page_path, const Facts& facts,
                                              const protocol::Size& size) const;

    const delivery::Service& service_;
    const delivery::Request& request_;
    std::string delimiter_;
    protocol::Format format_;
};

}  // namespace iiif::presentation
