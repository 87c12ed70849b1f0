// SPDX-License-Identifier: Apache-2.0
// The parts of build(), for one document.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "presentation/about.h"
#include "presentation/addresses.h"
#include "presentation/build.h"
#include "presentation/reader.h"
#include "protocol/presentation.h"

namespace iiif::presentation {

class Builder {
public:
    Builder(const delivery::Service& service, const delivery::Request& request, const Sources& sources, Watch& watch)
        : service_(service),
          sources_(sources),
          watch_(watch),
          reader_(service.root, watch),
          describer_(service, reader_, request.presentation->path),
          addresses_(service, request),
          version_(request.version) {}

    // manifest.cpp: of a folder's images, of those of its chapters too, or of one file.
    Expected<protocol::Manifest> manifest_of_folder(std::string_view path);
    Expected<protocol::Manifest> manifest_of_file(std::string_view path);
    // The folder whose Manifest the images of the folder `path` are in; nullopt: each is an object of its own.
    std::optional<std::string> object_of(std::string_view path);
    // Whether the folder `path` is a Manifest, by what it holds and its sidecar says, or was one before it was
    // withdrawn.
    bool has_manifest(std::string_view path);

    // collection.cpp
    Expected<protocol::Collection> collection_of(std::string_view path);

    // Where a Manifest is of an object that was withdrawn.
    [[nodiscard]] bool is_withdrawn() const { return withdrawn_; }
    // Every file that belongs here could be read.
    [[nodiscard]] bool is_complete() const { return complete_; }
    [[nodiscard]] std::vector<std::string>& complaints() { return complaints_; }
    Reader& reader() { return reader_; }
    [[nodiscard]] const Addresses& addresses() const { return addresses_; }

private:
    using Images = std::vector<protocol::Canvas>;

    // What has been looked at of a sub-folder, for the Collection above.
    struct Listed {
        protocol::Reference reference;                    // without a thumbnail
        std::string thumbnail;                            // the path of an image
        std::optional<protocol::ServedImage> of_another;  // where there is no such image
    };

    // nullptr: it cannot be read, and was complained about.
    std::shared_ptr<const Facts> facts_of(const View& view, const source::Entry& file, std::uint32_t page);
    Expected<bool> add_canvases(const View& view, protocol::Manifest& to, protocol::Range* part);
    Expected<bool> add_file(const View& view, const source::Entry& file, protocol::Manifest& to, protocol::Range* part);
    protocol::Canvas canvas_of(const View& view, std::string_view name, std::uint32_t page, const Facts& facts);
    Expected<bool> add_chapters(const View& view, protocol::Manifest& to, unsigned depth);
    void add_written_chapters(const View& view, protocol::Manifest& to);
    [[nodiscard]] std::vector<const source::Entry*> in_order(const View& view) const;
    void finish(protocol::Manifest& manifest, std::string_view path, const Sidecar& sidecar);
    // Of what is included, what this version can show.
    [[nodiscard]] std::vector<protocol::Canvas> others(const View& view) const;
    Expected<bool> add_other(const protocol::Canvas& canvas, protocol::Manifest& to, protocol::Range* part);
    void drop_repeated(protocol::Manifest& manifest);
    void add_references(const View& view, protocol::Collection& to);

    std::optional<Listed> listed(const Sidecar& above, std::string_view path, unsigned depth);
    Expected<bool> add_files(const View& view, protocol::Collection& to);
    std::optional<protocol::ServedImage> thumbnail_of(std::string_view path);
    std::optional<protocol::ServedImage> thumbnail_of(const Listed& one);
    // The first object in a sub-folder.
    std::optional<Listed> first_below(const View& view, unsigned depth);
    std::optional<protocol::Reference> collection_at(std::string_view path);
    std::optional<protocol::Reference> collection_above(std::string_view path);

    void complain(std::string sentence);
    void leave_out(const std::string& path, const Refusal& refusal);
    // Of the folder that is asked for: what its sidecars got wrong.
    void complain_about(const View& view);
    [[nodiscard]] bool is_cancelled() const { return sources_.cancelled && sources_.cancelled(); }

    static constexpr unsigned kDeepest = 32;           // of folders in folders
    static constexpr std::size_t kMostComplaints = 8;  // in one document
    static constexpr std::size_t kMostCanvases = 50'000;
    static constexpr std::uint32_t kMostPages = 10'000;  // of a file

    const delivery::Service& service_;
    const Sources& sources_;
    Watch& watch_;
    Reader reader_;
    Describer describer_;
    Addresses addresses_;
    protocol::Version version_;
    bool withdrawn_ = false, complete_ = true;
    std::vector<std::string> complaints_;
};

Refusal cancelled_refusal();

}  // namespace iiif::presentation
