/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models: sections of processes, and which of several sets is shown.
 */

#include <glib.h>

#include "beacon_model.h"

#define SESSION                                            \
    "session\n"                                            \
    "geometry roundrobin=40 pid=8 camera1=20 camera2=20\n" \
    "process pid=5\nprocess pid=6\n"

/* @count sections, from page @base on. */
static char *sections(const char *set, unsigned base, unsigned count)
{
    GString *text = g_string_new(set);

    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(text, "section start=0x%x000 end=0x%x000\n",
                               base + i, base + i + 1);
    }
    return g_string_free(text, FALSE);
}

static HaywireSectionList need(const HaywireModel *model, uint32_t pid)
{
    HaywireSectionList list;

    g_assert_cmpint(haywire_model_sections(model, pid, &list), ==, HAYWIRE_OK);
    g_assert_cmpuint(list.pid, ==, pid);
    for (size_t i = 1; i < list.count; i++) {
        g_assert_cmphex(list.section[i].start, >=, list.section[i - 1].end);
    }
    return list;
}

static void test_fields(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION
        "sections pid=5 generation=3\n"
        "section start=0x400000 end=0x401000 perms=\"r-xp\" offset=0x2000 "
        "inode=77 major=8 minor=1 path=\"/bin/a b\\n\"\n"
        "section start=0x401000 end=0x402000 perms=\"rw-s\" "
        "path=\"/bin/a b\\n\" flags=path-truncated\n"
        "section start=0x7000000 end=0x7001000 path=\"[heap]\"\n"
        "section start=0x8000000 end=0x8001000 perms=\"---p\"\n",
        NULL);
    HaywireSectionList list = need(model, 5);

    g_assert_cmpuint(list.start_time, ==, 50000000);
    g_assert_cmpuint(list.generation, ==, 3);
    g_assert_cmpint(list.source, ==, HAYWIRE_ORIGIN_ROUNDROBIN);
    g_assert_true(list.readable && list.complete);
    g_assert_cmpuint(list.total, ==, 4);
    g_assert_cmpuint(list.count, ==, 4);
    g_assert_cmphex(list.section[0].start, ==, 0x400000);
    g_assert_cmphex(list.section[0].end, ==, 0x401000);
    g_assert_cmpstr(list.section[0].permissions, ==, "r-xp");
    g_assert_cmphex(list.section[0].offset, ==, 0x2000);
    g_assert_cmpuint(list.section[0].inode, ==, 77);
    g_assert_cmpuint(list.section[0].device_major, ==, 8);
    g_assert_cmpuint(list.section[0].device_minor, ==, 1);
    g_assert_cmpstr(list.section[0].path, ==, "/bin/a b\\x0a");
    g_assert_false(list.section[0].path_truncated);
    g_assert_cmpstr(list.section[1].permissions, ==, "rw-s");
    g_assert_cmpstr(list.section[1].path, ==, "/bin/a b\\x0a");
    g_assert_true(list.section[1].path_truncated);
    g_assert_cmpstr(list.section[2].path, ==, "[heap]");
    g_assert_cmpstr(list.section[3].permissions, ==, "---p");
    g_assert_cmpstr(list.section[3].path, ==, "");
}

static void test_missing(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(SESSION, NULL);
    HaywireSectionList list;

    g_assert_cmpint(haywire_model_sections(model, 5, &list), ==,
                    HAYWIRE_NO_SECTIONS);
    g_assert_cmpint(haywire_model_sections(model, 7, &list), ==,
                    HAYWIRE_NO_PROCESS);
}

/* A process that had no room in the list: what a camera says of it is known. */
static void test_not_shown(void)
{
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "snapshot total=9 dropped=7\n"
                                   "camera 1 pid=8\n"
                                   "sections pid=8 camera=1\n"
                                   "section start=0x1000 end=0x2000\n"
                                   "run camera=1 gva=0x1000 pfn=0x10\n",
                           NULL);
    HaywireSectionList list;
    HaywirePageRunList runs;

    g_assert_cmpuint(model->overview.processes_missing, >, 0);
    g_assert_cmpint(haywire_model_sections(model, 7, &list), ==,
                    HAYWIRE_NOT_SHOWN);
    g_assert_cmpint(haywire_model_page_runs(model, 7, &runs), ==,
                    HAYWIRE_NOT_SHOWN);
    g_assert_cmpuint(need(model, 8).count, ==, 1);
    g_assert_cmpint(haywire_model_page_runs(model, 8, &runs), ==, HAYWIRE_OK);
    g_assert_cmpuint(runs.count, ==, 1);
}

