// SPDX-License-Identifier: Apache-2.0
// Input: what renderers do to the memory that they share, one of which has gone wrong: it writes where it likes, and
// forges records whose hashes are right.
#include "renderd/answer_store.h"

#include <map>
#include <vector>

#include "fuzz.h"

using iiif::fuzz::claim;
using iiif::renderd::AnswerStore;

namespace {

constexpr std::size_t kLog = 512, kPlaces = 16;

struct Memory {
    std::vector<std::byte> bytes = std::vector<std::byte>(AnswerStore::needed(kLog, kPlaces));

    template <class T>
    void write(std::uint64_t at, const T& value) {
        if (at <= bytes.size() - sizeof(value)) std::memcpy(bytes.data() + at, &value, sizeof(value));
    }
};

struct Record {  // as the store lays it out
    std::uint64_t hash, sum;
    std::uint32_t key_length, body_length;
};

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

// A place that leads to a record of this key, wherever and however long it says to be.
void forge(Memory& memory, iiif::fuzz::Input& input, std::string_view key) {
    const std::uint64_t hash = iiif::renderd::hash_of(bytes_of(key));
    const auto begin = input.number<std::uint64_t>();
    const std::size_t places = memory.bytes.size() - kLog - 8;
    for (std::size_t at = 0; at < places; at += 16) {
        memory.write(8 + at, hash);
        memory.write(8 + at + 8, begin);
    }
    const std::size_t log = 8 + places;
    const std::uint64_t at = log + begin % kLog;
    const auto body_length = input.number<std::uint32_t>();
    std::uint64_t sum = 0;
    if (at + sizeof(Record) + key.size() + std::uint64_t{body_length} <= memory.bytes.size()) {
        const auto body =
            std::span<const std::byte>(memory.bytes).subspan(at + sizeof(Record) + key.size(), body_length);
        sum = iiif::renderd::hash_of(body, hash);
    }
    memory.write(at, Record{hash, sum, static_cast<std::uint32_t>(key.size()), body_length});
    for (std::size_t i = 0; i < key.size(); ++i) memory.write(at + sizeof(Record) + i, key[i]);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    iiif::fuzz::Input input(data, size);
    Memory memory;
    AnswerStore store(memory.bytes, kLog, kPlaces);
    std::map<std::string, std::string> kept;  // the last that was
    bool intact = true;
    while (!input.empty()) {
        const std::uint8_t what = input.byte();
        const std::string key(1U + what / 4U % 16U, static_cast<char>('a' + what / 64U));
        switch (what % 4) {
            case 0: {
                const std::string body(input.byte() * 3U, static_cast<char>(input.byte()));
                if (store.keep(key, bytes_of(body))) kept[key] = body;
                break;
            }
            case 1: {
                const auto found = store.find(key);
                if (!found) break;
                claim(found->size() <= kLog, "an answer lies in the log");
                if (!intact) break;
                const std::string_view text(reinterpret_cast<const char*>(found->data()), found->size());
                claim(kept.contains(key) && kept[key] == text, "an answer is the one that was kept last");
                break;
            }
            case 2:
                memory.write(input.number<std::uint16_t>() % memory.bytes.size(), input.number<std::uint64_t>());
                intact = false;
                break;
            default:
                forge(memory, input, key);
                intact = false;
                break;
        }
    }
    return 0;
}
