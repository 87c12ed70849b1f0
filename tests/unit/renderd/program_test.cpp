// SPDX-License-Identifier: Apache-2.0
// The server's parent process and the real program: pool::start, iiif-renderd, sockets, and the end of both.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "delivery/wire.h"
#include "pool/pool.h"
#include "pool/sockets.h"
#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;

// 2x2 pixels, 8-bit RGB.
constexpr std::array<unsigned char, 75> kPng = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd, 0xd4, 0x9a, 0x73, 0x00, 0x00, 0x00, 0x12, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0xcf, 0xc0, 0xc0, 0x00, 0xc2, 0x0c, 0xff, 0x81, 0x00, 0x00, 0x1f, 0xee,
    0x05, 0xfb, 0xf1, 0xab, 0xba, 0x77, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

struct Server {
    Server() {
        (void)image_folder.file("small.png", {reinterpret_cast<const char*>(kPng.data()), kPng.size()});
        launch.runtime_dir = runtime.path();
        launch.uid = ::getuid();
        launch.gid = ::getgid();
        set("renderer_program", IIIF_RENDERD);
        set("renderers", "2");
        delivery::Settings settings;
        ck_assert(settings.set("iiif", {"on"}).has_value());
        ck_assert(settings.set("root", {image_folder.path()}).has_value());
        for (const char* prefix : {"/one", "/two"}) {
            auto made = delivery::make_service(settings, prefix);
            ck_assert_msg(made.has_value(), "%s", made ? "" : made.error().sentence.c_str());
            owned.push_back(std::move(*made));
            services.push_back(owned.back().get());
        }
        log = image_folder.file("log", "");
        log_fd = source::UniqueFd(::open(log.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
        launch.log_fd = log_fd.get();
    }
    void set(const char* name, const std::string& value) {
        auto done = launch.settings.set(name, {value});
        ck_assert_msg(done.has_value(), "%s", done ? "" : done.error().sentence.c_str());
    }
    std::unique_ptr<pool::Pool> start() {
        auto started = pool::start(services, launch);
        ck_assert_msg(started.has_value(), "%s", started ? "" : started.error().sentence.c_str());
        return std::move(*started);
    }
    [[nodiscard]] std::string start_refusal() const {
        auto started = pool::start(services, launch);
        return started ? "(it started)" : started.error().sentence;
    }
    [[nodiscard]] std::string check_refusal() const {
        auto checked = pool::check(launch);
        return checked ? "(fine)" : checked.error().sentence;
    }

    test::Folder runtime, image_folder;
    pool::Launch launch;
    std::vector<std::unique_ptr<delivery::Service>> owned;
    std::vector<delivery::Service*> services;
    std::string log;
    source::UniqueFd log_fd;
};

std::string call_for(const std::string& tail, const std::string& method = "GET") {
    delivery::RenderCall call;
    call.service = 1;
    call.http.method = method;
    call.http.raw_uri = "/two/3/small.png" + tail;
    call.http.base = "http://127.0.0.1";
    call.path = "small.png";
    return delivery::encode_call(call);
}

// The supervisor says its own number in its first line.
pid_t supervisor_of(const Server& server) {
    pid_t pid = -1;
    const bool found = test::eventually([&] {
        const std::string log = test::content_of(server.log);
        const auto end = log.find("]: renderers ready: 2");
        if (end == std::string::npos) return false;
        pid = std::stoi(log.substr(log.rfind('[', end) + 1));
        return true;
    });
    ck_assert_msg(found, "no line says that the renderers are ready: %s", test::content_of(server.log).c_str());
    return pid;
}

// Each says so in the log when its renderers are ready.
std::vector<pid_t> supervisors_of(const Server& server) {
    const std::string log = test::content_of(server.log);
    std::vector<pid_t> found;
    for (auto at = log.find("]: renderers ready"); at != std::string::npos;
         at = log.find("]: renderers ready", at + 1)) {
        found.push_back(std::stoi(log.substr(log.rfind('[', at) + 1)));
    }
    return found;
}

START_TEST(starts_serves_and_ends) {
    Server server;
    auto pool = server.start();
    ck_assert_uint_ne(pool->encodable & protocol::bit(protocol::Format::jpg), 0);
    ck_assert_uint_eq(server.services[1]->pool_index, 1);
    ck_assert_uint_eq(server.services[1]->encodable, pool->encodable);
    const pid_t supervisor = supervisor_of(server);
    const auto renderers = test::children_of(supervisor);
    ck_assert_uint_eq(renderers.size(), 2);

    for (const std::string& socket : pool->sockets) {
        struct stat status {};
        ck_assert_int_eq(::stat(socket.c_str(), &status), 0);
        ck_assert_uint_eq(status.st_mode & 0777U, 0600);
        const std::string reply = test::ask(socket, call_for("/full/max/0/default.jpg"));
        delivery::ReplyHead head;
        std::size_t head_length = 0;
        ck_assert_msg(delivery::decode_reply_head(reply, head, head_length) == delivery::Parse::done, "%s",
                      reply.c_str());
        ck_assert_int_eq(head.status, 200);
        ck_assert_uint_eq(reply.size() - head_length, static_cast<std::size_t>(head.content_length));
        ck_assert_text(reply.substr(head_length, 2), "\xff\xd8");
        ck_assert(head.timing.find("render=") != std::string::npos);
        ck_assert(!head.description.has_value());  // the call's key is another file's
    }
    pool.reset();
    ck_assert_msg(test::eventually([&] { return server.runtime.empty(); }), "sockets were left behind");
    ck_assert(test::eventually([&] { return !test::lives(supervisor); }));
    for (const pid_t renderer : renderers) ck_assert(!test::lives(renderer));
}
END_TEST

START_TEST(a_reload_knows_the_formats) {
    Server server;
    const auto first = server.start();
    const auto second = server.start();
    ck_assert_uint_eq(second->encodable, first->encodable);
    const std::string reply = test::ask(second->sockets[0], call_for("/full/max/0/default.png"));
    delivery::ReplyHead head;
    std::size_t head_length = 0;
    ck_assert(delivery::decode_reply_head(reply, head, head_length) == delivery::Parse::done);
    ck_assert_int_eq(head.status, 200);
    // One process has made both supervisors, and outlives neither them nor this process's interest in it.
    ck_assert(test::eventually([&] { return supervisors_of(server).size() == 2; }));
    const auto supervisors = supervisors_of(server);
    const pid_t fork_server = test::parent_of(supervisors[0]);
    ck_assert_int_eq(test::parent_of(supervisors[1]), fork_server);
    pool::leave_to_parent();
    ck_assert(test::lives(fork_server));
}
END_TEST

// As after nginx has become a daemon: what the first process started takes no orders from another one, which starts
// its own. A worker that was broken into could not use the socket either.
START_TEST(another_process_starts_its_own) {
    Server server;
    const auto first = server.start();
    const pid_t other = ::fork();
    if (other == 0) {
        const auto second = pool::start(server.services, server.launch);
        ::_exit(second && !test::ask((*second)->sockets[0], call_for("/full/max/0/default.jpg")).empty() ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(::waitpid(other, &status, 0), other);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert(test::eventually([&] { return supervisors_of(server).size() == 2; }));
}
END_TEST

START_TEST(refusals_are_answers) {
    Server server;
    const auto pool = server.start();
    const auto status_of = [&pool](const std::string& call) {
        const std::string reply = test::ask(pool->sockets[0], call);
        return reply.substr(0, reply.find('\r'));
    };
    ck_assert_text(status_of("nonsense"), "Status: 500");
    ck_assert_text(status_of(call_for("/full/9999,/0/default.jpg")), "Status: 400");
    delivery::RenderCall call;
    call.http.method = "GET";
    call.http.raw_uri = "/one/3/x/full/max/0/default.jpg";
    call.http.base = "http://127.0.0.1";
    call.path = "../" + server.log;
    ck_assert_text(status_of(delivery::encode_call(call)), "Status: 404");
    call.path = "log";
    ck_assert_text(status_of(delivery::encode_call(call)).substr(0, 9), "Status: 5");
    call.path = "small.png";
    call.page = 2;
    ck_assert_text(status_of(delivery::encode_call(call)), "Status: 404");
    call.service = 2;
    ck_assert_text(status_of(delivery::encode_call(call)), "Status: 500");
    const std::string head = test::ask(pool->sockets[0], call_for("/full/max/0/default.jpg", "HEAD"));
    ck_assert_text(head.substr(0, 11), "Status: 200");
    ck_assert_uint_eq(head.find("\r\n\r\n") + 4, head.size());
}
END_TEST

START_TEST(a_killed_renderer_is_replaced) {
    Server server;
    const auto pool = server.start();
    const pid_t supervisor = supervisor_of(server);
    const auto before = test::children_of(supervisor);
    for (const pid_t renderer : before) ck_assert_int_eq(::kill(renderer, SIGKILL), 0);
    ck_assert_text(test::ask(pool->sockets[0], call_for("/full/max/0/default.jpg")).substr(0, 11), "Status: 200");
    ck_assert(test::eventually([&] {
        const auto now = test::children_of(supervisor);
        return now.size() == 2 && std::ranges::find_first_of(now, before) == now.end();
    }));
}
END_TEST

START_TEST(renderers_are_recycled) {
    Server server;
    server.set("renderer_jobs", "3");
    const auto pool = server.start();
    const pid_t supervisor = supervisor_of(server);
    std::set<pid_t> seen;
    for (int i = 0; i < 20; ++i) {
        ck_assert_text(test::ask(pool->sockets[0], call_for("/full/max/0/default.jpg")).substr(0, 11), "Status: 200");
        for (const pid_t pid : test::children_of(supervisor)) seen.insert(pid);
    }
    ck_assert_uint_ge(seen.size(), 5);
}
END_TEST

START_TEST(lives_as_long_as_the_last_worker) {
    Server server;
    auto pool = server.start();
    // A worker inherits the lifeline by fork and outlives its parent's hold on it, as after a graceful reload.
    int hold[2];
    ck_assert_int_eq(::pipe2(hold, O_CLOEXEC), 0);
    const pid_t worker = ::fork();
    if (worker == 0) {
        char byte = 0;
        (void)::close(hold[1]);
        (void)!::read(hold[0], &byte, 1);
        ::_exit(0);
    }
    const std::string socket = pool->sockets[0];
    pool.reset();
    ::usleep(300'000);
    ck_assert_text(test::ask(socket, call_for("/full/max/0/default.jpg")).substr(0, 11), "Status: 200");
    (void)::close(hold[1]);
    ck_assert_int_eq(::waitpid(worker, nullptr, 0), worker);
    ck_assert(test::eventually([&] { return server.runtime.empty(); }));
}
END_TEST

START_TEST(holds_nothing_of_the_server) {
    Server server;
    int leak[2];
    ck_assert_int_eq(::pipe(leak), 0);  // as a careless module opens one: without close-on-exec
    const auto pool = server.start();
    (void)::close(leak[1]);
    pollfd watched{leak[0], POLLIN, 0};
    ck_assert_int_eq(::poll(&watched, 1, 1000), 1);
    ck_assert(watched.revents & POLLHUP);
    const pid_t supervisor = supervisor_of(server);
    ck_assert_int_eq(::getsid(supervisor) == ::getsid(0), 0);
    ck_assert_int_eq(::waitpid(supervisor, nullptr, WNOHANG), -1);
}
END_TEST

START_TEST(a_lost_supervisor_is_replaced) {
    Server server;
    auto pool = server.start();
    const pid_t supervisor = supervisor_of(server);
    const auto renderers = test::children_of(supervisor);
    ck_assert_int_eq(::kill(supervisor, SIGKILL), 0);
    for (const pid_t renderer : renderers) ck_assert(test::eventually([&] { return !test::lives(renderer); }));
    ck_assert(test::eventually([&] { return supervisors_of(server).size() == 2; }));
    ck_assert_text(test::ask(pool->sockets[0], call_for("/info.json")).substr(0, 11), "Status: 200");
    pool.reset();
    ck_assert(test::eventually([&] { return server.runtime.empty(); }));
}
END_TEST

START_TEST(a_lost_house_is_swept_away) {
    Server server;
    auto pool = server.start();
    const pid_t supervisor = supervisor_of(server);
    const auto renderers = test::children_of(supervisor);
    ck_assert_int_eq(::kill(test::parent_of(supervisor), SIGKILL), 0);
    ck_assert_int_eq(::kill(supervisor, SIGKILL), 0);
    for (const pid_t renderer : renderers) ck_assert(test::eventually([&] { return !test::lives(renderer); }));
    ck_assert_text(test::ask(pool->sockets[0], call_for("/info.json")), "");
    const std::string stale = pool->sockets[0];
    const auto next = server.start();
    ck_assert_text(test::ask(next->sockets[0], call_for("/info.json")).substr(0, 11), "Status: 200");
    ck_assert(!std::filesystem::exists(stale));
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    const auto says = [](const std::string& sentence, const char* words) {
        ck_assert_msg(sentence.find(words) != std::string::npos, "\"%s\" does not say \"%s\"", sentence.c_str(), words);
    };
    const auto with = [](const char* name, const std::string& value, bool start) {
        Server server;
        pool::Launch launch = server.launch;
        server.launch.settings = {};
        for (const auto& entry : launch.settings.entries()) {
            if (std::string_view(entry.directive->name) != name) server.set(entry.directive->name, entry.values[0]);
        }
        server.set(name, value);
        std::string sentence = start ? server.start_refusal() : server.check_refusal();
        ck_assert_msg(server.runtime.empty(), "something was left in the runtime directory");
        return sentence;
    };
    const test::Folder folder;
    const std::string text = folder.file("text", "no program");
    const std::string broken = folder.file("broken", "no program");
    ck_assert_int_eq(::chmod(broken.c_str(), 0755), 0);
    for (const bool start : {false, true}) {
        says(with("renderer_program", folder.path() + "/none", start), "cannot be found: No such file");
        says(with("renderer_program", text, start), "is not an executable file");
        says(with("renderer_program", folder.path(), start), "is not an executable file");
        says(with("runtime_directory", folder.path() + "/no/where", start), "does not exist and cannot be made in");
        says(with("runtime_directory", text, start), "is not a directory");
        says(with("runtime_directory", folder.path() + '/' + std::string(80, 'x'), start), "too long for unix sockets");
    }
    says(with("renderer_program", broken, true), "cannot run \"");
    says(with("renderer_program", "/bin/true", true), "ended while starting");
    const std::string chatty = folder.file("chatty", "#!/bin/sh\necho ready maybe >&4\n");
    ck_assert_int_eq(::chmod(chatty.c_str(), 0755), 0);
    says(with("renderer_program", chatty, true), "is not a renderer of this version");

    Server fine;
    ck_assert_text(fine.check_refusal(), "(fine)");
    ck_assert(fine.runtime.empty());
    ck_assert_int_eq(::chmod(fine.runtime.path().c_str(), 0777), 0);
    says(fine.check_refusal(), "writable for everybody");
}
END_TEST

START_TEST(makes_the_runtime_directory) {
    Server server;
    server.set("runtime_directory", server.image_folder.path() + "/run");
    ck_assert_text(server.check_refusal(), "(fine)");
    ck_assert(!std::filesystem::exists(server.image_folder.path() + "/run"));
    const auto pool = server.start();
    ck_assert(pool->sockets[0].starts_with(server.image_folder.path() + "/run/iiif-" + std::to_string(::getpid())));
    ck_assert_text(test::ask(pool->sockets[0], call_for("/info.json")).substr(0, 11), "Status: 200");
}
END_TEST

TCase* program_test_case() {
    TCase* test_case = tcase_create("program");
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, starts_serves_and_ends);
    tcase_add_test(test_case, a_reload_knows_the_formats);
    tcase_add_test(test_case, another_process_starts_its_own);
    tcase_add_test(test_case, refusals_are_answers);
    tcase_add_test(test_case, a_killed_renderer_is_replaced);
    tcase_add_test(test_case, renderers_are_recycled);
    tcase_add_test(test_case, lives_as_long_as_the_last_worker);
    tcase_add_test(test_case, holds_nothing_of_the_server);
    tcase_add_test(test_case, a_lost_supervisor_is_replaced);
    tcase_add_test(test_case, a_lost_house_is_swept_away);
    tcase_add_test(test_case, what_is_wrong_is_said);
    tcase_add_test(test_case, makes_the_runtime_directory);
    return test_case;
}
const test::Register registered(program_test_case);

}  // namespace
