// SPDX-License-Identifier: Apache-2.0
// iiif.yaml and iiif.json. Internal to presentation.
#pragma once

#include "presentation/sidecar.h"

namespace iiif::presentation {

// Adds what `file` says, and its problems.
void read_yaml_sidecar(const SidecarText& file, Sidecar& to);

}  // namespace iiif::presentation
