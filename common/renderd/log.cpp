// SPDX-License-Identifier: Apache-2.0
#include "renderd/log.h"

#include <unistd.h>

namespace iiif::renderd {

std::string escaped(std::string_view text, std::size_t limit) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (out.size() >= limit) {
            out += "...";
            break;
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            out += "\\x";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0x0FU];
        } else {
            out += c;
        }
    }
    return out;
}

void log_line(pid_t pid, std::string_view text) {
    const std::string line = "iiif-renderd[" + std::to_string(pid) + "]: " + escaped(text) + '\n';
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

void say(std::string_view text) {
    std::string line = escaped(text, LineCutter::kMaxLine);
    line += '\n';
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace iiif::renderd
