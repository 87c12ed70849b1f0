// SPDX-License-Identifier: Apache-2.0
#include "protocol/exchange.h"

#include "protocol/uri.h"

namespace iiif::test {
namespace {

using namespace protocol;

Expected<Outcome> try_request(const Subject& subject, std::string_view raw_path) {
    const auto segments = split_segments(path_of(raw_path));
    if (segments.size() != 4) return refuse(404, "not an image request");
    std::string parts[4];
    for (std::size_t i = 0; i < segments.size(); ++i) {
        auto decoded = percent_decode(segments[i]);
        if (!decoded) return refuse(400, "a broken escape");
        parts[i] = *decoded;
    }

    const auto region = parse_region(subject.version, parts[0]);
    if (!region) return tl::unexpected<Refusal>(region.error());
    const auto size = parse_size(subject.version, parts[1]);
    if (!size) return tl::unexpected<Refusal>(size.error());
    const auto rotation = parse_rotation(parts[2]);
    if (!rotation) return tl::unexpected<Refusal>(rotation.error());
    const auto last = parse_quality_format(parts[3], subject.qualities, subject.formats);
    if (!last) return tl::unexpected<Refusal>(last.error());
    const auto geometry = resolve_geometry(subject.version, *region, *size, subject.image, subject.limits);
    if (!geometry) return tl::unexpected<Refusal>(geometry.error());

    Outcome outcome;
    outcome.geometry = *geometry;
    outcome.rotated = rotated_extent(geometry->size, *rotation);
    outcome.canonical = canonical_parameters(subject.version, *geometry, *rotation, last->quality, subject.standard,
                                             last->format, subject.limits);
    return outcome;
}

}  // namespace

Outcome request(const Subject& subject, std::string_view raw_path) {
    auto outcome = try_request(subject, raw_path);
    if (outcome) return *outcome;
    Outcome refused;
    refused.status = outcome.error().status;
    refused.sentence = outcome.error().sentence;
    return refused;
}

void expect_fix_point(const Subject& subject, const Outcome& outcome, const std::string& name) {
    if (outcome.status != 200) return;
    const Outcome again = request(subject, outcome.canonical);
    EXPECT(again.status == 200, "%s: canonical %s is refused: %s", name.c_str(), outcome.canonical.c_str(),
           again.sentence.c_str());
    EXPECT(again.canonical == outcome.canonical, "%s: canonical %s has the canonical form %s", name.c_str(),
           outcome.canonical.c_str(), again.canonical.c_str());
    EXPECT(again.geometry.region == outcome.geometry.region && again.geometry.size == outcome.geometry.size &&
               again.rotated == outcome.rotated,
           "%s: canonical %s is another image", name.c_str(), outcome.canonical.c_str());
}

}  // namespace iiif::test
