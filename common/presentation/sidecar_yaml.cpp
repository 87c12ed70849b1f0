// SPDX-License-Identifier: Apache-2.0
#include "presentation/sidecar_yaml.h"

#include <algorithm>
#include <functional>
#include <string>

#include "presentation/sidecar_values.h"
#include "presentation/texts.h"
#include "presentation/yaml_tree.h"

namespace iiif::presentation {
namespace {

using protocol::Agent;
using protocol::Descriptive;
using protocol::ExternalLink;
using protocol::LabelledValue;
using protocol::LanguageMap;
using Node = YamlNode;

constexpr std::size_t kMostProblems = 1000;

class YamlReader {
public:
    YamlReader(const std::string& file, Sidecar& to) : file_(file), to_(to) {}

    void read(const Node& root) {
        if (root.kind == Node::Kind::nothing) return;
        if (root.kind != Node::Kind::mapping) {
            problem(root, "begins with no key; write lines like \"label: A book of hours\"");
            return;
        }
        each(root,
             {"items", "chapters", "include", "objects", "start", "thumbnail", "order", "publish", "withdrawn", "scale",
              "identifiers", "ark", "doi"},
             [&](const std::string& key, const Node& name, const Node& value) {
                 if (!of_folder(key, name, value) && !described(key, name, value, to_.says)) return false;
                 if (std::erase_if(to_.says.behavior, values::is_of_pages) > 0)
                     problem(value, "facing-pages and non-paged are said of a page; write them under items");
                 return true;
             });
        set_reason(to_.withdrawn, to_.says);
    }

private:
    using Take = std::function<bool(const std::string& key, const Node& name, const Node& value)>;

    void problem(const Node& at, std::string sentence) {
        if (to_.problems.size() < kMostProblems) to_.problems.push_back({file_, at.line, std::move(sentence)});
    }

    // Each key once; those that `take` does not know are problems. `others`: known beside the descriptive ones.
    void each(const Node& mapping, const std::vector<std::string_view>& others, const Take& take) {
        std::vector<std::string> seen;
        for (const auto& [name, value] : mapping.members) {
            const std::string key = values::folded(name.text);
            if (std::ranges::find(seen, key) != seen.end()) {
                problem(name, '"' + name.text + "\" stands twice; the first one holds");
                continue;
            }
            seen.push_back(key);
            if (take(key, name, value)) continue;
            std::vector<std::string_view> known = {
                "label",   "summary",   "metadata",         "attribution", "rights",  "provider",         "homepage",
                "seeAlso", "rendering", "viewingDirection", "behavior",    "navDate", "requiredStatement"};
            known.insert(known.end(), others.begin(), others.end());
            const auto nearest = values::nearest(name.text, known);
            problem(name, '"' + values::clean(name.text) + "\" is not known here" +
                              (nearest.empty() ? "; what else is to be said belongs under metadata"
                                               : "; did you mean \"" + std::string(nearest) + "\"?"));
        }
    }

    // -- values --

    std::string text(const Node& name, const Node& value) {
        if (value.kind == Node::Kind::text) return values::clean(value.text);
        if (value.kind != Node::Kind::nothing) problem(value, '"' + name.text + "\" takes one text");
        return "";
    }
    template <class T>
    bool meant(const Node& name, const Node& value, values::Meaning<T> meaning, T& into) {
        if (meaning.value) {
            into = std::move(*meaning.value);
            return true;
        }
        problem(value, '"' + name.text + "\" " + meaning.problem);
        return false;
    }
    template <class T, class Read>
    void one(const Node& name, const Node& value, const Read& read, T& into) {
        const std::string given = text(name, value);
        if (!given.empty()) (void)meant(name, value, read(given), into);
    }
    static std::vector<const Node*> as_list(const Node& value) {
        std::vector<const Node*> out;
        if (value.kind == Node::Kind::list) {
            for (const Node& item : value.items) out.push_back(&item);
        } else if (value.kind != Node::Kind::nothing) {
            out.push_back(&value);
        }
        return out;
    }
    std::vector<std::string> names(const Node& name, const Node& value) {
        std::vector<std::string> out;
        for (const Node* item : as_list(value)) {
            std::string one_name;
            one(name, *item, values::item_name_or_uri, one_name);
            if (!one_name.empty()) out.push_back(std::move(one_name));
        }
        return out;
    }

