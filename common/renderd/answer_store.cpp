// SPDX-License-Identifier: Apache-2.0
#include "renderd/answer_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace iiif::renderd {
namespace {

constexpr std::size_t kAlignment = sizeof(std::uint64_t);
constexpr std::size_t kHead = kAlignment;  // the memory begins with the log's length so far, all rounds counted
constexpr std::size_t kSet = 8;            // places in which a record may be found
constexpr std::uint64_t kFarthest = 1ULL << 62U;

// Before key and body.
struct Record {
    std::uint64_t hash = 0, sum = 0;
    std::uint32_t key_length = 0, body_length = 0;
};

std::size_t aligned(std::size_t length) {
    return (length + kAlignment - 1) / kAlignment * kAlignment;
}

std::size_t log_length(std::size_t log) {
    return std::max(aligned(log), aligned(sizeof(Record)));
}

std::size_t index_places(std::size_t places) {
    return std::max<std::size_t>((places + kSet - 1) / kSet, 1) * kSet;
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

std::uint64_t mixed(std::uint64_t x) {
    // The finaliser of SplitMix64.
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
}

std::uint64_t word_at(const std::byte* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof(word));
    return word;
}

}  // namespace

std::uint64_t hash_of(std::span<const std::byte> bytes, std::uint64_t seed) {
    // Four streams side by side: one multiplication would wait for the one before it.
    std::array<std::uint64_t, 4> streams = {seed ^ 1U, seed ^ 2U, seed ^ 3U, seed ^ 4U};
    const auto step = [&streams](std::size_t stream, std::uint64_t word) {
        std::uint64_t& h = streams.at(stream);
        h = (h ^ word) * 0x9E3779B97F4A7C15U;
        h ^= h >> 32U;
    };
    std::size_t at = 0;
    constexpr std::size_t kTurn = 4 * sizeof(std::uint64_t);
    for (; bytes.size() - at >= kTurn; at += kTurn) {
        for (std::size_t i = 0; i < 4; ++i) step(i, word_at(bytes.data() + at + i * sizeof(std::uint64_t)));
    }
    std::array<std::byte, kTurn> rest{};
    std::ranges::copy(bytes.subspan(at), rest.begin());
    for (std::size_t i = 0; i < 4; ++i) step(i, word_at(rest.data() + i * sizeof(std::uint64_t)));
    std::uint64_t hash = bytes.size();
    for (const std::uint64_t stream : streams) hash = mixed(hash + stream);
    return hash;
}

std::size_t AnswerStore::needed(std::size_t log, std::size_t places) {
    return kHead + index_places(places) * sizeof(Place) + log_length(log);
}

AnswerStore::AnswerStore(std::span<std::byte> memory, std::size_t log, std::size_t places, Reserve reserve)
    : memory_(memory),
      index_(memory.subspan(kHead, index_places(places) * sizeof(Place))),
      log_(memory.subspan(kHead + index_.size(), log_length(log))),
      places_(index_places(places)),
      reserve_(std::move(reserve)) {}

std::uint64_t AnswerStore::head() const {
    return word_at(memory_.data());
}

void AnswerStore::set_head(std::uint64_t value) const {
    std::memcpy(memory_.data(), &value, sizeof(value));
    // What is written after this is not written before it: this process may be ended in between.
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

AnswerStore::Place AnswerStore::place(std::size_t number) const {
    Place out;
    std::memcpy(&out, index_.data() + number * sizeof(Place), sizeof(out));
    return out;
}

void AnswerStore::set_place(std::size_t number, Place to) const {
    std::atomic_thread_fence(std::memory_order_seq_cst);  // the record is whole
    std::memcpy(index_.data() + number * sizeof(Place), &to, sizeof(to));
}

// And nothing was written over it since.
bool AnswerStore::lies_in_log(std::uint64_t begin, std::uint64_t head) const {
    return begin <= head && head - begin <= log_.size() && begin % kAlignment == 0;
}

std::optional<AnswerStore::Bytes> AnswerStore::read(Place from, std::uint64_t head, std::string_view key) const {
    if (!lies_in_log(from.begin, head)) return std::nullopt;
    const std::size_t at = from.begin % log_.size();
    const std::size_t room = std::min<std::size_t>(log_.size() - at, head - from.begin);
    if (room < sizeof(Record) + key.size()) return std::nullopt;
    Record record;  // a copy: what has been checked must not change any more
    std::memcpy(&record, log_.data() + at, sizeof(record));
    if (record.hash != from.hash || record.key_length != key.size()) return std::nullopt;
    if (record.body_length > room - sizeof(Record) - key.size()) return std::nullopt;
    const auto stored = log_.subspan(at + sizeof(Record), key.size() + record.body_length);
    if (std::memcmp(stored.data(), key.data(), key.size()) != 0) return std::nullopt;
    const auto body = stored.subspan(key.size());
    Bytes out(body.begin(), body.end());
    if (hash_of(out, record.hash) != record.sum) return std::nullopt;
    return out;
}

std::optional<AnswerStore::Bytes> AnswerStore::find(std::string_view key) const {
    const std::uint64_t hash = hash_of(bytes_of(key));
    const std::uint64_t now = head();
    const std::size_t first = hash % (places_ / kSet) * kSet;
    for (std::size_t i = first; i < first + kSet; ++i) {
        const Place candidate = place(i);
        if (candidate.hash != hash) continue;
        if (auto body = read(candidate, now, key)) return body;
    }
    return std::nullopt;
}

bool AnswerStore::keep(std::string_view key, std::span<const std::byte> body) {
    if (key.size() > kMostKey || body.size() > log_.size()) return false;
    const std::size_t total = aligned(sizeof(Record) + key.size() + body.size());
    if (total > log_.size()) return false;
    std::uint64_t begin = head();
    if (begin > kFarthest || begin % kAlignment != 0) {  // damage
        set_head(0);
        std::ranges::fill(index_, std::byte{0});
        begin = 0;
    }
    // No record runs over the end.
    if (const std::size_t left = log_.size() - begin % log_.size(); left < total) begin += left;
    const std::size_t at = begin % log_.size();
    if (reserve_ && !reserve_(kHead + index_.size() + at, total)) return false;

    set_head(begin + total);  // what lay here is no answer from now on
    const std::uint64_t hash = hash_of(bytes_of(key));
    const Record record{hash, hash_of(body, hash), static_cast<std::uint32_t>(key.size()),
                        static_cast<std::uint32_t>(body.size())};
    std::byte* to = log_.data() + at;
    std::memcpy(to, &record, sizeof(record));
    std::memcpy(to + sizeof(record), key.data(), key.size());
    if (!body.empty()) std::memcpy(to + sizeof(record) + key.size(), body.data(), body.size());
    index({hash, begin}, begin + total);
    return true;
}

// In the place of an earlier record of its hash, or of one that is gone, or of the oldest.
void AnswerStore::index(Place entry, std::uint64_t now) const {
    const std::size_t first = entry.hash % (places_ / kSet) * kSet;
    std::size_t best = first;
    std::uint64_t oldest = UINT64_MAX;
    for (std::size_t i = first; i < first + kSet; ++i) {
        const Place other = place(i);
        const bool taken = other.hash != 0 && lies_in_log(other.begin, now);
        const std::uint64_t since = taken ? other.begin + 1 : 0;
        if (since < oldest || other.hash == entry.hash) {
            best = i;
            oldest = since;
        }
        if (other.hash == entry.hash) break;
    }
    set_place(best, entry);
}

}  // namespace iiif::renderd
