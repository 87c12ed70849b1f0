// SPDX-License-Identifier: Apache-2.0
#include "ctl/output.h"

#include <cstdio>
#include <cstdlib>

#include "ctl/commands.h"

namespace iiif::ctl {

std::string shown(const std::string& text) {
    std::string out;
    json_t* const whole = json_stringn(text.data(), text.size());
    const bool utf8 = whole != nullptr;
    json_decref(whole);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7F || (!utf8 && byte >= 0x80) ? '?' : c;
    }
    return out;
}

json_t* string(const std::string& text) {
    return json_string(shown(text).c_str());
}

void print(const Json& object) {
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(object.get(), JSON_INDENT(1) | JSON_ENSURE_ASCII),
                                                      std::free);
    if (text) (void)std::printf("%s\n", text.get());
}

int unable(const std::string& sentence) {
    (void)std::fprintf(stderr, "iiifctl: %s\n", shown(sentence).c_str());
    return kUnable;
}

std::string counted(std::size_t count, const char* one, const char* many) {
    return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

}  // namespace iiif::ctl
