// SPDX-License-Identifier: Apache-2.0
#include "ctl/folder.h"

#include <jansson.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

namespace iiif::ctl {
namespace {

namespace fs = std::filesystem;

bool is_utf8(const std::string& text) {
    json_t* const string = json_stringn(text.data(), text.size());  // refuses what is not
    json_decref(string);
    return string != nullptr;
}

bool inside(const fs::path& folder, const fs::path& target) {
    const auto mismatch = std::mismatch(folder.begin(), folder.end(), target.begin(), target.end());
    return mismatch.first == folder.end();
}

std::string problem_of(const fs::path& folder, const fs::directory_entry& entry, const std::string& path) {
    std::error_code error;
    if (!is_utf8(path)) return "its name is not UTF-8, which no URI can say; rename it";
    if (entry.is_symlink(error)) {
        const fs::path target = fs::read_symlink(entry.path(), error);
        if (target.is_absolute()) return "it is an absolute link, which servers do not follow; make it relative";
        const fs::path real = fs::canonical(entry.path(), error);
        if (error) return "it is a link that leads nowhere";
        if (!inside(fs::canonical(folder, error), real)) return "it is a link that leads out of the folder";
    }
    // Servers read as a user of their own, whom the files seldom belong to.
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) == 0 && (status.st_mode & S_IROTH) == 0) {
        return "only its owner or group may read it; the server's user must, too (chmod o+r)";
    }
    return "";
}

void collect(const fs::path& folder, const fs::path& part, std::string_view hidden, std::vector<File>& out) {
    std::error_code error;
    std::error_code walking;
    for (fs::directory_iterator at(folder / part, walking); !walking && at != fs::directory_iterator();
         at.increment(walking)) {
        const fs::directory_entry& entry = *at;
        const fs::path name = entry.path().filename();
        if (name.native().starts_with('.') && name.native() != hidden) continue;
        const fs::path path = part / name;
        // Folders that are links are not gone into: they may lead into a circle.
        if (entry.is_directory(error) && !entry.is_symlink(error)) {
            collect(folder, path, hidden, out);
            continue;
        }
        const bool file = entry.is_regular_file(error);
        if (!file && !(entry.is_symlink(error) && !entry.exists(error))) continue;
        const std::uintmax_t bytes = file ? entry.file_size(error) : 0;
        // What is hidden is not to be served.
        out.push_back({path.native(), error ? 0 : static_cast<std::uint64_t>(bytes),
                       name.native() == hidden ? "" : problem_of(folder, entry, path.native())});
    }
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::vector<File> files_of(const std::string& folder, std::string& wrong, std::string_view hidden) {
    std::error_code error;
    std::vector<File> out;
    if (!fs::is_directory(folder, error)) {
        wrong = error ? error.message() : "it is no folder";
        return out;
    }
    (void)fs::directory_iterator(folder, error);
    if (error) {
        wrong = error.message();
        return out;
    }
    collect(folder, {}, hidden, out);
    std::ranges::sort(out, [](const File& a, const File& b) { return natural_less(a.path, b.path); });
    return out;
}

bool natural_less(const std::string& a, const std::string& b) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            const std::size_t from_a = std::min(a.find_first_not_of('0', i), a.size());
            const std::size_t from_b = std::min(b.find_first_not_of('0', j), b.size());
            const auto end_of = [](const std::string& text, std::size_t at) {
                while (at < text.size() && is_digit(text[at])) ++at;
                return at;
            };
            const std::size_t end_a = end_of(a, from_a);
            const std::size_t end_b = end_of(b, from_b);
            // No leading zeros: the longer number is the larger one.
            if (end_a - from_a != end_b - from_b) return end_a - from_a < end_b - from_b;
            if (const int order = a.compare(from_a, end_a - from_a, b, from_b, end_b - from_b); order != 0) {
                return order < 0;
            }
            i = end_a;
            j = end_b;
            continue;
        }
        // A folder's own files stand together: a slash comes before everything.
        const auto rank = [](char c) { return c == '/' ? 0 : std::tolower(static_cast<unsigned char>(c)); };
        if (rank(a[i]) != rank(b[j])) return rank(a[i]) < rank(b[j]);
        ++i;
        ++j;
    }
    if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j;
    return a < b;
}

}  // namespace iiif::ctl
