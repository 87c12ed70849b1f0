// SPDX-License-Identifier: Apache-2.0
// Tiles in files made for the purpose: what is sent, and everything that must not be.
#include "source/stored_tile.h"

#include <array>
#include <string>

#include "source/temporary_folder.h"
#include "suite.h"

namespace {

using namespace iiif::source;

std::string numbers(std::initializer_list<std::uint64_t> values, std::size_t bytes, bool big) {
    std::string out;
    for (const std::uint64_t value : values) {
        for (std::size_t i = 0; i < bytes; ++i) {
            out += static_cast<char>(value >> (8 * (big ? bytes - 1 - i : i)) & 0xFFU);
        }
    }
    return out;
}

std::string segment(unsigned marker, const std::string& body) {
    return std::string("\xFF") + static_cast<char>(marker) + numbers({body.size() + 2}, 2, true) + body;
}

std::string frame(unsigned width, unsigned height, unsigned components, unsigned marker = 0xC0, unsigned bits = 8) {
    std::string body = numbers({bits}, 1, true) + numbers({height, width}, 2, true) + numbers({components}, 1, true);
    for (unsigned i = 1; i <= components; ++i) body += numbers({i, 0x11, 0}, 1, true);
    return segment(marker, body);
}

const std::string kSoi = "\xFF\xD8";
const std::string kEoi = "\xFF\xD9";
const std::string kTables = kSoi + segment(0xDB, std::string(65, '\1')) + segment(0xC4, std::string(20, '\2')) + kEoi;
const std::string kScan = segment(0xDA, std::string(10, '\0')) + "entropy coded" + kEoi;
const std::string kJfif = segment(0xE0, std::string("JFIF\0\x01\x02\0\0\x01\0\x01\0\0", 14));
const std::string kAdobeRgb = segment(0xEE, std::string("Adobe\0\x64\0\0\0\0\0", 12));
const std::string kAdobeYcc = segment(0xEE, std::string("Adobe\0\x64\0\0\0\0\1", 12));

// A file with four places for tiles, of which `tile` is number 2, the first is absent and the last beyond the end.
struct Made {
    Description image;
    Level level;
    std::string bytes, tile;
    bool big = false;
    std::size_t offset_bytes = 4, count_bytes = 4;
    std::string tables = kTables, profile;

