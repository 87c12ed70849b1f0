// SPDX-License-Identifier: Apache-2.0
#include "render/sniff.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>
#include <string_view>

namespace iiif::render {
namespace {

using source::Container;
using namespace std::string_view_literals;

struct Magic {
    std::string_view bytes;
    Container container;
};

constexpr std::array kMagics = {
    Magic{"II*\0"sv, Container::tiff},
    Magic{"MM\0*"sv, Container::tiff},
    Magic{"II+\0"sv, Container::tiff},  // BigTIFF
    Magic{"MM\0+"sv, Container::tiff},
    Magic{"\xFF\xD8\xFF"sv, Container::jpeg},
    Magic{"\0\0\0\x0CjP  \r\n\x87\n"sv, Container::jp2},
    Magic{"\xFF\x4F\xFF\x51"sv, Container::jp2},  // a bare codestream
    Magic{"\x89PNG\r\n\x1A\n"sv, Container::png},
    Magic{"GIF87a"sv, Container::gif},
    Magic{"GIF89a"sv, Container::gif},
    Magic{"\xFF\x0A"sv, Container::jxl},  // a bare codestream
    Magic{"\0\0\0\x0CJXL \r\n\x87\n"sv, Container::jxl},
    Magic{"%PDF-"sv, Container::pdf},
};

// Brands of ISO/IEC 23008-12 and of AVIF that mean a still image or an image sequence.
constexpr std::array kBrands = {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv,
                                "hevx"sv, "mif1"sv, "msf1"sv, "avif"sv, "avis"sv};

}  // namespace

std::optional<Container> sniff(std::span<const unsigned char> start) {
    const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
    for (const Magic& magic : kMagics) {
        if (text.starts_with(magic.bytes)) return magic.container;
    }
    if (text.size() >= 12 && text.starts_with("RIFF") && text.substr(8).starts_with("WEBP")) return Container::webp;
    // ISO base media: "ftyp", the major brand, a version, compatible brands.
    if (text.size() >= 16 && text.substr(4, 4) == "ftyp") {
        for (std::size_t at = 8; at + 4 <= text.size(); at += 4) {
            for (const std::string_view brand : kBrands) {
                if (text.substr(at, 4) == brand) return Container::heif;
            }
        }
    }
    return std::nullopt;
}

std::optional<Container> sniff(int fd) {
    std::array<unsigned char, 64> start{};
    const std::size_t length = read_at(fd, start, 0);
    return sniff(std::span(start).first(length));
}

std::size_t read_at(int fd, std::span<unsigned char> bytes, std::uint64_t offset) {
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - bytes.size()) return 0;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

}  // namespace iiif::render
