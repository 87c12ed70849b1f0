// SPDX-License-Identifier: Apache-2.0
// One thread's requests, through the C ABI as glue makes them, and what has to be true of each answer. Threads share
// nothing here: a lock of the test's own would hide that the core lacks one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "threads/world.h"

namespace iiif::threads {

class Client {
public:
    Client(const World& world, iiif_worker* worker, unsigned seed) : world_(world), worker_(worker), random_(seed) {}

    // `count` requests of all kinds. Does not fail: complaints() says what was wrong.
    void ask_for_everything(unsigned count);
    // The page of plain.tif, once.
    void ask_for_page(std::uint32_t page);
    // Until the map has led to `changes` other files than before, at most as many requests as that takes in a minute.
    void follow_the_map(unsigned changes);

    [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
    // How often: "memory", "file", "render", "304", …; so that a test can say that what it is about has happened.
    [[nodiscard]] const std::map<std::string, unsigned>& counts() const { return counts_; }
    // Of each ETag of an image or an info.json, what was sent with it.
    [[nodiscard]] const std::map<std::string, std::string>& bodies() const { return bodies_; }

private:
    struct Said {
        int status = 0;
        std::string served, body;
        std::map<std::string, std::string> headers;
        std::uint32_t version = 0;  // by Last-Modified
    };
    enum class Renderer : std::uint8_t { answers, says_nonsense, dies, is_busy, is_late };

    Said ask(const std::string& method, const std::string& uri, const std::string& tag = "",
             Renderer renderer = Renderer::answers);
    bool take_reply(iiif_exchange* exchange, Said& said);
    void read_answer(const iiif_exchange* exchange, Said& said);
    void ask_for_tile();
    void ask_for_info();
    void ask_for_image();
    void ask_for_what_fails();
    void ask_for_no_image();
    void expect(bool holds, const std::string& what, const std::string& uri, const Said& said);
    void remember(const std::string& uri, const Said& said);
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

    const World& world_;
    iiif_worker* worker_;
    std::mt19937 random_;
    std::vector<std::string> complaints_;
    std::map<std::string, unsigned> counts_;
    std::map<std::string, std::string> bodies_;
};

}  // namespace iiif::threads
