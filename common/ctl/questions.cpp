// SPDX-License-Identifier: Apache-2.0
#include "ctl/questions.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "render/render.h"
#include "source/root.h"

namespace iiif::ctl {

std::string text_of(const json_t* value) {
    return json_is_string(value) ? json_string_value(value) : "";
}

std::string text_of(const json_t* object, const char* key) {
    return text_of(json_object_get(object, key));
}

std::uint32_t number_of(const json_t* object, const char* key) {
    const json_t* const value = json_object_get(object, key);
    const json_int_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    return number > 0 && number <= INT32_MAX ? static_cast<std::uint32_t>(number) : 0;
}

std::string in_short(const std::string& text) {
    constexpr std::size_t kMost = 100;
    std::string out;
    for (const char c : text.substr(0, kMost)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    return text.size() > kMost ? out + "..." : out;
}

std::string in_short(const json_t* value) {
    if (value == nullptr) return "nothing";
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY), std::free);
    return text ? in_short(std::string(text.get())) : "";
}

std::string said(const HttpAnswer& answer) {
    return answer.status == 0 ? answer.error : "status " + std::to_string(answer.status);
}

std::string words(protocol::Extent extent) {
    return std::to_string(extent.width) + " x " + std::to_string(extent.height);
}

std::optional<protocol::Extent> size_of(const std::string& picture) {
    const source::UniqueFd fd(::memfd_create("iiifctl", MFD_CLOEXEC));
    if (!fd || ::write(fd.get(), picture.data(), picture.size()) != static_cast<ssize_t>(picture.size())) {
        return std::nullopt;
    }
    std::string detail;
    const auto image = render::describe(fd.get(), 1, {}, detail);
    if (!image) return std::nullopt;
    return image->extent();
}

Json json_of(const std::string& text) {
    return {json_loadb(text.data(), text.size(), 0, nullptr), json_decref};
}

}  // namespace iiif::ctl
