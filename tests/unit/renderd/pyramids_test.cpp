// SPDX-License-Identifier: Apache-2.0
// The folder of pyramids: what makes room, and what is left alone.
#include "renderd/pyramids.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <ctime>
#include <fstream>
#include <set>

#include "scratch.h"
#include "suite.h"

namespace {

using namespace iiif;
using test::Folder;

constexpr std::size_t kBytes = 1U << 20U;

std::string name_of(char digit) {
    return std::string(32, digit) + ".tif";
}

void write(const Folder& folder, const std::string& name, std::int64_t seconds_ago) {
    const std::string path = folder.file(name, std::string(kBytes, 'x'));
    timespec now{};
    (void)::clock_gettime(CLOCK_REALTIME, &now);
    const timespec past{now.tv_sec - seconds_ago, 0};
    const std::array<timespec, 2> times = {past, past};
    ck_assert_int_eq(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
}

std::set<std::string> names_in(const Folder& folder) {
    std::set<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) out.insert(entry.path().filename());
    return out;
}

void make_room(const Folder& folder, std::uint64_t max_bytes) {
    const source::UniqueFd fd(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ck_assert(fd.get() >= 0);
    renderd::make_room(fd.get(), max_bytes);
}

START_TEST(the_one_not_used_for_longest_goes_first) {
    const Folder folder;
    write(folder, name_of('1'), 10);
    write(folder, name_of('2'), 40);
    write(folder, name_of('3'), 20);
    write(folder, name_of('4'), 30);
    make_room(folder, 4 * kBytes + 65536);
    ck_assert_uint_eq(names_in(folder).size(), 4);
    make_room(folder, 3 * kBytes);
    ck_assert(names_in(folder) == std::set<std::string>({name_of('1'), name_of('3'), name_of('4')}));
    make_room(folder, kBytes + 65536);
    ck_assert(names_in(folder) == std::set<std::string>({name_of('1')}));
    make_room(folder, 0);
    ck_assert(folder.empty());
}
END_TEST

START_TEST(only_what_is_ours_goes) {
    const Folder folder;
    const std::set<std::string> others = {"image.tif", "README", ".hidden", "vipsthumbnail.png", ".image.tif"};
    for (const std::string& name : others) write(folder, name, 100000);
    std::filesystem::create_directory(folder.path() + '/' + name_of('a'));
    std::filesystem::create_symlink(folder.path() + "/image.tif", folder.path() + '/' + name_of('b'));
    write(folder, name_of('1'), 10);
    make_room(folder, 0);
    std::set<std::string> left = others;
    left.insert({name_of('a'), name_of('b')});
    ck_assert(names_in(folder) == left);
}
END_TEST

START_TEST(what_was_left_half_written_goes) {
    const Folder folder;
    write(folder, '.' + name_of('1'), 10);      // just begun
    write(folder, '.' + name_of('2'), 100000);  // its writer was ended
    write(folder, '.' + name_of('3'), 100000);  // its writer is still at it
    write(folder, "vips-0-12345.target", 100000);
    write(folder, "vips-0-12346.target", 10);
    const source::UniqueFd writer(::open((folder.path() + "/." + name_of('3')).c_str(), O_RDWR | O_CLOEXEC));
    ck_assert_int_eq(::flock(writer.get(), LOCK_EX), 0);
    make_room(folder, kBytes);
    const std::set<std::string> left = {'.' + name_of('1'), '.' + name_of('3'), "vips-0-12346.target"};
    ck_assert(names_in(folder) == left);
}
END_TEST

START_TEST(the_folder_is_made) {
    const Folder above;
    const std::string path = above.path() + "/pyramids";
    ck_assert_text(renderd::prepare_pyramid_folder(path, ::getuid(), ::getgid()), "");
    struct stat status {};
    ck_assert_int_eq(::stat(path.c_str(), &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0700);
    ck_assert_text(renderd::prepare_pyramid_folder(path, ::getuid(), ::getgid()), "");
    ck_assert_not_text(renderd::prepare_pyramid_folder(above.path() + "/none/pyramids", ::getuid(), ::getgid()), "");
    ck_assert_not_text(renderd::prepare_pyramid_folder(above.file("file", ""), ::getuid(), ::getgid()), "");
}
END_TEST

TCase* pyramids_test_case() {
    TCase* tc = tcase_create("pyramids");
    tcase_add_test(tc, the_one_not_used_for_longest_goes_first);
    tcase_add_test(tc, only_what_is_ours_goes);
    tcase_add_test(tc, what_was_left_half_written_goes);
    tcase_add_test(tc, the_folder_is_made);
    return tc;
}

const iiif::test::Register registered(pyramids_test_case);

}  // namespace
