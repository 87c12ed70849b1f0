// SPDX-License-Identifier: Apache-2.0
// The supervisor with renderers of the test's own, which do what the client asks: "work", "lane", "crash", "hang".
#include "renderd/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

#include "pool/sockets.h"
#include "renderd/log.h"
#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;
using renderd::End;

int obliging_renderer(const renderd::Seat& seat) {
    if (seat.report >= 0) {
        (void)!::write(seat.report, "ready 3\n", 8);
        (void)::close(seat.report);
    }
    while (true) {
        pollfd watched[] = {{seat.stop, POLLIN, 0}, {seat.tiles, POLLIN, 0}, {seat.heavy, POLLIN, 0}};
        if (::poll(watched, 3, -1) < 0) return 1;
        if (watched[0].revents != 0) return renderd::kEnded;
        source::UniqueFd client(::accept4(watched[1].revents != 0 ? seat.tiles : seat.heavy, nullptr, nullptr, 0));
        if (!client) continue;
        std::string wish(16, '\0');
        wish.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(client.get(), wish.data(), wish.size()), 0)));
        seat.slot->begin(0, 4, "shelf/bo\nok.tif");
        if (wish == "work") ::usleep(300'000);
        if (wish == "crash") ::raise(SIGKILL);
        if (wish == "hang") ::pause();
        if (wish == "talk") renderd::say("a library\x1b says");
        std::string reply = std::to_string(::getpid());
        if (wish == "lane") reply = seat.heavy >= 0 ? "both" : "tiles";
        seat.slot->end();
        if (wish == "leave") {
            test::write_all(client.get(), reply);
            return renderd::kEnded;
        }
        test::write_all(client.get(), reply);
    }
}

int unable_renderer(const renderd::Seat& seat) {
    (void)!::write(seat.report, "error no codec\n", 15);
    return renderd::kCannotStart;
}

int crashing_renderer(const renderd::Seat&) {
    ::raise(SIGKILL);
    return 0;
}

// Its first renderer is well, all later ones end at once.
int sick_renderer(const renderd::Seat& seat) {
    renderd::say("born");
    return seat.report >= 0 ? obliging_renderer(seat) : 7;
}

// A supervisor in a process of its own; this one plays the server's parent.
struct House {
    explicit House(renderd::RendererMain renderer, unsigned renderers = 2, std::uint32_t timeout_ms = 5000,
                   protocol::FormatSet encodable = 0) {
        auto made = pool::listen_beneath(folder.path(), ::getuid(), ::getgid(), 16);
        ck_assert_msg(made.has_value(), "%s", made ? "" : made.error().sentence.c_str());
        sockets = std::move(*made);
        int lifeline_ends[2];
        int ready_ends[2];
        ck_assert_int_eq(::pipe2(lifeline_ends, O_CLOEXEC), 0);
        ck_assert_int_eq(::pipe2(ready_ends, O_CLOEXEC), 0);
        lifeline = source::UniqueFd(lifeline_ends[1]);
        log = folder.path() + "/log";
        supervisor = ::fork();
        if (supervisor == 0) {
            lifeline = source::UniqueFd();
            (void)::close(ready_ends[0]);
            (void)::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
            renderd::Configuration configuration;
            configuration.services.push_back(std::make_unique<delivery::Service>());
            configuration.services[0]->prefix = "/iiif";
            configuration.directory = sockets.directory;
            configuration.sockets = sockets.paths;
            configuration.renderers = renderers;
            configuration.timeout_ms = timeout_ms;
            configuration.encodable = encodable;
            const renderd::Descriptors given{lifeline_ends[0], sockets.listeners[0].release(),
                                             sockets.listeners[1].release(), ready_ends[1]};
            ::_exit(renderd::supervise(configuration, given, renderer));
        }
        (void)::close(lifeline_ends[0]);
        (void)::close(ready_ends[1]);
        for (auto& listener : sockets.listeners) listener = source::UniqueFd();
        const source::UniqueFd ready(ready_ends[0]);
        ready_line = test::read_all(ready.get());
    }
    ~House() {
        if (supervisor > 0 && !reaped) (void)::kill(supervisor, SIGKILL);
    }

    int wait_for_end() {
        int status = 0;
        reaped = test::eventually([&] { return ::waitpid(supervisor, &status, WNOHANG) == supervisor; });
        ck_assert_msg(reaped, "the supervisor did not end");
        return status;
    }
    [[nodiscard]] std::string tiles(std::string_view wish) const { return test::ask(sockets.paths[0], wish); }
    [[nodiscard]] std::string heavy(std::string_view wish) const { return test::ask(sockets.paths[1], wish); }
    [[nodiscard]] bool log_says(const std::string& words, double seconds = 10) const {
        return test::eventually([&] { return test::content_of(log).find(words) != std::string::npos; }, seconds);
    }