    explicit Made(std::string stored) : tile(std::move(stored)) {
        level.extent = {512, 512};
        level.tile = {256, 256};
        level.index.codec = Codec::jpeg;
    }
    void lay_out() {
        bytes = "II*.    ";
        const auto put = [&](const std::string& piece) {
            const std::uint64_t at = bytes.size();
            bytes += piece;
            return at;
        };
        TileIndex& index = level.index;
        if (!tables.empty()) index.tables = put(tables);
        index.tables_length = static_cast<std::uint32_t>(tables.size());
        if (!profile.empty()) image.profile = put(profile);
        image.profile_length = static_cast<std::uint32_t>(profile.size());
        const std::uint64_t at = put(tile);
        index.offset_bytes = static_cast<std::uint8_t>(offset_bytes);
        index.count_bytes = static_cast<std::uint8_t>(count_bytes);
        index.offsets = put(numbers({0, at, at, 0xFFFFFF00}, offset_bytes, big));
        index.counts = put(numbers({0, tile.size(), tile.size(), 200}, count_bytes, big));
        image.big_endian = big;
        image.levels = {level};
    }
    [[nodiscard]] std::optional<StoredPart> read(std::uint64_t number = 2) const {
        const iiif::test::Folder folder;
        folder.file("made", bytes);
        const UniqueFd fd(::open(folder.at("made").c_str(), O_RDONLY | O_CLOEXEC));
        FileBlocks blocks(4);
        return stored_tile(image, level, number, fd.get(), {.device = 1, .inode = 2, .size = bytes.size()}, blocks);
    }
    // Head and range as one.
    [[nodiscard]] std::string answer(std::uint64_t number = 2) const {
        const auto part = read(number);
        return part ? part->in_memory() + bytes.substr(part->offset, part->length) : "";
    }
};

std::string ycbcr_tile() {
    return kSoi + frame(256, 256, 3) + kScan;
}

START_TEST(head_and_range_are_one_image) {
    for (const bool big : {false, true}) {
        for (const std::size_t offset_bytes : {4U, 8U}) {
            for (const std::size_t count_bytes : {2U, 4U, 8U}) {
                Made made(ycbcr_tile());
                made.big = big;
                made.offset_bytes = offset_bytes;
                made.count_bytes = count_bytes;
                made.lay_out();
                const std::string tables = kTables.substr(2, kTables.size() - 4);
                ck_assert(made.answer() == kSoi + kJfif + tables + frame(256, 256, 3) + kScan);
            }
        }
    }
}
END_TEST

START_TEST(large_tiles_are_a_range) {
    for (const std::size_t more : {65000U, 66000U}) {
        Made made(kSoi + frame(256, 256, 3) + segment(0xDA, std::string(10, '\0')) + std::string(more, 'x') + kEoi);
        made.lay_out();
        const auto part = made.read();
        ck_assert(part.has_value());
        ck_assert_uint_eq(part->length, more > 65536 ? made.tile.size() - 2 : 0);
        ck_assert(made.answer().ends_with(made.tile.substr(2)));
    }
}
END_TEST

START_TEST(tiles_may_be_filled_up) {
    Made made(ycbcr_tile() + std::string(3, '\0'));
    made.lay_out();
    ck_assert(made.answer().ends_with(made.tile.substr(2)));
}
END_TEST

START_TEST(colours_are_said) {
    struct Case {
        JpegColour colour;
        std::string own;  // markers of the tile itself
        unsigned components;
        std::string said;  // by us; "-": refused
    };
    const Case cases[] = {
        {JpegColour::gray, "", 1, kJfif},       {JpegColour::gray, kJfif, 1, ""},
        {JpegColour::gray, "", 3, "-"},         {JpegColour::ycbcr, "", 3, kJfif},
        {JpegColour::ycbcr, kJfif, 3, ""},      {JpegColour::ycbcr, kAdobeYcc, 3, ""},
        {JpegColour::ycbcr, kAdobeRgb, 3, "-"}, {JpegColour::ycbcr, "", 1, "-"},
        {JpegColour::ycbcr, "", 4, "-"},        {JpegColour::rgb, "", 3, kAdobeRgb},
        {JpegColour::rgb, kAdobeRgb, 3, ""},    {JpegColour::rgb, kAdobeYcc, 3, "-"},
        {JpegColour::rgb, kJfif, 3, "-"},
    };
    for (const Case& c : cases) {
        Made made(kSoi + c.own + frame(256, 256, c.components) + kScan);
        made.level.index.colour = c.colour;
        made.tables.clear();
        made.lay_out();
        const std::string expected = c.said == "-" ? "" : kSoi + c.said + c.own + frame(256, 256, c.components) + kScan;
        ck_assert_msg(made.answer() == expected, "case %td", &c - cases);
    }
}
END_TEST

START_TEST(the_profile_goes_along) {
    Made made(ycbcr_tile());
    made.profile = std::string(3000, 'p');
    made.lay_out();
    const std::string icc = segment(0xE2, std::string("ICC_PROFILE\0\x01\x01", 14) + made.profile);
    ck_assert(made.answer().starts_with(kSoi + kJfif + icc));
    made.profile = std::string(16385, 'p');
    made.lay_out();
    ck_assert(!made.read());
}
END_TEST

START_TEST(never_a_wrong_byte) {
    const auto refused = [](const char* what, const std::string& tile, const std::string& tables = kTables) {
        Made made(tile);
        made.tables = tables;
        made.lay_out();
        ck_assert_msg(!made.read(), "%s", what);
    };
    refused("empty", "");
    refused("no end", ycbcr_tile() + "x");
    refused("zeros", std::string(500, '\0'));
    refused("no start", ycbcr_tile().substr(1));
    refused("another extent", kSoi + frame(256, 255, 3) + kScan);
    refused("12 bits", kSoi + frame(256, 256, 3, 0xC1, 12) + kScan);
    refused("lossless", kSoi + frame(256, 256, 3, 0xC3) + kScan);
    refused("arithmetic", kSoi + frame(256, 256, 3, 0xC9) + kScan);
    refused("no frame", kSoi + kScan + std::string(100, 'x'));
    refused("a frame too far away", kSoi + segment(0xFE, std::string(2000, 'c')) + frame(256, 256, 3) + kScan);
    refused("a segment of no length", kSoi + std::string("\xFF\xFE\0\0", 4) + frame(256, 256, 3) + kScan);
    refused("tables without an end", ycbcr_tile(), kTables.substr(0, kTables.size() - 2));
    refused("tables with a frame", ycbcr_tile(), kSoi + frame(8, 8, 3) + kEoi);
    refused("tables of zeros", ycbcr_tile(), std::string(100, '\0'));

    Made made(ycbcr_tile());
    made.lay_out();
    ck_assert(made.read(2).has_value());
    ck_assert(!made.read(0));                    // absent
    ck_assert(!made.read(3));                    // beyond the end of the file
    ck_assert(!made.read(4));                    // beyond the array, where something else lies
    ck_assert(!made.read(0xFFFFFFFFFFFFFFFFU));  // no wrapping around
    for (std::uint64_t TileIndex::*const place : {&TileIndex::offsets, &TileIndex::counts, &TileIndex::tables}) {
        for (const std::uint64_t value : {std::uint64_t{made.bytes.size()}, std::uint64_t{0x7FFFFFFFFFFFFFFFU}}) {
            Made other = made;
            other.level.index.*place = value;
            ck_assert(!other.read());
        }
    }
    Made shorter = made;  // as when the file was cut after it was described
    shorter.bytes.resize(shorter.bytes.size() / 2);
    ck_assert(!shorter.read());
}
END_TEST

std::string riff(const std::string& chunk) {
    return "RIFF" + numbers({chunk.size() + 4}, 4, false) + "WEBP" + chunk;
}

START_TEST(webp_tiles_are_whole_files) {
    const std::string lossy = "VP8 " + numbers({20}, 4, false) + std::string("\x10\0\0\x9D\x01\x2A", 6) +
                              numbers({256, 256}, 2, false) + std::string(10, 'x');
    const std::string lossless =
        "VP8L" + numbers({20}, 4, false) + "\x2F" + numbers({255U | 255U << 14U}, 4, false) + std::string(15, 'x');
    const std::string extended = "VP8X" + numbers({10}, 4, false) + numbers({0x10, 0, 0, 0}, 1, false) +
                                 numbers({255, 255}, 3, false) + std::string(8, 'x');
    const auto answer = [](const std::string& tile, const std::string& profile = "") {
        Made made(tile);
        made.level.index.codec = Codec::webp;
        made.tables.clear();
        made.profile = profile;
        made.lay_out();
        return made.answer();
    };
    for (const std::string& chunk : {lossy, lossless, extended}) ck_assert(answer(riff(chunk)) == riff(chunk));
    std::string animated = extended;
    animated[8] = '\x02';
    ck_assert(answer(riff(animated)).empty());
    std::string smaller = lossy;
    smaller[14] = '\x10';
    ck_assert(answer(riff(smaller)).empty());
    ck_assert(answer("RIFX" + riff(lossy).substr(4)).empty());
    std::string longer = riff(lossy);
    longer[5] = '\x7F';
    ck_assert(answer(longer).empty());
    ck_assert(answer(riff(lossy), "a profile that matters").empty());
}
END_TEST

START_TEST(whole_files_are_complete) {
    struct Case {
        Container container;
        std::string start, end;
    };
    const std::string middle(20, '.');
    const Case cases[] = {{Container::jpeg, "\xFF\xD8\xFF\xE1", "\xFF\xD9"},
                          {Container::png, "\x89PNG\r\n\x1A\n", std::string("\0\0\0\0IEND\xAE\x42\x60\x82", 12)},
                          {Container::webp, std::string("RIFF\x1C\0\0\0WEBP", 12), "...."},
                          {Container::gif, "GIF89a", ";"},
                          {Container::jp2, std::string("\0\0\0\x0CjP  \r\n\x87\n", 12), "\xFF\xD9"}};
    const iiif::test::Folder folder;
    const auto complete = [&](Container container, const std::string& bytes) {
        folder.file("made", bytes);
        const UniqueFd fd(::open(folder.at("made").c_str(), O_RDONLY | O_CLOEXEC));
        return is_complete(container, fd.get(), bytes.size());
    };
    for (const Case& c : cases) {
        const std::string bytes = c.start + middle + c.end;
        for (const Case& other : cases) {
            ck_assert_int_eq(complete(other.container, bytes), other.container == c.container);
        }
        ck_assert(!complete(c.container, bytes.substr(0, bytes.size() - 1)));
        ck_assert(!complete(c.container, bytes + "."));
        ck_assert(!complete(c.container, ""));
        ck_assert(!complete(Container::tiff, bytes));
    }
}
END_TEST

TCase* stored_tile_case() {
    TCase* test_case = tcase_create("stored_tile");
    tcase_add_test(test_case, head_and_range_are_one_image);
    tcase_add_test(test_case, large_tiles_are_a_range);
    tcase_add_test(test_case, tiles_may_be_filled_up);
    tcase_add_test(test_case, colours_are_said);
    tcase_add_test(test_case, the_profile_goes_along);
    tcase_add_test(test_case, never_a_wrong_byte);
    tcase_add_test(test_case, webp_tiles_are_whole_files);
    tcase_add_test(test_case, whole_files_are_complete);
    return test_case;
}

const iiif::test::Register registered(stored_tile_case);

}  // namespace
