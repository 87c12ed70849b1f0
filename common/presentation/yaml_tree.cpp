// SPDX-License-Identifier: Apache-2.0
#include "presentation/yaml_tree.h"

#include <yaml.h>

#include <memory>
#include <optional>
#include <utility>

namespace iiif::presentation {
namespace {

constexpr unsigned kDeepest = 32;

class Events {
public:
    explicit Events(std::string_view text) {
        ready_ = yaml_parser_initialize(&parser_) == 1;
        if (!ready_) return;
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    ~Events() {
        drop();
        if (ready_) yaml_parser_delete(&parser_);
    }
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;

    // nullptr: the text is no YAML.
    const yaml_event_t* next() {
        drop();
        if (!ready_ || yaml_parser_parse(&parser_, &event_) != 1) return nullptr;
        has_event_ = true;
        return &event_;
    }
    [[nodiscard]] std::string problem() const {
        if (!ready_ || parser_.problem == nullptr) return "cannot be read";
        std::string said = std::string("is not valid here: ") + parser_.problem;
        if (std::string_view(parser_.problem).find("tab") != std::string_view::npos ||
            std::string_view(parser_.problem).find("token") != std::string_view::npos) {
            said += "; indent with blanks and put texts with : or # in them in quotes";
        }
        return said;
    }
    [[nodiscard]] std::uint32_t line() const { return static_cast<std::uint32_t>(parser_.problem_mark.line) + 1; }

private:
    void drop() {
        if (has_event_) yaml_event_delete(&event_);
        has_event_ = false;
    }
    yaml_parser_t parser_{};
    yaml_event_t event_{};
    bool ready_ = false, has_event_ = false;
};

class Builder {
public:
    explicit Builder(std::string_view text) : events_(text) {}

    YamlTree build() {
        while (tree_.problem.empty()) {
            const yaml_event_t* const event = take();
            if (event == nullptr || event->type == YAML_STREAM_END_EVENT) break;
            if (event->type == YAML_STREAM_START_EVENT || event->type == YAML_DOCUMENT_END_EVENT) continue;
            if (event->type == YAML_DOCUMENT_START_EVENT) {
                if (++documents_ > 1) fail(*event, "begins a second document (---); one is read");
                continue;
            }
            tree_.root = node(*event, 0);
        }
        return std::move(tree_);
    }

private:
    const yaml_event_t* take() {
        const yaml_event_t* const event = events_.next();
        if (event == nullptr && tree_.problem.empty()) {
            tree_.problem = events_.problem();
            tree_.line = events_.line();
        }
        return event;
    }
    static std::uint32_t line_of(const yaml_event_t& event) {
        return static_cast<std::uint32_t>(event.start_mark.line) + 1;
    }
    void fail(const yaml_event_t& event, std::string sentence) {
        if (!tree_.problem.empty()) return;
        tree_.problem = std::move(sentence);
        tree_.line = line_of(event);
    }
    static bool has_anchor(const yaml_event_t& event) {
        switch (event.type) {
            case YAML_SCALAR_EVENT: return event.data.scalar.anchor != nullptr;
            case YAML_SEQUENCE_START_EVENT: return event.data.sequence_start.anchor != nullptr;
            case YAML_MAPPING_START_EVENT: return event.data.mapping_start.anchor != nullptr;
            default: return event.type == YAML_ALIAS_EVENT;
        }
    }

    // `event` is gone when this returns.
    YamlNode node(const yaml_event_t& event, unsigned depth) {
        YamlNode out;
        out.line = line_of(event);
        if (has_anchor(event)) {
            fail(event,
                 "has a word with & or * before it, which YAML takes as an anchor or an alias; these are not "
                 "read: put the text in quotes");
            return out;
        }
        if (depth > kDeepest) {
            fail(event, "is nested too deeply");
            return out;
        }
        if (event.type == YAML_SCALAR_EVENT) {
            const auto& scalar = event.data.scalar;
            out.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
            const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
            const bool null = plain && (out.text.empty() || out.text == "~" || out.text == "null");
            out.kind = null ? YamlNode::Kind::nothing : YamlNode::Kind::text;
        } else if (event.type == YAML_SEQUENCE_START_EVENT) {
            out.kind = YamlNode::Kind::list;
            read_list(out, depth);
        } else if (event.type == YAML_MAPPING_START_EVENT) {
            out.kind = YamlNode::Kind::mapping;
            read_mapping(out, depth);
        }
        return out;
    }

    void read_list(YamlNode& out, unsigned depth) {
        while (const yaml_event_t* const event = take()) {
            if (event->type == YAML_SEQUENCE_END_EVENT) return;
            out.items.push_back(node(*event, depth + 1));
            if (!tree_.problem.empty()) return;
        }
    }

    void read_mapping(YamlNode& out, unsigned depth) {
        while (const yaml_event_t* event = take()) {
            if (event->type == YAML_MAPPING_END_EVENT) return;
            if (event->type != YAML_SCALAR_EVENT) {
                fail(*event, "has a list or a mapping where a key should be; write \"key: value\"");
                return;
            }
            YamlNode key = node(*event, depth + 1);
            event = tree_.problem.empty() ? take() : nullptr;
            if (event == nullptr) return;
            YamlNode value = node(*event, depth + 1);
            out.members.push_back({std::move(key), std::move(value)});
            if (!tree_.problem.empty()) return;
        }
    }

    Events events_;
    YamlTree tree_;
    unsigned documents_ = 0;
};

}  // namespace

YamlTree read_yaml(std::string_view text) {
    return Builder(text).build();
}

}  // namespace iiif::presentation
