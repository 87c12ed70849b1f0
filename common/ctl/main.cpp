// SPDX-License-Identifier: Apache-2.0
// iiifctl: looks at a folder of images before a server does, and makes it fast.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>

#include "ctl/commands.h"
#include "ctl/http.h"
#include "render/render.h"

namespace {

using namespace iiif;

int run(int argc, char** argv) {
    CLI::App app("Looks at a folder of images before an IIIF server does, and makes it fast.", "iiifctl");
    app.set_version_flag("--version", "iiifctl " IIIF_VERSION);
    app.require_subcommand(1);
    app.footer("Exit status: 0 nothing to do, 1 something to do or something failed, 2 the command could not work.");

    ctl::Manner manner;
    manner.jobs = std::max(1U, std::thread::hardware_concurrency());
    const auto common = [&manner](CLI::App* command) {
        command->add_flag("--json", manner.json, "one JSON object instead of lines, for scripts");
        command->add_flag("-q,--quiet", manner.quiet, "no progress bar");
        command->add_option("-j,--jobs", manner.jobs, "how many files at a time (the processor's cores)")
            ->check(CLI::Range(1, 256));
    };
    std::string authorities;
    const auto trusting = [&authorities](CLI::App* command) {
        command
            ->add_option("--ca-file", authorities,
                         "trust the certificate authorities in this file (PEM) instead of the system's")
            ->check(CLI::ExistingFile);
    };

    std::string from;
    std::string to;
    bool verbose = false;
    ctl::PrepareOptions options;
    CLI::App* const info = app.add_subcommand("info", "What an image file is, and how it will do behind a server.");
    info->add_option("FILE", from, "an image file")->required();
    common(info);
    CLI::App* const check = app.add_subcommand("check",
                                               "Every image and sidecar below a folder: is it readable, will it be "
                                               "fast, is it right, and what to do about it.");
    check->add_option("DIR", from, "the folder that iiif_root names, or will")->required();
    check->add_flag("-v,--verbose", verbose, "also those that are fine");
    common(check);
    CLI::App* const prepare = app.add_subcommand(
        "prepare",
        "A fast copy of a folder: what is slow becomes a tiled pyramidal TIFF, all else is copied.\n"
        "Colour profiles are kept, originals are left as they are. Interrupted, it goes on where it was.");
    prepare->add_option("DIR", from, "a folder of images")->required();
    prepare->add_option("OUT", to, "where the copy goes; made if missing")->required();
    prepare->add_option("--quality", options.quality, "of the JPEG tiles (85)")->check(CLI::Range(1, 100));
    prepare->add_option("--tile", options.tile, "side of the tiles in pixels, a multiple of 16 (512)")
        ->check(CLI::Range(64, 2048))
        ->check([](const std::string& side) {
            return std::stoul(side) % 16 == 0 ? "" : "tiles of a TIFF have sides that are multiples of 16, not " + side;
        });
    prepare->add_flag("--all", options.all, "also what is good enough as it is");
    common(prepare);

    CLI::App* const validate = app.add_subcommand(
        "validate",
        "Asks a running server, whoever's it is, what the Image and the Presentation API require, and says what does "
        "not hold.");
    validate
        ->add_option("URL", from,
                     "of an image: .../IDENTIFIER or .../IDENTIFIER/info.json; of a Manifest or Collection")
        ->required();
    validate->add_flag("-v,--verbose", verbose, "also what holds");
    trusting(validate);
    validate->add_flag("--json", manner.json, "one JSON object instead of lines, for scripts");

    long seconds = 30;
    CLI::App* const federate = app.add_subcommand(
        "federate",
        "Fetches the Manifests and Collections of others that sidecars below a folder include, and keeps them beside\n"
        "the sidecars, where servers find them. Certificates are verified; what does not answer stays as it was.");
    federate->add_option("DIR", from, "the folder that iiif_root names, or one in it")->required();
    federate->add_option("--timeout", seconds, "seconds for each document, with its redirects (30)")
        ->check(CLI::Range(1, 3600));
    trusting(federate);
    federate->add_flag("-v,--verbose", verbose, "also what came as it should");
    federate->add_flag("--json", manner.json, "one JSON object instead of lines, for scripts");
    federate->add_flag("-q,--quiet", manner.quiet, "no progress bar");

    if (argc > 1 && argv[1][0] != '-' &&
        app.get_subcommands([argv](const CLI::App* one) { return one->check_name(argv[1]); }).empty()) {
        (void)std::fprintf(
            stderr, "iiifctl: \"%s\" is no command; there are info, check, prepare, federate and validate\n", argv[1]);
        return ctl::kUnable;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? ctl::kFine : ctl::kUnable;
    }
    if (const auto started = render::start(); !started) {
        (void)std::fprintf(stderr, "iiifctl: %s\n", started.error().sentence.c_str());
        return ctl::kUnable;
    }
    if (!authorities.empty()) ctl::HttpClient::trust(authorities);
    if (*info) return ctl::info(from, manner);
    if (*validate) return ctl::validate(from, verbose, manner);
    if (*federate) return ctl::federate(from, seconds, verbose, manner);
    if (*check) return ctl::check(from, verbose, manner);
    return ctl::prepare(from, to, options, manner);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        (void)std::fprintf(stderr, "iiifctl: %s\n", error.what());
        return iiif::ctl::kUnable;
    }
}
