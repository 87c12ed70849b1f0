// SPDX-License-Identifier: Apache-2.0
#include "pool/handover.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace iiif::pool {
namespace {

constexpr std::size_t kRoom = CMSG_SPACE(kHandedOver * sizeof(int)) + CMSG_SPACE(sizeof(ucred));

struct Control {
    alignas(cmsghdr) std::array<char, kRoom> bytes{};
};

}  // namespace

bool hand_over(int control, const std::array<int, kHandedOver>& descriptors) {
    char byte = 'g';
    iovec part{&byte, 1};
    Control room;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(descriptors));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(descriptors));
    std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(descriptors));
    while (true) {
        if (::sendmsg(control, &message, MSG_NOSIGNAL) == 1) return true;
        if (errno != EINTR) return false;
    }
}

Handover take_over(int control, Received& out) {
    char byte = 0;
    iovec part{&byte, 1};
    Control room;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.bytes.data();
    message.msg_controllen = room.bytes.size();
    const ssize_t got = ::recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return errno == EINTR || errno == EAGAIN ? Handover::refused : Handover::over;
    std::size_t count = 0;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_CREDENTIALS && header->cmsg_len == CMSG_LEN(sizeof(ucred))) {
            ucred sender{};
            std::memcpy(&sender, CMSG_DATA(header), sizeof(sender));
            out.sender = sender.pid;
        }
        if (header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t arrived = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < arrived; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
            source::UniqueFd owned(fd);  // closed here when it is one too many
            if (count < kHandedOver) out.descriptors[count] = std::move(owned);
            ++count;
        }
    }
    if (got == 0) return Handover::over;
    return count == kHandedOver && out.sender > 0 ? Handover::taken : Handover::refused;
}

}  // namespace iiif::pool
