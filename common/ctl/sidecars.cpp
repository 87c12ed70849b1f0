// SPDX-License-Identifier: Apache-2.0
#include "ctl/sidecars.h"

#include <jansson.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "ctl/children.h"
#include "ctl/folder.h"
#include "presentation/access_file.h"
#include "presentation/identifiers.h"
#include "presentation/reader.h"
#include "presentation/sidecar.h"

namespace iiif::ctl {
namespace {

using presentation::Chapter;
using presentation::Item;
using presentation::Sidecar;
using presentation::SidecarText;

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string_view without_suffix(std::string_view name) {
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
}

// "book.pdf;3" is a page of "book.pdf".
std::string_view without_page(std::string_view name) {
    const auto at = name.rfind(';');
    if (at == std::string_view::npos || at + 1 == name.size()) return name;
    const bool digits = std::ranges::all_of(name.substr(at + 1), [](char c) { return c >= '0' && c <= '9'; });
    return digits ? name.substr(0, at) : name;
}

// How many letters are missing, too many, or others.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, corner + 1});
        }
    }
    return row.back();
}

// The first line with `name` in it, from the one on that begins with one of the keys; 0: none.
std::uint32_t line_of(std::string_view text, const std::vector<std::string_view>& keys, std::string_view name) {
    std::uint32_t line = 0;
    bool begun = keys.empty();
    while (!text.empty()) {
        ++line;
        const std::string_view whole = text.substr(0, text.find('\n'));
        std::string_view start = whole;
        start.remove_prefix(std::min(start.find_first_not_of(" \t\"'{-"), start.size()));
        begun = begun || std::ranges::any_of(keys, [&](auto key) { return lowered(start).starts_with(key); });
        if (begun && whole.find(name) != std::string_view::npos) return line;
        text.remove_prefix(std::min(whole.size() + 1, text.size()));
    }
    return 0;
}

class Checker {
public:
    Checker(const std::string& folder, std::string part)
        : root_(folder, source::Symlinks::beneath), reader_(root_, watch_), part_(std::move(part)) {}
    SidecarReport run();

private:
    void check_yaml(const SidecarText& file);
    void check_table(const SidecarText& file);
    void check_items(const SidecarText& file, const Sidecar& sidecar);
    void check_chapters(const SidecarText& file, const std::vector<Chapter>& chapters);
    void check_name(const SidecarText& file, std::string_view key, const std::string& name, std::uint32_t line);
    void name_folder(const SidecarText& file, const Sidecar& sidecar);
    bool is_there(const std::string& name) {
        const std::string path = presentation::joined(part_, name);
        return reader_.look_at(path) || reader_.look_at(without_page(path));
    }
    [[nodiscard]] std::string similar(const std::string& name) const;
    void add(const std::string& file, std::uint32_t line, std::string says) {
        out_.mistakes.push_back({presentation::joined(part_, file), line, std::move(says)});
    }

    source::Root root_;
    presentation::Watch watch_;
    presentation::Reader reader_;
    std::string part_;
    presentation::View view_;
    SidecarReport out_;
};

// The name that was meant, perhaps: another case, another suffix, a slip or two; "": none.
std::string Checker::similar(const std::string& name) const {
    constexpr std::size_t kMostNames = 2000;
    constexpr std::size_t kMostLength = 100;
    if (name.size() > kMostLength) return "";
    const std::string wanted = lowered(without_page(name));
    std::string best;
    std::size_t least = std::min<std::size_t>(3, wanted.size() / 2);
    std::size_t looked = 0;
    for (const auto* entries : {&view_.images, &view_.folders}) {
        for (const source::Entry& entry : *entries) {
            if (++looked > kMostNames) return best;
            const std::string one = lowered(entry.name);
            if (one == wanted || without_suffix(one) == without_suffix(wanted)) return entry.name;
            if (one.size() > kMostLength) continue;
            const std::size_t far = distance(one, wanted);
            if (far < least) {
                least = far;
                best = entry.name;
            }
        }
    }
    return best;
}

