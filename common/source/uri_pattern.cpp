// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "source/uri_pattern.h"

#include <fnmatch.h>
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <new>
#include <utility>

namespace iiif::source {
namespace {

// As for MapRule: some milliseconds and megabytes at most.
constexpr std::uint32_t kMatchLimit = 250'000;
constexpr std::uint32_t kHeapLimitKib = 8192;

struct Free {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct UriPattern::Compiled {
    std::unique_ptr<pcre2_code, Free> code;
    std::unique_ptr<pcre2_match_context, Free> limits;
};

UriPattern::UriPattern(std::string text, Kind kind, std::unique_ptr<Compiled> compiled)
    : text_(std::move(text)), kind_(kind), compiled_(std::move(compiled)) {}
UriPattern::UriPattern(UriPattern&&) noexcept = default;
UriPattern& UriPattern::operator=(UriPattern&&) noexcept = default;
UriPattern::~UriPattern() = default;

Expected<UriPattern> UriPattern::compile(std::string_view pattern, Kind kind) {
    if (kind == Kind::wildcards) return UriPattern(std::string(pattern), kind, nullptr);
    auto compiled = std::make_unique<Compiled>();
    int error = 0;
    PCRE2_SIZE offset = 0;
    compiled->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                       kind == Kind::caseless_regex ? PCRE2_CASELESS : 0U, &error, &offset, nullptr));
    if (!compiled->code) {
        std::array<PCRE2_UCHAR, 256> words{};
        pcre2_get_error_message(error, words.data(), words.size());
        return refuse(0, "regular expression, offset " + std::to_string(offset) + ": " +
                             reinterpret_cast<const char*>(words.data()));
    }
    compiled->limits.reset(pcre2_match_context_create(nullptr));
    if (!compiled->limits) throw std::bad_alloc();
    pcre2_set_match_limit(compiled->limits.get(), kMatchLimit);
    pcre2_set_heap_limit(compiled->limits.get(), kHeapLimitKib);
    return UriPattern(std::string(pattern), kind, std::move(compiled));
}

bool UriPattern::matches(std::string_view path) const {
    if (kind_ == Kind::wildcards) return fnmatch(text_.c_str(), std::string(path).c_str(), FNM_PATHNAME) == 0;
    // Of a Manifest's thousand images each is asked for in each spelling. What is captured nobody wants.
    static thread_local const std::unique_ptr<pcre2_match_data, Free> data(pcre2_match_data_create(1, nullptr));
    if (!data) throw std::bad_alloc();
    return pcre2_match(compiled_->code.get(), reinterpret_cast<PCRE2_SPTR>(path.data()), path.size(), 0, 0, data.get(),
                       compiled_->limits.get()) != PCRE2_ERROR_NOMATCH;
}

}  // namespace iiif::source
