// SPDX-License-Identifier: Apache-2.0
// Lines for the server's error log: one write each, so that lines of several processes never mix, and no byte that
// a terminal or a log reader could take for something else.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace iiif::renderd {

// Control bytes as \xHH; cut at `limit` bytes with "...". Escaping twice changes nothing.
std::string escaped(std::string_view text, std::size_t limit = 2000);

// "iiif-renderd[PID]: TEXT\n" on stderr. `pid` is the process the line is about.
void log_line(pid_t pid, std::string_view text);

// Makes `fd` stderr and stdout. `path`, from path_of_log(): when another file has taken this name, as after a rotation,
// the next log_line() goes there. nginx opens its logs anew without a new generation, and tells nobody. Not as root:
// who may write into the folder would choose what is opened.
void log_to(int fd, std::string path);

// Where the file behind `fd` lies now; "" when it is no regular file that has a name.
std::string path_of_log(int fd);

// From a renderer: the bare line. Its stderr is a pipe to the supervisor, which says whose words they are.
void say(std::string_view text);

// Cuts what arrives on a renderer's stderr into lines; a line longer than kMaxLine is cut in pieces.
class LineCutter {
public:
    static constexpr std::size_t kMaxLine = 2000;
    template <class Sink>
    void feed(std::string_view bytes, Sink&& sink) {
        for (const char c : bytes) {
            if (c != '\n') partial_ += c;
            if (c == '\n' || partial_.size() >= kMaxLine) flush(sink);
        }
    }
    template <class Sink>
    void flush(Sink&& sink) {
        if (!partial_.empty()) sink(std::string_view(partial_));
        partial_.clear();
    }

private:
    std::string partial_;
};

}  // namespace iiif::renderd
