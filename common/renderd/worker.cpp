// SPDX-License-Identifier: Apache-2.0
#include "renderd/worker.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "render/render.h"
#include "renderd/connection.h"
#include "renderd/job.h"
#include "renderd/limits.h"
#include "renderd/log.h"
#include "renderd/sandbox.h"

namespace iiif::renderd {
namespace {

constexpr Milliseconds kCallWithin{5000};  // a worker of the server sends its call at once
constexpr Milliseconds kStall{10000};
// Looking at the socket costs a system call, and renderers ask often.
constexpr std::int64_t kLookEvery = 5;  // ms

void report(int fd, const std::string& line) {
    if (fd < 0) return;
    (void)!::write(fd, line.data(), line.size());
    (void)::close(fd);
}

int cannot_start(const Seat& seat, const std::string& sentence) {
    report(seat.report, "error " + escaped(sentence) + '\n');
    say(sentence);
    return kCannotStart;
}

source::UniqueFd accept_from(int listener) {
    if (listener < 0) return {};
    return source::UniqueFd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

struct Accepted {
    source::UniqueFd fd;  // empty: the stop pipe ended
    bool heavy = false;   // on which lane
};

// None, too, when the places are others: the connection that waits is for the renderer that comes next.
Accepted next_connection(const Seat& seat, const Places& places) {
    while (true) {
        std::array<pollfd, 3> watched = {pollfd{seat.stop, POLLIN, 0}, pollfd{seat.tiles, POLLIN, 0},
                                         pollfd{seat.heavy, POLLIN, 0}};
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return {};
        }
        if (watched[0].revents != 0 || !places.unchanged()) return {};
        // Another renderer may have been quicker; tiles go first, so that heavy work never keeps a viewer waiting.
        if (auto connection = accept_from(seat.tiles)) return {std::move(connection), false};
        if (auto connection = accept_from(seat.heavy)) return {std::move(connection), true};
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            (void)::poll(watched.data(), 1, 100);  // not in a loop around a connection that cannot be taken
        }
    }
}

StopCheck stop_check(const Connection& connection, std::int64_t deadline_ms) {
    return [&connection, deadline_ms, looked = std::int64_t{0}]() mutable {
        const std::int64_t now = now_ms();
        if (now >= deadline_ms) return Stop::late;
        if (now - looked < kLookEvery) return Stop::none;
        looked = now;
        return connection.peer_gone() ? Stop::gone : Stop::none;
    };
}

// false: this process should be replaced.
bool serve(Connection connection, bool heavy, Jobs& jobs, const Seat& seat) {
    delivery::RenderCall call;
    Reply reply;
    std::uint64_t source = 0;
    switch (connection.receive(call, kCallWithin)) {
        case Received::nothing:
        case Received::late: return true;
        case Received::bad: reply = Jobs::not_a_call(); break;
        case Received::call:
            // It may have waited in the queue for longer than its client did.
            if (connection.peer_gone()) return true;
            if (call.asked_ms > 0 && now_ms() - call.asked_ms > seat.configuration->queue_ms) {
                reply = Jobs::not_begun(call);
                break;
            }
            source = RefusedSources::name_of(call);
            seat.slot->begin(call.service, call.page, call.path, source);
            reply = jobs.run(call, {stop_check(connection, now_ms() + seat.configuration->timeout_ms), heavy,
                                    [&seat] { seat.slot->long_job = true; },
                                    [&connection](std::string_view head, std::span<const std::byte> body) {
                                        return connection.send(head, body, kStall);
                                    },
                                    source,
                                    [&seat](const delivery::RenderCall& file) {
                                        seat.slot->turn_to(file.page, file.path, RefusedSources::name_of(file));
                                    }});
            seat.slot->end();
            break;
    }
    if (!reply.complaint.empty()) say(reply.complaint);
    if (!reply.head.empty() && connection.send(reply.head, reply.body(), kStall) && reply.file) {
        (void)connection.send_file(reply.file.get(), reply.file_offset, reply.file_length, kStall);
    }
    return !reply.broken;
}

// How large the files are that a renderer writes. While it writes a pyramid, libvips keeps parts of it in files of the
// temporary folder, which has to be a place where the renderers' user may write and where there is room.
std::uint64_t prepare_to_write(const Configuration& configuration) {
    std::uint64_t largest = 0;
    for (const auto& service : configuration.services) {
        if (!service->pyramids) continue;
        if (largest == 0) (void)::setenv("TMPDIR", service->pyramids->folder.directory().c_str(), 1);
        largest = std::max(largest, service->pyramids->max_bytes);
    }
    return largest;
}

}  // namespace

Expected<std::uint8_t> prepare_renderers() {
    return render::start();
}

int run_renderer(const Seat& seat) {
    const Limits limits{seat.configuration->renderer_memory, prepare_to_write(*seat.configuration),
                        static_cast<std::uint64_t>(longest_job(seat.configuration->timeout_ms, true)) / 1000};
    if (auto limited = apply_limits(limits); !limited) {
        return cannot_start(seat, limited.error().sentence);
    }
    watch_memory();
    const FileRules rules = rules_for(*seat.configuration);
    const Places places(places_of(*seat.configuration));
    if (auto confined = confine(seat.configuration->sandbox, rules); !confined) {
        return cannot_start(seat, confined.error().sentence);
    }
    if (seat.report >= 0) {
        const protocol::FormatSet formats = render::encodable();
        if (formats == 0) return cannot_start(seat, "no image format can be written");
        for (const auto& service : seat.configuration->services) service->encodable = formats;
        std::array<char, 32> line{};
        (void)std::snprintf(line.data(), line.size(), "ready %x\n", static_cast<unsigned>(formats));
        report(seat.report, line.data());
    }

    Jobs jobs(*seat.configuration, seat.answers, seat.refused);
    for (std::uint64_t done = 0; done < seat.configuration->renderer_jobs; ++done) {
        auto connection = next_connection(seat, places);
        if (!connection.fd || !serve(Connection(std::move(connection.fd)), connection.heavy, jobs, seat)) break;
        if (private_memory() > seat.configuration->renderer_memory || is_out_of_time()) break;
    }
    // Nothing is left to write, and the memory goes with the process: no tidying that could go wrong.
    return kEnded;
}

}  // namespace iiif::renderd
