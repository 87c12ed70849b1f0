// SPDX-License-Identifier: Apache-2.0
// Input: width and height of what is wanted, 16 bits each, then a JPEG. What comes out is a JPEG, as far as can be said
// without decoding it, and cutting it again where it ends changes nothing.
#include "source/jpeg_crop.h"

#include <vector>

#include "fuzz.h"

using iiif::fuzz::claim;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    iiif::fuzz::Input input(data, size);
    const iiif::protocol::Extent extent{input.number<std::uint16_t>(), input.number<std::uint16_t>()};
    // Memory of its own: what is read beyond its end is found.
    const std::vector<unsigned char> stream(input.rest().begin(), input.rest().end());
    const std::string cut = iiif::source::cropped_jpeg(stream, extent);
    if (cut.empty()) return 0;
    claim(cut.starts_with("\xFF\xD8") && cut.ends_with("\xFF\xD9"), "a JPEG has a start and an end");
    const std::vector<unsigned char> again(cut.begin(), cut.end());
    claim(iiif::source::cropped_jpeg(again, extent) == cut, "what has been cut stays as it is");
    const iiif::protocol::Extent beyond{extent.width + 1, extent.height};
    claim(iiif::source::cropped_jpeg(again, beyond).empty(), "what has been cut is as wide as it was wanted");
    return 0;
}
