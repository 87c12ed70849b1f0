// SPDX-License-Identifier: Apache-2.0
// A pyramid is written whole or refused, whenever it is given up and wherever the disk ends.
#include "render/pyramid.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "source/root.h"
#include "support.h"

namespace {

using namespace iiif;
using namespace iiif::render::test;

struct Source {
    Folder folder;
    std::string path = folder.path("a.png");
    source::Description description;
    Source() {
        Picture noise{1500, 1100, 3, {}};
        std::uint32_t state = 1;
        for (std::size_t i = 0; i < std::size_t{1500} * 1100 * 3; ++i) {
            state = state * 1664525U + 1013904223U;
            noise.pixels.push_back(static_cast<std::uint8_t>(state >> 24U));
        }
        write_with_vips(noise, path);
        description = described(path);
    }

    Expected<bool> write(const std::string& out, const render::Cancelled& cancelled) const {
        const source::UniqueFd in(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        const source::UniqueFd fd(::open(out.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        std::string detail;
        return render::write_pyramid(in.get(), 1, description, {}, 256, fd.get(), cancelled, detail);
    }
};

START_TEST(given_up_at_any_time) {
    const Source source;
    const std::string out = source.folder.path("out.tif");
    int asked = 0;
    ck_assert(source.write(out, [&asked] { return ++asked < 0; }).has_value());
    const std::string whole = read_file(out);
    ck_assert_uint_eq(described(out).levels.size(), 4);
    ck_assert_int_gt(asked, 10);
    for (int limit = 0; limit < asked; limit += std::max(1, asked / 20)) {
        int count = 0;
        const auto refused = source.write(out, [&count, limit] { return ++count > limit; });
        ck_assert(!refused.has_value());
        ck_assert_int_eq(refused.error().status, 503);
    }
    ck_assert(source.write(out, nullptr).has_value());
    ck_assert(read_file(out) == whole);
}
END_TEST

START_TEST(the_disk_ends_anywhere) {
    const Source source;
    const std::string out = source.folder.path("out.tif");
    ck_assert(source.write(out, nullptr).has_value());
    const std::string whole = read_file(out);
    (void)std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ck_assert_int_eq(::getrlimit(RLIMIT_FSIZE, &before), 0);
    for (std::size_t part = 0; part < 20; ++part) {
        rlimit limit = before;
        limit.rlim_cur = whole.size() * part / 20;
        ck_assert_int_eq(::setrlimit(RLIMIT_FSIZE, &limit), 0);
        const auto refused = source.write(out, [] { return false; });
        ck_assert_int_eq(::setrlimit(RLIMIT_FSIZE, &before), 0);
        ck_assert_msg(!refused.has_value(), "%zu of 20 parts were enough", part);
        ck_assert_int_eq(refused.error().status, 500);
    }
    ck_assert(source.write(out, nullptr).has_value());
    ck_assert(read_file(out) == whole);
}
END_TEST

TCase* pyramid_test_case() {
    TCase* test_case = started_case("pyramid");
    tcase_add_test(test_case, given_up_at_any_time);
    tcase_add_test(test_case, the_disk_ends_anywhere);
    return test_case;
}
const ::test::Register registered(pyramid_test_case);

}  // namespace
