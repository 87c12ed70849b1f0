// SPDX-License-Identifier: Apache-2.0
#include "render/jp2_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "render/sniff.h"

namespace iiif::render {
namespace {

void complain(const char* message, void* user) {
    std::string& words = *static_cast<std::string*>(user);
    if (words.size() < 1024) words.append("openjpeg: ").append(message);
}

}  // namespace

std::size_t Decoder::Reading::read(std::span<unsigned char> out) {
    std::size_t done = 0;
    std::uint64_t start = 0;  // of a piece
    for (const Piece& piece : pieces) {
        const std::uint64_t length = piece.bytes.empty() ? piece.length : piece.bytes.size();
        const std::uint64_t end = start + length;
        if (position < end && done < out.size()) {
            const std::uint64_t at = position - start;
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(end - position, out.size() - done));
            std::size_t got = count;
            if (piece.bytes.empty()) {
                got = read_at(fd, out.subspan(done, count), piece.offset + at);
            } else {
                std::memcpy(out.data() + done, piece.bytes.data() + at, count);
            }
            done += got;
            position += got;
            if (got != count) return done;
        }
        start = end;
    }
    return done;
}

OPJ_SIZE_T Decoder::read_bytes(void* buffer, OPJ_SIZE_T length, void* user) {
    const std::size_t count = static_cast<Reading*>(user)->read(std::span(static_cast<unsigned char*>(buffer), length));
    return count == 0 ? static_cast<OPJ_SIZE_T>(-1) : count;
}

OPJ_OFF_T Decoder::skip_bytes(OPJ_OFF_T count, void* user) {
    auto& reading = *static_cast<Reading*>(user);
    if (count < 0 || static_cast<std::uint64_t>(count) > reading.size - reading.position) return -1;
    reading.position += static_cast<std::uint64_t>(count);
    return count;
}

OPJ_BOOL Decoder::seek_to(OPJ_OFF_T offset, void* user) {
    auto& reading = *static_cast<Reading*>(user);
    if (offset < 0 || static_cast<std::uint64_t>(offset) > reading.size) return OPJ_FALSE;
    reading.position = static_cast<std::uint64_t>(offset);
    return OPJ_TRUE;
}

bool Decoder::open(int fd, Pieces pieces, std::uint32_t reduction, std::string& detail) {
    reading_ = {fd, std::move(pieces), 0, 0};
    for (const Piece& piece : reading_.pieces) {
        reading_.size += piece.bytes.empty() ? piece.length : piece.bytes.size();
    }
    std::array<unsigned char, 4> start{};
    if (reading_.read(start) != start.size()) return false;
    reading_.position = 0;
    image_.reset();
    codec_.reset(opj_create_decompress(start[0] == 0xFF ? OPJ_CODEC_J2K : OPJ_CODEC_JP2));
    stream_.reset(opj_stream_create(std::size_t{64} << 10U, OPJ_STREAM_READ));
    if (!codec_ || !stream_) return false;
    opj_stream_set_user_data(stream_.get(), &reading_, nullptr);
    opj_stream_set_user_data_length(stream_.get(), reading_.size);
    opj_stream_set_read_function(stream_.get(), read_bytes);
    opj_stream_set_skip_function(stream_.get(), skip_bytes);
    opj_stream_set_seek_function(stream_.get(), seek_to);
    opj_set_error_handler(codec_.get(), complain, &detail);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    parameters.cp_reduce = reduction;
    if (opj_setup_decoder(codec_.get(), &parameters) != OPJ_TRUE) return false;
    opj_image_t* image = nullptr;
    const bool read = opj_read_header(stream_.get(), codec_.get(), &image) == OPJ_TRUE;
    image_.reset(image);
    return read && image != nullptr && image->numcomps > 0;
}

bool Decoder::decode(const Box& area) {
    return opj_set_decode_area(codec_.get(), image_.get(), static_cast<OPJ_INT32>(area.x0),
                               static_cast<OPJ_INT32>(area.y0), static_cast<OPJ_INT32>(area.x1),
                               static_cast<OPJ_INT32>(area.y1)) == OPJ_TRUE &&
           opj_decode(codec_.get(), stream_.get(), image_.get()) == OPJ_TRUE;
}

}  // namespace iiif::render
