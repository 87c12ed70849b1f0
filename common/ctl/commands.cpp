// SPDX-License-Identifier: Apache-2.0
#include "ctl/commands.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <vector>

#include "ctl/children.h"
#include "ctl/folder.h"
#include "ctl/output.h"
#include "ctl/progress.h"
#include "ctl/sidecars.h"
#include "ctl/validate.h"
#include "ctl/verdict.h"
#include "presentation/access_file.h"
#include "presentation/reader.h"

namespace iiif::ctl {
namespace {

namespace fs = std::filesystem;

std::vector<Finding> examine_all(const std::string& folder, const std::vector<File>& files, const Manner& manner) {
    std::vector<Finding> findings(files.size());
    Progress progress(files.size(), !manner.quiet);
    in_children(
        files.size(), manner.jobs,
        [&](std::size_t i) { return to_json(examine((fs::path(folder) / files[i].path).native())); },
        [&](std::size_t i, const Outcome& outcome) {
            findings[i] = finding_of(outcome.said);
            if (!outcome.ended.empty()) {
                findings[i] = {};
                findings[i].verdict = Verdict::unreadable;
                findings[i].says = "What reads it " + outcome.ended + '.';
                findings[i].to_do = "fetch it anew from where it came from; servers refuse it, and lose nothing else";
            }
            progress.done(1, files[i].path);
        });
    return findings;
}

json_t* object_of(const std::string& path, const Finding& finding, const std::string& problem) {
    json_t* const object = json_object();
    json_object_set_new(object, "path", string(path));
    json_object_set_new(object, "verdict", json_string(name_of(finding.verdict)));
    if (finding.width > 0) {
        json_object_set_new(object, "width", json_integer(finding.width));
        json_object_set_new(object, "height", json_integer(finding.height));
        json_object_set_new(object, "pages", json_integer(finding.pages));
    }
    json_object_set_new(object, "says", string(finding.says));
    if (!finding.detail.empty()) json_object_set_new(object, "detail", string(finding.detail));
    if (!finding.to_do.empty()) json_object_set_new(object, "to_do", string(finding.to_do));
    if (!problem.empty()) json_object_set_new(object, "problem", string(problem));
    return object;
}

void print_line(const std::string& path, const Finding& finding, const std::string& problem) {
    const std::string why = finding.detail.empty() ? "" : " (" + shown(finding.detail) + ')';
    (void)std::printf("%-11s %s\n            %s%s\n", name_of(finding.verdict), shown(path).c_str(),
                      shown(finding.says).c_str(), why.c_str());
    if (!finding.to_do.empty() && problem.empty()) (void)std::printf("            -> %s\n", finding.to_do.c_str());
    if (!problem.empty()) (void)std::printf("            -> %s\n", problem.c_str());
}

json_t* object_of(const Mistake& mistake) {
    json_t* const object = json_object();
    json_object_set_new(object, "path", string(mistake.path));
    if (mistake.line != 0) json_object_set_new(object, "line", json_integer(mistake.line));
    json_object_set_new(object, "says", string(mistake.says));
    return object;
}

void print_line(const Mistake& mistake) {
    const std::string line = mistake.line == 0 ? "" : ", line " + std::to_string(mistake.line);
    (void)std::printf("wrong       %s%s\n            %s\n", shown(mistake.path).c_str(), line.c_str(),
                      shown(mistake.says).c_str());
}

// Takes the sidecars out of `files`.
std::vector<File> take_sidecars(std::vector<File>& files) {
    std::vector<File> sidecars;
    std::vector<File> others;
    for (File& file : files) (is_sidecar(file.path) ? sidecars : others).push_back(std::move(file));
    files = std::move(others);
    return sidecars;
}

std::vector<Mistake> mistakes_in(const std::string& folder, const std::vector<File>& sidecars, unsigned jobs) {
    std::vector<Mistake> mistakes;
    std::vector<std::string> paths;
    for (const File& file : sidecars) {
        paths.push_back(file.path);
        if (!file.problem.empty()) mistakes.push_back({file.path, 0, file.problem});
    }
    std::ranges::move(check_sidecars(folder, paths, jobs), std::back_inserter(mistakes));
    return mistakes;
}

}  // namespace

int info(const std::string& file, const Manner& manner) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return unable("\"" + file + "\": " + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return unable("\"" + file + "\" is no file; iiifctl check looks at folders");
    const Finding finding = examine_all("", {{file, static_cast<std::uint64_t>(status.st_size), ""}}, manner).front();
    if (manner.json) {
        print(Json(object_of(file, finding, ""), json_decref));
    } else {
        print_line(file, finding, "");
    }
    return finding.verdict == Verdict::fast || finding.verdict == Verdict::fair ? kFine : kToDo;
}

int check(const std::string& folder, bool verbose, const Manner& manner) {
    std::string wrong;
    std::vector<File> files = files_of(folder, wrong, presentation::kAccessFileName);
    if (!wrong.empty()) return unable("\"" + folder + "\": " + wrong);
    const std::vector<File> sidecars = take_sidecars(files);
    const std::vector<Finding> findings = examine_all(folder, files, manner);
    const std::vector<Mistake> mistakes = mistakes_in(folder, sidecars, manner.jobs);
    const auto written = static_cast<std::size_t>(std::ranges::count_if(
        sidecars, [](const File& file) { return presentation::last_of(file.path) != presentation::kAccessFileName; }));

    std::array<std::size_t, kVerdicts> counts{};
    std::size_t problems = 0;
    const Json list(json_array(), json_decref);
    for (std::size_t i = 0; i < files.size(); ++i) {
        const Finding& finding = findings[i];
        ++counts.at(static_cast<std::size_t>(finding.verdict));
        if (finding.verdict == Verdict::other) continue;
        problems += files[i].problem.empty() ? 0 : 1;
        const bool fine = finding.to_do.empty() && files[i].problem.empty();
        if (manner.json) {
            json_array_append_new(list.get(), object_of(files[i].path, finding, files[i].problem));
        } else if (verbose || !fine) {
            print_line(files[i].path, finding, files[i].problem);
        }
    }
    const auto count = [&counts](Verdict verdict) { return counts.at(static_cast<std::size_t>(verdict)); };
    const bool to_do = count(Verdict::slow) + count(Verdict::unreadable) + problems + mistakes.size() > 0;
    if (manner.json) {
        const Json root(json_object(), json_decref);
        json_object_set_new(root.get(), "folder", string(folder));
        json_object_set(root.get(), "images", list.get());
        json_t* const wrongs = json_array();
        for (const Mistake& mistake : mistakes) json_array_append_new(wrongs, object_of(mistake));
        json_object_set_new(root.get(), "mistakes", wrongs);
        json_t* const sums = json_object();
        for (std::size_t i = 0; i < kVerdicts; ++i) {
            json_object_set_new(sums, name_of(static_cast<Verdict>(i)),
                                json_integer(static_cast<json_int_t>(counts.at(i))));
        }
        json_object_set_new(sums, "problem", json_integer(static_cast<json_int_t>(problems)));
        json_object_set_new(sums, "sidecars", json_integer(static_cast<json_int_t>(written)));
        json_object_set_new(sums, "mistakes", json_integer(static_cast<json_int_t>(mistakes.size())));
        json_object_set_new(root.get(), "counts", sums);
        print(root);
        return to_do ? kToDo : kFine;
    }
    for (const Mistake& mistake : mistakes) print_line(mistake);
    const std::size_t images = files.size() - count(Verdict::other);
    (void)std::printf("%s: %zu fast, %zu fair, %zu slow, %zu unreadable", counted(images, "image", "images").c_str(),
                      count(Verdict::fast), count(Verdict::fair), count(Verdict::slow), count(Verdict::unreadable));
    if (problems > 0) (void)std::printf("; %zu that servers would not serve", problems);
    if (written + mistakes.size() > 0) {
        (void)std::printf("; %s with %s", counted(written, "sidecar", "sidecars").c_str(),
                          counted(mistakes.size(), "mistake", "mistakes").c_str());
    }
    if (count(Verdict::other) > 0)
        (void)std::printf("; %s", counted(count(Verdict::other), "other file", "other files").c_str());
    (void)std::printf("\n");
    if (images == 0) (void)std::printf("There is no image here: is this the folder that iiif_root names?\n");
    return to_do ? kToDo : kFine;
}

int validate(const std::string& url, bool verbose, const Manner& manner) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        return unable("\"" + url +
                      "\" is no URL of a server; https://images.example.org/iiif/3/IDENTIFIER would be one");
    }
    const Verification found = verify(url);
    std::size_t holds = 0;
    std::size_t musts = 0;
    std::size_t shoulds = 0;
    const Json list(json_array(), json_decref);
    for (const Question& question : found.questions) {
        ++(question.holds ? holds : question.must ? musts : shoulds);
        const char* const verdict = question.holds ? "fine" : question.must ? "wrong" : "advised";
        if (manner.json) {
            json_t* const object = json_object();
            json_object_set_new(object, "section", json_string(question.section));
            json_object_set_new(object, "verdict", json_string(verdict));
            json_object_set_new(object, "claim", string(question.asked));
            if (!question.seen.empty()) json_object_set_new(object, "seen", string(question.seen));
            json_array_append_new(list.get(), object);
        } else if (verbose || !question.holds) {
            (void)std::printf("%-8s %-4s %s%s%s\n", verdict, question.section, shown(question.asked).c_str(),
                              question.seen.empty() ? "" : "\n              instead: ", shown(question.seen).c_str());
        }
    }
    const std::string title = found.version.empty()
                                  ? "No image service and no Manifest or Collection that could be understood"
                                  : found.api + ' ' + found.version;
    if (manner.json) {
        const Json root(json_object(), json_decref);
        json_object_set_new(root.get(), "url", string(url));
        json_object_set_new(root.get(), "api", json_string(found.api.c_str()));
        json_object_set_new(root.get(), "version", json_string(found.version.c_str()));
        json_object_set(root.get(), "claims", list.get());
        print(root);
    } else {
        (void)std::printf("%s: %zu of %zu claims hold; %zu that must and %zu that should do not\n", title.c_str(),
                          holds, found.questions.size(), musts, shoulds);
    }
    return musts > 0 ? kToDo : kFine;
}

