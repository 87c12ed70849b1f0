// SPDX-License-Identifier: Apache-2.0
#include "renderd/connection.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace iiif::renderd {
namespace {

using Clock = std::chrono::steady_clock;

// As SCGI frames it: "65536:" before, "," behind.
constexpr std::size_t kMaxCallBytes = delivery::kMaxRequestBytes + 8;

// false: nothing happened until `deadline`.
bool wait_for(int fd, short events, Clock::time_point deadline) {
    while (true) {
        const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        pollfd watched{fd, events, 0};
        const int ready = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left, INT32_MAX)));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

}  // namespace

Received Connection::receive(delivery::RenderCall& out, Milliseconds within) {
    const auto deadline = Clock::now() + within;
    std::string bytes;
    std::array<char, 8192> piece{};
    while (true) {
        if (!wait_for(fd_.get(), POLLIN, deadline)) return Received::late;
        const ssize_t got = ::recv(fd_.get(), piece.data(), piece.size(), 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return Received::nothing;
        bytes.append(piece.data(), static_cast<std::size_t>(got));
        if (bytes.size() > kMaxCallBytes) return Received::bad;
        switch (delivery::decode_call(bytes, out)) {
            case delivery::Parse::done: return Received::call;
            case delivery::Parse::bad: return Received::bad;
            case delivery::Parse::more: break;
        }
    }
}

bool Connection::peer_gone() const {
    pollfd watched{fd_.get(), 0, 0};
    return ::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLHUP | POLLERR)) != 0;
}

bool Connection::send(std::string_view head, std::span<const std::byte> body, Milliseconds stall) {
    // As much as the system allows: a reply that fits lies in the kernel, and the renderer is free for the next job.
    const int wanted = static_cast<int>(std::min<std::size_t>(head.size() + body.size(), 16U << 20U));
    (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));

    std::string_view rest_of_body(reinterpret_cast<const char*>(body.data()), body.size());
    while (!head.empty() || !rest_of_body.empty()) {
        // sendmsg does not write through these; iovec has no const of its own.
        std::array<iovec, 2> pieces = {iovec{const_cast<char*>(head.data()), head.size()},
                                       iovec{const_cast<char*>(rest_of_body.data()), rest_of_body.size()}};
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = pieces.size();
        const ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) {
            if (!wait_for(fd_.get(), POLLOUT, Clock::now() + stall)) return false;
            continue;
        }
        if (sent < 0) return false;
        const auto from_head = std::min(head.size(), static_cast<std::size_t>(sent));
        head.remove_prefix(from_head);
        rest_of_body.remove_prefix(static_cast<std::size_t>(sent) - from_head);
    }
    return true;
}

bool Connection::send_file(int file, std::uint64_t offset, std::uint64_t length, Milliseconds stall) {
    constexpr std::uint64_t kMost = 16U << 20U;
    auto at = static_cast<off_t>(offset);
    while (length > 0) {
        const ssize_t sent = ::sendfile(fd_.get(), file, &at, static_cast<std::size_t>(std::min(length, kMost)));
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) {
            if (!wait_for(fd_.get(), POLLOUT, Clock::now() + stall)) return false;
            continue;
        }
        if (sent <= 0) return false;
        length -= static_cast<std::uint64_t>(sent);
    }
    return true;
}

}  // namespace iiif::renderd
