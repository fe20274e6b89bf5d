/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Focus: what it writes into guest memory, and that failures write nothing.
 */
#include <glib/gstdio.h>
#include <unistd.h>

#include "qemu_process.h"
#include "qemus.h"
#include "scene.h"

static const HaywireBeacon *control_page(Scene *scene, int camera)
{
    return haywire_beacons_find(
        scene->beacons, 0,
        camera == 1 ? HAYWIRE_CATEGORY_CAMERA1 : HAYWIRE_CATEGORY_CAMERA2, 0);
}

static guint64 control_word(Scene *scene, int camera)
{
    guint64 word;

    qemu_process_memread(scene->process,
                         control_page(scene, camera)->gpa.value +
                             offsetof(HaywirePage, control_word),
                         &word, sizeof(word));
    return GUINT64_FROM_LE(word);
}

static gint64 count_focus_writes(Scene *scene)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *stats = scene_query(scene, "query-haywire-stats", NULL, &node);

    return json_object_get_int_member(
        json_object_get_object_member(stats, "host"), "focus-writes");
}

static void check_focus(const char *qemu, const char *arguments)
{
    Scene scene;
    g_autoptr(JsonNode) first = NULL;
    g_autoptr(JsonNode) second = NULL;
    g_autoptr(JsonNode) third = NULL;
    g_autofree char *text = NULL;
    JsonObject *camera;

    scene_start(&scene, qemu, arguments, scene_world);
    camera = scene_query(&scene, "haywire-focus", "{'pid':1}", &first);
    scene_assert_number(camera, "camera", 1);
    scene_assert_number(camera, "target-pid", 1);
    g_assert_cmphex(control_word(&scene, 1), ==,
                    HAYWIRE_CONTROL_WORD(SCENE_NONCE, 1));
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(SCENE_NONCE, 0));

    camera =
        scene_query(&scene, "haywire-focus", "{'pid':42,'camera':2}", &second);
    scene_assert_number(camera, "camera", 2);
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(SCENE_NONCE, 42));

    camera = scene_query(&scene, "haywire-unfocus", "{'camera':2}", &third);
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(SCENE_NONCE, 0));

    text = qemu_process_hmp(scene.process, "info haywire focus 42 2");
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(SCENE_NONCE, 42));
    while (count_focus_writes(&scene) < 4) {
        g_usleep(10 * G_TIME_SPAN_MILLISECOND);
    }
    scene_end(&scene);
}

static void test_focus(const char *qemu)
{
    check_focus(qemu, "-m 256");
}

/* Reading and writing need no call that QEMU's own sandbox forbids. */
static void test_focus_confined(const char *qemu)
{
    check_focus(qemu, "-m 256 -sandbox on,obsolete=deny,"
                      "elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static gboolean is_rejected(Scene *scene, const char *reason)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *stats = scene_query(scene, "query-haywire-stats", NULL, &node);
    JsonArray *rejected = json_object_get_array_member(stats, "rejected");

    for (guint i = 0; i < json_array_get_length(rejected); i++) {
        JsonObject *one = json_array_get_object_element(rejected, i);

        if (g_str_equal(json_object_get_string_member(one, "reason"), reason)) {
            return TRUE;
        }
    }
    return FALSE;
}

#define LOST_US (60 * G_TIME_SPAN_SECOND)

/* Somebody cuts the file under guest RAM off: QEMU lives, pages are counted. */
static void test_file_lost(const char *qemu)
{
    g_autofree char *path = g_strdup("/dev/shm/haywire-lost-XXXXXX");
    const int fd = g_mkstemp(path);
    g_autofree char *arguments = g_strdup_printf(
        "-m 256 -machine q35,memory-backend=mem0 -object "
        "memory-backend-file,id=mem0,size=256M,share=on,mem-path=%s",
        path);
    g_autofree char *text = NULL;
    gint64 until;
    Scene scene;

    scene_start(&scene, qemu, arguments, scene_world);
    until = g_get_monotonic_time() + LOST_US;
    g_assert_cmpint(ftruncate(fd, 0), ==, 0);
    /* Which of them depends on the moment at which it is looked at. */
    while (!is_rejected(&scene, "not-resident") &&
           !is_rejected(&scene, "hole")) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(10 * G_TIME_SPAN_MILLISECOND);
    }
    scene_assert_error(&scene, "haywire-focus", "{'pid':1}", "");
    text = qemu_process_hmp(scene.process, "info haywire scan");
    scene_end(&scene);
    g_unlink(path);
    close(fd);
}

