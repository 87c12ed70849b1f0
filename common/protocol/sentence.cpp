// SPDX-License-Identifier: Apache-2.0
#include "protocol/sentence.h"

namespace iiif::protocol::sentence {

std::string quoted(std::string_view text) {
    constexpr std::size_t kLongest = 60;
    std::string out = "\"";
    for (const char c : text.substr(0, kLongest)) {
        const bool plain = c >= ' ' && c <= '~' && c != '"';
        out += plain ? c : '?';
    }
    if (text.size() > kLongest) out += "...";
    out += '"';
    return out;
}

std::string text_of(const Region& region) {
    switch (region.form) {
        case Region::Form::full: return "full";
        case Region::Form::square: return "square";
        case Region::Form::pixels:
            return std::to_string(region.x) + ',' + std::to_string(region.y) + ',' + std::to_string(region.width) +
                   ',' + std::to_string(region.height);
        case Region::Form::percent: break;
    }
    return "pct:" + region.px.text() + ',' + region.py.text() + ',' + region.pwidth.text() + ',' +
           region.pheight.text();
}

std::string text_of(const Size& size) {
    std::string out = size.upscale ? "^" : "";
    switch (size.form) {
        case Size::Form::max: return out + "max";
        case Size::Form::full: return out + "full";
        case Size::Form::width: return out + std::to_string(size.width) + ',';
        case Size::Form::height: return out + ',' + std::to_string(size.height);
        case Size::Form::percent: return out + "pct:" + size.percent.text();
        case Size::Form::confined: out += '!'; break;
        case Size::Form::exact: break;
    }
    return out + std::to_string(size.width) + ',' + std::to_string(size.height);
}

std::string pixels(std::uint64_t width, std::uint64_t height) {
    return std::to_string(width) + " x " + std::to_string(height) + " pixels";
}

std::string text_of(const Limits& limits) {
    std::string out;
    const auto add = [&out](std::uint64_t most, std::string_view what) {
        if (most == 0) return;
        out += out.empty() ? "at most " : " and ";
        out += std::to_string(most);
        out += what;
    };
    add(limits.max_width, " pixels wide");
    add(limits.max_height != 0 ? limits.max_height : limits.max_width, " pixels high");
    add(limits.max_area, " pixels in all");
    return out;
}

}  // namespace iiif::protocol::sentence
