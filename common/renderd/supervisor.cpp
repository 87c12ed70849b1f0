// SPDX-License-Identifier: Apache-2.0
#include "renderd/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "renderd/child.h"
#include "renderd/log.h"
#include "renderd/sandbox.h"
#include "renderd/status.h"

namespace iiif::renderd {
namespace {

using source::UniqueFd;

constexpr std::int64_t kReadyWithin = 25000;  // ms; the server's parent process waits for 30 s
constexpr std::int64_t kTerminateWithin = 2000;
constexpr std::int64_t kHealthyAfter = 10000;
constexpr std::int64_t kStatusEvery = 1000;

Expected<protocol::FormatSet> report_of(const std::string& line) {
    constexpr std::string_view kReady = "ready ";
    constexpr std::string_view kError = "error ";
    if (line.starts_with(kError)) return refuse(0, line.substr(kError.size()));
    protocol::FormatSet formats = 0;
    if (line.starts_with(kReady)) {
        const char* end = line.data() + line.size();
        const auto read = std::from_chars(line.data() + kReady.size(), end, formats, 16);
        if (read.ec == std::errc() && read.ptr == end && formats != 0) return formats;
    }
    return refuse(0, "the first renderer reported \"" + line + '"');
}

class Supervisor {
public:
    Supervisor(Configuration& configuration, const Descriptors& given, RendererMain renderer)
        : configuration_(configuration),
          renderer_(renderer),
          lifeline_(given.lifeline),
          tiles_(given.tiles),
          heavy_(given.heavy),
          ready_(given.ready),
          slots_(configuration.renderers) {}

    int run();

private:
    Expected<bool> prepare();
    int refuse_to_start(const std::string& sentence);
    Expected<protocol::FormatSet> first_renderer();
    void spawn(std::size_t index, int report);
    void loop();
    void wait_and_handle(std::int64_t until_ms);
    void reap();
    void replace(Child& child, int status);
    void kill_the_disobedient();
    [[nodiscard]] std::int64_t next_event() const;
    void end();
    bool wait_for_all(std::int64_t until_ms);
    void tell_parent(const std::string& line);
    void say_ready(protocol::FormatSet);
    std::string obituary(const Child&, int status, std::int64_t now) const;
    void blame(const Child&, int status, std::int64_t now);
    [[nodiscard]] Status::Image image_of(const Slot&) const;
    void remember(const Slot&, const RefusedSources::Verdict&, std::int64_t now);
    void write_status();
    // How long the job in hand may take, in milliseconds.
    [[nodiscard]] std::int64_t allowed(const Slot& slot) const {
        return longest_job(configuration_.timeout_ms, slot.long_job);
    }
    [[nodiscard]] bool any_alive() const {
        return std::ranges::any_of(children_, [](const Child& c) { return c.alive(); });
    }

