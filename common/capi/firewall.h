// SPDX-License-Identifier: Apache-2.0
// The one exception firewall: what runs inside never lets an exception reach C.
#pragma once

#include <cstdio>
#include <exception>
#include <string_view>
#include <utility>

#include "iiif/iiif.h"

namespace iiif::capi {

inline void set_error(iiif_error* error, std::string_view message) noexcept {
    if (error == nullptr || error->size < sizeof(iiif_error)) return;
    message = message.substr(0, sizeof error->message - 1);
    std::snprintf(error->message, sizeof error->message, "%.*s", static_cast<int>(message.size()), message.data());
}

// Returns what `body` returns, or `otherwise` after an exception.
template <class Result, class Body>
Result guarded(Result otherwise, iiif_error* error, Body&& body) noexcept {
    try {
        return std::forward<Body>(body)();
    } catch (const std::exception& exception) {
        set_error(error, exception.what());
    } catch (...) {
        set_error(error, "an unknown exception");
    }
    return otherwise;
}

}  // namespace iiif::capi