/* Sections of an earlier process with the same pid are not this one's. */
static void test_other_process(void)
{
    g_autofree char *text = sections(SESSION "sections pid=5 start=1\n", 1, 3);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    HaywireSectionList list;

    g_assert_cmpint(haywire_model_sections(model, 5, &list), ==,
                    HAYWIRE_NO_SECTIONS);
}

static void test_across_pages(void)
{
    g_autofree char *text = sections(SESSION "sections pid=6\n", 1, 500);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    HaywireSectionList list = need(model, 6);

    g_assert_true(list.complete);
    g_assert_cmpuint(list.count, ==, 500);
}

static void test_page_missing(void)
{
    g_autofree char *head = sections(SESSION "sections pid=6\n", 1, 500);
    g_autofree char *text = g_strconcat(head, "drop roundrobin 21\n", NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    HaywireSectionList list = need(model, 6);

    g_assert_false(list.complete);
    g_assert_cmpuint(list.total, ==, 500);
    g_assert_cmpuint(list.count, <, 500);
    g_assert_cmpuint(list.count, >, 300);
}

static void test_none_and_unreadable(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "sections pid=5\nsections pid=6 flags=unreadable\n", NULL);
    g_autoptr(HaywireModel) stuck =
        haywire_text_model(SESSION "sections pid=5 flags=blocked\n"
                                   "sections pid=6 flags=unreadable,blocked\n",
                           NULL);
    HaywireSectionList list = need(model, 5);

    g_assert_true(list.readable && list.complete);
    g_assert_cmpuint(list.count, ==, 0);
    list = need(model, 6);
    g_assert_false(list.readable || list.blocked);
    list = need(stuck, 5);
    g_assert_true(list.readable && !list.blocked);
    list = need(stuck, 6);
    g_assert_true(!list.readable && list.blocked);
}

/* The newest set is still being written; the one before is whole. */
static void test_newest_incomplete(void)
{
    g_autofree char *old =
        sections(SESSION "sections pid=5 generation=7\n", 1, 4);
    g_autofree char *new =
        sections("sections pid=5 generation=8 total=9\n", 1, 2);
    g_autofree char *text = g_strconcat(old, new, NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    HaywireSectionList list = need(model, 5);

    g_assert_cmpuint(list.generation, ==, 7);
    g_assert_true(list.complete);
    g_assert_cmpuint(list.count, ==, 4);
}

static void test_newest_complete(void)
{
    g_autofree char *old =
        sections(SESSION "sections pid=5 generation=8\n", 1, 2);
    g_autofree char *new = sections("sections pid=5 generation=7\n", 1, 4);
    g_autofree char *text = g_strconcat(old, new, NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);

    g_assert_cmpuint(need(model, 5).generation, ==, 8);
    g_assert_cmpuint(need(model, 5).count, ==, 2);
}

/* No generation is whole: the newest, and it says so. */
static void test_all_incomplete(void)
{
    g_autofree char *old =
        sections(SESSION "sections pid=5 generation=7 total=5\n", 1, 4);
    g_autofree char *new =
        sections("sections pid=5 generation=8 total=9\n", 1, 2);
    g_autofree char *text = g_strconcat(old, new, NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    HaywireSectionList list = need(model, 5);

    g_assert_cmpuint(list.generation, ==, 8);
    g_assert_false(list.complete);
    g_assert_cmpuint(list.total, ==, 9);
}

static void test_unsorted(void)
{
    HaywireHostCounters host = { 0 };
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "sections pid=5\n"
                                   "section start=0x5000 end=0x7000\n"
                                   "section start=0x6000 end=0x8000\n"
                                   "section start=0x1000 end=0x2000\n"
                                   "section start=0x9000 end=0xa000\n",
                           &host);
    HaywireSectionList list = need(model, 5);

    g_assert_cmpuint(list.count, ==, 2);
    g_assert_false(list.complete);
    g_assert_cmpuint(host.rejected[HAYWIRE_BAD_RANGE], ==, 2);
}

/* A malformed section ends its set on that page, and is counted. */
static void test_malformed(void)
{
    HaywireHostCounters host = { 0 };
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "sections pid=5\n"
                                   "section start=0x1000 end=0x2000\n"
                                   "section start=0x3000 end=0x2000\n"
                                   "section start=0x4000 end=0x5000\n"
                                   "sections pid=6\n"
                                   "section start=0x1000 end=0x2000\n",
                           &host);

    g_assert_cmpuint(need(model, 5).count, ==, 1);
    g_assert_false(need(model, 5).complete);
    g_assert_true(need(model, 6).complete);
    g_assert_cmpuint(host.rejected[HAYWIRE_BAD_RANGE], ==, 1);
}