/* Failures leave the page, and the pages around it, as they were. */
static void assert_focus_fails(Scene *scene, const char *arguments,
                               const char *expected)
{
    guint64 gpa = control_page(scene, 1)->gpa.value - HAYWIRE_PAGE_SIZE;
    guint8 before[3 * HAYWIRE_PAGE_SIZE];
    guint8 after[3 * HAYWIRE_PAGE_SIZE];

    qemu_process_memread(scene->process, gpa, before, sizeof(before));
    scene_assert_error(scene, "haywire-focus", arguments, expected);
    qemu_process_memread(scene->process, gpa, after, sizeof(after));
    g_assert_cmpmem(before, sizeof(before), after, sizeof(after));
}

static void test_focus_no_process(const char *qemu)
{
    Scene scene;

    scene_start(&scene, qemu, "-m 256", scene_world);
    assert_focus_fails(&scene, "{'pid':7}",
                       "There is no such process in the guest (pid 7)");
    assert_focus_fails(&scene, "{'pid':0}",
                       "There is no such process in the guest (pid 0)");
    assert_focus_fails(&scene, "{'pid':1,'camera':3}",
                       "camera 3 does not exist: there are 1 and 2");
    scene_end(&scene);
}

/* Two of five are in the list: the third may live, and the companion knows. */
static void test_focus_not_shown(const char *qemu)
{
    g_autofree char *world = g_strconcat(scene_world,
                                         "snapshot total=5 dropped=3\n"
                                         "process pid=1\nprocess pid=42\n",
                                         NULL);
    g_autoptr(JsonNode) node = NULL;
    Scene scene;

    scene_start(&scene, qemu, "-m 256", world);
    scene_assert_error(&scene, "query-haywire-processes", "{'pid':7}",
                       "Not all of the guest's processes are shown, and this "
                       "is none of those that are (pid 7)");
    g_assert_cmpint(
        json_object_get_int_member(
            scene_query(&scene, "haywire-focus", "{'pid':7}", &node),
            "target-pid"),
        ==, 7);
    scene_end(&scene);
}

/*
 * The control page becomes something else while the model still knows it:
 * with the longest interval the worker does not look in between.
 */
static void test_focus_overwritten(const char *qemu)
{
    static const guint8 junk[HAYWIRE_PAGE_SIZE] = { 0x90, 0x90 };
    static const guint8 other_nonce[] = { 0x35, 0x12 };
    const HaywireBeacon *control;
    Scene scene;

    scene_start_with(&scene, qemu, ",interval=1500", "-m 256", scene_world);
    control = control_page(&scene, 1);

    qemu_process_memwrite(scene.process,
                          control->gpa.value +
                              offsetof(HaywirePage, control_word) + 4,
                          other_nonce, sizeof(other_nonce));
    assert_focus_fails(&scene, "{'pid':1}",
                       "The control word does not carry the session's nonce");
    scene_write(&scene, control);
    qemu_process_memwrite(scene.process, control->gpa.value, junk,
                          sizeof(junk));
    assert_focus_fails(&scene, "{'pid':1}", "camera 1");
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("focus/word", test_focus);
    qemus_add_test("focus/confined", test_focus_confined);
    qemus_add_test("focus/file-lost", test_file_lost);
    qemus_add_test("focus/no-process", test_focus_no_process);
    qemus_add_test("focus/not-shown", test_focus_not_shown);
    qemus_add_test("focus/overwritten", test_focus_overwritten);
    return g_test_run();
}
