// SPDX-License-Identifier: Apache-2.0
// info.json: read back with Jansson, an independent reader.
#include "protocol/info.h"

#include <jansson.h>

#include <algorithm>
#include <memory>
#include <set>

#include "protocol/exchange.h"
#include "suite.h"

namespace iiif::test {
namespace {

using namespace protocol;

struct JsonRelease {
    void operator()(json_t* json) const { json_decref(json); }
};
using Json = std::unique_ptr<json_t, JsonRelease>;

constexpr FormatSet kJpgPng = bit(Format::jpg) | bit(Format::png);

InfoSubject subject_of(Extent image, Extent tile) {
    InfoSubject subject;
    subject.id = "https://example.org/iiif/3/ark:%2F12025%2F654";
    subject.identifier = "ark:%2F12025%2F654";
    subject.image = image;
    subject.tile = tile;
    return subject;
}

Json read(const std::string& text) {
    json_error_t error;
    Json json(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, &error));
    EXPECT(json != nullptr, "%s in %s", error.text, text.c_str());
    return json;
}

// Compact text of a part, or "-" where there is none.
std::string part(const json_t* json, const char* key) {
    const json_t* found = json_object_get(json, key);
    if (found == nullptr) return "-";
    char* const text = json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY);
    std::string out = text;
    free(text);  // NOLINT: Jansson's allocation
    return out;
}

void expect_part(const json_t* json, const char* key, const std::string& expected) {
    const std::string got = part(json, key);
    EXPECT(got == expected, "%s is %s instead of %s", key, got.c_str(), expected.c_str());
}

std::string keys_of(const json_t* object) {
    std::string out;
    for (void* i = json_object_iter(const_cast<json_t*>(object)); i != nullptr;  // NOLINT: Jansson takes no const
         i = json_object_iter_next(const_cast<json_t*>(object), i)) {            // NOLINT
        out += out.empty() ? "" : " ";
        out += json_object_iter_key(i);
    }
    return out;
}

InfoOptions everything() {
    InfoOptions options;
    options.limits = {3000, 2000, 4'000'000, true};
    options.formats = 0xFF;
    options.preferred_formats = {Format::webp, Format::jpg};
    options.rights = "http://rightsstatements.org/vocab/InC/1.0/";
    options.attribution = "Library \"of\" X\n";
    options.logo = "https://example.org/logo.png";
    options.part_of = {{"https://example.org/${id}/manifest.json", "Manifest", "A b\xC3\xB6ok", "", ""}};
    options.see_also = {{"https://example.org/${id}.xml?x=${id}", "Dataset", "Data", "text/xml", "http://p"}};
    options.services = {{"https://example.org/search/${id}", "SearchService2", "", "", "http://search"},
                        {"https://example.org/probe/${id}", "AuthProbeService2", "", "", ""}};
    return options;
}

