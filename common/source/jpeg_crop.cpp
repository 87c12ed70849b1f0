// SPDX-License-Identifier: Apache-2.0
#include "source/jpeg_crop.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "source/jpeg_scan.h"

namespace iiif::source {
namespace {

using protocol::Extent;
using Bytes = std::span<const unsigned char>;

std::uint32_t divided_up(std::uint32_t value, std::uint32_t by) {
    return (value - 1) / by + 1;  // value > 0
}

// Coded data up to its end, without the zero behind each 0xFF; as many bytes more as a reader may touch. Empty: no EOI
// follows at once.
std::vector<unsigned char> unstuffed(Bytes data) {
    std::vector<unsigned char> out(data.size() + BitReader::kBeyond);
    std::size_t length = 0;
    while (true) {
        const auto* const found = static_cast<const unsigned char*>(std::memchr(data.data(), 0xFF, data.size()));
        const auto before = found == nullptr ? data.size() : static_cast<std::size_t>(found - data.data());
        if (data.size() - before < 2) return {};
        const unsigned char next = data[before + 1];
        const std::size_t taken = next == 0 ? before + 1 : before;
        std::memcpy(out.data() + length, data.data(), taken);
        length += taken;
        if (next != 0) {
            out.resize(length + BitReader::kBeyond);
            return next == jpeg_marker::kEoi ? std::move(out) : std::vector<unsigned char>();
        }
        data = data.subspan(before + 2);
    }
}

// The scan: MCUs in rows, of which the first ones are copied.
class Scan {
public:
    Scan(const JpegHead& head, const std::vector<unsigned char>& data, std::size_t most)
        : head_(head),
          data_(data),
          bits_((data.size() - BitReader::kBeyond) * 8),
          reader_(data.data()),
          writer_(most) {}

    // `across`, `wanted`: MCUs of a row, and how many of them; `rows`: how many rows. false: damage, or no code.
    bool crop(std::uint32_t across, std::uint32_t wanted, std::uint32_t rows) {
        for (std::uint32_t row = 0; row < rows; ++row) {
            from_ = reader_.position();
            for (std::uint32_t column = 0; column < across; ++column) {
                // Differences of a row's first blocks count from the last ones of the row above, which now are others.
                const bool counts_anew = column == 0 && row > 0 && wanted < across;
                if (!read_mcu(counts_anew)) return false;
                if (column + 1 != wanted) continue;
                writer_.copy(data_.data(), from_, reader_.position());
                last_ = dc_;
                if (row + 1 == rows) return reader_.position() <= bits_;
            }
        }
        return false;
    }

    Bytes finish() { return writer_.finish(); }

private:
    bool read_mcu(bool counts_anew) {
        for (std::size_t c = 0; c < head_.count; ++c) {
            const JpegComponent& component = head_.components.at(c);
            const HuffmanTable& ac = head_.ac.at(component.ac);
            for (unsigned block = 0; block < component.across * component.down; ++block) {
                if (!read_dc(c, counts_anew && block == 0) || !skip_ac(reader_, ac)) return false;
            }
        }
        return true;
    }

    bool read_dc(std::size_t c, bool counts_anew) {
        const HuffmanTable& table = head_.dc.at(head_.components.at(c).dc);
        const std::size_t begin = reader_.position();
        int difference = 0;
        if (begin > bits_ || !read_difference(reader_, table, difference)) return false;
        dc_.at(c) += difference;
        if (std::abs(dc_.at(c)) > kMostJpegDc) return false;
        if (!counts_anew) return true;
        writer_.copy(data_.data(), from_, begin);
        from_ = reader_.position();
        return write_difference(writer_, table, dc_.at(c) - last_.at(c));
    }

    const JpegHead& head_;
    const std::vector<unsigned char>& data_;
    std::size_t bits_;
    BitReader reader_;
    BitWriter writer_;
    std::size_t from_ = 0;              // what was read, and not yet written
    std::array<int, 3> dc_{}, last_{};  // of each component: just read; the last that was kept
};

}  // namespace

std::string cropped_jpeg(Bytes stream, Extent extent) {
    JpegHead head;
    if (!head.read(stream) || head.restart != 0 || extent.width == 0 || extent.height == 0 ||
        extent.width > head.extent.width || extent.height > head.extent.height) {
        return {};
    }
    const std::vector<unsigned char> data = unstuffed(stream.subspan(head.length));
    if (data.empty()) return {};
    const Extent mcu = head.mcu();
    const std::uint32_t rows = divided_up(extent.height, mcu.height);
    // A row may take a few bits more than before: other codes for three differences.
    Scan scan(head, data, data.size() + std::size_t{rows} * 16);
    if (!scan.crop(divided_up(head.extent.width, mcu.width), divided_up(extent.width, mcu.width), rows)) return {};

    const Bytes coded = scan.finish();
    std::string out;
    out.reserve(head.length + coded.size() + coded.size() / 32 + 64);
    out.append(reinterpret_cast<const char*>(stream.data()), head.length);
    for (const std::uint32_t side : {extent.height, extent.width}) {
        out[head.extent_at++] = static_cast<char>(side >> 8U);
        out[head.extent_at++] = static_cast<char>(side & 0xFFU);
    }
    append_stuffed(out, coded);
    out.append("\xFF\xD9");
    return out;
}

}  // namespace iiif::source