void Checker::check_name(const SidecarText& file, std::string_view key, const std::string& name, std::uint32_t line) {
    if (name.empty() || is_there(name)) return;
    const std::string meant = similar(name);
    std::string says(key);
    if (!says.empty()) says += ": ";
    says += "there is no file and no folder \"" + name + "\" here; ";
    says += meant.empty() ? "write a name as the folder has it, or leave it out"
                          : "write \"" + meant + "\", if that is meant";
    add(file.name, line != 0 ? line : line_of(file.text, {key}, name), std::move(says));
}

void Checker::check_chapters(const SidecarText& file, const std::vector<Chapter>& chapters) {
    for (const Chapter& chapter : chapters) {
        for (const std::string& name : chapter.items) check_name(file, "chapters", name, 0);
        check_chapters(file, chapter.chapters);
    }
}

void Checker::check_items(const SidecarText& file, const Sidecar& sidecar) {
    for (const Item& item : sidecar.items) {
        check_name(file, file.name == presentation::kTableName ? "" : "items", item.name, item.line);
        // What is not there has none.
        if (!is_there(item.name)) continue;
        for (const std::string& one : item.identifiers) {
            out_.namings.push_back({presentation::plain_identifier(one), presentation::joined(part_, item.name),
                                    presentation::joined(part_, file.name), item.line});
        }
    }
}

void Checker::name_folder(const SidecarText& file, const Sidecar& sidecar) {
    for (const std::string& one : sidecar.identifiers) {
        // As it is written, a scheme may stand before it or not.
        const auto colon = one.find(':');
        std::uint32_t line = line_of(file.text, {}, one);
        if (line == 0 && colon != std::string::npos) {
            line = line_of(file.text, {"ark", "doi"}, std::string_view(one).substr(colon + 1));
        }
        out_.namings.push_back(
            {presentation::plain_identifier(one), part_, presentation::joined(part_, file.name), line});
    }
}

void Checker::check_yaml(const SidecarText& file) {
    const Sidecar sidecar = presentation::read_sidecar(&file, nullptr);
    for (const std::string& name : sidecar.order) check_name(file, "order", name, 0);
    check_name(file, "start", sidecar.start, 0);
    check_name(file, "thumbnail", sidecar.thumbnail, 0);
    check_items(file, sidecar);
    check_chapters(file, sidecar.chapters);
    name_folder(file, sidecar);
}

void Checker::check_table(const SidecarText& file) {
    const Sidecar sidecar = presentation::read_sidecar(nullptr, &file);
    check_items(file, sidecar);
    name_folder(file, sidecar);
}

SidecarReport Checker::run() {
    auto view = reader_.view(part_);
    if (!view) {
        add("", 0, view.error().sentence);
        return std::move(out_);
    }
    view_ = std::move(*view);
    for (const auto& problem : view_.sidecar.problems) add(problem.file, problem.line, problem.sentence);
    const auto text_of = [&](std::string_view name) -> std::optional<SidecarText> {
        auto text = reader_.text_of(part_, name, presentation::kMostSidecarBytes);
        if (!text) return std::nullopt;
        return SidecarText{std::string(name), std::move(*text)};
    };
    for (const std::string_view name : presentation::kSidecarNames) {
        const auto file = text_of(name);
        if (!file) continue;
        check_yaml(*file);
        break;  // the others are not read
    }
    if (const auto file = text_of(presentation::kTableName)) check_table(*file);
    return std::move(out_);
}

std::string text_at(const json_t* object, const char* key) {
    const json_t* const value = json_object_get(object, key);
    return json_is_string(value) ? std::string(json_string_value(value), json_string_length(value)) : "";
}

std::uint32_t line_at(const json_t* object) {
    return static_cast<std::uint32_t>(
        std::clamp<json_int_t>(json_integer_value(json_object_get(object, "line")), 0, INT32_MAX));
}

// Sentences hold names, and names are bytes.
json_t* string(std::string text) {
    if (json_t* const whole = json_stringn(text.data(), text.size())) return whole;
    std::ranges::replace_if(
        text, [](unsigned char c) { return c >= 0x80; }, '?');
    return json_stringn(text.data(), text.size());
}

std::string place(const Naming& naming) {
    return '"' + naming.path + '"' + (naming.line == 0 ? "" : ", line " + std::to_string(naming.line));
}

