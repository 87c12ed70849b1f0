// SPDX-License-Identifier: Apache-2.0
// What is said of a folder or an image, by whomever says it: who is nearer wins, property by property.
#pragma once

#include <string>
#include <string_view>

#include "delivery/service.h"
#include "presentation/embedded.h"
#include "presentation/reader.h"
#include "protocol/presentation.h"

namespace iiif::presentation {

struct About {
    protocol::Descriptive says;
    bool withdrawn = false;
    bool published = true;  // listed in Collections; as far as its own folder and the one above say so
    std::optional<protocol::PhysicalScale> scale;
};

// Whatever `to` does not say, `from` says.
void fill(protocol::Descriptive& to, const protocol::Descriptive& from);

// "Folio_012r.tif" is "Folio 012r". Of a folder, which has no suffix, `name` whole.
std::string made_readable(std::string_view name, bool is_file);

class Describer {
public:
    // Both must outlive this.
    // `asked`: the path of what is asked for.
    Describer(const delivery::Service& service, Reader& reader, std::string asked)
        : service_(service), reader_(reader), asked_(std::move(asked)) {}

    // Its own sidecar, then its row in that of the folder above; rights, requiredStatement and provider of the nearest
    // folder above that has them, else as the endpoint's directives have them; a label from its name.
    About folder(std::string_view path, const Sidecar& own);
    // The same for a sub-folder, with the sidecar of the folder it is in.
    About folder_in(const Sidecar& above, std::string_view path, const Sidecar& own);
    // An image, as part of the object `says` is said of: only what is not the object's.
    [[nodiscard]] static About image(const Sidecar& folder, std::string_view name, std::uint32_t page,
                                     std::uint32_t pages, const Embedded& embedded);
    // An image that is an object by itself.
    About object(std::string_view path, const Sidecar& folder, const Embedded& embedded);
    // As image() has it, and for pages of files that have several.
    [[nodiscard]] bool is_shown(const Sidecar& sidecar, std::string_view folder, std::string_view name) const;
    // Whether the sub-folder `name` of `folder` may be a chapter there. `own`: what its own sidecar says.
    [[nodiscard]] bool is_chapter(const Sidecar& sidecar, std::string_view folder, std::string_view name,
                                  const Sidecar& own) const;

private:
    // Whoever writes `publish` says so; else the endpoint's rule holds.
    [[nodiscard]] bool is_published(std::string_view path, std::optional<bool> own, std::optional<bool> row) const;
    void inherit(std::string_view folder_path, protocol::Descriptive& says);

    const delivery::Service& service_;
    Reader& reader_;
    std::string asked_;
};

}  // namespace iiif::presentation
