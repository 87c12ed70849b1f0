// SPDX-License-Identifier: Apache-2.0
// Encoded images in a log that begins again: what is found, what goes, and what damage does.
#include "renderd/answer_store.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;
using renderd::AnswerStore;

constexpr std::size_t kLog = 4096;
constexpr std::size_t kPlaces = 64;

struct Shared {
    explicit Shared(std::size_t log = kLog, std::size_t places = kPlaces)
        : memory(AnswerStore::needed(log, places)), store(memory, log, places) {}
    bool keep(std::string_view key, std::string_view body) { return store.keep(key, std::as_bytes(std::span(body))); }
    [[nodiscard]] std::string find(std::string_view key) const {
        const auto found = store.find(key);
        return found ? std::string(reinterpret_cast<const char*>(found->data()), found->size()) : "(nothing)";
    }
    std::vector<std::byte> memory;
    AnswerStore store;
};

std::string body_of(int number, std::size_t length) {
    std::string out = std::to_string(number) + ':';
    for (std::size_t i = 0; out.size() < length; ++i) out += static_cast<char>('a' + (i * 7 + length) % 26);
    return out;
}

START_TEST(finds_what_was_kept) {
    Shared shared;
    ck_assert_text(shared.find("one"), "(nothing)");
    ck_assert(shared.keep("one", "first"));
    ck_assert(shared.keep("two", ""));
    ck_assert(shared.keep(std::string("o\0e", 3), "zero"));
    ck_assert_text(shared.find("one"), "first");
    ck_assert_text(shared.find("two"), "");
    ck_assert_text(shared.find(std::string("o\0e", 3)), "zero");
    for (const char* other : {"", "on", "one ", "tw"}) ck_assert_text(shared.find(other), "(nothing)");
    ck_assert(shared.keep("one", "again"));
    ck_assert_text(shared.find("one"), "again");
}
END_TEST

// Another mapping of the same memory, as another process has it.
START_TEST(another_sees_it) {
    Shared shared;
    AnswerStore other(shared.memory, kLog, kPlaces);
    ck_assert(shared.keep("one", "first"));
    const auto found = other.find("one");
    ck_assert(found.has_value() && found->size() == 5 && std::memcmp(found->data(), "first", 5) == 0);
}
END_TEST

START_TEST(the_oldest_go_first) {
    Shared shared;
    constexpr int kRecords = 500;
    int oldest_before = 0;
    for (int i = 0; i < kRecords; ++i) {
        // Lengths that end at every place of the log.
        ck_assert(shared.keep("key " + std::to_string(i), body_of(i, 50 + static_cast<std::size_t>(i * 37 % 300))));
        int oldest = i;
        for (int j = i; j >= 0; --j) {
            const std::string found = shared.find("key " + std::to_string(j));
            if (found == "(nothing)") break;
            ck_assert_text(found, body_of(j, 50 + static_cast<std::size_t>(j * 37 % 300)));
            oldest = j;
        }
        ck_assert_msg(oldest >= oldest_before, "record %d came back", oldest);
        // Three quarters of the log at least: its end is left free when the next record does not fit there.
        ck_assert_msg(i - oldest >= std::min(i, 8), "only %d records after %d", i - oldest, i);
        for (int j = 0; j < oldest_before; ++j) {
            ck_assert_text(shared.find("key " + std::to_string(j)), "(nothing)");
        }
        oldest_before = oldest;
    }
    ck_assert_int_gt(oldest_before, 400);
}
END_TEST

START_TEST(what_does_not_fit) {
    Shared shared;
    ck_assert(shared.keep("one", "first"));
    ck_assert(!shared.keep("large", std::string(kLog, 'x')));
    ck_assert(!shared.keep("large", std::string(kLog - 16, 'x')));
    ck_assert(!shared.keep(std::string(AnswerStore::kMostKey + 1, 'k'), "long"));
    ck_assert_text(shared.find("one"), "first");
    ck_assert_text(shared.find("large"), "(nothing)");
    ck_assert(shared.keep("large", std::string(kLog - 48, 'x')));
    ck_assert_text(shared.find("large"), std::string(kLog - 48, 'x'));
    ck_assert_text(shared.find("one"), "(nothing)");
}
END_TEST

START_TEST(a_small_index) {
    Shared shared(65536, 1);
    for (int i = 0; i < 100; ++i) ck_assert(shared.keep(std::to_string(i), body_of(i, 20)));
    int found = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string body = shared.find(std::to_string(i));
        if (body == "(nothing)") continue;
        ck_assert_text(body, body_of(i, 20));
        ck_assert_int_ge(i, 92);  // the latest
        ++found;
    }
    ck_assert_int_eq(found, 8);
}
END_TEST

