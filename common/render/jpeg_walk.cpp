// SPDX-License-Identifier: Apache-2.0
#include "render/jpeg_walk.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

#include "render/coded_data.h"
#include "render/subsampled.h"

namespace iiif::render {
namespace {

using source::BitReader;
using source::HuffmanTable;

// Of AC coefficients that are passed and not decoded, as many at once as the next bits hold whole codes of.
class Strides {
public:
    explicit Strides(const HuffmanTable& table) : table_(table), strides_(1U << kBits) {
        std::vector<Single> singles(1U << kBits);
        for (unsigned symbol = 0; symbol < 256; ++symbol) {
            const HuffmanTable::Code code = table.code_of(static_cast<unsigned char>(symbol));
            const unsigned size = symbol & 15U;
            const unsigned zeros = symbol >> 4U;
            const bool ends = size == 0 && zeros == 0;
            if (code.length == 0 || code.length > kBits || (size == 0 && zeros != 0 && zeros != 15)) continue;
            const unsigned free = kBits - code.length;
            std::fill_n(singles.begin() + (code.bits << free), 1U << free,
                        Single{code.length, static_cast<std::uint8_t>(code.length + size),
                               static_cast<std::uint8_t>(ends ? 0 : zeros + 1), ends});
        }
        for (unsigned next = 0; next < strides_.size(); ++next) {
            unsigned bits = 0;
            unsigned count = 0;
            bool ends = false;
            while (bits < kBits && !ends) {
                const Single one = singles[(next << bits) & (strides_.size() - 1)];
                if (one.length == 0 || one.length + bits > kBits || count + one.count >= source::kJpegCoefficients) {
                    break;
                }
                bits += one.bits;
                count += one.count;
                ends = one.ends;
            }
            strides_[next] = static_cast<std::uint16_t>(bits | count << kCountAt | (ends ? kEnds : 0));
        }
    }

    // As source::skip_ac().
    bool pass(BitReader& bits) const {
        unsigned done = 1;
        while (true) {
            bits.fill();
            if (const Step step = take(bits, done); step != Step::on) return step == Step::end || slowly(bits, done);
            if (const Step step = take(bits, done); step != Step::on) return step == Step::end || slowly(bits, done);
        }
    }

private:
    static constexpr unsigned kBits = 12;
    struct Single {
        std::uint8_t length = 0, bits = 0, count = 0;  // of the code; with what follows it; coefficients
        bool ends = false;
    };
    // Bits below, then a count of coefficients, and whether the block ends with them. One word, for a struct would be
    // taken apart in memory: twice the time.
    using Stride = std::uint16_t;
    static constexpr unsigned kCountAt = 6, kEnds = 1U << 15U;
    enum class Step : std::uint8_t { on, end, slowly };

    // At most kBits + 15 bits.
    Step take(BitReader& bits, unsigned& done) const {
        const unsigned stride = strides_[bits.peek(kBits)];
        const unsigned length = stride & ((1U << kCountAt) - 1);
        const unsigned next = done + (stride >> kCountAt & (source::kJpegCoefficients - 1));
        const bool ends = (stride & kEnds) != 0;
        if (length == 0 || next > source::kJpegCoefficients - (ends ? 1U : 0U)) return Step::slowly;
        bits.skip(length);
        done = next;
        return ends || next == source::kJpegCoefficients ? Step::end : Step::on;
    }

    // A long code, or one of the last ones of a block.
    bool slowly(BitReader& bits, unsigned done) const { return source::skip_ac(bits, table_, done); }

    const HuffmanTable& table_;
    std::vector<Stride> strides_;
};

class Walk {
public:
    Walk(int fd, JpegFile& file, const Cancelled& cancelled)
        : file_(file),
          cancelled_(cancelled),
          coded_(fd, file.key.size),
          ac_{Strides(file.head.ac[0]), Strides(file.head.ac[1])} {}

    bool to(std::uint32_t rows) {
        const std::uint32_t first = file_.known;
        if (first == 0) {
            if (!coded_.begin(file_.data)) return false;
            reader_ = BitReader(coded_.bytes());
        } else {
            const ScanPoint& end = file_.point(first - 1, file_.stops - 1);
            if (!coded_.begin(end.bit / 8)) return false;
            const auto bits = static_cast<unsigned>(end.bit % 8);
            reader_ = BitReader(coded_.bytes());
            reader_.fill();
            reader_.skip(bits);
            std::copy(end.dc.begin(), end.dc.end(), dc_.begin());
        }
        set_limits();
        for (std::size_t c = 0; c < file_.head.count; ++c) {
            blocks_[c] = blocks(c);
            const std::uint32_t width = file_.eighth.planes.plane[c].extent().width;
            if (file_.fold > 1) sums_[c].resize(std::size_t{width} * file_.head.components[c].down);
        }
        for (std::uint32_t row = first; row < rows; ++row) {
            if (!pass_row(row)) {
                file_.points.resize(std::size_t{file_.known} * file_.stops);
                return false;
            }
            if ((row + 1) % file_.fold != 0 && row + 1 < file_.count.height) continue;
            if (file_.fold > 1) draw_means(row);
            file_.known = row + 1;
        }
        return true;
    }

private:
    void set_limits() {
        end_ = coded_.size() * 8;
        refill_ = coded_.is_last() ? end_ + 1 : end_ - std::min(end_, CodedData::kMargin * 8);
    }

