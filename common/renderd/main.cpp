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
#include "renderd/log.h"
#include "renderd/privileges.h"
#include "renderd/supervisor.h"
#include "renderd/worker.h"

namespace {

using namespace iiif;

constexpr int kConfiguration = 7;  // the others: renderd::Descriptors

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
    for (int fd = renderd::Descriptors{}.lifeline; fd <= kConfiguration; ++fd) {
        struct stat status {};
        if (::fstat(fd, &status) != 0) return false;
    }
    return true;
}

int fail(const std::string& sentence) {
    const std::string line = "error " + renderd::escaped(sentence) + '\n';
    (void)!::write(renderd::Descriptors{}.ready, line.data(), line.size());
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

int run() {
    // Read as who started us: a map file may be readable for root alone.
    auto configuration = renderd::read_configuration(kConfiguration);
    (void)::close(kConfiguration);
    if (!configuration) return fail(configuration.error().sentence);
    if (auto became = renderd::become(configuration->uid, configuration->gid); !became) {
        return fail(became.error().sentence);
    }
    if (std::string sentence = unreachable(*configuration); !sentence.empty()) return fail(sentence);
    for (const auto& service : configuration->services) {
        if (const std::string wrong = service->root.check(); !wrong.empty()) {
            renderd::log_line(::getpid(), "endpoint \"" + service->prefix + "\": " + wrong);
        }
    }
    return renderd::supervise(*configuration, renderd::Descriptors{}, renderd::run_renderer);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view argument = argc == 2 ? argv[1] : "";
    if (argument == "--version" || argument == "--help") return usage(stdout);
    if (argument != "--supervise" || !was_handed_over()) return usage(stderr);

    (void)::prctl(PR_SET_NAME, "iiif-renderd");
    (void)!::chdir("/");  // no file system is kept busy
    (void)::umask(S_IRWXG | S_IRWXO);
    try {
        return run();
    } catch (const std::exception& error) {
        return fail(error.what());
    }
}
