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
constexpr off_t kLocks = 2;
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

bool take_memory(int fd, std::byte* memory, std::size_t at, std::size_t length) {
#ifdef MADV_POPULATE_WRITE  // Linux 5.14
    if (::madvise(memory + at, length, MADV_POPULATE_WRITE) == 0) return true;
    if (errno != EINVAL) return false;
#endif
    return ::fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at), static_cast<off_t>(length)) == 0;
}

// Takes memory before it is written: otherwise a write for which the system has none would end the process, and each
// page would cost an exception. In steps, as the records of other processes lie between ours.
class MemoryTaker {
public:
    MemoryTaker(int fd, std::span<std::byte> memory) : fd_(fd), memory_(memory) {}

    bool operator()(std::size_t at, std::size_t length) {
        if (at >= from_ && at + length <= to_) return true;
        constexpr std::size_t kStep = 256U << 10U;  // a multiple of the page's size
        const std::size_t from = at / kStep * kStep;
        const std::size_t to = std::min((at + length + kStep - 1) / kStep * kStep, memory_.size());
        if (!take_memory(fd_, memory_.data(), from, to - from)) return false;
        from_ = from;
        to_ = to;
        return true;
    }

private:
    int fd_;
    std::span<std::byte> memory_;
    std::size_t from_ = 0, to_ = 0;  // what was taken last
};

}  // namespace

// Of bytes of the file.
class SharedAnswers::Lock {
public:
    enum class State : std::uint8_t { mine, others, impossible };

    Lock(int fd, short kind, off_t first, off_t count = 1) : fd_(fd), kind_(kind), first_(first), count_(count) {}
    ~Lock() { release(); }
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
    void release() {
        if (state_ == State::mine) (void)set(F_UNLCK);
        state_ = State::others;
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
        lock.l_start = first_;
        lock.l_len = count_;
        return ::fcntl(fd_, F_SETLK, &lock) == 0;
    }

    int fd_;
    short kind_;
    off_t first_, count_;
    State state_ = State::others;
};

// Ends with a call to all who wait: for this image or another.
class SharedAnswers::Claim {
public:
    Claim(const SharedAnswers& answers, std::string_view key)
        : answers_(answers), lock_(answers.fd(), F_WRLCK, claim_of(key)), state_(lock_.take()) {}
    ~Claim() {
        if (state_ != Lock::State::mine) return;
        lock_.release();
        auto& finished = answers_.control().finished;
        ++finished;
        (void)::syscall(SYS_futex, &finished, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    [[nodiscard]] bool others() const { return state_ == Lock::State::others; }

private:
    const SharedAnswers& answers_;
    Lock lock_;
    Lock::State state_;
};

std::unique_ptr<SharedAnswers> SharedAnswers::make(const Sizes& sizes) {
    const std::size_t length =
        kControlBytes + AnswerStore::needed(sizes.log, kPlaces) + AnswerStore::needed(sizes.large_log, kLargePlaces);
    auto fd = memory_file(length);
    if (!fd) return nullptr;
    // What is written without asking for memory first: the counter, and the indices.
    for (const auto& [at, size] :
         {std::pair{std::size_t{0}, kControlBytes + AnswerStore::needed(0, kPlaces)},
          std::pair{kControlBytes + AnswerStore::needed(sizes.log, kPlaces), AnswerStore::needed(0, kLargePlaces)}}) {
        const auto from = static_cast<off_t>(at);
        if (::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, from, static_cast<off_t>(size)) != 0) return nullptr;
    }
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
    const auto reserve = [offset, taker = MemoryTaker(fd_.get(), memory_)](std::size_t at, std::size_t length) mutable {
        return taker(offset + at, length);
    };
    return {memory_.subspan(offset, AnswerStore::needed(log, places)), log, places, reserve};
}

SharedAnswers::Control& SharedAnswers::control() const {
    static_assert(sizeof(Control) <= kControlBytes && std::atomic<std::uint32_t>::is_always_lock_free);
    return *reinterpret_cast<Control*>(memory_.data());
}

std::optional<SharedAnswers::Bytes> SharedAnswers::find(std::string_view key) const {
    Lock lock(fd(), F_RDLCK, kSmallLock, kLocks);
    if (!lock.take_within(kStoreWithin)) return std::nullopt;
    auto found = small_.find(key);
    return found ? std::move(found) : large_.find(key);
}

void SharedAnswers::keep(std::string_view key, std::span<const std::byte> image) {
    const bool large = image.size() > most_;
    {
        Lock lock(fd(), F_WRLCK, large ? kLargeLock : kSmallLock);
        if (!lock.take_within(kStoreWithin)) return;
        if ((large ? large_ : small_).keep(key, image)) return;
    }
    give_up(key);
}

void SharedAnswers::give_up(std::string_view key) {
    if (key.empty()) return;
    // No image is empty: this says that it cannot be kept, and that nobody needs to wait for it.
    Lock lock(fd(), F_WRLCK, kSmallLock);
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
            if (!claim.others() && control().finished != finished) found = find(key);
            if (!claim.others() && !found) {
                auto made = make();
                if (made && !made->empty()) keep(key, *made);
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
