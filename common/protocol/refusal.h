// SPDX-License-Identifier: Apache-2.0
// A request that cannot be answered, in the words its sender reads.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace iiif {

struct Refusal {
    int status;            // HTTP status, 4xx or 5xx
    std::string sentence;  // one readable sentence: what was wrong and what is allowed; no server paths
};

template <class T>
using Expected = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(int status, std::string sentence) {
    return tl::unexpected<Refusal>(Refusal{status, std::move(sentence)});
}

}  // namespace iiif
