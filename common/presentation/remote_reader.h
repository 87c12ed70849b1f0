// SPDX-License-Identifier: Apache-2.0
// From JSON of Presentation 3.0, as others write it, to what our documents say. Internal to presentation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "presentation/json_tree.h"
#include "presentation/remote.h"
#include "protocol/presentation.h"

namespace iiif::presentation {

class RemoteReader {
public:
    // Must outlive this; gets what was not understood, or not as it should be.
    explicit RemoteReader(std::vector<Remark>& remarks) : remarks_(remarks) {}

    [[nodiscard]] Shown shown(const json_t* resource, std::string_view uri) const;
    // What can stand for a canvas, or for an item of a Collection; nullptr: nothing.
    [[nodiscard]] Json thumbnail_json(const json_t* item) const;

private:
    void say(const std::string& sentence, bool loss) const;
    [[nodiscard]] protocol::LanguageMap map(const json_t* value, const std::string& name) const;
    [[nodiscard]] std::optional<protocol::LabelledValue> pair(const json_t* value, const std::string& name) const;
    [[nodiscard]] std::vector<protocol::ExternalLink> links(const json_t* value, const std::string& name) const;
    [[nodiscard]] std::vector<protocol::Agent> providers(const json_t* value) const;
    [[nodiscard]] std::string text(const json_t* value, const std::string& name) const;
    void rights(const json_t* from, std::string& rights, std::optional<protocol::LabelledValue>& statement) const;
    [[nodiscard]] std::optional<protocol::Canvas> canvas(const json_t* from, const protocol::Reference& manifest) const;
    void describe(const json_t* from, protocol::Descriptive& says) const;
    [[nodiscard]] Json page(const json_t* from, const std::string& id, protocol::Foreign& to) const;
    [[nodiscard]] Json annotation(const json_t* from, const std::string& id, protocol::Foreign& to) const;

    std::vector<Remark>& remarks_;
};

// An image with its services; nullopt: it has no address.
std::optional<protocol::ServedImage> served_image(const json_t* value);
// Those of thumbnail: the first that has an address.
std::optional<protocol::ServedImage> first_image(const json_t* value);
// Whole numbers from 1 to 2^31, as numbers or as text; 0: none.
std::uint32_t pixels(const json_t* value);

}  // namespace iiif::presentation
