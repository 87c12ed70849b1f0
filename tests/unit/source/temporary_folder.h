// SPDX-License-Identifier: Apache-2.0
// A temporary folder of a test, removed with what is in it.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

// Last: it defines a macro named fail, which is a member function in <fstream>.
#include <check.h>

namespace iiif::test {

class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "iiif-source-XXXXXX").string();
        ck_assert_ptr_nonnull(::mkdtemp(pattern.data()));
        path_ = pattern;
        // Test users without privileges have to get in.
        ck_assert_int_eq(::chmod(path_.c_str(), 0755), 0);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string at(std::string_view relative) const { return path_ + '/' + std::string(relative); }

    // Makes folders as needed. The content is the file's own relative path unless given.
    void file(std::string_view relative) const { file(relative, relative); }
    void file(std::string_view relative, std::string_view content) const {
        std::filesystem::create_directories(std::filesystem::path(at(relative)).parent_path());
        std::ofstream out(at(relative), std::ios::binary);
        out << content;
        out.close();
        ck_assert(out.good());
    }
    void folder(std::string_view relative) const { std::filesystem::create_directories(at(relative)); }
    void link(std::string_view target, std::string_view relative) const {
        std::filesystem::create_symlink(target, at(relative));
    }

private:
    std::string path_;
};

// What lies in an open file, from its beginning.
inline std::string content_of(int fd) {
    std::string out(65536, '\0');
    const ssize_t count = ::pread(fd, out.data(), out.size(), 0);
    ck_assert_int_ge(count, 0);
    out.resize(static_cast<std::size_t>(count));
    return out;
}

// Root may read everything; for tests of permissions the process becomes somebody else for a while.
class Unprivileged {
public:
    Unprivileged() : was_(::geteuid()) {
        if (was_ == 0) ck_assert_int_eq(::seteuid(65534), 0);
    }
    ~Unprivileged() {
        if (was_ == 0) static_cast<void>(::seteuid(was_) == 0);
    }
    Unprivileged(const Unprivileged&) = delete;
    Unprivileged& operator=(const Unprivileged&) = delete;

private:
    uid_t was_;
};

}  // namespace iiif::test