    bool pass_row(std::uint32_t row) {
        const std::uint32_t interval = file_.head.restart;
        const std::uint32_t columns = file_.count.width;
        const std::uint64_t first = std::uint64_t{row} * columns;
        // MCUs up to the next restart, which is none before the first one; without them as many as there are.
        std::uint64_t left = interval == 0 ? columns : first == 0 ? interval : (interval - first % interval) % interval;
        for (std::uint32_t column = 0; column < columns; ++column) {
            if (left-- == 0) {
                if (!restart((first + column) / interval - 1)) return false;
                left = interval - 1;
            }
            if (column % file_.step == 0) note();
            if (reader_.position() >= refill_ && !refill()) return false;
            if (!pass_mcu(column, row) || reader_.position() > end_) return false;
        }
        note();
        return true;
    }

    bool restart(std::uint64_t number) {
        // Up to seven bits fill the last byte.
        if (!coded_.is_last() && !refill()) return false;
        if ((reader_.position() + 7) / 8 != coded_.size() || !coded_.restart(static_cast<unsigned>(number % 8)))
            return false;
        reader_ = BitReader(coded_.bytes());
        dc_ = {};
        set_limits();
        return true;
    }

    bool refill() {
        if (cancelled_ && cancelled_()) return false;
        while (true) {
            const std::size_t at = reader_.position();
            if (!coded_.advance(at / 8)) return false;
            reader_ = BitReader(coded_.bytes());
            reader_.fill();
            reader_.skip(at % 8);
            set_limits();
            if (coded_.is_last() || reader_.position() < refill_) return true;
        }
    }

    void note() {
        const std::size_t at = reader_.position();
        ScanPoint point;
        point.bit = coded_.place(at / 8) * 8 + at % 8;
        for (std::size_t c = 0; c < point.dc.size(); ++c) point.dc.at(c) = static_cast<std::int16_t>(dc_.at(c));
        file_.points.push_back(point);
    }

    bool pass_mcu(std::uint32_t column, std::uint32_t row) {
        const source::JpegHead& head = file_.head;
        for (std::size_t c = 0; c < head.count; ++c) {
            const source::JpegComponent& component = head.components[c];
            const HuffmanTable& dc = head.dc[component.dc];
            const Strides& ac = ac_[component.ac];
            for (unsigned down = 0; down < component.down; ++down) {
                for (unsigned across = 0; across < component.across; ++across) {
                    int difference = 0;
                    if (!read_difference(reader_, dc, difference)) return false;
                    dc_[c] += difference;
                    if (std::abs(dc_[c]) > source::kMostJpegDc || !ac.pass(reader_)) return false;
                    draw(c, column * component.across + across, row * component.down + down);
                }
            }
        }
        return true;
    }

    // What libjpeg makes of a block whose only coefficient counts.
    void draw(std::size_t c, std::uint32_t x, std::uint32_t y) {
        Plane& plane = file_.eighth.planes.plane[c];
        const int sample = std::clamp(((dc_[c] * file_.dc_step[c] + 4) >> 3) + 128, 0, 255);
        if (file_.fold > 1) return add(c, x, y, static_cast<std::uint32_t>(sample));
        if (x >= plane.extent().width || y >= plane.extent().height) return;
        plane.row(y)[x] = static_cast<unsigned char>(sample);
    }

    // A component's blocks as far as they show pixels.
    [[nodiscard]] protocol::Extent blocks(std::size_t c) const {
        const protocol::Extent full = file_.head.extent;
        const std::uint32_t across = c == 0 ? 1 : file_.eighth.across;
        const std::uint32_t down = c == 0 ? 1 : file_.eighth.down;
        return {divided_up(full.width, source::kJpegBlock * across),
                divided_up(full.height, source::kJpegBlock * down)};
    }

    void add(std::size_t c, std::uint32_t x, std::uint32_t y, std::uint32_t sample) {
        if (x >= blocks_[c].width || y >= blocks_[c].height) return;
        const std::uint32_t width = file_.eighth.planes.plane[c].extent().width;
        const std::size_t row = y / file_.fold % file_.head.components[c].down;
        sums_[c][row * width + x / file_.fold] += sample;
    }

    // As many rows of MCUs as are folded into one; a row of them gives as many of a plane as it has of blocks.
    void draw_means(std::uint32_t row) {
        for (std::size_t c = 0; c < file_.head.count; ++c) {
            Plane& plane = file_.eighth.planes.plane[c];
            const std::uint32_t width = plane.extent().width;
            const std::uint32_t down = file_.head.components[c].down;
            for (std::uint32_t i = 0; i < down; ++i) {
                const std::uint32_t y = row / file_.fold * down + i;
                if (y >= plane.extent().height) break;
                const std::uint32_t high = std::min(file_.fold, blocks_[c].height - y * file_.fold);
                for (std::uint32_t x = 0; x < width; ++x) {
                    const std::uint32_t count = high * std::min(file_.fold, blocks_[c].width - x * file_.fold);
                    const std::uint32_t sum = sums_[c][std::size_t{i} * width + x];
                    plane.row(y)[x] = static_cast<unsigned char>((sum + count / 2) / count);
                }
            }
            std::fill(sums_[c].begin(), sums_[c].end(), 0);
        }
    }

    JpegFile& file_;
    const Cancelled& cancelled_;
    CodedData coded_;
    std::array<Strides, 2> ac_;
    BitReader reader_{nullptr};
    std::array<int, 3> dc_{};           // of each component, the last one
    std::size_t end_ = 0, refill_ = 0;  // bits of the window
    std::array<protocol::Extent, 3> blocks_;
    std::array<std::vector<std::uint32_t>, 3> sums_;  // of blocks to be folded
};

}  // namespace

bool walk(int fd, JpegFile& file, std::uint32_t rows, const Cancelled& cancelled) {
    if (rows <= file.known) return true;
    const std::uint32_t folded = divided_up(rows, file.fold) * file.fold;
    return Walk(fd, file, cancelled).to(std::min(folded, file.count.height));
}

}  // namespace iiif::render