START_TEST(everything_in_3) {
    const Json json = read(info_json(Version::v3, subject_of({6000, 4000}, {512, 512}), everything()));
    ck_assert_int_eq(json_is_object(json.get()), 1);
    const std::string keys = keys_of(json.get());
    EXPECT(keys ==
               "@context id type protocol profile width height maxWidth maxHeight maxArea sizes tiles "
               "preferredFormats rights extraQualities extraFormats extraFeatures partOf seeAlso service",
           "%s", keys.c_str());
    expect_part(json.get(), "@context",
                R"(["http://iiif.io/api/auth/2/context.json","http://iiif.io/api/image/3/context.json"])");
    expect_part(json.get(), "id", R"("https://example.org/iiif/3/ark:%2F12025%2F654")");
    expect_part(json.get(), "type", R"("ImageService3")");
    expect_part(json.get(), "protocol", R"("http://iiif.io/api/image")");
    expect_part(json.get(), "profile", R"("level2")");
    expect_part(json.get(), "width", "6000");
    expect_part(json.get(), "height", "4000");
    expect_part(json.get(), "maxWidth", "3000");
    expect_part(json.get(), "maxHeight", "2000");
    expect_part(json.get(), "maxArea", "4000000");
    expect_part(json.get(), "sizes",
                R"([{"width":375,"height":250},{"width":750,"height":500},{"width":1500,"height":1000}])");
    expect_part(json.get(), "tiles", R"([{"width":512,"scaleFactors":[1,2,4,8,16]}])");
    expect_part(json.get(), "preferredFormats", R"(["webp","jpg"])");
    expect_part(json.get(), "rights", R"("http://rightsstatements.org/vocab/InC/1.0/")");
    expect_part(json.get(), "extraQualities", R"(["color","gray","bitonal"])");
    expect_part(json.get(), "extraFormats", R"(["webp","gif","tif","jp2","avif","pdf"])");
    expect_part(json.get(), "extraFeatures",
                R"(["canonicalLinkHeader","mirroring","profileLinkHeader","rotationArbitrary","sizeUpscaling"])");
    expect_part(json.get(), "partOf",
                "[{\"id\":\"https://example.org/ark:%2F12025%2F654/manifest.json\",\"type\":\"Manifest\","
                "\"label\":{\"none\":[\"A b\xC3\xB6ok\"]}}]");
    expect_part(json.get(), "seeAlso",
                R"([{"id":"https://example.org/ark:%2F12025%2F654.xml?x=ark:%2F12025%2F654","type":"Dataset",)"
                R"("label":{"none":["Data"]},"format":"text/xml","profile":"http://p"}])");
    expect_part(json.get(), "service",
                R"([{"id":"https://example.org/search/ark:%2F12025%2F654","type":"SearchService2",)"
                R"("profile":"http://search"},)"
                R"({"id":"https://example.org/probe/ark:%2F12025%2F654","type":"AuthProbeService2"}])");
}
END_TEST

START_TEST(everything_in_2) {
    const Json json = read(info_json(Version::v2, subject_of({6000, 4000}, {512, 256}), everything()));
    const std::string keys = keys_of(json.get());
    EXPECT(keys == "@context @id protocol width height sizes tiles attribution logo license profile service", "%s",
           keys.c_str());
    expect_part(json.get(), "@context", R"("http://iiif.io/api/image/2/context.json")");
    expect_part(json.get(), "tiles", R"([{"width":512,"height":256,"scaleFactors":[1,2,4,8,16]}])");
    expect_part(json.get(), "attribution", R"("Library \"of\" X\n")");
    expect_part(json.get(), "logo", R"("https://example.org/logo.png")");
    expect_part(json.get(), "license", R"("http://rightsstatements.org/vocab/InC/1.0/")");
    expect_part(json.get(), "profile",
                R"(["http://iiif.io/api/image/2/level2.json",{"formats":["webp","gif","tif","jp2","avif","pdf"],)"
                R"("maxWidth":3000,"maxHeight":2000,"maxArea":4000000,)"
                R"("supports":["canonicalLinkHeader","mirroring","profileLinkHeader","regionSquare",)"
                R"("rotationArbitrary","sizeAboveFull"]}])");
    expect_part(json.get(), "service",
                R"([{"@id":"https://example.org/search/ark:%2F12025%2F654","@type":"SearchService2",)"
                R"("profile":"http://search"},)"
                R"({"@context":"http://iiif.io/api/auth/2/context.json",)"
                R"("id":"https://example.org/probe/ark:%2F12025%2F654","type":"AuthProbeService2"}])");
}
END_TEST

START_TEST(only_what_there_is) {
    InfoOptions options;
    options.formats = kJpgPng;
    options.preferred_formats = {Format::avif};  // not offered
    options.limits.upscaling = true;             // without a limit 3.0 must not announce it
    const InfoSubject subject = subject_of({300, 200}, {512, 512});
    const Json three = read(info_json(Version::v3, subject, options));
    std::string keys = keys_of(three.get());
    EXPECT(keys == "@context id type protocol profile width height sizes tiles extraQualities extraFeatures", "%s",
           keys.c_str());
    expect_part(three.get(), "@context", R"("http://iiif.io/api/image/3/context.json")");
    expect_part(three.get(), "sizes", R"([{"width":300,"height":200}])");
    expect_part(three.get(), "tiles", R"([{"width":512,"scaleFactors":[1]}])");
    expect_part(three.get(), "extraFeatures",
                R"(["canonicalLinkHeader","mirroring","profileLinkHeader","rotationArbitrary"])");

    const Json two = read(info_json(Version::v2, subject, options));
    keys = keys_of(two.get());
    EXPECT(keys == "@context @id protocol width height sizes tiles profile", "%s", keys.c_str());
}
END_TEST

struct LevelRow {
    Version version;
    Quality standard;
    QualitySet qualities;
    FormatSet formats;
    int level;
    const char* extra_qualities;  // 3.0: extraQualities, 2.1: qualities of the profile object
};

constexpr QualitySet kNoGray = bit(Quality::standard) | bit(Quality::bitonal);
constexpr QualitySet kNoBitonal = bit(Quality::standard) | bit(Quality::color) | bit(Quality::gray);

constexpr LevelRow kLevels[] = {
    {Version::v3, Quality::color, 0x0F, kJpgPng, 2, R"(["color","gray","bitonal"])"},
    {Version::v3, Quality::gray, 0x0F, kJpgPng, 2, R"(["gray","bitonal"])"},
    {Version::v3, Quality::bitonal, 0x0F, kJpgPng, 2, R"(["gray","bitonal"])"},
    {Version::v3, Quality::bitonal, kNoGray, kJpgPng, 2, R"(["bitonal"])"},
    {Version::v3, Quality::color, kNoBitonal, kJpgPng, 2, R"(["color","gray"])"},
    {Version::v3, Quality::color, kNoGray, kJpgPng, 1, R"(["color","bitonal"])"},
    {Version::v3, Quality::color, 0x0F, bit(Format::jpg), 1, R"(["color","gray","bitonal"])"},
    {Version::v3, Quality::gray, 0, kJpgPng, 1, "-"},
    {Version::v3, Quality::color, 0x0F, bit(Format::png), 0, R"(["color","gray","bitonal"])"},
    {Version::v2, Quality::color, 0x0F, kJpgPng, 2, "-"},
    {Version::v2, Quality::color, kNoBitonal, kJpgPng, 1, R"(["color","gray"])"},
    {Version::v2, Quality::gray, kNoGray, kJpgPng, 1, R"(["bitonal"])"},
};

START_TEST(levels_are_met) {
    const LevelRow& row = kLevels[_i];
    ck_assert_int_eq(compliance_level(row.version, row.standard, row.qualities, row.formats), row.level);
    InfoOptions options;
    options.qualities = row.qualities;
    options.formats = row.formats;
    InfoSubject subject = subject_of({600, 400}, {512, 512});
    subject.standard = row.standard;
    const Json json = read(info_json(row.version, subject, options));
    const json_t* profile = json_object_get(json.get(), "profile");
    if (row.version == Version::v3) {
        expect_part(json.get(), "profile", "\"level" + std::to_string(row.level) + '"');
        expect_part(json.get(), "extraQualities", row.extra_qualities);
    } else {
        EXPECT(json_string_value(json_array_get(profile, 0)) == profile_uri(Version::v2, row.level), "profile");
        expect_part(json_array_get(profile, 1), "qualities", row.extra_qualities);
    }
    // png is an extra where the level does not include it.
    const json_t* holder = row.version == Version::v3 ? json.get() : json_array_get(profile, 1);
    const bool extra_png = row.level < 2 && (row.formats & bit(Format::png)) != 0;
    expect_part(holder, row.version == Version::v3 ? "extraFormats" : "formats", extra_png ? R"(["png"])" : "-");
    const char* features = row.version == Version::v3 ? "extraFeatures" : "supports";
    const bool lists_quarter_turns = part(holder, features).find("rotationBy90s") != std::string::npos;
    EXPECT(lists_quarter_turns == (row.level < 2), "features beyond level %d: %s", row.level,
           part(holder, features).c_str());
    const bool lists_cors = part(holder, features).find("\"cors\"") != std::string::npos;
    EXPECT(lists_cors == (row.level < 1), "features beyond level %d", row.level);
}
END_TEST

START_TEST(profile_uris) {
    EXPECT(profile_uri(Version::v3) == "http://iiif.io/api/image/3/level2.json", "3.0");
    EXPECT(profile_uri(Version::v2) == "http://iiif.io/api/image/2/level2.json", "2.1");
    EXPECT(profile_uri(Version::v3, 1) == "http://iiif.io/api/image/3/level1.json", "level 1");
    EXPECT(profile_uri(Version::v2, 0) == "http://iiif.io/api/image/2/level0.json", "level 0");
}
END_TEST

// Whatever the strings hold, the document is valid JSON in UTF-8 and says the same.
START_TEST(strings_survive) {
    std::string all;
    for (int c = 1; c < 0x80; ++c) all += static_cast<char>(c);
    all += "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x96\xBC";
    InfoOptions options;
    options.formats = kJpgPng;
    options.rights = all;
    Json json = read(info_json(Version::v3, subject_of({1, 1}, {512, 512}), options));
    EXPECT(json_string_value(json_object_get(json.get(), "rights")) == all, "every ASCII character and some more");

    // Not UTF-8: a lone byte, overlong forms, a surrogate, beyond U+10FFFF, cut short.
    const char* kReplaced = "\xEF\xBF\xBD";
    for (const char* bad :
         {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF", "\xF0\x9F\x96"}) {
        options.rights = std::string("a") + bad + "b";
        json = read(info_json(Version::v3, subject_of({1, 1}, {512, 512}), options));
        const std::string got = json_string_value(json_object_get(json.get(), "rights"));
        EXPECT(got.starts_with(std::string("a") + kReplaced) && got.ends_with(std::string(kReplaced) + "b"), "%s",
               got.c_str());
    }
}
END_TEST

struct Pyramid {
    Extent image, tile;
    Limits limits = {};
    std::vector<std::uint32_t> factors;
};

const Pyramid kPyramids[] = {
    {{6000, 4000}, {512, 512}, {}, {1, 2, 4, 8, 16}},
    {{6001, 4003}, {256, 256}, {}, {1, 2, 4, 8, 16, 32}},
    {{512, 512}, {512, 512}, {}, {1}},
    {{513, 512}, {512, 512}, {}, {1, 2}},
    {{512, 513}, {512, 512}, {}, {1, 2}},
    {{1, 1}, {512, 512}, {}, {1}},
    {{300, 200}, {512, 256}, {}, {1}},
    {{4000, 3000}, {1024, 256}, {}, {1, 2, 4, 8, 16}},
    {{8193, 8193}, {512, 512}, {}, {1, 2, 4, 8, 16, 32}},
    {{8193, 8193}, {512, 512}, {3000, 0, 0}, {1, 2, 4, 8, 16, 32}},
    {{8177, 8192}, {1024, 1024}, {512, 0, 0}, {1, 2, 4, 8, 16}},  // the tile is cut to the limits
    {{8177, 8192}, {512, 512}, {0, 0, 262144}, {1, 2, 4, 8, 16}},
    {{6000, 4000}, {512, 512}, {0, 0, 90000}, {1, 2, 4, 8, 16, 32}},      // 300 x 300
    {{6000, 4000}, {512, 128}, {0, 0, 12800}, {1, 2, 4, 8, 16, 32, 64}},  // 113 x 113
    {{6000, 4000}, {512, 100}, {0, 0, 12800}, {1, 2, 4, 8, 16, 32, 64}},  // 128 x 100
    {{20000, 100}, {512, 512}, {}, {1, 2, 4, 8, 16, 32, 64}},
    {{20000, 10}, {512, 512}, {}, {1, 2, 4, 8, 16, 32}},  // at 64 one tile would be 313 x 0.2
    {{10, 20000}, {512, 512}, {}, {1, 2, 4, 8, 16, 32, 64}},
    {{100, 10000}, {256, 256}, {}, {1, 2, 4, 8, 16, 32, 64}},
    {{65537, 300}, {512, 512}, {}, {1, 2, 4, 8, 16, 32, 64, 128, 256}},
    {{2049, 2049}, {256, 256}, {257, 300, 70000}, {1, 2, 4, 8, 16}},
};

std::uint32_t ceil_div(std::uint32_t a, std::uint32_t b) {
    return (a + b - 1) / b;
}

std::uint32_t integer(const json_t* object, const char* key) {
    return static_cast<std::uint32_t>(json_integer_value(json_object_get(object, key)));
}

void check_tile(const Subject& subject, Extent tile, std::uint32_t s, std::uint32_t n, std::uint32_t m) {
    const std::uint32_t x = n * tile.width * s;
    const std::uint32_t y = m * tile.height * s;
    const std::uint32_t w = std::min(tile.width * s, subject.image.width - x);
    const std::uint32_t h = std::min(tile.height * s, subject.image.height - y);
    const bool last_column = x + tile.width * s > subject.image.width;
    const bool last_row = y + tile.height * s > subject.image.height;
    const Extent expected{last_column ? ceil_div(w, s) : tile.width, last_row ? ceil_div(h, s) : tile.height};
    const bool whole = w == subject.image.width && h == subject.image.height;
    std::string text =
        whole ? "full"
              : std::to_string(x) + ',' + std::to_string(y) + ',' + std::to_string(w) + ',' + std::to_string(h);
    text += '/' + std::to_string(expected.width) + ',';
    if (subject.version == Version::v3) text += std::to_string(expected.height);
    text += "/0/default.jpg";

    const Outcome got = request(subject, text);
    EXPECT(got.status == 200, "%s of %ux%u: %s", text.c_str(), subject.image.width, subject.image.height,
           got.sentence.c_str());
    const Extent size = got.geometry.size;
    EXPECT(size.width == expected.width && within(size, subject.limits), "%s: %ux%u", text.c_str(), size.width,
           size.height);
    if (subject.version == Version::v3 || !last_column) {
        // By "w," a last row comes out within a pixel of the formula.
        const std::uint32_t slack = subject.version == Version::v2 && last_row ? 1 : 0;
        EXPECT(size.height <= expected.height + slack && size.height + slack >= expected.height, "%s: %ux%u",
               text.c_str(), size.width, size.height);
    }
    expect_fix_point(subject, got, text);
}

START_TEST(every_tile_and_size_listed_works) {
    const Pyramid& row = kPyramids[_i];
    for (const Version version : {Version::v2, Version::v3}) {
        InfoOptions options;
        options.limits = row.limits;
        options.formats = kJpgPng;
        const Json json = read(info_json(version, subject_of(row.image, row.tile), options));
        Subject subject;
        subject.version = version;
        subject.image = row.image;
        subject.limits = row.limits;

        const json_t* tiles = json_object_get(json.get(), "tiles");
        ck_assert_uint_eq(json_array_size(tiles), 1);
        const json_t* tile_json = json_array_get(tiles, 0);
        Extent tile{integer(tile_json, "width"), integer(tile_json, "width")};
        if (json_object_get(tile_json, "height") != nullptr) tile.height = integer(tile_json, "height");
        EXPECT(within(tile, row.limits) && tile.width >= 1 && tile.height >= 1, "tile %ux%u", tile.width, tile.height);

        std::vector<std::uint32_t> factors;
        std::size_t index = 0;
        const json_t* item = nullptr;
        json_array_foreach(json_object_get(tile_json, "scaleFactors"), index, item) {
            factors.push_back(static_cast<std::uint32_t>(json_integer_value(item)));
        }
        EXPECT(factors == row.factors, "%zu scale factors, the last is %u", factors.size(), factors.back());
        for (const std::uint32_t s : factors) {
            const std::uint32_t columns = ceil_div(row.image.width, tile.width * s);
            const std::uint32_t rows = ceil_div(row.image.height, tile.height * s);
            for (std::uint32_t m = 0; m < rows; ++m) {
                for (std::uint32_t n = 0; n < columns; ++n) check_tile(subject, tile, s, n, m);
                // Of very many, the corners are enough.
                if (rows > 12 && m == 3) m = rows - 3;
            }
        }

        std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
        std::uint32_t before = 0;
        json_array_foreach(json_object_get(json.get(), "sizes"), index, item) {
            const Extent size{integer(item, "width"), integer(item, "height")};
            EXPECT(seen.insert({size.width, size.height}).second, "%ux%u twice", size.width, size.height);
            EXPECT(size.width >= before, "smallest first");
            before = size.width;
            const std::string w = "full/" + std::to_string(size.width) + ',';
            std::vector<std::string> forms = {w + std::to_string(size.height)};
            if (version == Version::v2) forms.push_back(w);
            for (const std::string& form : forms) {
                const Outcome got = request(subject, form + "/0/default.jpg");
                EXPECT(got.status == 200 && got.geometry.size == size, "%s: %d %ux%u", form.c_str(), got.status,
                       got.geometry.size.width, got.geometry.size.height);
            }
        }
        if (!row.limits.any()) EXPECT(seen.count({row.image.width, row.image.height}) == 1, "the full size is listed");
    }
}
END_TEST

START_TEST(scale_factors_of_extremes) {
    constexpr std::uint32_t kSide = 2'147'483'647;
    const auto factors = scale_factors({kSide, kSide}, {1, 1});
    EXPECT(factors.size() == 32 && factors.back() == 2'147'483'648U, "%zu", factors.size());
    EXPECT(scale_factors({kSide, kSide}, {0, 0}) == std::vector<std::uint32_t>{1}, "no tile");
    const auto sizes = listed_sizes({kSide, kSide}, {512, 512}, {});
    EXPECT(sizes.front() == (Extent{512, 512}) && sizes.back() == (Extent{kSide, kSide}), "the largest square");
    EXPECT(listed_sizes({6000, 4000}, {512, 512}, {10, 0, 0}).empty(), "nothing within the limits");
    EXPECT(offered_tile({512, 512}, {0, 0, 3}) == (Extent{1, 1}), "three pixels");
}
END_TEST

struct Negotiation {
    const char* accept;
    bool ld_in_3, ld_in_2;
};

constexpr Negotiation kNegotiations[] = {
    {"", true, false},
    {"*/*", true, false},
    {"application/ld+json", true, true},
    {"application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"", true, true},
    {"Application/LD+JSON; charset=utf-8", true, true},
    {"application/json", false, false},
    {"application/json, */*;q=0.1", false, false},
    {"application/json;q=0.5, application/ld+json", true, true},
    {"application/json, application/ld+json;q=0.5", false, false},
    {"application/json,application/ld+json", true, true},
    {"application/json;q=0.5, application/ld+json;q=0.501", true, true},
    {"application/json;q=0.5, application/ld+json;q=0.499", false, false},
    {"application/ld+json;q=0, */*", false, false},
    {"application/ld+json;q=0.000, application/json;q=0.001", false, false},
    {"application/json;q=0", true, false},
    {"application/*", true, false},
    {"application/*;q=0.2, application/json;q=0.1", true, false},
    {"text/html", true, false},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", false, false},  // a browser
    {"text/html, application/ld+json", true, true},
    {"image/png", true, false},
    {"application/ld+json;profile=\"a,b;q=0\", application/json;q=0.9", true, true},  // quoted comma and semicolon
    {"application/ld+json;profile=\"\\\",x\";q=0.1, application/json;q=0.9", false, false},
    {" ,, application/json ;\tQ=1.000 ,", false, false},
    {"application/ld+json;q=nonsense", true, true},
    {"application/ld+json;profile=\"unclosed, application/json", true, true},
    {";;;,,,=", true, false},
};

START_TEST(negotiates_the_media_type) {
    const Negotiation& row = kNegotiations[_i];
    const std::string_view three = info_media_type(Version::v3, row.accept);
    EXPECT(three == (row.ld_in_3 ? R"(application/ld+json;profile="http://iiif.io/api/image/3/context.json")"
                                 : "application/json"),
           "%s -> %s", row.accept, std::string(three).c_str());
    const std::string_view two = info_media_type(Version::v2, row.accept);
    EXPECT(two == (row.ld_in_2 ? "application/ld+json" : "application/json"), "%s -> %s", row.accept,
           std::string(two).c_str());
}
END_TEST

TCase* info_test_case() {
    TCase* test_case = tcase_create("info");
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, everything_in_3);
    tcase_add_test(test_case, everything_in_2);
    tcase_add_test(test_case, only_what_there_is);
    tcase_add_loop_test(test_case, levels_are_met, 0, std::size(kLevels));
    tcase_add_test(test_case, profile_uris);
    tcase_add_test(test_case, strings_survive);
    tcase_add_loop_test(test_case, every_tile_and_size_listed_works, 0, std::size(kPyramids));
    tcase_add_test(test_case, scale_factors_of_extremes);
    tcase_add_loop_test(test_case, negotiates_the_media_type, 0, std::size(kNegotiations));
    return test_case;
}

const Register registration(info_test_case);

}  // namespace
}  // namespace iiif::test
