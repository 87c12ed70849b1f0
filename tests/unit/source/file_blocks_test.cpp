// SPDX-License-Identifier: Apache-2.0
#include "source/file_blocks.h"

#include <cstdint>
#include <ctime>
#include <string>

#include "source/temporary_folder.h"
#include "suite.h"

namespace {

using namespace iiif::source;

struct File {
    explicit File(const std::string& content) {
        folder.file("made", content);
        fd = UniqueFd(::open(folder.at("made").c_str(), O_RDONLY | O_CLOEXEC));
        key = {.device = 1, .inode = 2, .size = content.size(), .mtime_ns = 3};
    }
    void overwrite(const std::string& content) const { folder.file("made", content); }
    std::string read(FileBlocks& blocks, std::uint64_t offset, std::size_t length) const {
        std::string out(length, '-');
        const bool done = blocks.read(fd.get(), key, offset, {reinterpret_cast<std::uint8_t*>(out.data()), length});
        return done ? out : "(none)";
    }
    iiif::test::Folder folder;
    UniqueFd fd;
    FileKey key;
};

std::string content() {
    std::string out;
    while (out.size() < 20000) out += std::to_string(out.size()) + ' ';
    return out;
}

START_TEST(reads_what_is_there) {
    const std::string text = content();
    const File file(text);
    for (const std::size_t places : {0U, 1U, 2U, 100U}) {
        FileBlocks blocks(places);
        for (int again = 0; again < 2; ++again) {
            for (const std::uint64_t offset : {0U, 1U, 4095U, 4096U, 8191U, 12000U}) {
                for (const std::size_t length : {0U, 1U, 2U, 4096U, 6000U}) {
                    ck_assert(file.read(blocks, offset, length) == text.substr(offset, length));
                }
            }
            ck_assert(file.read(blocks, text.size() - 5, 5) == text.substr(text.size() - 5));
            ck_assert(file.read(blocks, text.size() - 5, 6) == "(none)");
            ck_assert(file.read(blocks, text.size(), 1) == "(none)");
            ck_assert(file.read(blocks, UINT64_MAX, 2) == "(none)");
        }
    }
}
END_TEST

START_TEST(a_block_is_read_once) {
    const std::string text = content();
    File file(text);
    FileBlocks blocks(8);
    ck_assert(file.read(blocks, 100, 10) == text.substr(100, 10));
    // Nobody changes a file without changing its key; here, it shows what comes from memory.
    file.overwrite(std::string(text.size(), 'n'));
    ck_assert(file.read(blocks, 200, 10) == text.substr(200, 10));
    ck_assert(file.read(blocks, 5000, 10) == std::string(10, 'n'));
    ++file.key.mtime_ns;
    ck_assert(file.read(blocks, 200, 10) == std::string(10, 'n'));
}
END_TEST

START_TEST(what_changed_just_now_is_read_again) {
    const std::string text = content();
    File file(text);
    timespec now{};
    ck_assert_int_eq(::clock_gettime(CLOCK_REALTIME, &now), 0);
    file.key.mtime_ns = static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
    FileBlocks blocks(8);
    ck_assert(file.read(blocks, 100, 10) == text.substr(100, 10));
    file.overwrite(std::string(text.size(), 'n'));
    ck_assert(file.read(blocks, 100, 10) == std::string(10, 'n'));
}
END_TEST

// File systems hold any time, and a renderer that went wrong says any.
START_TEST(times_far_away_are_settled) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    for (const std::int64_t time : {INT64_MIN, INT64_MIN + 1, -kSecond, INT64_MAX - 1, INT64_MAX}) {
        ck_assert(is_settled({.device = 1, .inode = 2, .size = 3, .mtime_ns = time}));
    }
    const std::int64_t now = std::int64_t{std::time(nullptr)} * kSecond;
    ck_assert(!is_settled({.device = 1, .inode = 2, .size = 3, .mtime_ns = now}));
    ck_assert(is_settled({.device = 1, .inode = 2, .size = 3, .mtime_ns = now - 60 * kSecond}));
    ck_assert(is_settled({.device = 1, .inode = 2, .size = 3, .mtime_ns = now + 60 * kSecond}));
}
END_TEST

// A file that was cut although its key says otherwise.
START_TEST(a_shorter_file_is_no_block) {
    File file(content());
    file.key.size = 100000;
    FileBlocks blocks(8);
    ck_assert(file.read(blocks, 50000, 10) == "(none)");
    ck_assert(file.read(blocks, content().size() - 2, 10) == "(none)");
}
END_TEST

TCase* file_blocks_case() {
    TCase* test_case = tcase_create("file_blocks");
    tcase_add_test(test_case, reads_what_is_there);
    tcase_add_test(test_case, a_block_is_read_once);
    tcase_add_test(test_case, what_changed_just_now_is_read_again);
    tcase_add_test(test_case, times_far_away_are_settled);
    tcase_add_test(test_case, a_shorter_file_is_no_block);
    return test_case;
}

const iiif::test::Register registered(file_blocks_case);

}  // namespace