    // A text, texts, or {en: text or texts, cy: ...}.
    LanguageMap language_map(const Node& name, const Node& value) {
        LanguageMap map;
        const auto add = [&](std::string_view language, const Node& texts) {
            for (const Node* item : as_list(texts)) map.add(language, text(name, *item));
        };
        if (value.kind != Node::Kind::mapping) {
            add("none", value);
            return map;
        }
        for (const auto& [tag, texts] : value.members) {
            if (tag.text == "none" || values::is_language(tag.text)) {
                add(tag.text, texts);
            } else {
                problem(tag, '"' + values::clean(tag.text) + "\" is no language; write a code like en, cy or pt-BR");
            }
        }
        return map;
    }

    LabelledValue labelled(const Node& name, const Node& value, const char* standard) {
        LabelledValue out;
        const bool both =
            value.kind == Node::Kind::mapping &&
            std::ranges::any_of(value.members, [](const auto& member) { return member.first.text == "value"; });
        if (!both) {
            out.value = language_map(name, value);
            if (standard != nullptr) out.label.add("en", standard);
            return out;
        }
        for (const auto& [part, content] : value.members) {
            if (part.text == "label")
                out.label = language_map(part, content);
            else if (part.text == "value")
                out.value = language_map(part, content);
            else
                problem(part, '"' + values::clean(part.text) + "\" is not known here; write label and value");
        }
        if (out.label.empty() && standard != nullptr) out.label.add("en", standard);
        return out;
    }

    std::vector<LabelledValue> metadata(const Node& name, const Node& value) {
        std::vector<LabelledValue> out;
        const auto add = [&](LabelledValue pair, const Node& at) {
            if (pair.label.empty() || pair.value.empty()) {
                problem(at, "an entry of metadata needs a label and a value: \"Date: 1890\"");
            } else {
                out.push_back(std::move(pair));
            }
        };
        if (value.kind == Node::Kind::mapping) {
            for (const auto& [label, content] : value.members) {
                if (content.kind == Node::Kind::nothing) continue;
                LabelledValue pair;
                const auto head = values::split_language(label.text);
                pair.label.add(head.language, head.name);
                pair.value = language_map(label, content);
                add(std::move(pair), label);
            }
        } else {
            for (const Node* item : as_list(value)) add(labelled(name, *item, nullptr), *item);
        }
        return out;
    }

    std::vector<ExternalLink> links(const Node& name, const Node& value, const char* type) {
        std::vector<ExternalLink> out;
        for (const Node* item : as_list(value)) {
            ExternalLink link;
            link.type = type;
            if (item->kind != Node::Kind::mapping) {
                one(name, *item, values::uri, link.id);
            } else {
                for (const auto& [part, content] : item->members) {
                    const std::string key = values::folded(part.text);
                    if (key == "id" || key == "url" || key == "uri")
                        one(part, content, values::uri, link.id);
                    else if (key == "type")
                        link.type = text(part, content);
                    else if (key == "format")
                        link.format = text(part, content);
                    else if (key == "profile")
                        link.profile = text(part, content);
                    else if (key == "label")
                        link.label = language_map(part, content);
                    else if (key == "language")
                        for (const Node* tag : as_list(content)) link.language.push_back(text(part, *tag));
                    else
                        problem(part, '"' + values::clean(part.text) +
                                          "\" is not known here; write url, label, type, format, profile or language");
                }
                if (link.id.empty()) problem(*item, '"' + name.text + "\" needs a url");
            }
            if (link.id.empty()) continue;
            // Section 3.3: a homepage and a rendering have a label.
            if (link.label.empty()) link.label.add("none", link.id);
            out.push_back(std::move(link));
        }
        return out;
    }

