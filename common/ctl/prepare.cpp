// SPDX-License-Identifier: Apache-2.0
#include "ctl/prepare.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>

#include "render/pyramid.h"
#include "render/render.h"
#include "source/root.h"

namespace iiif::ctl {
namespace {

namespace fs = std::filesystem;
using source::UniqueFd;

constexpr mode_t kReadable = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH;

Made failed(const std::string& what, int error) {
    return {Done::failed, what + ": " + std::strerror(error) + '.'};
}

// Bytes as they are, by the kernel where it can: file systems with shared extents copy nothing.
bool copy(int from, int to, std::uint64_t bytes) {
    std::array<char, 1 << 16> piece{};
    bool by_kernel = true;
    while (bytes > 0) {
        ssize_t moved = -1;
        if (by_kernel) {
            moved = ::copy_file_range(from, nullptr, to, nullptr, bytes, 0);
            if (moved < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
                by_kernel = false;
                continue;
            }
        } else {
            moved = ::read(from, piece.data(), piece.size());
            for (ssize_t at = 0; moved > 0 && at < moved;) {
                const ssize_t written = ::write(to, piece.data() + at, static_cast<std::size_t>(moved - at));
                if (written < 0 && errno == EINTR) continue;
                if (written <= 0) return false;
                at += written;
            }
        }
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) return false;
        if (moved == 0) {  // shorter than it was
            errno = EIO;
            return false;
        }
        bytes -= static_cast<std::uint64_t>(moved);
    }
    return true;
}

Made convert(int from, int to, const PrepareOptions& options) {
    std::string detail;
    const auto image = render::describe(from, 1, {}, detail);
    if (!image) return {Done::failed, image.error().sentence};
    render::EncodeOptions encode;
    encode.jpeg_quality = options.quality;
    encode.icc = render::Profile::embed;
    const auto written = render::write_pyramid(from, 1, *image, encode, options.tile, to, nullptr, detail);
    if (written) return {Done::made, ""};
    return {Done::failed, detail.empty() ? written.error().sentence
                                         : written.error().sentence + " (" + detail.substr(0, detail.find('\n')) + ')'};
}

bool same_time(const struct stat& a, const struct stat& b) {
    return a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::string prepared_name(const std::string& path) {
    return fs::path(path).replace_extension(".tif").native();
}

std::vector<Step> plan(const std::vector<File>& files, const std::vector<Finding>& findings,
                       const PrepareOptions& options) {
    std::vector<Step> steps;
    std::map<std::string, std::string> taken;  // name, who has it
    for (std::size_t i = 0; i < files.size(); ++i) {
        const Finding& finding = findings[i];
        if (finding.verdict == Verdict::other) continue;
        Step& step = steps.emplace_back();
        step.from = files[i].path;
        if (finding.verdict == Verdict::unreadable) {
            step.wrong = finding.says;
            continue;
        }
        step.convert = finding.as_pyramid && (finding.verdict == Verdict::slow || options.all);
        step.to = step.convert ? prepared_name(step.from) : step.from;
        taken.emplace(step.to, step.from);
    }
    for (Step& step : steps) {
        if (step.to.empty() || taken[step.to] == step.from) continue;
        step.wrong = "\"" + taken[step.to] + "\" would become \"" + step.to + "\", too; rename one of them";
        step.to.clear();
    }
    return steps;
}

Made carry_out(const std::string& in, const std::string& out, const Step& step, const PrepareOptions& options) {
    const fs::path target = fs::path(out) / step.to;
    const fs::path making = target.parent_path() / ("." + target.filename().native() + ".part");
    const UniqueFd from(::open((fs::path(in) / step.from).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat source {};
    if (!from || ::fstat(from.get(), &source) != 0) return failed("It cannot be opened", errno);
    struct stat there {};
    if (::stat(target.c_str(), &there) == 0 && same_time(source, there)) return {Done::there_already, ""};

    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) return {Done::failed, "Its folder cannot be made: " + error.message() + '.'};
    const UniqueFd to(::open(making.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kReadable));
    if (!to) return failed("\"" + making.native() + "\" cannot be written", errno);
    if (::flock(to.get(), LOCK_EX | LOCK_NB) != 0) return {Done::failed, "Another iiifctl is writing it."};
    Made made{Done::made, ""};
    if (::ftruncate(to.get(), 0) != 0) {
        made = failed("It cannot be written", errno);
    } else if (step.convert) {
        made = convert(from.get(), to.get(), options);
    } else if (!copy(from.get(), to.get(), static_cast<std::uint64_t>(source.st_size))) {
        made = failed("It cannot be copied", errno);
    }
    const std::array<timespec, 2> times = {timespec{0, UTIME_OMIT}, source.st_mtim};
    if (made.done == Done::made && (::fdatasync(to.get()) != 0 || ::futimens(to.get(), times.data()) != 0 ||
                                    ::rename(making.c_str(), target.c_str()) != 0)) {
        made = failed("It cannot be kept", errno);
    }
    if (made.done == Done::failed) (void)::unlink(making.c_str());
    return made;
}

}  // namespace iiif::ctl