    test::Folder folder;
    pool::Sockets sockets;
    source::UniqueFd lifeline;
    std::string ready_line, log;
    pid_t supervisor = -1;
    bool reaped = false;
};

START_TEST(ends_with_the_lifeline) {
    House house(obliging_renderer);
    ck_assert_text(house.ready_line, "ready 3\n");
    const pid_t renderer = std::stoi(house.tiles("pid"));
    ck_assert_int_eq(::kill(renderer, 0), 0);
    house.lifeline = source::UniqueFd();
    const int status = house.wait_for_end();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_ne(::kill(renderer, 0), 0);
    ck_assert(!std::filesystem::exists(house.sockets.directory));
}
END_TEST

START_TEST(ends_with_sigterm) {
    House house(obliging_renderer);
    ck_assert_int_eq(::kill(house.supervisor, SIGTERM), 0);
    ck_assert_int_eq(house.wait_for_end(), 0);
    ck_assert(!std::filesystem::exists(house.sockets.directory));
}
END_TEST

START_TEST(the_servers_signals_are_not_its_own) {
    House house(obliging_renderer);
    for (const int number : {SIGINT, SIGHUP, SIGQUIT, SIGUSR1}) ck_assert_int_eq(::kill(house.supervisor, number), 0);
    ck_assert_not_text(house.tiles("pid"), "");
    ck_assert_int_eq(::kill(house.supervisor, 0), 0);
}
END_TEST

