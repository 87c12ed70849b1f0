// SPDX-License-Identifier: Apache-2.0
// The little of libvips' object world that this room needs: one owned reference, and its error buffer.
#pragma once

#include <vips/vips.h>

#include <string>
#include <utility>

#include "protocol/refusal.h"

namespace iiif::render {

template <class T>
class Owned {
public:
    Owned() = default;
    explicit Owned(T* object) : object_(object) {}
    Owned(Owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Owned& operator=(Owned&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
        if (object_ != nullptr) g_object_unref(object_);
    }
    [[nodiscard]] T* get() const { return object_; }
    T* operator->() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }

private:
    T* object_ = nullptr;
};

class Image : public Owned<VipsImage> {
public:
    using Owned::Owned;

    // Replaces the image by what `operation(in, &out)` makes of it; false, and unchanged, when that returns non-zero.
    template <class Operation>
    [[nodiscard]] bool apply(Operation&& operation) {
        VipsImage* out = nullptr;
        if (operation(get(), &out) != 0) return false;
        *this = Image(out);
        return true;
    }

    [[nodiscard]] Image share() const {
        g_object_ref(get());
        return Image(get());
    }
    [[nodiscard]] int width() const { return vips_image_get_width(get()); }
    [[nodiscard]] int height() const { return vips_image_get_height(get()); }
    [[nodiscard]] int bands() const { return vips_image_get_bands(get()); }
    [[nodiscard]] VipsBandFormat format() const { return vips_image_get_format(get()); }
    [[nodiscard]] VipsInterpretation interpretation() const { return vips_image_get_interpretation(get()); }
};

// Moves the libraries' words to `detail`, where logs find them. They are never shown to clients: libvips keeps one
// buffer for the whole process, and its sentences carry paths.
void take_words(std::string& detail);

// Before pixels are pulled for an answer of this width, and by one thread at a time. libvips' buffers between decoder
// and encoder hold four rows of the squares that it works in: 57 MiB for a gigapixel. Wide answers get squares of half
// the height, which cost a tenth more processor time.
void fit_squares(std::uint32_t width);

// 500: the source could not be decoded.
tl::unexpected<Refusal> damaged(std::string& detail);
// 500: libvips refused an operation that never fails on sound pixels (memory).
tl::unexpected<Refusal> unable(std::string& detail);

}  // namespace iiif::render
