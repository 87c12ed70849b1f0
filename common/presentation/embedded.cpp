// SPDX-License-Identifier: Apache-2.0
#include "presentation/embedded.h"

#include <exception>
#include <exiv2/error.hpp>
#include <utility>

#include "presentation/embedded_packets.h"

namespace iiif::presentation {
namespace {

template <class T>
void unless_said(T& said, T other) {
    if (said.empty()) said = std::move(other);
}

// `best` wins, property by property.
void add(Embedded& best, Embedded&& other) {
    unless_said(best.title, std::move(other.title));
    unless_said(best.description, std::move(other.description));
    unless_said(best.creator, std::move(other.creator));
    unless_said(best.copyright, std::move(other.copyright));
    unless_said(best.date, std::move(other.date));
    unless_said(best.credit, std::move(other.credit));
    unless_said(best.rights, std::move(other.rights));
}

bool is_text_of(const protocol::LanguageMap& map, const protocol::LanguageMap& other) {
    if (other.all().empty()) return false;
    const std::string& text = other.all().front().second.front();
    for (const auto& [language, texts] : map.all()) {
        for (const std::string& one : texts) {
            if (one == text) return true;
        }
    }
    return false;
}

// Its log would go to stderr.
bool silence_exiv2() {
    Exiv2::LogMsg::setLevel(Exiv2::LogMsg::mute);
    return true;
}

}  // namespace

Embedded read_embedded(int fd, source::Container container) try {
    using source::Container;
    [[maybe_unused]] static const bool silent = silence_exiv2();
    Embedded in_tags;
    Packets packets;
    switch (container) {
        case Container::jpeg: packets = packets_of_jpeg(fd); break;
        case Container::tiff: packets = packets_of_tiff(fd, in_tags); break;
        case Container::png:
        case Container::webp:
        case Container::jp2:
        case Container::heif: packets = packets_by_exiv2(fd, container); break;
        case Container::gif:
        case Container::jxl:
        case Container::pdf: break;
    }
    // The Metadata Working Group's order, with what has languages first.
    Embedded said = said_in_xmp(packets.xmp);
    add(said, said_in_iptc(packets.iptc));
    // What EXIF calls a description stands for a title where there is no other; else it is one, if it is not the title.
    Embedded in_exif = said_in_exif(packets.exif);
    if (in_exif == Embedded()) in_exif = std::move(in_tags);
    if (!said.title.empty() && in_exif.description.empty() && !is_text_of(said.title, in_exif.title)) {
        in_exif.description = std::exchange(in_exif.title, {});
    }
    add(said, std::move(in_exif));
    if (is_text_of(said.title, said.description)) said.description = {};
    return said;
} catch (const std::exception&) {
    return {};
}

}  // namespace iiif::presentation
