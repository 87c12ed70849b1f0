// SPDX-License-Identifier: Apache-2.0
#include "source/templates.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "protocol/uri.h"
#include "source/transforms.h"

namespace iiif::source {
namespace {

constexpr std::string_view kFunctions =
    "allowed are pairtree, lower, upper, encode, flat, md5, sha1 and sha256 (these three also with lengths of "
    "prefixes, as in md5/2/2), and FROM or FROM:LENGTH in bytes";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Few digits and nothing else: no identifier is longer than four digits can say.
std::optional<std::uint32_t> small_number(std::string_view text) {
    std::uint32_t value = 0;
    if (text.empty() || text.size() > 4 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::optional<Digest> digest_named(std::string_view name) {
    if (name == "md5") return Digest::md5;
    if (name == "sha1") return Digest::sha1;
    if (name == "sha256") return Digest::sha256;
    return std::nullopt;
}

}  // namespace

class TemplateParser {
public:
    TemplateParser(std::string_view text, const Groups& groups) : text_(text), groups_(groups) {}

    Expected<Template> parse() {
        while (at_ < text_.size()) {
            const auto done = text_[at_] == '$' ? substitution() : fixed(text_[at_], 1);
            if (!done) return tl::unexpected(done.error());
        }
        if (component_begins_) return wrong(at_, "the path ends with '/', or is empty: it has to name a file");
        return std::move(out_);
    }

private:
    using Done = Expected<bool>;
    using Transform = Template::Transform;

    static tl::unexpected<Refusal> wrong(std::size_t offset, const std::string& why) {
        return refuse(0, "template, offset " + std::to_string(offset) + ": " + why);
    }

    // One character that stands for itself, written in `length` characters of the template.
    Done fixed(char c, std::size_t length) {
        if (component_begins_ && c == '/') {
            return wrong(at_, at_ == 0 ? "the path is beneath the root: begin it without '/'"
                                       : "nothing stands between two '/'");
        }
        if (component_begins_ && c == '.') {
            return wrong(at_, "names that begin with '.' (and \"..\") are never served");
        }
        component_begins_ = c == '/';
        if (out_.pieces_.empty() || out_.pieces_.back().substituted) out_.pieces_.emplace_back();
        out_.pieces_.back().text += c;
        at_ += length;
        return true;
    }

    Done substitution() {
        const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (next == '$') return fixed('$', 2);
        std::string_view subject;
        std::string_view function;
        bool has_function = false;
        std::size_t length = 2;
        if (is_digit(next)) {
            subject = text_.substr(at_ + 1, 1);
        } else if (next == '{') {
            const auto end = text_.find('}', at_);
            if (end == std::string_view::npos) return wrong(at_, "\"${\" has no \"}\"");
            subject = text_.substr(at_ + 2, end - at_ - 2);
            length = end + 1 - at_;
            if (const auto colon = subject.find(':'); colon != std::string_view::npos) {
                has_function = true;
                function = subject.substr(colon + 1);
                subject = subject.substr(0, colon);
            }
        } else {
            return wrong(at_, "after '$' comes a digit, {name} or {name:function}; a dollar sign itself is written $$");
        }

        Template::Piece piece;
        piece.substituted = true;
        if (auto done = name(subject, piece); !done) return done;
        if (has_function) {
            auto transform = transform_named(function);
            if (!transform) return tl::unexpected(transform.error());
            piece.transform = std::move(*transform);
        }
        out_.pieces_.push_back(std::move(piece));
        component_begins_ = false;
        at_ += length;
        return true;
    }

    Done name(std::string_view subject, Template::Piece& piece) const {
        if (subject == "id") {
            piece.identifier = true;
            return true;
        }
        if (!subject.empty() && std::ranges::all_of(subject, is_digit)) {
            const auto number = small_number(subject);
            if (!number || *number > groups_.highest) {
                return wrong(at_, "the regular expression has no group " + readable(subject) + ", the highest is " +
                                      std::to_string(groups_.highest));
            }
            piece.group = *number;
            return true;
        }
        const auto found = groups_.named.find(subject);
        if (found == groups_.named.end()) {
            return wrong(at_, "the regular expression has no group named \"" + readable(subject) + "\"");
        }
        piece.group = found->second;
        return true;
    }

    [[nodiscard]] Expected<Transform> transform_named(std::string_view function) const {
        static constexpr std::array<std::pair<std::string_view, std::string (*)(std::string_view)>, 5> kPlain = {
            {{"pairtree", pairtree},
             {"lower", lower},
             {"upper", upper},
             {"flat", flat},
             {"encode", protocol::percent_encode}}};
        for (const auto& [name, plain] : kPlain) {
            if (function == name) return plain;
        }
        const auto slash = function.find('/');
        if (const auto digest = digest_named(function.substr(0, slash))) {
            return digest_transform(*digest, slash == std::string_view::npos ? "" : function.substr(slash));
        }
        return substring_transform(function);
    }

    // `lengths`: "" or "/2/2".
    [[nodiscard]] Expected<Transform> digest_transform(Digest digest, std::string_view lengths) const {
        std::vector<std::size_t> prefixes;
        std::size_t sum = 0;
        while (!lengths.empty()) {
            lengths.remove_prefix(1);
            const auto end = std::min(lengths.find('/'), lengths.size());
            const auto length = small_number(lengths.substr(0, end));
            sum += length.value_or(0);
            if (length.value_or(0) == 0 || sum > hexadecimal_length(digest)) {
                return wrong(at_, "the lengths of prefixes are at least 1 each and together at most " +
                                      std::to_string(hexadecimal_length(digest)));
            }
            prefixes.push_back(*length);
            lengths.remove_prefix(end);
        }
        return [digest, prefixes = std::move(prefixes)](std::string_view bytes) {
            return digest_path(digest, prefixes, bytes);
        };
    }

    [[nodiscard]] Expected<Transform> substring_transform(std::string_view function) const {
        const auto colon = function.find(':');
        std::string_view from_text = function.substr(0, colon);
        // A shell wants a space before the minus sign, because ${1:-2} means something else there.
        if (from_text.starts_with(" -")) from_text.remove_prefix(1);
        const bool negative = from_text.starts_with('-');
        if (negative) from_text.remove_prefix(1);
        const auto from = small_number(from_text);
        const auto length = colon == std::string_view::npos ? std::optional<std::uint32_t>(UINT32_MAX)
                                                            : small_number(function.substr(colon + 1));
        if (!from || !length) {
            return wrong(at_, "\"" + readable(function) + "\" is not a function; " + std::string(kFunctions));
        }
        const std::int64_t start = negative ? -static_cast<std::int64_t>(*from) : static_cast<std::int64_t>(*from);
        return [start, count = *length](std::string_view text) { return substring(text, start, count); };
    }

    std::string_view text_;
    const Groups& groups_;
    std::size_t at_ = 0;
    bool component_begins_ = true;  // nothing yet, or nothing since a fixed '/'
    Template out_;
};

Expected<Template> Template::parse(std::string_view text, const Groups& groups) {
    return TemplateParser(text, groups).parse();
}

std::string Template::expand(std::string_view identifier, std::span<const std::string_view> captures) const {
    std::string out;
    for (const Piece& piece : pieces_) {
        if (!piece.substituted) {
            out += piece.text;
            continue;
        }
        const std::string_view subject = piece.identifier ? identifier : captures[piece.group];
        if (piece.transform) {
            out += piece.transform(subject);
        } else {
            out += subject;
        }
    }
    return out;
}

}  // namespace iiif::source