#define CAMERA "camera 1 pid=5 pass=4\nsections pid=5 camera=1\n"

static void test_from_camera(void)
{
    g_autofree char *round = sections(SESSION "sections pid=5\n", 1, 3);
    g_autofree char *camera = sections(CAMERA, 1, 4);
    g_autofree char *text = g_strconcat(round, camera, NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    HaywireSectionList list = need(model, 5);

    g_assert_cmpint(list.source, ==, HAYWIRE_ORIGIN_CAMERA1);
    g_assert_cmpuint(list.generation, ==, 4);
    g_assert_cmpuint(list.count, ==, 4);
    g_assert_true(list.complete);
}

/* The pass lacks a page, ROUNDROBIN has them all. */
static void test_incomplete_camera(void)
{
    g_autofree char *round = sections(SESSION "sections pid=5\n", 1, 3);
    g_autofree char *camera = sections(CAMERA, 1, 4);
    g_autofree char *text =
        g_strconcat(round, camera, "drop camera1 1\n", NULL);
    g_autofree char *alone =
        g_strconcat(SESSION, camera, "drop camera1 1\n", NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    g_autoptr(HaywireModel) only = haywire_text_model(alone, NULL);

    g_assert_cmpint(need(model, 5).source, ==, HAYWIRE_ORIGIN_ROUNDROBIN);
    g_assert_cmpint(need(only, 5).source, ==, HAYWIRE_ORIGIN_CAMERA1);
    g_assert_false(need(only, 5).complete);
}

/* The camera holds an earlier process of this pid. */
static void test_camera_of_other_process(void)
{
    g_autofree char *round = sections(SESSION "sections pid=5\n", 1, 3);
    g_autofree char *camera = sections(
        "camera 2 pid=5 start=1\nsections pid=5 camera=2 start=1\n", 1, 4);
    g_autofree char *text = g_strconcat(round, camera, NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);

    g_assert_cmpint(need(model, 5).source, ==, HAYWIRE_ORIGIN_ROUNDROBIN);
}

/* Both cameras look at it: the pass that ended last. */
static void test_both_cameras(void)
{
    g_autofree char *first = sections(
        SESSION "camera 1 pid=5 finished=10\nsections pid=5 camera=1\n", 1, 1);
    g_autofree char *second =
        sections("camera 2 pid=5 finished=20\nsections pid=5 camera=2\n", 1, 2);
    g_autofree char *text = g_strconcat(first, second, NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);

    g_assert_cmpint(need(model, 5).source, ==, HAYWIRE_ORIGIN_CAMERA2);
}

/* A companion that publishes cameras only. */
static void test_cameras_only(void)
{
    g_autofree char *text = sections(
        "session\ngeometry roundrobin=40 pid=8 camera1=20 camera2=20\n" CAMERA,
        1, 4);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    HaywireSectionList list;

    g_assert_cmpuint(need(model, 5).count, ==, 4);
    g_assert_cmpint(haywire_model_sections(model, 6, &list), ==,
                    HAYWIRE_NO_PROCESS);
}

#define GEOMETRY \
    "session\n"  \
    "geometry roundrobin=40 pid=8 camera1=20 camera2=20\n"
#define TWO_LISTS                                   \
    "sections pid=5 start=50ms\n"                   \
    "section start=0x1000 end=0x2000 path=\"/a\"\n" \
    "section start=0x1000 end=0x900 path=\"/b\"\n"  \
    "sections pid=6 start=60ms\n"                   \
    "section start=0x3000 end=0x4000 path=\"/usr/bin/p5\"\n"

static HaywireModel *model_after(const char *text, HaywireHostCounters *host,
                                 const HaywireModel *last)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);

    return haywire_beacons_model_after(beacons, 0, host, last);
}

