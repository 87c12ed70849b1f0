// SPDX-License-Identifier: Apache-2.0
// What a document was made from, so that it is made again when, and only when, something of it has changed.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "source/folder.h"

namespace iiif::presentation {

class Watch {
public:
    // A folder whose names were read.
    void saw(const source::Folder& folder);
    // A name in it that was looked up: what it was, or that it was not there.
    void saw(const source::Folder& folder, std::string_view name, const source::FileKey* found);
    void saw(std::string_view path, const source::FileKey& folder, std::string_view name, const source::FileKey* found);

    // Whether all of it can be trusted to show the next change: nothing has changed within the last seconds.
    [[nodiscard]] bool is_settled() const { return settled_; }
    // For holds(); bytes.
    [[nodiscard]] std::string text() const;
    // Whether everything is as it was seen. `text` may come from anywhere: what it is not, does not hold.
    static bool holds(const source::Root& root, std::string_view text);

private:
    struct Seen {
        source::FileKey folder;
        std::map<std::string, source::FileKey, std::less<>> names;  // zeros: not there
    };
    Seen& at(std::string_view path, const source::FileKey& folder);
    void note(const source::FileKey& key);

    std::map<std::string, Seen, std::less<>> folders_;
    bool settled_ = true;
};

}  // namespace iiif::presentation