START_TEST(running_jobs_are_finished) {
    House house(obliging_renderer);
    const auto client = test::connect_to(house.sockets.paths[0]);
    ck_assert(test::write_all(client.get(), "work"));
    ::usleep(100'000);
    house.lifeline = source::UniqueFd();
    ck_assert_msg(!test::read_all(client.get()).empty(), "a job in hand got no answer");
    ck_assert_int_eq(house.wait_for_end(), 0);
}
END_TEST

START_TEST(a_job_that_never_ends_is_killed_at_the_end) {
    House house(obliging_renderer, 2, 300);
    const auto client = test::connect_to(house.sockets.paths[0]);
    ck_assert(test::write_all(client.get(), "hang"));
    ::usleep(100'000);
    house.lifeline = source::UniqueFd();
    ck_assert_int_eq(house.wait_for_end(), 0);
    ck_assert(!std::filesystem::exists(house.sockets.directory));
}
END_TEST

START_TEST(a_dead_renderer_is_replaced_and_its_source_named) {
    House house(obliging_renderer, 1);
    const std::string before = house.tiles("pid");
    ck_assert_text(house.tiles("crash"), "");
    const std::string after = house.tiles("pid");
    ck_assert_not_text(after, "");
    ck_assert_not_text(after, before);
    ck_assert(house.log_says("renderer " + before + " was ended by signal 9"));
    ck_assert(house.log_says("while working on \"shelf/bo\\x0aok.tif\" (page 4 of endpoint \"/iiif\", for "));
}
END_TEST

START_TEST(a_renderer_that_leaves_is_replaced_in_silence) {
    House house(obliging_renderer, 1);
    std::set<std::string> seen;
    const auto begin = renderd::now_ms();
    for (int i = 0; i < 5; ++i) seen.insert(house.tiles("leave"));
    ck_assert_uint_eq(seen.size(), 5);
    ck_assert_int_lt(renderd::now_ms() - begin, 2000);
    ck_assert(test::content_of(house.log).find("ended") == std::string::npos);
}
END_TEST

START_TEST(the_disobedient_are_killed) {
    House house(obliging_renderer, 1, 100);
    const auto begin = renderd::now_ms();
    ck_assert_text(house.tiles("hang"), "");
    const auto took = renderd::now_ms() - begin;
    ck_assert_msg(took >= 5000 && took < 7000, "killed after %ld ms", static_cast<long>(took));
    ck_assert(house.log_says("it did not obey its deadline"));
    ck_assert_not_text(house.tiles("pid"), "");
}
END_TEST

START_TEST(no_storm_when_renderers_end_at_once) {
    House house(sick_renderer, 2);
    ck_assert_text(house.ready_line, "ready 3\n");
    ::usleep(1'500'000);
    const std::string log = test::content_of(house.log);
    int born = 0;
    for (auto at = log.find("born"); at != std::string::npos; at = log.find("born", at + 1)) ++born;
    // One that lives; the other at 0, 0, 0.1, 0.3, 0.7, 1.5 s.
    ck_assert_msg(born >= 4 && born <= 8, "%d renderers were born", born);
    ck_assert_not_text(house.tiles("pid"), "");
}
END_TEST

START_TEST(two_lanes) {
    House house(obliging_renderer, 3);
    for (int i = 0; i < 5; ++i) ck_assert_text(house.heavy("lane"), "both");
    // The only renderer for heavy work is busy; tiles do not wait for it.
    const auto busy = test::connect_to(house.sockets.paths[1]);
    ck_assert(test::write_all(busy.get(), "hang"));
    ::usleep(50'000);
    for (int i = 0; i < 5; ++i) ck_assert_text(house.tiles("lane"), "tiles");
}
END_TEST

START_TEST(one_renderer_serves_both) {
    House house(obliging_renderer, 1);
    ck_assert_text(house.heavy("lane"), "both");
    ck_assert_text(house.tiles("lane"), "both");
}
END_TEST

START_TEST(cannot_start_is_said) {
    House unable(unable_renderer);
    ck_assert_text(unable.ready_line, "error no codec\n");
    ck_assert_int_ne(unable.wait_for_end(), 0);
    ck_assert(!std::filesystem::exists(unable.sockets.directory));
    House crashing(crashing_renderer);
    ck_assert_text(crashing.ready_line, "error the first renderer was ended by signal 9 (Killed) while starting\n");
    ck_assert_int_ne(crashing.wait_for_end(), 0);
}
END_TEST

// On a reload: ready before the first renderer says anything, and none is asked to find out again.
START_TEST(known_formats_are_not_found_out_again) {
    House house(obliging_renderer, 2, 5000, 9);
    ck_assert_text(house.ready_line, "ready 9\n");
    ck_assert(!house.tiles("pid").empty());
    // Ready was said before they were made.
    ck_assert(test::eventually([&] { return test::children_of(house.supervisor).size() == 2; }));
}
END_TEST

START_TEST(what_renderers_say_is_relayed) {
    House house(obliging_renderer, 1);
    const std::string pid = house.tiles("talk");
    ck_assert(house.log_says("iiif-renderd[" + pid + "]: a library\\x1b says\n"));
}
END_TEST

START_TEST(a_lost_supervisor_leaves_nobody) {
    House house(obliging_renderer, 2);
    const auto renderers = test::children_of(house.supervisor);
    ck_assert_uint_eq(renderers.size(), 2);
    ck_assert_int_eq(::kill(house.supervisor, SIGKILL), 0);
    house.wait_for_end();
    for (const pid_t pid : renderers) ck_assert(test::eventually([pid] { return !test::lives(pid); }));
    ck_assert(!test::connect_to(house.sockets.paths[0]));
    // What it left behind goes with the next start.
    ck_assert(std::filesystem::exists(house.sockets.directory));
    pool::sweep(house.folder.path());
    ck_assert(!std::filesystem::exists(house.sockets.directory));
}
END_TEST

START_TEST(delays) {
    ck_assert_int_eq(renderd::replacement_delay(End::expected, 50), 0);
    ck_assert_int_eq(renderd::replacement_delay(End::idle, 1), 0);
    ck_assert_int_eq(renderd::replacement_delay(End::idle, 2), 100);
    ck_assert_int_eq(renderd::replacement_delay(End::idle, 3), 200);
    ck_assert_int_eq(renderd::replacement_delay(End::idle, 4'000'000'000U), 10000);
    ck_assert_int_eq(renderd::replacement_delay(End::in_job, 1), 0);
    ck_assert_int_eq(renderd::replacement_delay(End::in_job, 2), 25);
    ck_assert_int_eq(renderd::replacement_delay(End::in_job, 100), 250);
    ck_assert_uint_eq(renderd::tiles_only(1), 0);
    ck_assert_uint_eq(renderd::tiles_only(2), 1);
    ck_assert_uint_eq(renderd::tiles_only(3), 2);
    ck_assert_uint_eq(renderd::tiles_only(8), 4);
}
END_TEST

TCase* supervisor_test_case() {
    TCase* test_case = tcase_create("supervisor");
    tcase_set_timeout(test_case, 30);
    tcase_add_test(test_case, ends_with_the_lifeline);
    tcase_add_test(test_case, ends_with_sigterm);
    tcase_add_test(test_case, the_servers_signals_are_not_its_own);
    tcase_add_test(test_case, running_jobs_are_finished);
    tcase_add_test(test_case, a_job_that_never_ends_is_killed_at_the_end);
    tcase_add_test(test_case, a_dead_renderer_is_replaced_and_its_source_named);
    tcase_add_test(test_case, a_renderer_that_leaves_is_replaced_in_silence);
    tcase_add_test(test_case, the_disobedient_are_killed);
    tcase_add_test(test_case, no_storm_when_renderers_end_at_once);
    tcase_add_test(test_case, two_lanes);
    tcase_add_test(test_case, one_renderer_serves_both);
    tcase_add_test(test_case, cannot_start_is_said);
    tcase_add_test(test_case, known_formats_are_not_found_out_again);
    tcase_add_test(test_case, what_renderers_say_is_relayed);
    tcase_add_test(test_case, a_lost_supervisor_leaves_nobody);
    tcase_add_test(test_case, delays);
    return test_case;
}
const test::Register registered(supervisor_test_case);

}  // namespace
