// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_part.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "render/coded_data.h"
#include "source/file_blocks.h"

namespace iiif::render {
namespace {

using source::BitReader;
using source::BitWriter;

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20U;
constexpr std::size_t kMore = 16;  // bytes that other codes for three differences may take more

// Codes of one row after another.
class Rows {
public:
    Rows(int fd, const JpegFile& file, std::size_t most) : fd_(fd), file_(file), writer_(most) {}

    // From one stop of the row to another.
    bool append(std::uint32_t row, std::uint32_t stop, std::uint32_t end_stop) {
        const ScanPoint& from = file_.point(row, stop);
        const ScanPoint& to = file_.point(row, end_stop);
        if (!read(from.bit / 8, to.bit)) return false;
        std::copy(from.dc.begin(), from.dc.end(), dc_.begin());
        if (file_.has_restarts_within_rows()) {
            const std::uint64_t first = std::uint64_t{row} * file_.count.width;
            return append_intervals(from.bit % 8, first + std::uint64_t{stop} * file_.step,
                                    first + std::min(end_stop * file_.step, file_.count.width));
        }
        if (unstuff(0) != raw_.size()) return false;
        if (to.bit % 8 != 0) end_ -= 8 - to.bit % 8;
        begin(from.bit % 8);
        if (!pass_mcu(true) || copied_ > end_) return false;
        writer_.copy(data_.data(), copied_, end_);
        std::copy(to.dc.begin(), to.dc.end(), last_.begin());
        return true;
    }

    std::span<const unsigned char> finish() { return writer_.finish(); }

private:
    // The data from a byte of the file on up to a bit of it.
    bool read(std::uint64_t byte, std::uint64_t end) {
        if (end / 8 < byte || end / 8 - byte > kMostBytes) return false;
        raw_.resize(static_cast<std::size_t>(end / 8 - byte) + (end % 8 != 0 ? 1 : 0));
        return source::read_at(fd_, byte, raw_);
    }

    // Takes the data from there on up to a marker, without the zero behind each 0xFF. Where that marker is.
    std::size_t unstuff(std::size_t at) {
        data_.resize(raw_.size() + CodedData::kMargin);
        std::size_t size = 0;
        while (at < raw_.size()) {
            const unsigned char* const from = raw_.data() + at;
            const void* const found = std::memchr(from, 0xFF, raw_.size() - at);
            const std::size_t plain = found == nullptr
                                          ? raw_.size() - at
                                          : static_cast<std::size_t>(static_cast<const unsigned char*>(found) - from);
            std::memcpy(data_.data() + size, from, plain);
            size += plain;
            at += plain;
            if (at == raw_.size() || (at + 1 < raw_.size() && raw_[at + 1] != 0)) break;
            data_[size++] = 0xFF;
            at = std::min(at + 2, raw_.size());  // the last byte is not always followed by its zero
        }
        std::memset(data_.data() + size, 0, CodedData::kMargin);
        end_ = size * 8;
        return at;
    }

    void begin(unsigned bit) {
        reader_ = BitReader(data_.data());
        reader_.fill();
        reader_.skip(bit);
        copied_ = bit;
    }

    // The MCUs [index, end) of the scan. Behind each restart differences count from zero; from what is only known when
    // all before it are read.
    bool append_intervals(unsigned bit, std::uint64_t index, std::uint64_t end) {
        const std::uint32_t interval = file_.head.restart;
        std::size_t at = unstuff(0);
        begin(bit);
        for (bool first = true; index < end; first = false) {
            if (!pass_mcu(first || index % interval == 0)) return false;
            ++index;
            if (index != end && index % interval != 0) continue;
            if (reader_.position() > end_) return false;
            writer_.copy(data_.data(), copied_, reader_.position());
            last_ = dc_;
            if (index == end) return true;
            if (raw_.size() - at < 2) return false;
            at = unstuff(at + 2);
            begin(0);
            dc_ = {};
        }
        return false;
    }

    // `anew`: its differences are others now.
    bool pass_mcu(bool anew) {
        for (std::size_t c = 0; c < file_.head.count; ++c) {
            const source::JpegComponent& component = file_.head.components.at(c);
            const source::HuffmanTable& table = file_.head.dc.at(component.dc);
            for (unsigned block = 0; block < component.across * component.down; ++block) {
                const std::size_t at = reader_.position();
                int difference = 0;
                if (at > end_ || !source::read_difference(reader_, table, difference)) return false;
                dc_.at(c) += difference;
                if (anew && block == 0) {
                    writer_.copy(data_.data(), copied_, at);
                    copied_ = reader_.position();
                    if (!source::write_difference(writer_, table, dc_.at(c) - last_.at(c))) return false;
                }
                if (!source::skip_ac(reader_, file_.head.ac.at(component.ac))) return false;
            }
        }
        return true;
    }

    int fd_;
    const JpegFile& file_;
    BitWriter writer_;
    BitReader reader_{nullptr};
    std::vector<unsigned char> raw_, data_;  // of the file; without zeros
    std::size_t copied_ = 0, end_ = 0;       // bits of the data
    std::array<int, 3> dc_{}, last_{};       // of each component: the last that was read; that was written before
};

}  // namespace

protocol::Rect pixels_of(const JpegFile& file, const PartOfScan& part) {
    const protocol::Extent mcu = file.mcu;
    const protocol::Extent picture = file.head.extent;
    const std::uint32_t left = part.stop * file.step * mcu.width;
    const std::uint32_t top = part.row * mcu.height;
    const std::uint32_t right = part.end_stop + 1 == file.stops ? picture.width : part.end_stop * file.step * mcu.width;
    return {left, top, right - left, std::min(part.end_row * mcu.height, picture.height) - top};
}

std::string part_of_jpeg(int fd, const JpegFile& file, const PartOfScan& part) {
    // Of a row, at most.
    const std::uint32_t restarts = file.has_restarts_within_rows() ? file.count.width / file.head.restart + 1 : 0;
    std::uint64_t bytes = 0;
    for (std::uint32_t row = part.row; row < part.end_row; ++row) {
        const std::uint64_t from = file.point(row, part.stop).bit;
        const std::uint64_t to = file.point(row, part.end_stop).bit;
        if (to < from) return {};
        bytes += (to - from) / 8 + kMore * (2 + restarts);
        if (bytes > kMostBytes) return {};
    }
    Rows rows(fd, file, static_cast<std::size_t>(bytes));
    for (std::uint32_t row = part.row; row < part.end_row; ++row) {
        if (!rows.append(row, part.stop, part.end_stop)) return {};
    }
    const auto coded = rows.finish();
    std::string out;
    out.reserve(file.tables.size() + coded.size() + coded.size() / 32 + 64);
    out = file.tables;
    const protocol::Rect pixels = pixels_of(file, part);
    std::size_t at = file.head.extent_at;
    for (const std::uint32_t side : {pixels.height, pixels.width}) {
        out[at++] = static_cast<char>(side >> 8U);
        out[at++] = static_cast<char>(side & 0xFFU);
    }
    source::append_stuffed(out, coded);
    out.append("\xFF\xD9");
    return out;
}

}  // namespace iiif::render
