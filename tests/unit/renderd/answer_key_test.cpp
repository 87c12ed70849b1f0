// SPDX-License-Identifier: Apache-2.0
// Whatever can change an answer's bytes changes its key, and what may still change has none.
#include "renderd/answer_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "renderd/scratch.h"
#include "suite.h"

namespace {

using namespace iiif;
using delivery::RenderPlan;

// Of the system, which nobody has changed just now.
struct Opened {
    explicit Opened(const char* path = "/bin/sh") : fd(::open(path, O_RDONLY | O_CLOEXEC)) {
        struct stat status {};
        ck_assert_int_eq(::fstat(fd.get(), &status), 0);
        key = source::file_key(status);
    }
    source::UniqueFd fd;
    source::FileKey key;
};

START_TEST(every_part_counts) {
    const Opened source;
    const std::vector<std::function<void(RenderPlan&)>> changes = {
        [](RenderPlan& plan) { plan.geometry.region.x = 1; },
        [](RenderPlan& plan) { plan.geometry.region.y = 1; },
        [](RenderPlan& plan) { plan.geometry.region.width = 1; },
        [](RenderPlan& plan) { plan.geometry.region.height = 1; },
        [](RenderPlan& plan) { plan.geometry.size.width = 1; },
        [](RenderPlan& plan) { plan.geometry.size.height = 1; },
        [](RenderPlan& plan) { plan.rotation.mirror = true; },
        [](RenderPlan& plan) { plan.rotation.degrees.whole = 90; },
        [](RenderPlan& plan) { plan.rotation.degrees.fraction = 1; },
        [](RenderPlan& plan) { plan.quality = protocol::Quality::gray; },
        [](RenderPlan& plan) { plan.format = protocol::Format::png; },
    };
    std::set<std::string> keys;
    const auto add = [&](std::uint32_t service, std::uint32_t page, const RenderPlan& plan) {
        const std::string key = renderd::answer_key(service, source.fd.get(), source.key, page, plan);
        ck_assert_not_text(key, "");
        ck_assert_text(renderd::answer_key(service, source.fd.get(), source.key, page, plan), key);
        keys.insert(key);
    };
    add(0, 1, {});
    add(1, 1, {});
    add(0, 2, {});
    for (const auto& change : changes) {
        RenderPlan plan{};
        change(plan);
        add(0, 1, plan);
    }
    ck_assert_uint_eq(keys.size(), 3 + changes.size());
    // "full" and the same region in pixels are the same image.
    RenderPlan whole{};
    whole.geometry.whole = true;
    add(0, 1, whole);
    ck_assert_uint_eq(keys.size(), 3 + changes.size());
}
END_TEST

START_TEST(another_file_another_key) {
    const Opened one;
    const Opened two("/bin/ls");
    ck_assert_not_text(renderd::answer_key(0, one.fd.get(), one.key, 1, {}),
                       renderd::answer_key(0, two.fd.get(), two.key, 1, {}));
    // What was opened is no longer what is there.
    for (std::uint64_t source::FileKey::*part :
         {&source::FileKey::device, &source::FileKey::inode, &source::FileKey::size}) {
        source::FileKey before = one.key;
        ++(before.*part);
        ck_assert_text(renderd::answer_key(0, one.fd.get(), before, 1, {}), "");
    }
    source::FileKey before = one.key;
    --before.mtime_ns;
    ck_assert_text(renderd::answer_key(0, one.fd.get(), before, 1, {}), "");
    ck_assert_text(renderd::answer_key(0, -1, one.key, 1, {}), "");
}
END_TEST

// A new file, and one whose time of change was set back.
START_TEST(what_has_just_changed_has_none) {
    const test::Folder folder;
    const std::string path = folder.file("new", "pixels");
    const Opened fresh(path.c_str());
    ck_assert_text(renderd::answer_key(0, fresh.fd.get(), fresh.key, 1, {}), "");
    const timespec long_ago[] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ck_assert_int_eq(::utimensat(AT_FDCWD, path.c_str(), long_ago, 0), 0);
    const Opened aged(path.c_str());
    ck_assert(source::is_settled(aged.key));
    ck_assert_text(renderd::answer_key(0, aged.fd.get(), aged.key, 1, {}), "");
    ::usleep(2'200'000);
    ck_assert_not_text(renderd::answer_key(0, aged.fd.get(), aged.key, 1, {}), "");
}
END_TEST

TCase* answer_key_test_case() {
    TCase* test_case = tcase_create("answer key");
    tcase_set_timeout(test_case, 20);
    tcase_add_test(test_case, every_part_counts);
    tcase_add_test(test_case, another_file_another_key);
    tcase_add_test(test_case, what_has_just_changed_has_none);
    return test_case;
}
const test::Register registered(answer_key_test_case);

}  // namespace
