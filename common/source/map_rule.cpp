// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <new>

#include "source/mapping.h"
#include "source/templates.h"
#include "source/transforms.h"

namespace iiif::source {
namespace {

// Identifiers have at most 4096 bytes, and 1024 as a rule. An expression that works needs some thousand steps on them;
// at these limits one that backtracks without end gives up after a few milliseconds and a few megabytes.
constexpr std::uint32_t kMatchLimit = 250'000;
constexpr std::uint32_t kDepthLimit = 25'000;
constexpr std::uint32_t kHeapLimitKib = 8192;

struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::string message_of(int error) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return reinterpret_cast<const char*>(text.data());
}

Expected<Groups> groups_of(const pcre2_code* code) {
    Groups groups;
    std::uint32_t count = 0;
    std::uint32_t entry_size = 0;
    PCRE2_SPTR table = nullptr;
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups.highest);
    pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
    // Each entry: the group's number, big-endian in two bytes, then its name, NUL-terminated.
    for (; count > 0; --count, table += entry_size) {
        const auto number = (std::uint32_t{table[0]} << 8U) | table[1];
        std::string name = reinterpret_cast<const char*>(table + 2);
        if (name == "id") {
            return refuse(0, "regular expression: a group cannot be named id, since ${id} is the whole identifier");
        }
        const auto [entry, added] = groups.named.emplace(std::move(name), number);
        if (!added && entry->second != number) {
            return refuse(0, "regular expression: two groups are named " + entry->first);
        }
    }
    return groups;
}

}  // namespace

struct MapRule::Impl {
    std::unique_ptr<pcre2_code, Free> code;
    std::unique_ptr<pcre2_match_context, Free> limits;
    std::uint32_t highest_group = 0;
    Template path;
};

MapRule::MapRule(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MapRule::MapRule(MapRule&&) noexcept = default;
MapRule& MapRule::operator=(MapRule&&) noexcept = default;
MapRule::~MapRule() = default;

Expected<MapRule> MapRule::compile(std::string_view regex, std::string_view templ) {
    auto impl = std::make_unique<Impl>();
    int error = 0;
    PCRE2_SIZE offset = 0;
    // \C could leave half a character in a capture; $ shall mean the end and nothing before it.
    impl->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(),
                                   PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY, &error, &offset,
                                   nullptr));
    if (!impl->code) {
        return refuse(0, "regular expression, offset " + std::to_string(offset) + ": " + message_of(error));
    }
    // Where memory may not become code (SELinux, for one) this fails, and the interpreter does the same more slowly.
    pcre2_jit_compile(impl->code.get(), PCRE2_JIT_COMPLETE);

    impl->limits.reset(pcre2_match_context_create(nullptr));
    if (!impl->limits) throw std::bad_alloc();
    pcre2_set_match_limit(impl->limits.get(), kMatchLimit);
    pcre2_set_depth_limit(impl->limits.get(), kDepthLimit);
    pcre2_set_heap_limit(impl->limits.get(), kHeapLimitKib);

    auto groups = groups_of(impl->code.get());
    if (!groups) return tl::unexpected(groups.error());
    auto path = Template::parse(templ, *groups);
    if (!path) return tl::unexpected(path.error());
    impl->highest_group = groups->highest;
    impl->path = std::move(*path);
    return MapRule(std::move(impl));
}

std::optional<std::string> MapRule::apply(std::string_view identifier) const {
    const std::unique_ptr<pcre2_match_data, Free> data(
        pcre2_match_data_create_from_pattern(impl_->code.get(), nullptr));
    if (!data) throw std::bad_alloc();
    const auto match = [&](std::uint32_t options) {
        return pcre2_match(impl_->code.get(), reinterpret_cast<PCRE2_SPTR>(identifier.data()), identifier.size(), 0,
                           options, data.get(), impl_->limits.get());
    };
    int matched = match(0);
    // Compiled code works on 32 KiB of the machine's stack; the interpreter has kHeapLimitKib.
    if (matched == PCRE2_ERROR_JIT_STACKLIMIT) matched = match(PCRE2_NO_JIT);
    if (matched <= 0) return std::nullopt;  // no match, no UTF-8, or a limit

    const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data.get());
    std::vector<std::string_view> captures(std::size_t{impl_->highest_group} + 1);
    for (std::size_t group = 0; group < static_cast<std::size_t>(matched); ++group) {
        const PCRE2_SIZE begin = offsets[2 * group];
        const PCRE2_SIZE end = offsets[2 * group + 1];
        if (begin != PCRE2_UNSET && begin <= end) captures[group] = identifier.substr(begin, end - begin);
    }
    return impl_->path.expand(identifier, captures);
}

}  // namespace iiif::source
