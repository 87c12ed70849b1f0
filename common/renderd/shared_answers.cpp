// SPDX-License-Identifier: Apache-2.0
#include "renderd/shared_answers.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>
#include <utility>

#include "renderd/slot.h"

namespace iiif::renderd {
namespace {

constexpr std::size_t kControlBytes = 64;
constexpr std::size_t kPlaces = 8192;
constexpr std::size_t kLargePlaces = 64;

// Bytes of the file that stand for something; what lies there does not matter.
constexpr off_t kSmallLock = 0;
constexpr off_t kLargeLock = 1;
constexpr off_t kFirstClaim = 16;

constexpr std::int64_t kStoreWithin = 500;   // ms; copying takes far less, but its process may be stopped
constexpr long kLookEvery = 10'000'000;      // ns; how late a claim of a dead process is noticed
constexpr long kTryStoreEvery = 200'000;     // ns
constexpr unsigned kNoExecutableSeal = 0x8;  // MFD_NOEXEC_SEAL, since Linux 6.3

off_t claim_of(std::string_view key) {
    return kFirstClaim + static_cast<off_t>(hash_of(std::as_bytes(std::span(key))) >> 2U);
}

source::UniqueFd memory_file(std::size_t length) {
    constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    source::UniqueFd fd(::memfd_create("iiif-answers", kFlags | kNoExecutableSeal));
    if (!fd) fd = source::UniqueFd(::memfd_create("iiif-answers", kFlags));
    // A renderer gone wrong must not be able to cut off the memory under the others.
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(length)) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return {};
    }
    return fd;
}

}  // namespace

// Of one byte of the file.
class SharedAnswers::Lock {
public:
    enum class State : std::uint8_t { mine, others, impossible };

    Lock(int fd, off_t byte, short kind) : fd_(fd), byte_(byte), kind_(kind) {}
    ~Lock() {
        if (state_ == State::mine) (void)set(F_UNLCK);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    State take() {
        if (set(kind_)) {
            state_ = State::mine;
        } else {
            state_ = errno == EAGAIN || errno == EACCES ? State::others : State::impossible;
        }
        return state_;
    }
    bool take_within(std::int64_t ms) {
        const std::int64_t end = now_ms() + ms;
        while (take() == State::others && now_ms() < end) {
            const timespec pause{0, kTryStoreEvery};
            (void)::nanosleep(&pause, nullptr);
        }
        return state_ == State::mine;
    }

private:
    [[nodiscard]] bool set(short kind) const {
        struct flock lock {};
        lock.l_type = kind;
        lock.l_whence = SEEK_SET;
        lock.l_start = byte_;
        lock.l_len = 1;
        return ::fcntl(fd_, F_SETLK, &lock) == 0;
    }

    int fd_;
    off_t byte_;
    short kind_;
    State state_ = State::others;
};

// Ends with a call to all who wait: for this image or another.
class SharedAnswers::Claim {
public:
    Claim(const SharedAnswers& answers, std::string_view key)
        : answers_(answers), lock_(std::in_place, answers.fd(), claim_of(key), F_WRLCK), state_(lock_->take()) {}
    ~Claim() {
        lock_.reset();
        if (state_ != Lock::State::mine) return;
        auto& finished = answers_.control().finished;
        ++finished;
        (void)::syscall(SYS_futex, &finished, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    [[nodiscard]] bool others() const { return state_ == Lock::State::others; }

private:
    const SharedAnswers& answers_;
    std::optional<Lock> lock_;
    Lock::State state_;
};

std::unique_ptr<SharedAnswers> SharedAnswers::make(const Sizes& sizes) {
    const std::size_t length =
        kControlBytes + AnswerStore::needed(sizes.log, kPlaces) + AnswerStore::needed(sizes.large_log, kLargePlaces);
    auto fd = memory_file(length);
    if (!fd) return nullptr;
    void* memory = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (memory == MAP_FAILED) return nullptr;
    return std::unique_ptr<SharedAnswers>(
        new SharedAnswers(std::move(fd), {static_cast<std::byte*>(memory), length}, sizes));
}

SharedAnswers::SharedAnswers(source::UniqueFd fd, std::span<std::byte> memory, const Sizes& sizes)
    : fd_(std::move(fd)),
      memory_(memory),
      most_(sizes.most),
      small_(store_at(kControlBytes, sizes.log, kPlaces)),
      large_(store_at(kControlBytes + AnswerStore::needed(sizes.log, kPlaces), sizes.large_log, kLargePlaces)) {}

SharedAnswers::~SharedAnswers() {
    (void)::munmap(memory_.data(), memory_.size());
}

AnswerStore SharedAnswers::store_at(std::size_t offset, std::size_t log, std::size_t places) const {
    // Without this a write for which the system has no memory would end the process.
    const auto reserve = [fd = fd_.get(), offset](std::size_t at, std::size_t length) {
        return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset + at), static_cast<off_t>(length)) == 0;
    };
    return {memory_.subspan(offset, AnswerStore::needed(log, places)), log, places, reserve};
}

SharedAnswers::Control& SharedAnswers::control() const {
    static_assert(sizeof(Control) <= kControlBytes && std::atomic<std::uint32_t>::is_always_lock_free);
    return *reinterpret_cast<Control*>(memory_.data());
}

std::optional<SharedAnswers::Bytes> SharedAnswers::find(std::string_view key) const {
    for (const auto& [store, byte] : {std::pair{&small_, kSmallLock}, std::pair{&large_, kLargeLock}}) {
        Lock lock(fd(), byte, F_RDLCK);
        if (!lock.take_within(kStoreWithin)) continue;
        if (auto found = store->find(key)) return found;
    }
    return std::nullopt;
}

void SharedAnswers::keep(std::string_view key, std::span<const std::byte> image) {
    const bool large = image.size() > most_;
    {
        Lock lock(fd(), large ? kLargeLock : kSmallLock, F_WRLCK);
        if (!lock.take_within(kStoreWithin)) return;
        if ((large ? large_ : small_).keep(key, image)) return;
    }
    // No image is empty: this says that it cannot be kept, and that nobody needs to wait for it.
    Lock lock(fd(), kSmallLock, F_WRLCK);
    if (lock.take_within(kStoreWithin)) (void)small_.keep(key, {});
}

void SharedAnswers::wait(std::uint32_t finished) const {
    const timespec pause{0, kLookEvery};
    (void)::syscall(SYS_futex, &control().finished, FUTEX_WAIT, finished, &pause, nullptr, 0);
}

SharedAnswers::Outcome SharedAnswers::once(std::string_view key, const Cancelled& cancelled, const Make& make) {
    if (key.empty()) return {make(), true};
    while (true) {
        const std::uint32_t finished = control().finished;
        auto found = find(key);
        if (!found) {
            const Claim claim(*this, key);
            // Somebody may have finished it between our look and our claim.
            if (!claim.others() && !(found = find(key))) {
                auto made = make();
                if (made) keep(key, *made);
                return {std::move(made), true};
            }
        }
        if (found && found->empty()) return {make(), true};
        if (found) return {std::move(*found), false};
        if (cancelled()) return {refuse(503, "The request was given up before the image was ready."), false};
        wait(finished);
    }
}

}  // namespace iiif::renderd