int prepare(const std::string& in, const std::string& out, const PrepareOptions& options, const Manner& manner) {
    std::error_code error;
    const fs::path source = fs::canonical(in, error);
    if (error) return unable("\"" + in + "\": " + error.message());
    const fs::path target = fs::weakly_canonical(fs::absolute(out), error);
    const auto mismatch = std::mismatch(source.begin(), source.end(), target.begin(), target.end());
    if (mismatch.first == source.end()) {
        return unable("\"" + out + "\" lies in \"" + in + "\", which stays as it is; name a folder elsewhere");
    }
    std::string wrong;
    const std::vector<File> files = files_of(in, wrong);
    if (!wrong.empty()) return unable("\"" + in + "\": " + wrong);
    fs::create_directories(out, error);
    if (error) return unable("\"" + out + "\" cannot be made: " + error.message());

    const std::vector<Step> steps = plan(files, examine_all(in, files, manner), options);
    std::array<std::size_t, 3> counts{};
    std::size_t converted = 0;
    const Json list(json_array(), json_decref);
    const auto report = [&](const Step& step, const Made& made) {
        ++counts.at(static_cast<std::size_t>(made.done));
        if (made.done == Done::made && step.convert) ++converted;
        constexpr std::array kNames = {"made", "there already", "failed"};
        if (manner.json) {
            json_t* const object = json_object();
            json_object_set_new(object, "from", string(step.from));
            if (!step.to.empty()) json_object_set_new(object, "to", string(step.to));
            json_object_set_new(object, "as", json_string(step.convert ? "pyramid" : "copy"));
            json_object_set_new(object, "done", json_string(kNames.at(static_cast<std::size_t>(made.done))));
            if (!made.wrong.empty()) json_object_set_new(object, "says", string(made.wrong));
            json_array_append_new(list.get(), object);
        } else if (made.done == Done::failed) {
            (void)std::printf("failed      %s\n            %s\n", shown(step.from).c_str(), shown(made.wrong).c_str());
        }
    };
    {
        Progress progress(steps.size(), !manner.quiet);
        in_children(
            steps.size(), manner.jobs,
            [&](std::size_t i) {
                if (!steps[i].wrong.empty()) return std::string("2") + steps[i].wrong;
                const Made made = carry_out(in, out, steps[i], options);
                return std::to_string(static_cast<int>(made.done)) + made.wrong;
            },
            [&](std::size_t i, const Outcome& outcome) {
                Made made{Done::failed, "What reads it " + outcome.ended + '.'};
                if (outcome.ended.empty() && !outcome.said.empty() && outcome.said[0] >= '0' &&
                    outcome.said[0] <= '2') {
                    made = {static_cast<Done>(outcome.said[0] - '0'), outcome.said.substr(1)};
                }
                progress.clear();
                report(steps[i], made);
                progress.done(1, steps[i].from);
            });
    }
    const auto count = [&counts](Done done) { return counts.at(static_cast<std::size_t>(done)); };
    if (manner.json) {
        const Json root(json_object(), json_decref);
        json_object_set_new(root.get(), "folder", string(in));
        json_object_set_new(root.get(), "to", string(out));
        json_object_set(root.get(), "images", list.get());
        print(root);
    } else {
        (void)std::printf("%zu made into pyramids, %zu copied, %zu there already, %zu failed\n", converted,
                          count(Done::made) - converted, count(Done::there_already), count(Done::failed));
    }
    return count(Done::failed) > 0 ? kToDo : kFine;
}

}  // namespace iiif::ctl
