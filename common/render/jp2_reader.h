// SPDX-License-Identifier: Apache-2.0
// Windows of a JPEG 2000 image, tile by tile, from the store or from OpenJPEG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "protocol/geometry.h"
#include "protocol/refusal.h"
#include "render/jp2_store.h"

namespace iiif::render {

// Packed pixels of a box of the reduced reference grid, whoever owns them.
struct Jp2Pixels {
    const std::uint8_t* data;
    Box box;
    std::size_t pixel_bytes;
    [[nodiscard]] const std::uint8_t* at(std::uint32_t x, std::uint32_t y) const {
        const std::size_t before = std::size_t{y - box.y0} * box.width() + (x - box.x0);
        return data + before * pixel_bytes;
    }
};

// Where the pixels of a window go.
class Jp2Sink {
public:
    virtual ~Jp2Sink() = default;
    // Once, when it is known what the pixels are. false: no memory, or not wanted; nothing is read then.
    virtual bool begin(protocol::Extent window, const Meaning&, const std::string& profile) = 0;
    // `part`, which lies in `pixels`, has its place (x, y) in the window. Each pixel of the window once at least,
    // always with the same value.
    virtual void put(const Jp2Pixels& pixels, const Box& part, std::uint32_t x, std::uint32_t y) = 0;
};

// For one window. `fd` and `detail`, which receives OpenJPEG's words, must outlive it.
class Jp2Reader {
public:
    Jp2Reader(int fd, std::uint32_t reduction, std::string& detail) : fd_(fd), reduction_(reduction), detail_(detail) {}

    // false: damaged, or changed while it was looked at.
    bool open();
    // Of the file; after open().
    [[nodiscard]] const Grid& grid() const { return file_->grid; }
    // `area` of the image after `reduction` halvings. OpenJPEG's 32-bit samples of the whole window never exist at
    // once.
    Expected<std::uint8_t> read(protocol::Rect area, Jp2Sink&, const std::function<bool()>& cancelled);

private:
    // One tile of the image. All boxes are of the reduced reference grid.
    struct Tile {
        std::uint32_t column, row, index;
        Box box;   // all of it
        Box part;  // what lies in the window
    };
    template <class Each>
    void for_cells(const Tile&, const Box& part, Each&& each) const;
    [[nodiscard]] bool settled() const;
    Expected<std::uint8_t> read_tile(const Tile&, const std::function<bool()>& cancelled);
    [[nodiscard]] Box to_decode(const Tile&, const Box& missing, bool known) const;
    [[nodiscard]] std::uint32_t band_rows(const Box&) const;
    Expected<std::uint8_t> decode(const Tile&, const Box&);
    bool learn(const opj_image_t&);
    void keep(const Tile&, const Jp2Pixels&);
    bool show(const Jp2Pixels&);

    int fd_;
    std::uint32_t reduction_;
    std::string& detail_;
    std::shared_ptr<Jp2File> file_;
    Box window_;
    Jp2Sink* sink_ = nullptr;
    bool begun_ = false;
};

}  // namespace iiif::render
