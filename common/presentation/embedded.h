// SPDX-License-Identifier: Apache-2.0
// What an image file says of itself: IPTC, XMP, EXIF.
#pragma once

#include <string>

#include "protocol/presentation.h"
#include "source/description.h"

namespace iiif::presentation {

struct Embedded {
    protocol::LanguageMap title, description;
    std::string creator, copyright, date, credit;  // UTF-8, trimmed; "": not said
    std::string rights;                            // a URI of creativecommons.org or rightsstatements.org; else ""
    bool operator==(const Embedded&) const = default;
};

// `fd` is positioned anywhere, stays the caller's, and is read with pread(2) only: neither mapped nor closed. Never
// throws, whatever the file holds; what cannot be read is not said. Texts are UTF-8, and at most 4 KiB each.
Embedded read_embedded(int fd, source::Container);

}  // namespace iiif::presentation
