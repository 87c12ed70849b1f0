// SPDX-License-Identifier: Apache-2.0
#include "pool/pool.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "pool/sockets.h"
#include "pool/spawn.h"

namespace iiif::pool {
namespace {

using source::UniqueFd;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReadyWithin{30};
constexpr std::size_t kMaxReadyLine = 4096;
constexpr std::uint64_t kStandardQueue = 128;
constexpr std::uint64_t kStandardTimeout = 60000;  // ms
// Each renderer keeps one core busy; far more than this is a slip of the pen.
constexpr std::uint64_t kRenderersPerCore = 64;

std::string program_of(const Launch& launch) {
    return launch.settings.text("renderer_program", IIIF_RENDERER_PROGRAM);
}

std::string runtime_of(const Launch& launch) {
    return launch.settings.text("runtime_directory", launch.runtime_dir);
}

std::string check_program(const std::string& program) {
    struct stat status {};
    if (::stat(program.c_str(), &status) != 0) {
        return "renderer_program \"" + program + "\" cannot be found: " + std::strerror(errno);
    }
    if (!S_ISREG(status.st_mode) || ::faccessat(AT_FDCWD, program.c_str(), X_OK, AT_EACCESS) != 0) {
        return "renderer_program \"" + program + "\" is not an executable file";
    }
    return "";
}

std::string check_renderers(const delivery::Settings& settings) {
    if (settings.text("renderers", "auto") == "auto") return "";
    cpu_set_t usable;
    const int counted = ::sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable) : 1;
    const auto cores = static_cast<std::uint64_t>(counted);
    const std::uint64_t wanted = settings.number("renderers", 0);
    if (wanted <= cores * kRenderersPerCore) return "";
    return "renderers " + std::to_string(wanted) + " is too many for " + std::to_string(cores) +
           " usable processor cores: at most " + std::to_string(cores * kRenderersPerCore);
}

using Json = std::unique_ptr<json_t, void (*)(json_t*)>;

// "" when a string is not UTF-8.
std::string configuration(const std::vector<delivery::Service*>& services, const Launch& launch,
                          const Sockets& sockets) {
    const auto settings_json = [](const delivery::Settings& settings) {
        const std::string text = settings.to_json();
        return json_loadb(text.data(), text.size(), 0, nullptr);
    };
    const auto string = [](const std::string& text) { return json_stringn(text.data(), text.size()); };

    const Json root(json_object(), json_decref);
    int failed = json_object_set_new(root.get(), "pool", settings_json(launch.settings));
    json_t* list = json_array();
    failed |= json_object_set_new(root.get(), "services", list);
    for (const delivery::Service* service : services) {
        json_t* object = json_object();
        failed |= json_array_append_new(list, object);
        failed |= json_object_set_new(object, "prefix", string(service->prefix));
        failed |= json_object_set_new(object, "settings", settings_json(service->settings));
    }
    failed |= json_object_set_new(root.get(), "uid", json_integer(launch.uid));
    failed |= json_object_set_new(root.get(), "gid", json_integer(launch.gid));
    failed |= json_object_set_new(root.get(), "directory", string(sockets.directory));
    json_t* paths = json_array();
    failed |= json_object_set_new(root.get(), "sockets", paths);
    for (const std::string& path : sockets.paths) failed |= json_array_append_new(paths, string(path));
    if (failed != 0) return "";
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(root.get(), JSON_COMPACT), std::free);
    return text ? std::string(text.get()) : "";
}