    Configuration& configuration_;
    RendererMain renderer_;
    UniqueFd lifeline_, tiles_, heavy_, ready_, signals_;
    UniqueFd stop_read_, stop_write_;  // renderers take no more jobs when the write end closes
    SharedSlots slots_;
    std::unique_ptr<SharedAnswers> answers_;
    RefusedSources refused_;
    std::vector<Child> children_;
    Status status_;  // what cannot be read from slots and children
    std::unique_ptr<StatusFile> status_file_;
    bool status_failed_ = false;  // which was said
    bool ending_ = false;
};

// The server's parent process waits for one line, once.
void Supervisor::tell_parent(const std::string& line) {
    if (ready_) (void)!::write(ready_.get(), line.data(), line.size());
    ready_ = UniqueFd();
}

void Supervisor::say_ready(protocol::FormatSet formats) {
    std::array<char, 32> line{};
    (void)std::snprintf(line.data(), line.size(), "ready %x\n", static_cast<unsigned>(formats));
    tell_parent(line.data());
}

int Supervisor::refuse_to_start(const std::string& sentence) {
    if (ready_) {
        tell_parent("error " + escaped(sentence) + '\n');
    } else {
        log_line(::getpid(), "the renderers cannot work: " + sentence);
    }
    end();
    return EXIT_FAILURE;
}

Expected<bool> Supervisor::prepare() {
    sigset_t handled;
    ::sigemptyset(&handled);
    ::sigaddset(&handled, SIGCHLD);
    ::sigaddset(&handled, SIGTERM);
    (void)::sigprocmask(SIG_BLOCK, &handled, nullptr);
    // The server's terminal and its reload signals are the server's; the lifeline says when it is over.
    for (const int number : {SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) (void)std::signal(number, SIG_IGN);
    signals_ = UniqueFd(::signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC));
    std::array<int, 2> stop{};
    if (!signals_ || ::pipe2(stop.data(), O_CLOEXEC) != 0) {
        return refuse(0, std::string("cannot prepare the supervisor: ") + std::strerror(errno));
    }
    stop_read_ = UniqueFd(stop[0]);
    stop_write_ = UniqueFd(stop[1]);
    if (!slots_) return refuse(0, std::string("cannot share memory with the renderers: ") + std::strerror(errno));
    answers_ = SharedAnswers::make({});
    if (!answers_) {
        log_line(::getpid(), std::string("renderers cannot share what they make: ") + std::strerror(errno));
    }
    children_.resize(configuration_.renderers);
    status_.supervisor = ::getpid();
    status_.started_ms = now_ms();
    if (!configuration_.status.empty())
        status_file_ = std::make_unique<StatusFile>(configuration_.status, status_.started_ms);
    return true;
}

int Supervisor::run() {
    // On a reload the server knows already what can be written, and need not wait until the first renderer found out:
    // the sockets are listening, and requests queue there.
    const bool known = configuration_.encodable != 0;
    if (auto prepared = prepare(); !prepared) return refuse_to_start(prepared.error().sentence);
    const std::string missing = configuration_.sandbox == Sandbox::off ? "" : missing_protection();
    if (!missing.empty() && configuration_.sandbox == Sandbox::require) {
        return refuse_to_start("sandbox require: this kernel lacks, or does not let renderers use, " + missing +
                               "; with prefer they work without");
    }
    write_status();  // before the generation that this one replaces is told to end, and removes its own
    if (known) say_ready(configuration_.encodable);
    if (!known) {
        auto formats = first_renderer();
        if (!formats) return refuse_to_start(formats.error().sentence);
        configuration_.encodable = *formats;
    }
    if (!missing.empty()) {
        log_line(::getpid(), "this kernel lacks, or does not let renderers use, " + missing + ": they work without");
    }
    for (const auto& service : configuration_.services) service->encodable = configuration_.encodable;
    for (std::size_t index = known ? 0 : 1; index < children_.size(); ++index) spawn(index, -1);
    if (!known) say_ready(configuration_.encodable);
    log_line(::getpid(), "renderers ready: " + std::to_string(children_.size()) +
                             ", for tiles only: " + std::to_string(tiles_only(configuration_.renderers)));
    loop();
    end();
    return EXIT_SUCCESS;
}

// What it reports: "ready FORMATS\n" or "error SENTENCE\n".
Expected<protocol::FormatSet> Supervisor::first_renderer() {
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) return refuse(0, std::string("pipe: ") + std::strerror(errno));
    const UniqueFd read_end(report[0]);
    {
        const UniqueFd write_end(report[1]);
        spawn(0, write_end.get());
    }
    const std::int64_t deadline = now_ms() + kReadyWithin;
    std::string text;
    while (true) {
        const std::int64_t left = deadline - now_ms();
        if (left <= 0) return refuse(0, "the first renderer was not ready within 25 seconds");
        // Its log pipe must not fill up meanwhile.
        std::array<pollfd, 3> watched = {pollfd{read_end.get(), POLLIN, 0}, pollfd{lifeline_.get(), POLLIN, 0},
                                         pollfd{children_[0].log.get(), POLLIN, 0}};
        if (::poll(watched.data(), watched.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
            return refuse(0, std::string("poll: ") + std::strerror(errno));
        }
        if (watched[1].revents != 0) return refuse(0, "the server ended while the renderers were starting");
        if (watched[2].revents != 0) children_[0].relay();
        if (watched[0].revents == 0) continue;
        std::array<char, 512> piece{};
        const ssize_t got = ::read(read_end.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (const auto newline = text.find('\n'); newline != std::string::npos)
            return report_of(text.substr(0, newline));
        if (text.size() > 4096) return refuse(0, "the first renderer said too much while starting");
    }
    int status = 0;
    Child& child = children_[0];
    const bool reaped = child.alive() && ::waitpid(child.pid, &status, 0) == child.pid;
    child.relay();
    child.pid = -1;
    return refuse(0, "the first renderer " + (reaped ? how_it_ended(status) : "vanished") + " while starting");
}

void Supervisor::spawn(std::size_t index, int report) {
    Child& child = children_[index];
    Seat seat;
    seat.configuration = &configuration_;
    seat.slot = &slots_[index];
    seat.answers = answers_.get();
    seat.refused = &refused_;
    seat.tiles = tiles_.get();
    seat.heavy = index < tiles_only(configuration_.renderers) ? -1 : heavy_.get();
    seat.stop = stop_read_.get();
    seat.report = report;
    const std::array keep = {seat.tiles, seat.heavy, seat.stop, seat.report, answers_ ? answers_->fd() : -1};
    if (!child.start(
            keep, [this, &seat] { return renderer_(seat); }, seat.slot)) {
        log_line(::getpid(), std::string("cannot make a renderer process: ") + std::strerror(errno));
        ++child.streak;
        child.due_ms = now_ms() + replacement_delay(End::idle, child.streak);
    }
}

void Supervisor::loop() {
    while (!ending_) {
        wait_and_handle(next_event());
        const std::int64_t now = now_ms();
        for (std::size_t i = 0; i < children_.size() && !ending_; ++i) {
            if (!children_[i].alive() && children_[i].due_ms <= now) spawn(i, -1);
        }
        kill_the_disobedient();
        write_status();
    }
}

// When there is something to do that no descriptor announces. A job that begins after this was computed cannot be
// overdue earlier than a whole deadline from now: so an idle server is woken once per deadline, and no job is missed.
std::int64_t Supervisor::next_event() const {
    std::int64_t next = now_ms() + (status_file_ ? kStatusEvery : longest_job(configuration_.timeout_ms, false));
    for (std::size_t i = 0; i < children_.size(); ++i) {
        if (!children_[i].alive()) {
            next = std::min(next, children_[i].due_ms);
        } else if (const std::int64_t started = slots_[i].started_ms; started > 0 && !children_[i].killed) {
            next = std::min(next, started + allowed(slots_[i]));
        }
    }
    return next;
}

void Supervisor::wait_and_handle(std::int64_t until_ms) {
    std::vector<pollfd> watched;
    watched.reserve(children_.size() + 2);
    watched.push_back({signals_.get(), POLLIN, 0});
    watched.push_back({ending_ ? -1 : lifeline_.get(), POLLIN, 0});
    for (const Child& child : children_) watched.push_back({child.log.get(), POLLIN, 0});

    const std::int64_t wait = std::clamp<std::int64_t>(until_ms - now_ms(), 0, INT32_MAX);
    if (::poll(watched.data(), watched.size(), static_cast<int>(wait)) < 0) return;

    for (std::size_t i = 0; i < children_.size(); ++i) {
        if (watched[i + 2].revents != 0) children_[i].relay();
    }
    if (watched[0].revents != 0) {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
            if (info.ssi_signo == SIGTERM) ending_ = true;
        }
        reap();
    }
    // Nobody ever writes to the lifeline: whatever shows is its end.
    if (watched[1].revents != 0) ending_ = true;
}

void Supervisor::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
        const auto child = std::ranges::find(children_, pid, &Child::pid);
        if (child != children_.end()) replace(*child, status);
    }
}

