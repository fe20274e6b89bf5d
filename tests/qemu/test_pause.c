/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is stopped and goes on: paused meanwhile, never stale.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "qemus.h"
#include "scene.h"

/* So long that only a look out of turn can be in time. */
#define LAZY_PLUGIN ",interval=4000"
#define SOON_US     (2 * G_TIME_SPAN_SECOND)

#define SESSION "00000000feedface"

static const char world[] =
    "place first=0x4000000\n"
    "session id=0xfeedface heartbeat=7 interval=100ms started=5s\n"
    "geometry master=10 roundrobin=20 pid=20 camera1=20 camera2=20\n"
    "process pid=42 name=\"one\" state=\"S\"\n"
    "camera 1 nonce=0x5eed1234\n"
    "camera 2 nonce=0x5eed1234\n";

static void tell(Scene *scene, const char *command)
{
    json_node_unref(qemu_process_qmp(scene->process, command, NULL));
}

static void stop_guest(Scene *scene)
{
    tell(scene, "cont");
    scene_beat(scene, 0);
    tell(scene, "stop");
    scene_await(scene, "paused", SESSION, -1);
}

static char *state_of(Scene *scene)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *overview = scene_query(scene, "query-haywire", NULL, &node);

    return g_strdup(json_object_get_string_member(overview, "state"));
}

/* Paused, then live: nothing else in between. */
static void await_live(Scene *scene)
{
    gint64 until = g_get_monotonic_time() + SOON_US;
    g_autofree char *state = state_of(scene);

    while (strcmp(state, "live") != 0) {
        g_assert_cmpstr(state, ==, "paused");
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_free(state);
        state = state_of(scene);
    }
}

/* For longer than the session may stand still, and then another beat. */
static void test_pause(const char *qemu)
{
    Scene scene;

    scene_start(&scene, qemu, "-m 256", world);
    stop_guest(&scene);
    g_usleep(2 * G_TIME_SPAN_SECOND);
    g_assert_true(scene_is(&scene, "paused", SESSION));
    scene_beat(&scene, 0);
    g_usleep(G_TIME_SPAN_SECOND / 5);
    g_assert_true(scene_is(&scene, "paused", SESSION));
    tell(&scene, "cont");
    await_live(&scene);
    scene_end(&scene);
}

/* Not after the interval. */
static void test_at_once(const char *qemu)
{
    Scene scene;
    gint64 start;

    scene_start_with(&scene, qemu, LAZY_PLUGIN, "-m 256", world);
    start = g_get_monotonic_time();
    stop_guest(&scene);
    tell(&scene, "cont");
    scene_await(&scene, "live", SESSION, -1);
    g_assert_cmpint(g_get_monotonic_time() - start, <, SOON_US);
    scene_end(&scene);
}

/* What was stale stays stale. */
static void test_stale(const char *qemu)
{
    Scene scene;

    scene_start(&scene, qemu, "-m 256", world);
    tell(&scene, "cont");
    scene_await(&scene, "stale", SESSION, -1);
    tell(&scene, "stop");
    g_usleep(G_TIME_SPAN_SECOND / 5);
    g_assert_true(scene_is(&scene, "stale", SESSION));
    scene_end(&scene);
}

/* All commands go on, focus too: the companion will see it. */
static void test_commands(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    g_autofree char *text = NULL;

    scene_start(&scene, qemu, "-m 256", world);
    stop_guest(&scene);
    text = qemu_process_hmp(scene.process, "info haywire");
    g_assert_true(g_str_has_prefix(text, "paused: "));
    g_assert_nonnull(strstr(text, "[one]"));
    g_assert_cmpint(
        json_object_get_int_member(
            scene_query(&scene, "haywire-focus", "{'pid':42}", &node),
            "target-pid"),
        ==, 42);
    scene_end(&scene);
}

#define PCI_ADDRESS  0xcf8
#define PCI_DATA     0xcfc
#define LPC(offset)  (0x8000f800 | (offset)) /* of q35: 00:1f.0 */
#define PM_BASE      0x600
#define PM1_CONTROL  (PM_BASE + 4)
#define SLEEP_TO_RAM 0x2400 /* SLP_EN, SLP_TYP 1 */

/* As a kernel does it, with the firmware's part. */
static void suspend_guest(Scene *scene)
{
    qemu_process_out32(scene->process, PCI_ADDRESS, LPC(0x40));
    qemu_process_out32(scene->process, PCI_DATA, PM_BASE | 1);
    qemu_process_out32(scene->process, PCI_ADDRESS, LPC(0x44));
    qemu_process_out(scene->process, PCI_DATA, 0x80);
    qemu_process_out16(scene->process, PM1_CONTROL, SLEEP_TO_RAM);
}

static void await_run_state(Scene *scene, const char *expected)
{
    gint64 until = g_get_monotonic_time() + SOON_US;
    g_autofree char *state = NULL;

    do {
        g_autoptr(JsonNode) node = NULL;

        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_free(state);
        state = g_strdup(json_object_get_string_member(
            scene_query(scene, "query-status", NULL, &node), "status"));
    } while (strcmp(state, expected) != 0);
}

/* Suspended to RAM, while QEMU's clock goes on; then woken. */
static void test_suspended(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;

    scene_start(&scene, qemu, "-m 256 -M q35 -global ICH9-LPC.disable_s3=0",
                world);
    tell(&scene, "cont");
    scene_await(&scene, "live", SESSION, 0);
    suspend_guest(&scene);
    await_run_state(&scene, "suspended");
    scene_await(&scene, "paused", SESSION, -1);
    g_usleep(2 * G_TIME_SPAN_SECOND);
    g_assert_true(scene_is(&scene, "paused", SESSION));
    g_assert_cmpint(
        json_object_get_int_member(
            scene_query(&scene, "haywire-focus", "{'pid':42}", &node),
            "target-pid"),
        ==, 42);
    tell(&scene, "system_wakeup");
    await_run_state(&scene, "running");
    await_live(&scene);
    scene_end(&scene);
}

/* The host tool says what was written, and that nobody has taken it. */
static void test_tool(const char *qemu)
{
    g_autofree char *folder = g_dir_make_tmp("haywire-pause-XXXXXX", NULL);
    g_autofree char *socket = g_build_filename(folder, "qmp", NULL);
    g_autofree char *arguments =
        g_strdup_printf("-m 256 -qmp unix:%s,server=on,wait=off", socket);
    g_autofree char *line =
        g_strdup_printf("%s --qmp %s --json --fresh focus one 2",
                        g_getenv("HAYWIRE_TOOL"), socket);
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *written;
    Scene scene;
    int status;

    scene_start(&scene, qemu, arguments, world);
    stop_guest(&scene);
    g_assert_true(g_spawn_command_line_sync(line, &out, &err, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(err, ==,
                    "haywire: The guest is paused: pid 42 was written for "
                    "camera 2, and its companion will take it once it goes "
                    "on\n");
    node = json_from_string(out, NULL);
    scene_assert_string(json_node_get_object(node), "session", SESSION);
    written =
        json_object_get_object_member(json_node_get_object(node), "written");
    scene_assert_number(written, "pid", 42);
    scene_assert_number(written, "camera", 2);
    g_assert_false(json_object_get_boolean_member(written, "taken"));
    scene_end(&scene);
    g_unlink(socket);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("pause/pause", test_pause);
    qemus_add_test("pause/at-once", test_at_once);
    qemus_add_test("pause/stale", test_stale);
    qemus_add_test("pause/commands", test_commands);
    qemus_add_test("pause/suspended", test_suspended);
    qemus_add_test("pause/tool", test_tool);
    return g_test_run();
}
