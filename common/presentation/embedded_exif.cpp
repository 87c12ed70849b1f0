// SPDX-License-Identifier: Apache-2.0
// The eight tags of EXIF that are wanted: EXIF 2.32 section 4.6. Exiv2 reads all of them, and the notes of cameras,
// which takes ten times as long.
#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include "presentation/embedded_packets.h"
#include "presentation/texts.h"

namespace iiif::presentation {
namespace {

enum Tag : std::uint16_t {
    kImageDescription = 270,
    kDateTime = 306,
    kArtist = 315,
    kCopyright = 33432,
    kExifDirectory = 34665,
    kDateTimeOriginal = 36867,
    kXpTitle = 40091,
    kXpAuthor = 40093
};
constexpr std::uint16_t kByte = 1, kAscii = 2, kLong = 4, kUndefined = 7;

class Directories {
public:
    explicit Directories(std::string_view bytes) : bytes_(bytes), big_(bytes.starts_with("MM")) {}

    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t width) const {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            value = value << 8U | static_cast<unsigned char>(bytes_[at + (big_ ? i : width - 1 - i)]);
        }
        return value;
    }

    // Each entry whose value lies within the packet, up to the end of the directory or of the packet.
    void each(std::size_t at, const std::function<void(std::uint16_t tag, std::string_view value)>& take) const {
        if (at > bytes_.size() || bytes_.size() - at < 2) return;
        const std::size_t count = number(at, 2);
        for (std::size_t i = 0, entry = at + 2; i < count && bytes_.size() >= entry + 12; ++i, entry += 12) {
            const std::uint32_t type = number(entry + 2, 2);
            const std::uint32_t length = number(entry + 4, 4) * (type == kLong ? 4 : 1);
            if (type != kByte && type != kAscii && type != kUndefined && type != kLong) continue;
            const std::size_t begin = length <= 4 ? entry + 8 : number(entry + 8, 4);
            if (begin > bytes_.size() || length > bytes_.size() - begin) continue;
            take(static_cast<std::uint16_t>(number(entry, 2)), bytes_.substr(begin, length));
        }
    }

private:
    std::string_view bytes_;
    bool big_;
};

// Two texts may follow one another in Copyright: the photographer's, which is a blank where there is none, and the
// editor's. All else ends with the first NUL.
std::string first_text(std::string_view value) {
    while (!value.empty()) {
        std::string text = clean_text(value.substr(0, value.find('\0')));
        const auto end = value.find('\0');
        if (!text.empty() || end == std::string_view::npos) return text;
        value.remove_prefix(end + 1);
    }
    return "";
}

}  // namespace

void put_image_description(Embedded& said, std::string text) {
    constexpr std::size_t kLongestTitle = 160;  // bytes; two lines of a viewer's list
    if (says_nothing(text)) return;
    if (said.title.empty() && text.size() <= kLongestTitle) {
        said.title = protocol::LanguageMap(std::move(text));
    } else if (said.title != protocol::LanguageMap(text)) {
        said.description = protocol::LanguageMap(std::move(text));
    }
}

Embedded said_in_exif(std::string_view packet) {
    Embedded said;
    if (packet.size() < 8 || (!packet.starts_with("II") && !packet.starts_with("MM"))) return said;
    const Directories directories(packet);
    std::string description;
    std::string author;
    std::string changed;
    std::size_t inner = 0;
    directories.each(directories.number(4, 4), [&](std::uint16_t tag, std::string_view value) {
        switch (tag) {
            case kImageDescription: description = first_text(value); break;
            case kDateTime: changed = date_of(first_text(value)); break;
            case kArtist: said.creator = first_text(value); break;
            case kCopyright: said.copyright = first_text(value); break;
            case kXpAuthor: author = clean_utf16(value); break;
            case kXpTitle:
                if (std::string title = clean_utf16(value); !says_nothing(title)) {
                    said.title = protocol::LanguageMap(std::move(title));
                }
                break;
            case kExifDirectory:
                if (value.size() == 4)
                    inner = directories.number(static_cast<std::size_t>(value.data() - packet.data()), 4);
                break;
            default: break;
        }
    });
    if (inner != 0) {
        directories.each(inner, [&said](std::uint16_t tag, std::string_view value) {
            if (tag == kDateTimeOriginal) said.date = date_of(first_text(value));
        });
    }
    if (said.date.empty()) said.date = std::move(changed);
    if (said.creator.empty()) said.creator = std::move(author);
    put_image_description(said, std::move(description));
    said.rights = rights_uri_in(said.copyright);
    return said;
}

}  // namespace iiif::presentation