void Supervisor::replace(Child& child, int status) {
    const Slot& slot = slots_[static_cast<std::size_t>(&child - children_.data())];
    const std::int64_t now = now_ms();
    child.relay();
    End how = End::expected;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != kEnded) {
        how = slot.started_ms > 0 ? End::in_job : End::idle;
        if (!ending_) {
            ++(child.killed ? status_.disobeyed : status_.crashed);
            log_line(::getpid(), obituary(child, status, now));
            blame(child, status, now);
        }
    }
    const bool was_healthy = slot.jobs > 0 || now - child.born_ms >= kHealthyAfter;
    child.streak = was_healthy ? 1 : child.streak + 1;
    child.due_ms = now + replacement_delay(how, child.streak);
    child.pid = -1;
    child.log = UniqueFd();
}

std::string Supervisor::obituary(const Child& child, int status, std::int64_t now) const {
    const Slot& slot = slots_[static_cast<std::size_t>(&child - children_.data())];
    std::string text = "renderer " + std::to_string(child.pid) + ' ' + how_it_ended(status);
    if (child.killed) text += " (by the supervisor, because it did not obey its deadline)";
    const std::int64_t started = slot.started_ms;
    if (started <= 0) return text;
    const Status::Image image = image_of(slot);
    text += " while working on \"" + image.path + "\" (page " + std::to_string(image.page);
    if (!image.endpoint.empty()) text += " of endpoint \"" + image.endpoint + '"';
    return text + ", for " + std::to_string(std::max<std::int64_t>(now - started, 0)) + " ms)";
}

