// SPDX-License-Identifier: Apache-2.0
// What decides the bytes of a rendered image, and nothing else: equal keys mean equal bytes.
#pragma once

#include <cstdint>
#include <string>

#include "delivery/answer.h"
#include "source/root.h"

namespace iiif::renderd {

// `service`: the endpoint's number within this generation, whose directives do not change. `fd`: the source, opened
// when it was in state `opened`. "": the image must not be shared, because the file has just changed, or has changed
// since it was opened. Headers depend on the request as well, so they are no part of what is shared.
std::string answer_key(std::uint32_t service, int fd, const source::FileKey& opened, std::uint32_t page,
                       const delivery::RenderPlan&);

}  // namespace iiif::renderd
