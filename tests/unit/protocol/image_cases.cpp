// SPDX-License-Identifier: Apache-2.0
// Every case of tests/data/image-cases.json; its "meta" says what the fields mean.
#include <jansson.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "protocol/exchange.h"
#include "suite.h"

namespace iiif::test {
namespace {

using namespace protocol;

struct JsonRelease {
    void operator()(json_t* json) const { json_decref(json); }
};

std::uint64_t number(const json_t* object, const char* key) {
    return static_cast<std::uint64_t>(json_integer_value(json_object_get(object, key)));
}

std::string text(const json_t* object, const char* key) {
    const char* value = json_string_value(json_object_get(object, key));
    return value == nullptr ? "" : value;
}

Subject subject_of(const json_t* item) {
    Subject subject;
    const std::string api = text(item, "api");
    EXPECT(api == "3.0" || api == "2.1", "%s: api %s", text(item, "id").c_str(), api.c_str());
    subject.version = api == "3.0" ? Version::v3 : Version::v2;
    subject.image = {static_cast<std::uint32_t>(number(item, "source_w")),
                     static_cast<std::uint32_t>(number(item, "source_h"))};
    const json_t* max = json_object_get(item, "max");
    subject.limits.max_width = number(max, "maxWidth");
    subject.limits.max_height = number(max, "maxHeight");
    subject.limits.max_area = number(max, "maxArea");
    const json_t* upscaling = json_object_get(item, "upscaling");
    subject.limits.upscaling =
        upscaling != nullptr ? json_is_true(upscaling) : subject.version == Version::v3 && subject.limits.any();
    if (json_object_get(item, "default_quality") != nullptr) {
        const auto quality = quality_named(text(item, "default_quality"));
        EXPECT(quality.has_value(), "%s: default_quality", text(item, "id").c_str());
        subject.standard = *quality;
    }
    return subject;
}

bool is_near(std::uint32_t got, std::uint64_t wanted, std::int64_t tolerance) {
    return std::llabs(static_cast<std::int64_t>(got) - static_cast<std::int64_t>(wanted)) <= tolerance;
}

// `canonical` with the numbers of the scaled size replaced, where rounding may differ.
std::string with_size(const std::string& canonical, Extent size) {
    const std::size_t begin = canonical.find('/') + 1;
    const std::size_t end = canonical.find('/', begin);
    std::string middle = canonical.substr(begin, end - begin);
    const std::size_t comma = middle.find(',');
    if (comma != std::string::npos) {
        const bool both = comma + 1 < middle.size();
        middle = (middle[0] == '^' ? "^" : "") + std::to_string(size.width) + ',' +
                 (both ? std::to_string(size.height) : "");
    }
    return canonical.substr(0, begin) + middle + canonical.substr(end);
}

bool matches(const Outcome& got, const json_t* wanted, std::int64_t tolerance) {
    if (static_cast<std::uint64_t>(got.status) != number(wanted, "status")) return false;
    if (got.status != 200) return true;
    bool exact = true;
    if (json_object_get(wanted, "width") != nullptr) {
        const std::uint64_t width = number(wanted, "width");
        const std::uint64_t height = number(wanted, "height");
        if (!is_near(got.rotated.width, width, tolerance) || !is_near(got.rotated.height, height, tolerance)) {
            return false;
        }
        exact = got.rotated.width == width && got.rotated.height == height;
    }
    if (json_object_get(wanted, "canonical") == nullptr) return true;
    const std::string canonical = text(wanted, "canonical");
    return got.canonical == (exact ? canonical : with_size(canonical, got.geometry.size));
}

START_TEST(every_case) {
    json_error_t error;
    const std::unique_ptr<json_t, JsonRelease> root(json_load_file(IIIF_TEST_DATA "/image-cases.json", 0, &error));
    EXPECT(root != nullptr, "image-cases.json, line %d: %s", error.line, error.text);

    int run = 0;
    int failed = 0;
    std::string failures;
    std::size_t index = 0;
    const json_t* item = nullptr;
    const json_t* cases = json_object_get(root.get(), "cases");
    json_array_foreach(cases, index, item) {
        const std::string id = text(item, "id");
        const Subject subject = subject_of(item);
        const Outcome got = request(subject, text(item, "request"));
        const auto tolerance = static_cast<std::int64_t>(number(item, "tolerance"));

        bool good = matches(got, json_object_get(item, "expect"), tolerance);
        std::size_t other_index = 0;
        const json_t* other = nullptr;
        json_array_foreach(json_object_get(item, "also"), other_index, other) {
            good = good || matches(got, other, tolerance);
        }
        ++run;
        if (!good) {
            ++failed;
            failures += "\n  " + id + ' ' + text(item, "request") + " -> " + std::to_string(got.status) + ' ' +
                        std::to_string(got.rotated.width) + 'x' + std::to_string(got.rotated.height) + ' ' +
                        got.canonical + got.sentence;
        }
        EXPECT(got.status == 200 || !got.sentence.empty(), "%s: a refusal without words", id.c_str());
        expect_fix_point(subject, got, id);
    }
    ck_assert_msg(failed == 0, "%d of %d cases:%s", failed, run, failures.c_str());
    ck_assert_int_ge(run, 272);
}
END_TEST

TCase* image_cases_test_case() {
    TCase* test_case = tcase_create("image_cases");
    tcase_add_test(test_case, every_case);
    return test_case;
}

const Register registration(image_cases_test_case);

}  // namespace
}  // namespace iiif::test