// Not for a SIGKILL of somebody else: that may have been anybody's doing.
void Supervisor::blame(const Child& child, int status, std::int64_t now) {
    const Slot& slot = slots_[static_cast<std::size_t>(&child - children_.data())];
    const bool by_others = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !child.killed;
    if (slot.started_ms <= 0 || by_others) return;
    const auto verdict = refused_.blame(slot.source, now);
    if (verdict.refused_for == 0) return;
    remember(slot, verdict, now);
    log_line(::getpid(), '"' + slot.source_path() + "\" is refused for " + std::to_string(verdict.refused_for / 1000) +
                             " seconds: it has ended " + std::to_string(verdict.times) + " renderers");
}

Status::Image Supervisor::image_of(const Slot& slot) const {
    const std::uint32_t service = slot.service;
    const bool known = service < configuration_.services.size();
    return {slot.source_path(), known ? configuration_.services[service]->prefix : "", slot.page};
}

void Supervisor::remember(const Slot& slot, const RefusedSources::Verdict& verdict, std::int64_t now) {
    auto& refused = status_.refused;
    const std::uint64_t source = slot.source;
    std::erase_if(refused, [&](const auto& known) { return known.source == source || known.until_ms <= now; });
    if (refused.size() >= RefusedSources::kPlaces) refused.erase(refused.begin());
    refused.push_back({image_of(slot), source, verdict.times, now + verdict.refused_for});
}

void Supervisor::write_status() {
    if (!status_file_) return;
    status_.renderers.clear();
    for (std::size_t i = 0; i < children_.size(); ++i) {
        const Slot& slot = slots_[i];
        status_.renderers.push_back({children_[i].pid, i < tiles_only(configuration_.renderers), slot.jobs,
                                     children_[i].alive() ? slot.started_ms.load() : 0, image_of(slot)});
    }
    const bool written = status_file_->write(to_json(status_, now_ms(), std::time(nullptr)));
    if (!written && !status_failed_) {
        log_line(::getpid(), "cannot write " + configuration_.status + ": " + std::strerror(errno));
    }
    status_failed_ = !written;
}

void Supervisor::kill_the_disobedient() {
    const std::int64_t now = now_ms();
    for (std::size_t i = 0; i < children_.size(); ++i) {
        const std::int64_t started = slots_[i].started_ms;
        if (!children_[i].alive() || children_[i].killed || started <= 0) continue;
        if (now - started < allowed(slots_[i])) continue;
        (void)::kill(children_[i].pid, SIGKILL);
        children_[i].killed = true;
    }
}

bool Supervisor::wait_for_all(std::int64_t until_ms) {
    while (any_alive() && now_ms() < until_ms) wait_and_handle(until_ms);
    return !any_alive();
}

void Supervisor::end() {
    ending_ = true;
    status_file_.reset();
    for (const std::string& path : configuration_.sockets) (void)::unlink(path.c_str());
    tiles_ = UniqueFd();
    heavy_ = UniqueFd();
    stop_write_ = UniqueFd();
    if (!wait_for_all(now_ms() + configuration_.timeout_ms)) {
        for (const int number : {SIGTERM, SIGKILL}) {
            for (const Child& child : children_) {
                if (child.alive()) (void)::kill(child.pid, number);
            }
            if (wait_for_all(now_ms() + kTerminateWithin)) break;
        }
    }
    // Refused in a folder that is root's alone; the next start removes it then.
    (void)::rmdir(configuration_.directory.c_str());
}

}  // namespace

int supervise(Configuration& configuration, const Descriptors& given, RendererMain renderer) {
    return Supervisor(configuration, given, renderer).run();
}

std::int64_t replacement_delay(End how, unsigned streak) {
    if (how == End::expected || streak <= 1) return 0;
    const unsigned doublings = std::min(streak - 2, 10U);
    return how == End::in_job ? std::min<std::int64_t>(25LL << doublings, 250)
                              : std::min<std::int64_t>(100LL << doublings, 10000);
}

unsigned tiles_only(unsigned renderers) {
    return renderers < 2 ? 0 : (renderers + 1) / 2;
}

}  // namespace iiif::renderd
