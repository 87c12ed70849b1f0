// SPDX-License-Identifier: Apache-2.0
#include "pool/pool.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
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

#include "pool/handover.h"
#include "pool/sockets.h"
#include "pool/spawn.h"

namespace iiif::pool {
namespace {

using source::UniqueFd;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReadyWithin{30};
constexpr std::size_t kMaxReadyLine = 4096;
constexpr std::size_t kSharedDescriptions = 4096;  // two kilobytes each, when used
constexpr int kGone = 410;                         // a refusal's status: nobody is there who could say more
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

// The iiif-renderd that runs, kept from one generation of the server to the next: it has loaded what renderers need,
// and knows what they can write. Neither is done again on a reload. A program file that was replaced is started anew.
struct Running {
    UniqueFd control;
    std::string program;
    struct stat identity {};
    protocol::FormatSet encodable = 0;  // 0: not known yet

    [[nodiscard]] bool is(const std::string& wanted) const {
        struct stat now {};
        return control && program == wanted && ::stat(wanted.c_str(), &now) == 0 && now.st_dev == identity.st_dev &&
               now.st_ino == identity.st_ino && now.st_size == identity.st_size &&
               now.st_mtim.tv_sec == identity.st_mtim.tv_sec && now.st_mtim.tv_nsec == identity.st_mtim.tv_nsec;
    }
};

Running& running() {
    static Running only;  // the parent process starts one generation after the other
    return only;
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
        json_t* apart = json_array();
        failed |= json_object_set_new(object, "apart", apart);
        for (const std::string& location : service->apart) failed |= json_array_append_new(apart, string(location));
        json_t* patterns = json_array();
        failed |= json_object_set_new(object, "apart_patterns", patterns);
        for (const source::UriPattern& pattern : service->apart_patterns) {
            json_t* one = json_object();
            failed |= json_array_append_new(patterns, one);
            failed |= json_object_set_new(one, "pattern", string(pattern.text()));
            failed |= json_object_set_new(one, "kind", json_integer(static_cast<json_int_t>(pattern.kind())));
        }
        failed |= json_object_set_new(object, "published_only", json_boolean(service->published_only));
    }
    failed |= json_object_set_new(root.get(), "uid", json_integer(launch.uid));
    failed |= json_object_set_new(root.get(), "gid", json_integer(launch.gid));
    failed |= json_object_set_new(root.get(), "encodable", json_integer(running().encodable));
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
        if (got <= 0) return refuse(kGone, "the renderers ended while starting; the error log may say why");
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

struct Pipe {
    UniqueFd read, write;
};

Expected<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return refuse(500, std::string("cannot make a pipe to the renderers: ") + std::strerror(errno));
    }
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Sets running() anew. iiif-renderd says something only when it cannot begin, so this does not wait for it.
Expected<UniqueFd> run_program(const std::string& program, int log_fd) {
    std::array<int, 2> control{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control.data()) != 0) {
        return refuse(500, std::string("cannot make a socket to the renderers: ") + std::strerror(errno));
    }
    // Before anything is sent: the kernel adds who sent it at that moment.
    const int on = 1;
    for (const int end : control) (void)::setsockopt(end, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    Running fresh;
    fresh.control = UniqueFd(control[0]);
    fresh.program = program;
    (void)::stat(program.c_str(), &fresh.identity);
    const UniqueFd theirs(control[1]);
    auto failure = make_pipe();
    if (!failure) return tl::unexpected(failure.error());
    Spawn spawn;
    spawn.program = program;
    spawn.descriptors = {theirs.get(), failure->write.get()};
    spawn.log_fd = log_fd;
    if (auto spawned = spawn_detached(spawn); !spawned) return tl::unexpected(spawned.error());
    running() = std::move(fresh);
    return std::move(failure->read);
}

// The ready line of one generation, of which the lifeline and the listeners stay the caller's.
Expected<protocol::FormatSet> start_generation(const std::vector<delivery::Service*>& services, const Launch& launch,
                                               const Sockets& sockets, int lifeline) {
    const std::string text = configuration(services, launch, sockets);
    if (text.empty()) return refuse(500, "a setting of the renderers is not UTF-8");
    auto file = in_memory_file(text);
    if (!file) return tl::unexpected(file.error());
    auto ready = make_pipe();
    if (!ready) return tl::unexpected(ready.error());
    const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const int log = launch.log_fd < 0 ? null.get() : launch.log_fd;
    if (!hand_over(running().control.get(), {lifeline, sockets.listeners[0].get(), sockets.listeners[1].get(),
                                             ready->write.get(), file->get(), log})) {
        return refuse(kGone, "the renderers ended while starting; the error log may say why");
    }
    ready->write = UniqueFd();  // a supervisor that dies early shows as the end of the pipe
    auto line = read_ready_line(ready->read.get());
    if (!line) return tl::unexpected(line.error());
    return understand(running().program, *line);
}

Expected<protocol::FormatSet> start_program_and_generation(const std::vector<delivery::Service*>& services,
                                                           const Launch& launch, const Sockets& sockets, int lifeline) {
    const std::string program = program_of(launch);
    auto failure = run_program(program, launch.log_fd);
    if (!failure) return tl::unexpected(failure.error());
    auto formats = start_generation(services, launch, sockets, lifeline);
    if (!formats && formats.error().status == kGone) {
        if (auto said = read_ready_line(failure->get())) return understand(program, *said);
    }
    return formats;
}

}  // namespace

void leave_to_parent() {
    running() = {};
}

Expected<bool> check(const Launch& launch) {
    std::string wrong = check_program(program_of(launch));
    if (wrong.empty()) wrong = check_runtime_directory(runtime_of(launch));
    if (wrong.empty()) wrong = check_renderers(launch.settings);
    if (!wrong.empty()) return refuse(500, std::move(wrong));
    return true;
}

Expected<std::unique_ptr<Pool>> start(const std::vector<delivery::Service*>& services, const Launch& launch) {
    if (auto fine = check(launch); !fine) return tl::unexpected(fine.error());

    auto lifeline = make_pipe();
    if (!lifeline) return tl::unexpected(lifeline.error());
    auto pool = std::make_unique<Pool>();
    pool->lifeline = std::move(lifeline->write);

    const std::string runtime = runtime_of(launch);
    sweep(runtime);
    const auto backlog =
        static_cast<int>(std::min<std::uint64_t>(launch.settings.number("queue", kStandardQueue), 65535));
    auto sockets = listen_beneath(runtime, launch.uid, launch.gid, backlog);
    if (!sockets) return tl::unexpected(sockets.error());

    Expected<protocol::FormatSet> formats = refuse(kGone, "");
    if (running().is(program_of(launch))) {
        formats = start_generation(services, launch, *sockets, lifeline->read.get());
    }
    // The first generation; or iiif-renderd was killed or replaced; or this process is not the one that started it, as
    // after nginx has become a daemon.
    if (!formats && formats.error().status == kGone) {
        formats = start_program_and_generation(services, launch, *sockets, lifeline->read.get());
    }
    if (!formats) {
        remove_sockets(sockets->directory);
        return tl::unexpected(formats.error());
    }
    running().encodable = *formats;

    // Only the renderers hold the listeners from now on: when they are gone, a connect fails at once.
    pool->descriptions = source::SharedDescriptions::make(kSharedDescriptions);
    pool->encodable = *formats;
    pool->timeout_ms = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(launch.settings.number("timeout", kStandardTimeout), UINT32_MAX));
    pool->queue_ms = delivery::queue_wait_ms(launch.settings);
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
