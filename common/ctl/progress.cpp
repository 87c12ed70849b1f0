// SPDX-License-Identifier: Apache-2.0
#include "ctl/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace iiif::ctl {
namespace {

constexpr std::size_t kBar = 30;
constexpr const char* kErase = "\r\x1b[K";

std::size_t columns() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(std::uint64_t all, bool wanted) : all_(all), shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    clear();
}

void Progress::clear() {
    if (shown_) (void)std::fputs(kErase, stderr);
}

void Progress::done(std::uint64_t more, const std::string& name) {
    done_ += more;
    if (!shown_) return;
    const std::uint64_t of = std::max<std::uint64_t>(all_, 1);
    const std::size_t full = static_cast<std::size_t>(std::min(done_, of) * kBar / of);
    std::string line = "[" + std::string(full, '#') + std::string(kBar - full, '.') + "] " +
                       std::to_string(std::min(done_, of) * 100 / of) + "%  ";
    for (const char c : name) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    (void)std::fprintf(stderr, "%s%s", kErase, line.substr(0, columns() - 1).c_str());
    (void)std::fflush(stderr);
}

}  // namespace iiif::ctl
