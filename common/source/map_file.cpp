// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <mutex>
#include <new>
#include <utility>

#include "source/mapping.h"
#include "source/transforms.h"

namespace iiif::source {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kLookEvery = std::chrono::seconds(1);

struct JsonFree {
    void operator()(json_t* value) const { json_decref(value); }
};

// Identifiers and paths in one piece of memory, sorted: about as large as the file, and every worker has one.
class Table {
public:
    // `complaint` becomes the first entry that cannot be used, as a sentence; such entries are left out.
    static Expected<Table> parse(std::string_view bytes, std::string& complaint) {
        json_error_t error;
        const std::unique_ptr<json_t, JsonFree> json(json_loadb(bytes.data(), bytes.size(), 0, &error));
        if (!json) {
            return refuse(0, "not valid JSON at line " + std::to_string(error.line) + ", column " +
                                 std::to_string(error.column) + ": " + readable(error.text, sizeof error.text));
        }
        if (!json_is_object(json.get())) {
            return refuse(0, "not a JSON object; expected is {\"identifier\": \"path/beneath/root.tif\", ...}");
        }
        Table table;
        table.entries_.reserve(json_object_size(json.get()));
        const char* key = nullptr;
        json_t* value = nullptr;
        json_object_foreach(json.get(), key, value) {
            const std::string_view path(json_is_string(value) ? json_string_value(value) : "");
            if (is_servable(path)) {
                table.add(key, path);
            } else if (complaint.empty()) {
                complaint = "the value of \"" + readable(key) +
                            "\" has to be a string: the path of a file beneath the root, not absolute and without "
                            "names that begin with '.'";
            }
        }
        std::ranges::sort(table.entries_, {}, [&](const Entry& entry) { return table.key(entry); });
        return table;
    }

    [[nodiscard]] std::optional<std::string> find(std::string_view identifier) const {
        const auto found =
            std::ranges::lower_bound(entries_, identifier, {}, [&](const Entry& entry) { return key(entry); });
        if (found == entries_.end() || key(*found) != identifier) return std::nullopt;
        return text_.substr(found->at + found->key_size, found->path_size);
    }

private:
    struct Entry {
        std::size_t at;
        std::uint32_t key_size, path_size;  // the path follows the key
    };

    void add(std::string_view identifier, std::string_view path) {
        entries_.push_back(
            {text_.size(), static_cast<std::uint32_t>(identifier.size()), static_cast<std::uint32_t>(path.size())});
        text_.append(identifier).append(path);
    }
    [[nodiscard]] std::string_view key(const Entry& entry) const {
        return std::string_view(text_).substr(entry.at, entry.key_size);
    }

    std::string text_;
    std::vector<Entry> entries_;
};

struct Content {
    std::string bytes;
    FileKey key;
    // The file was not changed just before it was read: an equal key later means equal content. Otherwise a second
    // change within the clock's tick would go unnoticed.
    bool settled = false;
};

bool is_settled(const struct stat& file) {
    const std::int64_t age = std::int64_t{std::time(nullptr)} - file.st_mtim.tv_sec;
    return age > 1 || age < -1;
}

tl::unexpected<Refusal> cannot_be_read(int error) {
    return refuse(0, std::string("cannot be read: ") + std::strerror(error));
}

Expected<Content> read_file(const std::string& path, std::uint64_t max_bytes) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat file {};
    if (!fd || ::fstat(fd.get(), &file) != 0) return cannot_be_read(errno);
    if (!S_ISREG(file.st_mode)) return refuse(0, "not a regular file");
    Content content{.bytes = {}, .key = file_key(file), .settled = is_settled(file)};
    if (content.key.size > max_bytes) {
        return refuse(0, "larger than the " + std::to_string(max_bytes) + " bytes that are allowed");
    }
    content.bytes.resize(content.key.size);
    for (std::size_t done = 0; done < content.bytes.size();) {
        const ssize_t count =
            ::pread(fd.get(), content.bytes.data() + done, content.bytes.size() - done, static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot_be_read(errno);
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    struct stat after {};
    if (::fstat(fd.get(), &after) != 0) return cannot_be_read(errno);
    if (file_key(after) != content.key) return refuse(0, "changed while it was read; write it anew and rename it");
    return content;
}

}  // namespace

struct MapFile::Impl {
    std::string path;
    std::uint64_t max_bytes;

    std::atomic<Clock::rep> next_look{(Clock::now() + kLookEvery).time_since_epoch().count()};

    std::mutex rereading;  // guards what follows
    FileKey seen;
    bool settled = false;

    std::mutex swapping;  // guards `table` itself; what it points at never changes
    std::shared_ptr<const Table> table;

    void look_again() {
        const auto now = Clock::now();
        if (now.time_since_epoch().count() < next_look.load(std::memory_order_relaxed)) return;
        // Whoever comes while another thread reads gets the old table instead of waiting.
        const std::unique_lock lock(rereading, std::try_to_lock);
        if (!lock) return;
        next_look.store((now + kLookEvery).time_since_epoch().count(), std::memory_order_relaxed);
        struct stat file {};
        if (::stat(path.c_str(), &file) != 0 || (file_key(file) == seen && settled)) return;
        auto content = read_file(path, max_bytes);
        if (!content) return;
        // Also when the content turns out wrong: it is not parsed again until it changes.
        seen = content->key;
        settled = content->settled;
        std::string unused;
        auto fresh = Table::parse(content->bytes, unused);
        if (!fresh) return;
        auto next = std::make_shared<const Table>(std::move(*fresh));
        const std::lock_guard swap(swapping);
        table.swap(next);
    }
};

MapFile::MapFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MapFile::~MapFile() = default;

Expected<std::unique_ptr<MapFile>> MapFile::open(std::string path, std::uint64_t max_bytes) {
    auto content = read_file(path, max_bytes);
    if (!content) return tl::unexpected(content.error());
    std::string complaint;
    auto table = Table::parse(content->bytes, complaint);
    if (!table) return tl::unexpected(table.error());
    if (!complaint.empty()) return refuse(0, complaint);

    auto impl = std::make_unique<Impl>();
    impl->path = std::move(path);
    impl->max_bytes = max_bytes;
    impl->seen = content->key;
    impl->settled = content->settled;
    impl->table = std::make_shared<const Table>(std::move(*table));
    return std::unique_ptr<MapFile>(new MapFile(std::move(impl)));
}

std::optional<std::string> MapFile::find(std::string_view identifier) const {
    try {
        impl_->look_again();
    } catch (const std::bad_alloc&) {
        // A map too large for the memory of this moment: the last good one still answers.
        static_cast<void>(0);
    }
    std::shared_ptr<const Table> table;
    {
        const std::lock_guard lock(impl_->swapping);
        table = impl_->table;
    }
    return table->find(identifier);
}

}  // namespace iiif::source