Expected<UniqueFd> in_memory_file(std::string_view text) {
    UniqueFd fd(::memfd_create("iiif-configuration", MFD_CLOEXEC));
    std::string_view rest = text;
    while (fd && !rest.empty()) {
        const ssize_t written = ::write(fd.get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (!fd || !rest.empty() || ::lseek(fd.get(), 0, SEEK_SET) != 0) {
        return refuse(500, std::string("cannot write the renderers' configuration: ") + std::strerror(errno));
    }
    return fd;
}

// One line without its newline; a refusal when there is none within kReadyWithin.
Expected<std::string> read_ready_line(int fd) {
    const auto deadline = Clock::now() + kReadyWithin;
    std::string line;
    while (line.size() < kMaxReadyLine) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return refuse(500, "the renderers were not ready within 30 seconds");
        pollfd watched{fd, POLLIN, 0};
        const int ready = ::poll(&watched, 1, static_cast<int>(left));
        if (ready < 0 && errno != EINTR) return refuse(500, std::string("poll: ") + std::strerror(errno));
        if (ready <= 0) continue;
        std::array<char, 512> piece{};
        const ssize_t got = ::read(fd, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return refuse(500, "the renderers ended while starting; the error log may say why");
        line.append(piece.data(), static_cast<std::size_t>(got));
        if (const auto end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
    }
    return refuse(500, "the renderers said too much while starting");
}

Expected<protocol::FormatSet> understand(const std::string& program, const std::string& line) {
    constexpr std::string_view kReady = "ready ";
    constexpr std::string_view kError = "error ";
    if (std::string sentence = spawn_failure(program, line); !sentence.empty()) return refuse(500, std::move(sentence));
    if (line.starts_with(kError)) return refuse(500, "the renderers cannot work: " + line.substr(kError.size()));
    protocol::FormatSet formats = 0;
    if (line.starts_with(kReady)) {
        const char* end = line.data() + line.size();
        const auto read = std::from_chars(line.data() + kReady.size(), end, formats, 16);
        if (read.ec == std::errc() && read.ptr == end && formats != 0) return formats;
    }
    return refuse(500, "renderer_program \"" + program + "\" is not a renderer of this version");
}

}  // namespace

Expected<bool> check(const Launch& launch) {
    std::string wrong = check_program(program_of(launch));
    if (wrong.empty()) wrong = check_runtime_directory(runtime_of(launch));
    if (wrong.empty()) wrong = check_renderers(launch.settings);
    if (!wrong.empty()) return refuse(500, std::move(wrong));
    return true;
}

Expected<std::unique_ptr<Pool>> start(const std::vector<delivery::Service*>& services, const Launch& launch) {
    if (auto fine = check(launch); !fine) return tl::unexpected(fine.error());

    std::array<int, 2> lifeline{};
    std::array<int, 2> ready{};
    if (::pipe2(lifeline.data(), O_CLOEXEC) != 0) {
        return refuse(500, std::string("cannot make a pipe to the renderers: ") + std::strerror(errno));
    }
    UniqueFd lifeline_read(lifeline[0]);
    auto pool = std::make_unique<Pool>();
    pool->lifeline = UniqueFd(lifeline[1]);
    if (::pipe2(ready.data(), O_CLOEXEC) != 0) {
        return refuse(500, std::string("cannot make a pipe to the renderers: ") + std::strerror(errno));
    }
    const UniqueFd ready_read(ready[0]);
    UniqueFd ready_write(ready[1]);

    const std::string runtime = runtime_of(launch);
    sweep(runtime);
    const auto backlog =
        static_cast<int>(std::min<std::uint64_t>(launch.settings.number("queue", kStandardQueue), 65535));
    auto sockets = listen_beneath(runtime, launch.uid, launch.gid, backlog);
    if (!sockets) return tl::unexpected(sockets.error());

    const auto launched = [&]() -> Expected<protocol::FormatSet> {
        const std::string text = configuration(services, launch, *sockets);
        if (text.empty()) return refuse(500, "a setting of the renderers is not UTF-8");
        auto file = in_memory_file(text);
        if (!file) return tl::unexpected(file.error());
        Spawn spawn;
        spawn.program = program_of(launch);
        spawn.descriptors = {lifeline_read.get(), sockets->listeners[0].get(), sockets->listeners[1].get(),
                             ready_write.get(), file->get()};
        spawn.log_fd = launch.log_fd;
        if (auto spawned = spawn_detached(spawn); !spawned) return tl::unexpected(spawned.error());
        // Only the renderers hold these from now on: when they are gone, a connect fails at once, and a supervisor
        // that dies early shows as the end of the ready pipe.
        for (UniqueFd& listener : sockets->listeners) listener = UniqueFd();
        lifeline_read = UniqueFd();
        ready_write = UniqueFd();
        auto line = read_ready_line(ready_read.get());
        if (!line) return tl::unexpected(line.error());
        return understand(spawn.program, *line);
    }();
    if (!launched) {
        remove_sockets(sockets->directory);
        return tl::unexpected(launched.error());
    }

    pool->encodable = *launched;
    pool->timeout_ms = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(launch.settings.number("timeout", kStandardTimeout), UINT32_MAX));
    for (std::size_t lane = 0; lane < sockets->paths.size(); ++lane) pool->sockets[lane] = sockets->paths[lane];
    std::uint32_t index = 0;
    for (delivery::Service* service : services) {
        service->pool_index = index++;
        service->encodable = pool->encodable;
        service->timeout_ms = pool->timeout_ms;
    }
    return pool;
}

}  // namespace iiif::pool
