// SPDX-License-Identifier: Apache-2.0
// iiif-renderd: makes images for the IIIF modules of httpd and nginx, which start it and which it ends with.
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "renderd/configuration.h"
#include "renderd/fork_server.h"
#include "renderd/limits.h"
#include "renderd/log.h"
#include "renderd/privileges.h"
#include "renderd/pyramids.h"
#include "renderd/supervisor.h"
#include "renderd/worker.h"

namespace {

using namespace iiif;

// From pool/spawn.h; used until the first generation arrives.
constexpr int kControl = 3;
constexpr int kFailure = 4;

int usage(std::FILE* out) {
    (void)std::fputs(
        "iiif-renderd " IIIF_VERSION
        "\n"
        "Makes the images of the IIIF modules for httpd and nginx. The modules start it (renderer_program), hand it\n"
        "its sockets and configuration, and it ends with the server: there is no use in starting it by hand.\n",
        out);
    return out == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool was_handed_over() {
    for (const int fd : {kControl, kFailure}) {
        struct stat status {};
        if (::fstat(fd, &status) != 0) return false;
    }
    return true;
}

int fail(int fd, const std::string& sentence) {
    const std::string line = "error " + renderd::escaped(sentence) + '\n';
    if (fd >= 0) (void)!::write(fd, line.data(), line.size());
    renderd::log_line(::getpid(), sentence);
    return EXIT_FAILURE;
}

// The directories as the user sees whom the renderers have become: what root can read tells nothing.
std::string unreachable(const renderd::Configuration& configuration) {
    for (const std::string& socket : configuration.sockets) {
        if (::access(socket.c_str(), W_OK) != 0) {
            return "the workers' user cannot reach \"" + socket +
                   "\": every folder above it must be searchable for that user; runtime_directory names another one";
        }
    }
    return "";
}

int run_supervisor(renderd::Generation& generation) {
    const int ready = generation.ready.get();
    // Read as who started us: a map file may be readable for root alone.
    auto configuration = renderd::read_configuration(generation.configuration.get());
    generation.configuration = source::UniqueFd();
    if (!configuration) return fail(ready, configuration.error().sentence);
    for (const auto& service : configuration->services) {
        if (!service->pyramids) continue;
        const std::string wrong = renderd::prepare_pyramid_folder(service->pyramids->folder.directory(),
                                                                  configuration->uid, configuration->gid);
        if (!wrong.empty()) renderd::log_line(::getpid(), wrong);
    }
    if (auto became = renderd::become(configuration->uid, configuration->gid); !became) {
        return fail(ready, became.error().sentence);
    }
    if (std::string sentence = unreachable(*configuration); !sentence.empty()) return fail(ready, sentence);
    for (const auto& service : configuration->services) {
        if (const std::string wrong = service->root.check(); !wrong.empty()) {
            renderd::log_line(::getpid(), "endpoint \"" + service->prefix + "\": " + wrong);
        }
    }
    const renderd::Descriptors given{generation.lifeline.release(), generation.tiles.release(),
                                     generation.heavy.release(), generation.ready.release()};
    return renderd::supervise(*configuration, given, renderd::run_renderer);
}

int supervisor_main(renderd::Generation& generation) {
    try {
        return run_supervisor(generation);
    } catch (const std::exception& error) {
        return fail(generation.ready.get(), error.what());
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view argument = argc == 2 ? argv[1] : "";
    if (argument == "--version" || argument == "--help") return usage(stdout);
    if (argument != "--supervise" || !was_handed_over()) return usage(stderr);

    (void)::prctl(PR_SET_NAME, "iiif-forkserver");
    renderd::stand_back();
    (void)!::chdir("/");  // no file system is kept busy
    (void)::umask(S_IRWXG | S_IRWXO);
    try {
        if (auto prepared = renderd::prepare_renderers(); !prepared) return fail(kFailure, prepared.error().sentence);
        (void)::close(kFailure);
        return renderd::serve_generations(source::UniqueFd(kControl), supervisor_main);
    } catch (const std::exception& error) {
        return fail(-1, error.what());
    }
}