// An object may have its name in its own sidecar and in the one above; two objects may not have one name.
void compare(std::vector<Naming>& namings, std::vector<Mistake>& mistakes) {
    std::ranges::stable_sort(namings, [](const Naming& a, const Naming& b) {
        if (a.identifier != b.identifier) return a.identifier < b.identifier;
        return source::in_natural_order(a.object, b.object);
    });
    const Naming* first = nullptr;
    for (const Naming& one : namings) {
        if (first == nullptr || first->identifier != one.identifier) {
            first = &one;
        } else if (first->object != one.object) {
            mistakes.push_back({one.path, one.line,
                                "\"" + one.object + "\" claims the identifier \"" + one.identifier + "\", which \"" +
                                    first->object + "\" has (" + place(*first) +
                                    ") and is found under; give each a name of its own"});
        }
    }
}

}  // namespace

bool is_sidecar(std::string_view path) {
    const std::string_view name = presentation::last_of(path);
    return name == presentation::kTableName || name == presentation::kAccessFileName ||
           std::ranges::find(presentation::kSidecarNames, name) != std::end(presentation::kSidecarNames);
}

SidecarReport read_sidecars(const std::string& folder, const std::string& part) {
    return Checker(folder, part).run();
}

std::string to_json(const SidecarReport& report) {
    const std::unique_ptr<json_t, void (*)(json_t*)> root(json_object(), json_decref);
    json_t* const mistakes = json_array();
    for (const Mistake& one : report.mistakes) {
        json_t* const object = json_object();
        json_object_set_new(object, "path", string(one.path));
        json_object_set_new(object, "line", json_integer(one.line));
        json_object_set_new(object, "says", string(one.says));
        json_array_append_new(mistakes, object);
    }
    json_object_set_new(root.get(), "mistakes", mistakes);
    json_t* const namings = json_array();
    for (const Naming& one : report.namings) {
        json_t* const object = json_object();
        json_object_set_new(object, "identifier", string(one.identifier));
        json_object_set_new(object, "object", string(one.object));
        json_object_set_new(object, "path", string(one.path));
        json_object_set_new(object, "line", json_integer(one.line));
        json_array_append_new(namings, object);
    }
    json_object_set_new(root.get(), "namings", namings);
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(root.get(), JSON_COMPACT), std::free);
    return text ? text.get() : "";
}

SidecarReport sidecar_report_of(const std::string& json) {
    const std::unique_ptr<json_t, void (*)(json_t*)> root(json_loadb(json.data(), json.size(), JSON_ALLOW_NUL, nullptr),
                                                          json_decref);
    SidecarReport report;
    std::size_t i = 0;
    json_t* one = nullptr;
    json_array_foreach(json_object_get(root.get(), "mistakes"), i, one) {
        report.mistakes.push_back({text_at(one, "path"), line_at(one), text_at(one, "says")});
    }
    json_array_foreach(json_object_get(root.get(), "namings"), i, one) {
        report.namings.push_back(
            {text_at(one, "identifier"), text_at(one, "object"), text_at(one, "path"), line_at(one)});
    }
    return report;
}

std::vector<Mistake> check_sidecars(const std::string& folder, const std::vector<std::string>& paths, unsigned jobs) {
    std::map<std::string, std::string> parts;  // and a sidecar in each
    for (const std::string& path : paths) parts.emplace(presentation::parent_of(path), path);
    const std::vector<std::pair<std::string, std::string>> all(parts.begin(), parts.end());
    std::vector<Mistake> mistakes;
    std::vector<Naming> namings;
    in_children(
        all.size(), jobs, [&](std::size_t i) { return to_json(read_sidecars(folder, all[i].first)); },
        [&](std::size_t i, const Outcome& outcome) {
            if (!outcome.ended.empty()) {
                mistakes.push_back(
                    {all[i].second, 0,
                     "what reads it " + outcome.ended + "; servers do not read it either, write it anew"});
                return;
            }
            SidecarReport report = sidecar_report_of(outcome.said);
            std::ranges::move(report.mistakes, std::back_inserter(mistakes));
            std::ranges::move(report.namings, std::back_inserter(namings));
        });
    compare(namings, mistakes);
    std::ranges::stable_sort(mistakes, [](const Mistake& a, const Mistake& b) {
        if (a.path != b.path) return natural_less(a.path, b.path);
        return a.line < b.line;
    });
    return mistakes;
}

}  // namespace iiif::ctl