START_TEST(no_memory) {
    std::vector<std::byte> memory(AnswerStore::needed(kLog, kPlaces));
    bool there_is = false;
    std::size_t last = 0;
    AnswerStore store(memory, kLog, kPlaces, [&](std::size_t offset, std::size_t length) {
        last = offset + length;
        return there_is;
    });
    const std::string body(1000, 'b');
    ck_assert(!store.keep("one", std::as_bytes(std::span(body))));
    ck_assert(!store.find("one"));
    there_is = true;
    for (int i = 0; i < 20; ++i) {
        last = 0;
        ck_assert(store.keep("one", std::as_bytes(std::span(body))));
        ck_assert(store.find("one"));
        ck_assert_uint_le(last, memory.size());
        ck_assert_uint_ge(last, body.size());
    }
}
END_TEST

// A process that ends while it keeps leaves a prefix of its writes: none of them gives a wrong answer.
START_TEST(half_a_record) {
    Shared before;
    for (int i = 0; i < 30; ++i) (void)before.keep(std::to_string(i), body_of(i, 200));
    Shared after;
    after.memory.assign(before.memory.begin(), before.memory.end());
    after.store = AnswerStore(after.memory, kLog, kPlaces);
    (void)after.keep("new", body_of(99, 700));
    // The head is written first, the index last.
    const std::size_t index_end = AnswerStore::needed(kLog, kPlaces) - kLog;
    for (std::size_t written = 0; written <= kLog; written += 8) {
        Shared torn;
        torn.memory.assign(before.memory.begin(), before.memory.end());
        std::copy_n(after.memory.begin(), 8, torn.memory.begin());
        std::copy_n(after.memory.begin() + static_cast<std::ptrdiff_t>(index_end), written,
                    torn.memory.begin() + static_cast<std::ptrdiff_t>(index_end));
        torn.store = AnswerStore(torn.memory, kLog, kPlaces);
        ck_assert_text(torn.find("new"), "(nothing)");
        for (int i = 0; i < 30; ++i) {
            const std::string found = torn.find(std::to_string(i));
            if (found != "(nothing)") ck_assert_text(found, body_of(i, 200));
        }
        ck_assert(torn.keep("next", "fine"));
        ck_assert_text(torn.find("next"), "fine");
    }
}
END_TEST

START_TEST(damage) {
    std::mt19937 random(20);  // NOLINT(cert-msc*): the same each time
    int lost = 0;
    for (int turn = 0; turn < 500; ++turn) {
        Shared shared;
        for (int i = 0; i < 12; ++i) (void)shared.keep(std::to_string(i), body_of(i, 150));
        const auto wild = static_cast<std::size_t>(random() % 4) + 1;
        for (std::size_t n = 0; n < wild; ++n) {
            // Whole words, often the head, the index and the heads of records.
            const std::size_t where = random() % 2 == 0 ? random() % shared.memory.size() : random() % 600;
            const std::uint64_t values[] = {0, UINT64_MAX, 1ULL << 61U, random(), 4096, 1ULL << 32U, 7};
            const std::uint64_t value = values[random() % std::size(values)];
            std::memcpy(shared.memory.data() + std::min(where, shared.memory.size() - 8), &value, 8);
        }
        for (int i = 0; i < 12; ++i) {
            const std::string found = shared.find(std::to_string(i));
            if (found == "(nothing)") {
                ++lost;
            } else {
                ck_assert_text(found, body_of(i, 150));
            }
        }
        for (int i = 0; i < 3; ++i) {
            ck_assert(shared.keep("after", "fine"));
            ck_assert_text(shared.find("after"), "fine");
        }
    }
    ck_assert_int_gt(lost, 150);
}
END_TEST

// The same bytes at any address, every bit counts, and so does the length.
START_TEST(hashes) {
    std::vector<std::byte> bytes(100);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    const auto hash = renderd::hash_of(bytes);
    std::vector<std::byte> moved(101);
    std::copy(bytes.begin(), bytes.end(), moved.begin() + 1);
    ck_assert_uint_eq(renderd::hash_of(std::span(moved).subspan(1)), hash);
    for (std::size_t bit = 0; bit < 800; ++bit) {
        auto other = bytes;
        other[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        ck_assert_uint_ne(renderd::hash_of(other), hash);
    }
    bytes.push_back(std::byte{0});
    ck_assert_uint_ne(renderd::hash_of(bytes), hash);
    ck_assert_uint_ne(renderd::hash_of(bytes, 1), renderd::hash_of(bytes));
}
END_TEST

TCase* answer_store_test_case() {
    TCase* test_case = tcase_create("answer store");
    tcase_add_test(test_case, finds_what_was_kept);
    tcase_add_test(test_case, another_sees_it);
    tcase_add_test(test_case, the_oldest_go_first);
    tcase_add_test(test_case, what_does_not_fit);
    tcase_add_test(test_case, a_small_index);
    tcase_add_test(test_case, no_memory);
    tcase_add_test(test_case, half_a_record);
    tcase_add_test(test_case, damage);
    tcase_add_test(test_case, hashes);
    return test_case;
}
const test::Register registered(answer_store_test_case);

}  // namespace
