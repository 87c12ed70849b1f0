// SPDX-License-Identifier: Apache-2.0
// IPTC's Information Interchange Model, version 4.2: record 2, which Photoshop and its heirs write.
#include <cstdint>
#include <exiv2/datasets.hpp>
#include <exiv2/iptc.hpp>

#include "presentation/embedded_packets.h"
#include "presentation/texts.h"

namespace iiif::presentation {
namespace {

void join(std::string& list, const std::string& next) {
    constexpr std::size_t kMost = kMostEmbeddedText / 2;
    if (next.empty() || list.size() + next.size() > kMost) return;
    list += list.empty() ? next : "; " + next;
}

}  // namespace

Embedded said_in_iptc(const std::string& packet) try {
    using Sets = Exiv2::IptcDataSets;
    Embedded said;
    Exiv2::IptcData data;
    if (packet.empty() || Exiv2::IptcParser::decode(data, reinterpret_cast<const Exiv2::byte*>(packet.data()),
                                                    static_cast<std::uint32_t>(packet.size())) != 0) {
        return said;
    }
    std::string title;
    std::string headline;
    for (const Exiv2::Iptcdatum& datum : data) {
        if (datum.record() != Sets::application2 || datum.size() > 32768) continue;
        // The marker for UTF-8 (1:90) says what the bytes say themselves, and is often missing.
        const auto text = [&datum] { return clean_text(datum.toString()); };
        switch (datum.tag()) {
            case Sets::ObjectName: title = text(); break;
            case Sets::Headline: headline = text(); break;
            case Sets::Caption: said.description = protocol::LanguageMap(text()); break;
            case Sets::Byline: join(said.creator, text()); break;
            case Sets::Copyright: said.copyright = text(); break;
            case Sets::Credit: said.credit = text(); break;
            case Sets::DateCreated: said.date = date_of(datum.toString()); break;
            default: break;
        }
    }
    if (says_nothing(title)) title = says_nothing(headline) ? "" : headline;
    said.title = protocol::LanguageMap(std::move(title));
    said.rights = rights_uri_in(said.copyright);
    return said;
} catch (const std::exception&) {
    return {};
}

}  // namespace iiif::presentation
