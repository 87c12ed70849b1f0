// SPDX-License-Identifier: Apache-2.0
// The folder of pyramids (delivery/pyramid.h) as renderers use it: each pyramid is made once, by whoever comes first,
// while others wait; what has not been used for longest makes room.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "delivery/pyramid.h"
#include "render/render.h"
#include "source/description.h"

namespace iiif::renderd {

struct Pyramid {
    source::OpenFile file;
    std::shared_ptr<const source::Description> description;
};

// What a pyramid is made of.
struct PyramidSource {
    const delivery::Service& service;  // with pyramids
    const delivery::SourceState& state;
    const source::Description& image;
    int fd;  // of the file in that state
    render::EncodeOptions encode;
};

class Pyramids {
public:
    // `descriptions` outlives this.
    explicit Pyramids(source::DescriptionStore& descriptions) : descriptions_(descriptions) {}

    // nullopt: it has not been made.
    std::optional<Pyramid> find(const PyramidSource&);

    // Makes it, or waits while another process does so, until `stop` says otherwise. `begins` is called before this
    // process makes one, which ends when `late` says so and takes up to minutes. nullopt: it cannot be made now, for
    // the reason in `complaint`, which is for the error log and empty when it has been said within the last minute.
    std::optional<Pyramid> make(const PyramidSource&, const render::Cancelled& stop, const render::Cancelled& late,
                                const std::function<void()>& begins, std::string& complaint);

private:
    bool write(const PyramidSource&, int folder, const std::string& making, int fd, const render::Cancelled& late,
               std::string& complaint);

    source::DescriptionStore& descriptions_;
    std::map<std::string, std::int64_t> failed_;  // name of the pyramid, and when; at most a few hundred
};

// Makes the folder if there is none, for the user whom the renderers will be. "" or what is wrong, for the error log.
std::string prepare_pyramid_folder(const std::string& folder, uid_t uid, gid_t gid);

// Removes pyramids, the ones not used for longest first, until all of them take no more than `max_bytes`; and what a
// process that was ended has left half written. `folder` is open on the folder. Other files stay.
void make_room(int folder, std::uint64_t max_bytes);

}  // namespace iiif::renderd
