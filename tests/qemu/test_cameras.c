/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plugin says of a camera whose picture lacks something.
 */
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"
#include "scene.h"

/* Camera 1 left a part of the page table out, camera 2 read all of it. */
static const char world[] =
    "place first=0x4000000\n"
    "session id=0xfeedface heartbeat=7 interval=10ms\n"
    "geometry master=10 roundrobin=20 pid=20 camera1=20 camera2=20\n"
    "process pid=42 name=\"huge\"\n"
    "process pid=43 name=\"small\"\n"
    "camera 1 pid=42 pass=3 nonce=1 runs-total=2 flags=partly-read\n"
    "sections pid=42 camera=1\n"
    "section start=0x400000 end=0x402000 perms=\"r-xp\"\n"
    "section start=0x500000 end=0x500500000 perms=\"rw-p\"\n"
    "run camera=1 gva=0x400000 pfn=0x5000 pages=2\n"
    "camera 2 pid=43 pass=1 nonce=1\n"
    "sections pid=43 camera=2\n"
    "section start=0x400000 end=0x402000 perms=\"r-xp\"\n"
    "run camera=2 gva=0x400000 pfn=0x6000 pages=2\n";

static void assert_camera(JsonArray *cameras, guint i, gint64 missing,
                          gboolean complete)
{
    JsonObject *camera = json_array_get_object_element(cameras, i);

    g_assert_cmpint(json_object_get_int_member(camera, "page-runs-missing"), ==,
                    missing);
    g_assert_true(
        json_object_get_boolean_member(camera, "page-table-readable"));
    g_assert_cmpint(
        json_object_get_boolean_member(camera, "page-table-complete"), ==,
        complete);
}

static void assert_complete(Scene *scene, const char *arguments,
                            gboolean complete)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *reply =
        scene_query(scene, "query-haywire-ptes", arguments, &node);

    g_assert_cmpint(json_object_get_boolean_member(reply, "complete"), ==,
                    complete);
}

/* Address 0x500000 of both processes. */
static void assert_no_page(Scene *scene, int pid, const char *expected)
{
    g_autofree char *arguments =
        g_strdup_printf("{'pid':%d,'address':5242880}", pid);
    g_autofree char *error =
        qemu_process_qmp_error(scene->process, "haywire-translate", arguments);

    g_assert_nonnull(strstr(error, expected));
}

static void assert_hmp(Scene *scene, const char *command, const char *expected)
{
    g_autofree char *text = qemu_process_hmp(scene->process, command);

    g_test_message("%s", text);
    g_assert_nonnull(strstr(text, expected));
}

static void test_partly_read(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) cameras = NULL;

    scene_start(&scene, qemu, "-m 256", world);
    cameras = qemu_process_qmp(scene.process, "query-haywire-cameras", NULL);
    assert_camera(json_node_get_array(cameras), 0, 1, FALSE);
    assert_camera(json_node_get_array(cameras), 1, 0, TRUE);
    assert_complete(&scene, "{'pid':42}", FALSE);
    assert_complete(&scene, "{'pid':43}", TRUE);
    assert_no_page(&scene, 42, "The camera holds only a part");
    assert_no_page(&scene, 43, "The address has no page in the guest's memory");
    assert_hmp(&scene, "info haywire cameras", "2 (1 missing, partly read)");
    assert_hmp(&scene, "info haywire ptes 42", "1 of 2 runs, incomplete\n");
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("cameras/partly-read", test_partly_read);
    return g_test_run();
}