/* Another table, the same pages of sections: the lists are the same, too. */
static void test_shared(void)
{
    HaywireHostCounters host = { 0 };
    HaywireModel *first = model_after(
        GEOMETRY "process pid=5 exe=\"/usr/bin/p5\"\n" TWO_LISTS, &host, NULL);
    g_autoptr(HaywireModel) second = model_after(
        GEOMETRY "process pid=5\nprocess pid=6\n" TWO_LISTS, &host, first);
    g_autoptr(HaywireModel) third = model_after(
        GEOMETRY "process pid=6\n" TWO_LISTS "set roundrobin 20 sequence=77\n",
        &host, second);
    g_autoptr(HaywireModel) fourth =
        model_after(GEOMETRY "process pid=5\nsections pid=5\n"
                             "section start=0x5000 end=0x6000\n",
                    &host, third);
    HaywireSectionList list;

    g_assert_true(need(first, 5).section == need(second, 5).section);
    g_assert_cmpint(haywire_model_sections(first, 6, &list), ==,
                    HAYWIRE_NO_PROCESS);
    haywire_model_unref(first);
    g_assert_cmpstr(need(second, 5).section[0].path, ==, "/a");
    g_assert_cmpstr(need(second, 6).section[0].path, ==, "/usr/bin/p5");
    g_assert_true(need(second, 6).section != need(third, 6).section);
    g_assert_cmpstr(need(third, 6).section[0].path, ==, "/usr/bin/p5");
    g_assert_cmphex(need(fourth, 5).section[0].start, ==, 0x5000);
    /* what is shared is not read, and so not refused, again */
    g_assert_cmpuint(host.rejected[HAYWIRE_BAD_RANGE], ==, 2);
}

/* Process records among them: such pages are read each time. */
static void test_not_shared(void)
{
    static const char text[] =
        GEOMETRY "process pid=5 start=50ms\n" TWO_LISTS
                 "set roundrobin 0 +0.2=999\n"; /* no cycle record */
    g_autoptr(HaywireModel) first = model_after(text, NULL, NULL);
    g_autoptr(HaywireModel) second = model_after(text, NULL, first);

    g_assert_true(haywire_model_process(second, 5)->has_details);
    g_assert_true(need(first, 5).section != need(second, 5).section);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model-sections/fields", test_fields);
    g_test_add_func("/model-sections/missing", test_missing);
    g_test_add_func("/model-sections/not-shown", test_not_shown);
    g_test_add_func("/model-sections/other-process", test_other_process);
    g_test_add_func("/model-sections/across-pages", test_across_pages);
    g_test_add_func("/model-sections/page-missing", test_page_missing);
    g_test_add_func("/model-sections/none-and-unreadable",
                    test_none_and_unreadable);
    g_test_add_func("/model-sections/newest-incomplete",
                    test_newest_incomplete);
    g_test_add_func("/model-sections/newest-complete", test_newest_complete);
    g_test_add_func("/model-sections/all-incomplete", test_all_incomplete);
    g_test_add_func("/model-sections/unsorted", test_unsorted);
    g_test_add_func("/model-sections/malformed", test_malformed);
    g_test_add_func("/model-sections/from-camera", test_from_camera);
    g_test_add_func("/model-sections/incomplete-camera",
                    test_incomplete_camera);
    g_test_add_func("/model-sections/camera-of-other-process",
                    test_camera_of_other_process);
    g_test_add_func("/model-sections/both-cameras", test_both_cameras);
    g_test_add_func("/model-sections/cameras-only", test_cameras_only);
    g_test_add_func("/model-sections/shared", test_shared);
    g_test_add_func("/model-sections/not-shared", test_not_shared);
    return g_test_run();
}
