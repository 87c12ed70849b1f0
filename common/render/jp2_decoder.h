// SPDX-License-Identifier: Apache-2.0
// One pass of OpenJPEG over a file or over what stands for it.
#pragma once

#include <openjpeg.h>

#include <memory>
#include <span>
#include <string>

#include "render/jp2_codestream.h"

namespace iiif::render {

class Decoder {
public:
    Decoder() = default;
    Decoder(const Decoder&) = delete;  // the stream knows where `reading_` is
    Decoder& operator=(const Decoder&) = delete;
    Decoder(Decoder&&) = delete;
    Decoder& operator=(Decoder&&) = delete;
    ~Decoder() = default;

    // Reads the header; image() and codec() may be used then. `fd` and `detail`, which receives OpenJPEG's words, have
    // to live as long as this. false: damaged.
    bool open(int fd, Pieces pieces, std::uint32_t reduction, std::string& detail);
    // `area` of the reference grid, all of it inside of the image; once per open().
    bool decode(const Box& area);

    [[nodiscard]] const opj_image_t& image() const { return *image_; }
    [[nodiscard]] opj_codec_t* codec() const { return codec_.get(); }

private:
    // OpenJPEG's streams and codecs are both void*.
    struct StreamFree {
        void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
    };
    struct CodecFree {
        void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
    };
    struct ImageFree {
        void operator()(opj_image_t* image) const { opj_image_destroy(image); }
    };
    struct Reading {
        int fd = -1;
        Pieces pieces;
        std::uint64_t position = 0, size = 0;
        std::size_t read(std::span<unsigned char> out);
    };
    static OPJ_SIZE_T read_bytes(void* buffer, OPJ_SIZE_T length, void* user);
    static OPJ_OFF_T skip_bytes(OPJ_OFF_T count, void* user);
    static OPJ_BOOL seek_to(OPJ_OFF_T offset, void* user);

    Reading reading_;
    std::unique_ptr<opj_stream_t, StreamFree> stream_;
    std::unique_ptr<opj_codec_t, CodecFree> codec_;
    std::unique_ptr<opj_image_t, ImageFree> image_;
};

}  // namespace iiif::render
