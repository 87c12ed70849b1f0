// SPDX-License-Identifier: Apache-2.0
// metadata.csv: one row for each image or object. Internal to presentation.
#pragma once

#include "presentation/sidecar.h"

namespace iiif::presentation {

// Adds what `file` says, and its problems.
void read_table(const SidecarText& file, Sidecar& to);

}  // namespace iiif::presentation