    std::vector<Agent> providers(const Node& name, const Node& value) {
        std::vector<Agent> out;
        for (const Node* item : as_list(value)) {
            Agent agent;
            if (item->kind != Node::Kind::mapping) {
                problem(*item,
                        "\"provider\" needs a name and a url: {name: Example Library, url: https://example.org/}");
                continue;
            }
            for (const auto& [part, content] : item->members) {
                const std::string key = values::folded(part.text);
                if (key == "name" || key == "label")
                    agent.label = language_map(part, content);
                else if (key == "id" || key == "url" || key == "uri")
                    one(part, content, values::uri, agent.id);
                else if (key == "homepage")
                    agent.homepage = links(part, content, "Text");
                else if (key == "seealso")
                    agent.see_also = links(part, content, "Dataset");
                else if (key == "logo") {
                    for (const Node* logo : as_list(content)) {
                        protocol::ServedImage link;
                        link.format = "image/jpeg";
                        one(part, *logo, values::uri, link.id);
                        if (link.id.ends_with(".png")) link.format = "image/png";
                        if (link.id.ends_with(".svg")) link.format = "image/svg+xml";
                        if (!link.id.empty()) agent.logo.push_back(std::move(link));
                    }
                } else {
                    problem(part, '"' + values::clean(part.text) +
                                      "\" is not known here; write name, url, homepage, logo or seeAlso");
                }
            }
            if (agent.id.empty() && !agent.homepage.empty()) agent.id = agent.homepage.front().id;
            if (agent.id.empty() || agent.label.empty()) {
                problem(*item, '"' + name.text + "\" needs a name and a url");
                continue;
            }
            if (agent.homepage.empty()) agent.homepage.push_back({agent.id, "Text", "text/html", "", agent.label, {}});
            out.push_back(std::move(agent));
        }
        return out;
    }

    // -- keys --

    bool described(const std::string& key, const Node& name, const Node& value, Descriptive& says) {
        if (key == "label" || key == "title")
            says.label = language_map(name, value);
        else if (key == "summary" || key == "description")
            says.summary = language_map(name, value);
        else if (key == "metadata")
            says.metadata = metadata(name, value);
        else if (key == "requiredstatement" || key == "attribution") {
            auto statement = labelled(name, value, "Attribution");
            if (!statement.value.empty()) says.required_statement = std::move(statement);
        } else if (key == "rights" || key == "license" || key == "licence")
            one(name, value, values::rights, says.rights);
        else if (key == "provider")
            says.provider = providers(name, value);
        else if (key == "homepage")
            says.homepage = links(name, value, "Text");
        else if (key == "seealso")
            says.see_also = links(name, value, "Dataset");
        else if (key == "rendering")
            says.rendering = links(name, value, "Text");
        else if (key == "viewingdirection" || key == "direction")
            one(name, value, values::viewing_direction, says.viewing_direction);
        else if (key == "navdate")
            one(name, value, values::nav_date, says.nav_date);
        else if (key == "behavior" || key == "behaviour") {
            for (const Node* item : as_list(value)) {
                std::string behavior;
                one(name, *item, values::behavior, behavior);
                if (behavior.empty()) continue;
                if (values::agree(says.behavior, behavior))
                    says.behavior.push_back(std::move(behavior));
                else
                    problem(*item, "\"behavior\" \"" + behavior + "\" contradicts one before it, and is left out");
            }
        } else {
            return false;
        }
        return true;
    }

    // What folders and their parts have in common.
    template <class Thing>
    bool managed(const std::string& key, const Node& name, const Node& value, Thing& thing) {
        if (key == "publish") {
            bool publish = true;
            const std::string given = text(name, value);
            if (meant(name, value, values::yes_or_no(given), publish)) thing.publish = publish;
        } else if (key == "withdrawn") {
            const std::string given = text(name, value);
            const auto meaning = values::yes_or_no(given);
            thing.withdrawn = meaning.value.value_or(!given.empty());
            reason_ = meaning.value ? "" : given;
        } else if (key == "scale") {
            protocol::PhysicalScale scale;
            const std::string given = text(name, value);
            if (!given.empty() && meant(name, value, values::scale(given), scale)) thing.scale = std::move(scale);
        } else if (key == "identifiers" || key == "identifier" || key == "ark" || key == "doi") {
            for (const Node* item : as_list(value)) {
                std::string identifier;
                if (key == "ark")
                    one(name, *item, values::ark, identifier);
                else if (key == "doi")
                    one(name, *item, values::doi, identifier);
                else
                    identifier = text(name, *item);
                if (!identifier.empty()) thing.identifiers.push_back(std::move(identifier));
            }
        } else {
            return false;
        }
        return true;
    }
    void set_reason(bool withdrawn, Descriptive& says) {
        if (withdrawn && says.summary.empty()) says.summary.add("none", reason_);
        reason_.clear();
    }

