/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene.h"

#include <string.h>

#define PLUGIN_OPTIONS ",interval=20"

const char scene_world[] =
    "place first=0x4000000\n"
    "session id=0xfeedface heartbeat=7 interval=10ms started=5s time=100s\n" SCENE_SIZES
    "ram start=0 end=0x80000000\n"
    "process pid=1 name=\"init\" state=\"S\" uid=0 exe=\"/sbin/init\""
    " cmdline=\"/sbin/init\\0splash\"\n"
    "process pid=42 ppid=1 name=\"odd (name) \\n\" state=\"R\" uid=4294967294"
    " gid=100 threads=3 nice=-5 rss=8192 vsize=1M\n"
    "sections pid=42\n"
    "section start=0x400000 end=0x402000 perms=\"r-xp\" path=\"/bin/odd\"\n"
    "section start=0x7f0000000000 end=0x7f0000004000 perms=\"rw-p\"\n"
    "camera 1 pid=42 pass=3 nonce=0x5eed1234\n"
    "sections pid=42 camera=1\n"
    "section start=0x400000 end=0x402000 perms=\"r-xp\" path=\"/bin/odd\"\n"
    "run camera=1 gva=0x400000 pfn=0x5000 pages=2\n"
    "run camera=1 gva=0x7f0000000000 swap=9 pages=1\n"
    "camera 2 nonce=0x5eed1234\n";

void scene_write(Scene *scene, const HaywireBeacon *beacon)
{
    qemu_process_memwrite(scene->process, beacon->gpa.value, beacon->page,
                          HAYWIRE_PAGE_SIZE);
}

void scene_write_all(Scene *scene)
{
    for (size_t i = 0; i < haywire_beacons_count(scene->beacons); i++) {
        scene_write(scene, haywire_beacons_get(scene->beacons, i));
    }
}

void scene_beat(Scene *scene, unsigned session)
{
    const HaywireBeacon *discovery = haywire_beacons_find(
        scene->beacons, session, HAYWIRE_CATEGORY_MASTER, 0);

    haywire_beacon_beat(discovery->page, 10000000);
    scene_write(scene, discovery);
}

JsonObject *scene_query(Scene *scene, const char *command,
                        const char *arguments, JsonNode **ret_node)
{
    *ret_node = qemu_process_qmp(scene->process, command, arguments);
    return json_node_get_object(*ret_node);
}

gboolean scene_is(Scene *scene, const char *state, const char *session)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *object = scene_query(scene, "query-haywire", NULL, &node);

    return strcmp(json_object_get_string_member(object, "state"), state) == 0 &&
           (!session ||
            g_strcmp0(json_object_get_string_member(object, "session"),
                      session) == 0);
}

/* @beating: the session that beats meanwhile, -1 for none. */
void scene_await(Scene *scene, const char *state, const char *session,
                 int beating)
{
    gint64 until = g_get_monotonic_time() + 15 * G_TIME_SPAN_SECOND;

    while (!scene_is(scene, state, session)) {
        if (g_get_monotonic_time() > until) {
            g_autofree char *text =
                qemu_process_hmp(scene->process, "info haywire");

            g_error("not %s in time: %s", state, text);
        }
        if (beating >= 0) {
            scene_beat(scene, beating);
        }
        g_usleep(30 * G_TIME_SPAN_MILLISECOND);
    }
}

/* Pages of the session that the plugin has not found yet. */
static gint64 scene_missing(Scene *scene)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *status = scene_query(scene, "query-haywire", NULL, &node);
    JsonArray *categories = json_object_get_array_member(status, "categories");
    gint64 missing = 0;

    for (guint i = 0; i < json_array_get_length(categories); i++) {
        JsonObject *row = json_array_get_object_element(categories, i);

        missing += json_object_get_int_member(row, "pages") -
                   json_object_get_int_member(row, "mapped");
    }
    return missing;
}

/* The plugin may have looked while pages were still being written. */
static void scene_await_all(Scene *scene)
{
    gint64 until = g_get_monotonic_time() + 15 * G_TIME_SPAN_SECOND;

    while (scene_missing(scene) > 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        scene_beat(scene, 0);
        g_usleep(30 * G_TIME_SPAN_MILLISECOND);
    }
}

/* Without it the next scan may be seconds away. */
static void scene_rescan(Scene *scene)
{
    g_autoptr(JsonNode) reply =
        qemu_process_qmp(scene->process, "haywire-rescan", NULL);
}

void scene_start_with(Scene *scene, const char *qemu,
                      const char *plugin_options, const char *arguments,
                      const char *text)
{
    scene->beacons = haywire_beacons_make(text);
    scene->process = qemu_process_start(qemu, plugin_options, arguments);
    scene_write_all(scene);
    scene_rescan(scene);
    scene_await(scene, "live", NULL, 0);
    scene_await_all(scene);
}

void scene_start(Scene *scene, const char *qemu, const char *arguments,
                 const char *text)
{
    scene_start_with(scene, qemu, PLUGIN_OPTIONS, arguments, text);
}

void scene_end(Scene *scene)
{
    g_autoptr(JsonNode) nothing =
        qemu_process_qmp(scene->process, "quit", NULL);

    g_assert_cmpint(qemu_process_wait(scene->process), ==, 0);
    g_assert_cmpstr(qemu_process_messages(scene->process), ==, "");
    qemu_process_free(scene->process);
    haywire_beacons_free(scene->beacons);
}

void scene_assert_error(Scene *scene, const char *command,
                        const char *arguments, const char *expected)
{
    g_autofree char *error =
        qemu_process_qmp_error(scene->process, command, arguments);

    if (!strstr(error, expected)) {
        g_error("\"%s\" is not in: %s", expected, error);
    }
}

void scene_assert_string(JsonObject *object, const char *member,
                         const char *expected)
{
    g_assert_cmpstr(json_object_get_string_member(object, member), ==,
                    expected);
}

void scene_assert_number(JsonObject *object, const char *member,
                         gint64 expected)
{
    g_assert_cmpint(json_object_get_int_member(object, member), ==, expected);
}
