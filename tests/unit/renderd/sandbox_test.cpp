// SPDX-License-Identifier: Apache-2.0
// tests/lifecycle/test_sandbox.py asks real renderers; here are the parts, without root.
#include "renderd/sandbox.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

#include "renderd/limits.h"
#include "renderd/system_calls.h"
#include "scratch.h"
#include "suite.h"

namespace {

using namespace iiif;
using namespace iiif::renderd;
using iiif::test::Folder;

// In a process of its own; what it returns.
int inside(const std::function<int()>& body) {
    const pid_t pid = fork();
    if (pid == 0) _exit(body());
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "status %x", status);
    return WEXITSTATUS(status);
}

int errno_of(long result) {
    return result < 0 ? errno : 0;
}
int open_errno(const std::string& path, int flags) {
    const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
    const int error = errno_of(fd);
    if (fd >= 0) close(fd);
    return error;
}

START_TEST(files_are_within_the_rules) {
    if (landlock_version() == 0) {
        printf("sandbox_test: files_are_within_the_rules asks nothing: this kernel has no Landlock\n");
        return;
    }
    const Folder folder;
    for (const char* name : {"/root", "/pyramids", "/other"})
        ck_assert_int_eq(mkdir((folder.path() + name).c_str(), 0700), 0);
    const std::string image = folder.file("root/image", "x");
    const std::string other = folder.file("other/file", "x");
    const std::string made = folder.path() + "/pyramids/made";
    const FileRules rules{{folder.path() + "/root", folder.path() + "/none"}, {folder.path() + "/pyramids"}};
    ck_assert_int_eq(inside([&] {
                         if (!confine(Sandbox::require, rules)) return 1;
                         if (open_errno(image, O_RDONLY) != 0) return 2;
                         if (open_errno(image, O_WRONLY) != EACCES) return 3;
                         if (open_errno(other, O_RDONLY) != EACCES) return 4;
                         if (open_errno(folder.path() + "/root/new", O_WRONLY | O_CREAT) != EACCES) return 5;
                         if (open_errno(folder.path() + "/root/../other/file", O_RDONLY) != EACCES) return 6;
                         if (errno_of(unlink(image.c_str())) != EACCES) return 7;
                         if (open_errno(made, O_WRONLY | O_CREAT) != 0) return 8;
                         if (errno_of(rename(made.c_str(), (made + "2").c_str())) != 0) return 9;
                         if (errno_of(unlink((made + "2").c_str())) != 0) return 10;
                         if (open_errno("/etc/passwd", O_RDONLY) != EACCES) return 11;
                         return 0;
                     }),
                     0);
}
END_TEST

START_TEST(calls_are_those_of_a_renderer) {
    if (!can_filter_system_calls()) {
        printf(
            "sandbox_test: calls_are_those_of_a_renderer asks nothing: no seccomp filters in this kernel, or in this "
            "build\n");
        return;
    }
    ck_assert_int_eq(inside([] {
                         if (!confine(Sandbox::prefer, {{"/"}, {}})) return 1;
                         if (errno_of(socket(AF_UNIX, SOCK_STREAM, 0)) != EPERM) return 2;
                         if (errno_of(fork()) != EPERM) return 3;
                         char* const words[] = {nullptr};
                         if (errno_of(execv("/bin/true", words)) != EPERM) return 4;
                         if (errno_of(kill(getppid(), 0)) != EPERM) return 5;
                         if (errno_of(setuid(0)) != EPERM) return 6;
                         if (errno_of(mkdir("/tmp/sandbox-test-made", 0700)) != EPERM) return 7;
                         // Codecs have threads.
                         int done = 0;
                         std::thread([&done] { done = 1; }).join();
                         return done == 1 ? 0 : 8;
                     }),
                     0);
}
END_TEST

START_TEST(off_leaves_all_but_privileges) {
    ck_assert_int_eq(inside([] {
                         if (!confine(Sandbox::off, {})) return 1;
                         const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
                         if (fd < 0 || open_errno("/etc/passwd", O_RDONLY) != 0) return 2;
                         close(fd);
                         return 0;
                     }),
                     0);
}
END_TEST

START_TEST(another_folder_is_noticed) {
    const Folder folder;
    const std::string root = folder.path() + "/root";
    const Places nothing({root});
    ck_assert(nothing.unchanged());
    ck_assert_int_eq(mkdir(root.c_str(), 0700), 0);
    ck_assert(!nothing.unchanged());
    const Places place({"/", root});
    (void)folder.file("root/image", "x");
    ck_assert(place.unchanged());
    ck_assert_int_eq(rename(root.c_str(), (root + "2").c_str()), 0);
    ck_assert(!place.unchanged());
    ck_assert_int_eq(mkdir(root.c_str(), 0700), 0);
    ck_assert(!place.unchanged());
    ck_assert_int_eq(rmdir(root.c_str()), 0);
    ck_assert_int_eq(rename((root + "2").c_str(), root.c_str()), 0);
    ck_assert(place.unchanged());
    // The number of an inode that is gone is often the next one's.
    const Places before({root});
    std::filesystem::remove_all(root);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ck_assert_int_eq(mkdir(root.c_str(), 0700), 0);
    ck_assert(!before.unchanged());
}
END_TEST

START_TEST(its_memory_is_known_from_within) {
    ck_assert_int_eq(inside([] {
                         watch_memory();
                         if (!confine(Sandbox::prefer, {})) return 1;
                         return private_memory() > 0 ? 0 : 2;
                     }),
                     0);
}
END_TEST

TCase* sandbox_case() {
    TCase* tests = tcase_create("sandbox");
    tcase_add_test(tests, files_are_within_the_rules);
    tcase_add_test(tests, calls_are_those_of_a_renderer);
    tcase_add_test(tests, off_leaves_all_but_privileges);
    tcase_add_test(tests, another_folder_is_noticed);
    tcase_add_test(tests, its_memory_is_known_from_within);
    return tests;
}
const iiif::test::Register _(sandbox_case);

}  // namespace
