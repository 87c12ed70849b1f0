// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>

#include "render/jpeg_meaning.h"
#include "render/subsampled.h"
#include "source/file_blocks.h"

namespace iiif::render {
namespace {

using protocol::Extent;
namespace marker = source::jpeg_marker;

constexpr std::uint64_t kMostSegments = 4096;  // some hold a preview, or a book of metadata
constexpr std::size_t kMostHead = std::size_t{1} << 20U;
constexpr std::size_t kMostPoints = std::size_t{1} << 18U;
constexpr std::uint32_t kLeastStep = 8;  // MCUs; for parts that begin anywhere 2 to 4 % more are decoded

std::span<const unsigned char> bytes_of(const std::string& bytes) {
    return {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
}

// A part begins with differences that the whole did not have, and tables made for the whole lack their codes. There is
// room: the codes of a table leave out the one of all ones at least. `tables`: the body of a DHT segment.
std::string with_all_differences(std::string_view tables) {
    constexpr std::size_t kDifferences = 12;
    constexpr std::size_t kLongest = 16;
    std::string out;
    while (tables.size() > kLongest) {
        std::size_t symbols = 0;
        std::size_t codes = 0;  // those of 16 bits that are taken
        for (std::size_t length = 1; length <= kLongest; ++length) {
            const auto number = static_cast<unsigned char>(tables[length]);
            symbols += number;
            codes += std::size_t{number} << (kLongest - length);
        }
        const std::size_t size = 1 + kLongest + symbols;
        if (size > tables.size()) break;
        std::string table(tables.substr(0, size));
        const bool of_differences = static_cast<unsigned char>(table[0]) >> 4U == 0;
        for (std::size_t symbol = 0; of_differences && symbol < kDifferences && codes + 1 < 0x10000; ++symbol) {
            const std::string_view have = std::string_view(table).substr(1 + kLongest);
            if (have.find(static_cast<char>(symbol)) != std::string_view::npos || have.size() >= 255) continue;
            ++codes;
            ++table[kLongest];
            table.push_back(static_cast<char>(symbol));
        }
        out += table;
        tables.remove_prefix(size);
    }
    return out.append(tables);  // the rest: none, or damage for others to find
}

void append_segment(std::string& out, unsigned char kind, std::string_view body) {
    const std::size_t length = body.size() + 2;
    out += {'\xFF', static_cast<char>(kind), static_cast<char>(length >> 8U), static_cast<char>(length & 0xFFU)};
    out += body;
}

struct Heads {
    std::string all;     // that matter for what the picture looks like
    std::string tables;  // JpegFile::tables
    std::uint64_t data = 0;
};

// nullopt: not the segments of such a file.
std::optional<Heads> read_heads(int fd, std::uint64_t file_size) {
    Heads out{"\xFF\xD8", "\xFF\xD8", 0};
    std::uint64_t at = 2;
    for (std::uint64_t n = 0; n < kMostSegments; ++n) {
        std::array<std::uint8_t, 4> start{};
        if (file_size - at < start.size() || !source::read_at(fd, at, start) || start[0] != 0xFF) return std::nullopt;
        const unsigned char kind = start[1];
        const std::size_t length = std::size_t{start[2]} << 8U | start[3];
        if (length < 2 || length + 2 > file_size - at) return std::nullopt;
        const bool table = kind == marker::kBaseline || kind == marker::kExtended || kind == marker::kDht ||
                           kind == marker::kDqt || kind == marker::kSos;
        constexpr unsigned char kApp2 = 0xE2;
        const bool matters =
            table || kind == marker::kDri || kind == marker::kApp0 || kind == kApp2 || kind == marker::kApp14;
        const bool other = (kind > marker::kApp0 && kind <= 0xEF) || kind == 0xFE;
        if (!matters && !other) return std::nullopt;
        if (matters) {
            std::string body(length - 2, '\0');
            if (!source::read_at(fd, at + 4, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()})) {
                return std::nullopt;
            }
            using namespace std::string_view_literals;
            if (kind != kApp2 || body.starts_with("ICC_PROFILE\0"sv)) append_segment(out.all, kind, body);
            if (kind == marker::kDht) body = with_all_differences(body);
            if (body.size() > 0xFFFD) return std::nullopt;
            if (table) append_segment(out.tables, kind, body);
            if (out.all.size() > kMostHead) return std::nullopt;
        }
        at += 2 + length;
        if (kind == marker::kSos) {
            out.data = at;
            return out;
        }
    }
    return std::nullopt;
}

bool is_usual(const source::JpegHead& head) {
    if (head.count == 1) return true;
    const auto& [luma, blue, red] = head.components;
    return blue.across == 1 && blue.down == 1 && red.across == 1 && red.down == 1 && luma.across <= 2 && luma.down <= 2;
}

std::uint64_t quarter_pixels(const JpegFile& file) {
    const Extent full = file.head.extent;
    return std::uint64_t{divided_up(full.width, 4)} * divided_up(full.height, 4);
}

}  // namespace

std::shared_ptr<JpegFile> read_jpeg_file(int fd, const source::FileKey& key, std::uint64_t kept_pixels) {
    std::array<std::uint8_t, 2> soi{};
    if (key.size < 4 || !source::read_at(fd, 0, soi) || soi[0] != 0xFF || soi[1] != marker::kSoi) return nullptr;
    auto heads = read_heads(fd, key.size);
    if (!heads) return nullptr;
    auto file = std::make_shared<JpegFile>();
    source::JpegHead whole;
    source::JpegHead& head = file->head;
    if (!whole.read(bytes_of(heads->all)) || !head.read(bytes_of(heads->tables))) return nullptr;
    head.restart = whole.restart;
    auto meaning = jpeg_meaning(bytes_of(heads->all));
    if (!meaning) return nullptr;
    file->key = key;
    file->tables = std::move(heads->tables);
    file->data = heads->data;
    file->colours = meaning->colours;
    file->dc_step = meaning->dc_step;
    file->profile = std::move(meaning->profile);
    file->mcu = head.mcu();
    file->count = {divided_up(head.extent.width, file->mcu.width), divided_up(head.extent.height, file->mcu.height)};
    const auto luma = head.components[0];
    if (!is_usual(head) || (file->colours == Colours::rgb && luma.across * luma.down != 1)) {
        return nullptr;
    }
    const auto stops = [&](std::uint32_t step) { return divided_up(file->count.width, step) + 1; };
    for (file->step = kLeastStep; std::size_t{stops(file->step)} * file->count.height > kMostPoints;) file->step *= 2;
    file->stops = stops(file->step);

    const auto folded = [&] {
        return Extent{divided_up(head.extent.width, 8 * file->fold), divided_up(head.extent.height, 8 * file->fold)};
    };
    const std::uint64_t most = std::max<std::uint64_t>(kept_pixels, 1);
    while (std::uint64_t{folded().width} * folded().height > most) file->fold *= 2;
    file->eighth.across = head.count == 1 ? 1 : luma.across;
    file->eighth.down = head.count == 1 ? 1 : luma.down;
    if (!allocate(file->eighth.planes, folded(), file->colours, file->eighth.across, file->eighth.down)) return nullptr;
    file->keeps_quarter = quarter_pixels(*file) <= kept_pixels;
    file->points.reserve(std::size_t{file->stops} * file->count.height);
    return file;
}

std::size_t JpegFile::memory() const {
    std::size_t bytes = sizeof(*this) + tables.capacity() + profile.capacity() + points.capacity() * sizeof(ScanPoint);
    for (const Plane& plane : eighth.planes.plane) bytes += plane.stride() * plane.extent().height;
    if (keeps_quarter) bytes += static_cast<std::size_t>(quarter_pixels(*this)) * head.count + points.capacity() / 8;
    return bytes;
}

std::size_t JpegFiles::memory() const {
    return std::accumulate(files_.begin(), files_.end(), std::size_t{0},
                           [](std::size_t sum, const auto& file) { return sum + file->memory(); });
}

std::shared_ptr<JpegFile> JpegFiles::get(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return nullptr;
    const source::FileKey key = source::file_key(status);
    const auto found = std::find_if(files_.begin(), files_.end(), [&](const auto& file) { return file->key == key; });
    if (found != files_.end()) {
        files_.splice(files_.begin(), files_, found);
        return *found;
    }
    auto file = read_jpeg_file(fd, key, kept_pixels_);
    if (!file || !source::is_settled(key)) return file;
    files_.push_front(file);
    while (files_.size() > kMost || (!files_.empty() && memory() > most_)) files_.pop_back();
    return file;
}

namespace {
JpegFiles& the_files() {
    static JpegFiles files(kJpegFilesBytes);
    return files;
}
}  // namespace

JpegFiles& jpeg_files() {
    return the_files();
}

void keep_jpeg_files(std::size_t bytes, std::uint64_t kept_pixels) {
    the_files() = JpegFiles(bytes, kept_pixels);
}

}  // namespace iiif::render
