// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "render/encode.h"

namespace iiif::render {
namespace {

// ISO 32000-1 annex C.2: a page has at most 14400 units a side. Beyond, a unit is made to stand for more than a point.
constexpr std::uint32_t kMostUnits = 14400;

class Writer {
public:
    void object(std::string_view body) {
        begin();
        text += body;
        text += "\nendobj\n";
    }

    void stream(std::string_view dictionary, std::string_view bytes) {
        begin_stream(std::string(dictionary) + " /Length " + std::to_string(bytes.size()));
        text += bytes;
        end_stream();
    }
    void begin_stream(std::string_view dictionary) {
        begin();
        text += "<< ";
        text += dictionary;
        text += " >>\nstream\n";
    }
    void end_stream() { text += "\nendstream\nendobj\n"; }

    // What stands here is not in `text`.
    void leave_out(std::uint64_t length) { left_out_ += length; }

    // Section 7.5.4: every entry of the table is exactly twenty bytes.
    void finish() {
        const std::uint64_t table = left_out_ + text.size();
        text += "xref\n0 " + std::to_string(offsets_.size() + 1) + "\n0000000000 65535 f \n";
        for (const std::uint64_t offset : offsets_) {
            const std::string digits = std::to_string(offset);
            text += std::string(10 - std::min<std::size_t>(digits.size(), 10), '0') + digits + " 00000 n \n";
        }
        text += "trailer\n<< /Size " + std::to_string(offsets_.size() + 1) + " /Root 1 0 R >>\nstartxref\n" +
                std::to_string(table) + "\n%%EOF\n";
    }

    std::string text;

private:
    void begin() {
        offsets_.push_back(left_out_ + text.size());
        text += std::to_string(offsets_.size()) + " 0 obj\n";
    }

    std::vector<std::uint64_t> offsets_;
    std::uint64_t left_out_ = 0;
};

}  // namespace

PdfAround pdf_around(std::uint64_t jpeg_length, protocol::Extent extent, int bands) {
    const std::uint32_t longest = std::max(extent.width, extent.height);
    const std::uint32_t unit = (longest - 1) / kMostUnits + 1;
    // Thousandths of a unit, so that a page of odd size is still exact where a unit is more than a pixel.
    const auto units = [&](std::uint32_t pixels) {
        const std::uint64_t thousandths = (std::uint64_t{pixels} * 1000 + unit / 2) / unit;
        std::string digits = std::to_string(thousandths % 1000);
        return std::to_string(thousandths / 1000) +
               (thousandths % 1000 == 0 ? "" : "." + std::string(3 - digits.size(), '0') + digits);
    };
    const std::string width = units(extent.width);
    const std::string height = units(extent.height);

    Writer pdf;
    pdf.text = "%PDF-1.6\n%\xE2\xE3\xCF\xD3\n";  // the second line marks the file as binary
    pdf.object("<< /Type /Catalog /Pages 2 0 R >>");
    pdf.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    pdf.object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 " + width + " " + height + "]" +
               (unit > 1 ? " /UserUnit " + std::to_string(unit) : std::string()) +
               " /Resources << /XObject << /I 5 0 R >> >> /Contents 4 0 R >>");
    pdf.stream("", width + " 0 0 " + height + " 0 0 cm /I Do");
    // How long it is shows when it has been written: an object of its own (section 7.3.8.2).
    pdf.begin_stream("/Type /XObject /Subtype /Image /Width " + std::to_string(extent.width) + " /Height " +
                     std::to_string(extent.height) + " /ColorSpace /" + (bands == 1 ? "DeviceGray" : "DeviceRGB") +
                     " /BitsPerComponent 8 /Filter /DCTDecode /Length 6 0 R");
    PdfAround around;
    around.before = pdf.text;
    pdf.leave_out(jpeg_length);
    pdf.end_stream();
    pdf.object(std::to_string(jpeg_length));
    pdf.finish();
    around.after = pdf.text.substr(around.before.size());
    return around;
}

}  // namespace iiif::render