    bool of_folder(const std::string& key, const Node& name, const Node& value) {
        if (managed(key, name, value, to_)) return true;
        if (key == "objects") {
            const std::string word = values::folded(text(name, value));
            if (word == "files")
                to_.objects = Objects::files;
            else if (word == "chapters")
                to_.objects = Objects::chapters;
            else if (word != "folder")
                problem(value, "\"objects\" is \"" + word + "\"; write folder, files or chapters");
        } else if (key == "start") {
            one(name, value, values::item_name_or_uri, to_.start);
        } else if (key == "thumbnail") {
            one(name, value, values::item_name_or_uri, to_.thumbnail);
        } else if (key == "order") {
            to_.order = names(name, value);
        } else if (key == "items") {
            items(value);
        } else if (key == "chapters") {
            to_.chapters = chapters(value);
        } else if (key == "include") {
            for (const Node* item : as_list(value)) include(*item);
        } else {
            return false;
        }
        return true;
    }

    void items(const Node& value) {
        if (value.kind != Node::Kind::mapping) {
            problem(value, "\"items\" is a mapping from names of files to what is said of them");
            return;
        }
        for (const auto& [name, content] : value.members) {
            std::string file;
            if (!meant(name, name, values::item_name(name.text), file)) continue;
            Item& item = to_.make_item(file);
            item.line = name.line;
            if (content.kind == Node::Kind::text) {
                item.says.label = LanguageMap(values::clean(content.text));
                continue;
            }
            if (content.kind != Node::Kind::mapping) continue;
            each(content, {"publish", "withdrawn", "scale", "identifiers", "ark", "doi"},
                 [&](const std::string& key, const Node& part, const Node& said) {
                     return managed(key, part, said, item) || described(key, part, said, item.says);
                 });
            set_reason(item.withdrawn, item.says);
        }
    }

    std::vector<Chapter> chapters(const Node& value) {
        std::vector<Chapter> out;
        for (const Node* item : as_list(value)) {
            Chapter chapter;
            for (const auto& [part, content] : item->members) {
                const std::string key = values::folded(part.text);
                if (key == "label" || key == "title")
                    chapter.label = language_map(part, content);
                else if (key == "items")
                    chapter.items = names(part, content);
                else if (key == "chapters")
                    chapter.chapters = chapters(content);
                else
                    problem(part,
                            '"' + values::clean(part.text) + "\" is not known here; write label, items or chapters");
            }
            if (chapter.label.empty())
                problem(*item, "a chapter needs a label");
            else
                out.push_back(std::move(chapter));
        }
        return out;
    }

    void include(const Node& item) {
        Remote remote;
        remote.line = item.line;
        if (item.kind == Node::Kind::text) {
            Node name;
            name.text = "include";
            one(name, item, values::uri, remote.id);
            if (remote.id.find("collection") != std::string::npos) remote.kind = Remote::Kind::collection;
        }
        for (const auto& [part, content] : item.members) {
            const std::string key = values::folded(part.text);
            if (key == "label")
                remote.label = language_map(part, content);
            else if (key == "manifest")
                one(part, content, values::uri, remote.manifest);
            else if (key == "collection" || key == "canvas") {
                remote.kind = key == "canvas" ? Remote::Kind::canvas : Remote::Kind::collection;
                one(part, content, values::uri, remote.id);
            } else {
                problem(part, '"' + values::clean(part.text) +
                                  "\" is not known here; write manifest, collection, canvas or label");
            }
        }
        remote.kind_said = item.kind == Node::Kind::mapping;
        if (remote.kind == Remote::Kind::manifest && remote.id.empty()) remote.id.swap(remote.manifest);
        if (remote.id.empty() || (remote.kind == Remote::Kind::canvas && remote.manifest.empty())) {
            problem(item, remote.id.empty()
                              ? "an entry of include needs an address"
                              : "a canvas needs the manifest it is in: {canvas: https://..., manifest: https://...}");
            return;
        }
        to_.remotes.push_back(std::move(remote));
    }

    const std::string& file_;
    Sidecar& to_;
    std::string reason_;  // why it was withdrawn, until it is known whether there is a summary
};

}  // namespace

void read_yaml_sidecar(const SidecarText& file, Sidecar& to) {
    const auto bad = std::ranges::find(file.text, '\0');
    if (bad != file.text.end() || !is_utf8(file.text)) {
        to.problems.push_back({file.name, 0, "is not UTF-8, and was not read; save it as UTF-8"});
        return;
    }
    const YamlTree tree = read_yaml(file.text);
    if (!tree.problem.empty()) {
        to.problems.push_back({file.name, tree.line, tree.problem});
        return;
    }
    YamlReader(file.name, to).read(tree.root);
}

}  // namespace iiif::presentation
