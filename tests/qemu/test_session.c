/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacon pages written into a guest that runs nothing: what the plugin makes
 * of them.
 */
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"
#include "scene.h"

static void test_overview(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *status;
    JsonArray *categories;

    scene_start(&scene, qemu, "-m 256", scene_world);
    status = scene_query(&scene, "query-haywire", NULL, &node);
    scene_assert_string(status, "session", "00000000feedface");
    scene_assert_string(status, "os", "linux");
    scene_assert_number(status, "processes", 2);
    categories = json_object_get_array_member(status, "categories");
    g_assert_cmpuint(json_array_get_length(categories), ==, 5);
    for (guint i = 0; i < 5; i++) {
        JsonObject *row = json_array_get_object_element(categories, i);

        scene_assert_number(row, "mapped",
                            json_object_get_int_member(row, "pages"));
    }
    scene_end(&scene);
}

static void assert_odd_process(JsonObject *process)
{
    scene_assert_number(process, "pid", 42);
    scene_assert_number(process, "ppid", 1);
    scene_assert_number(process, "uid", 4294967294);
    scene_assert_number(process, "gid", 100);
    scene_assert_number(process, "threads", 3);
    scene_assert_number(process, "nice", -5);
    scene_assert_number(process, "rss", 8192);
    scene_assert_number(process, "vsize", 1 << 20);
    scene_assert_string(process, "state", "R");
    scene_assert_string(process, "name", "odd (name) \\x0a");
}

static void test_processes(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) all = NULL;
    g_autoptr(JsonNode) one = NULL;
    JsonArray *list;

    scene_start(&scene, qemu, "-m 256", scene_world);
    all = qemu_process_qmp(scene.process, "query-haywire-processes", NULL);
    list = json_node_get_array(all);
    g_assert_cmpuint(json_array_get_length(list), ==, 2);
    scene_assert_string(json_array_get_object_element(list, 0), "cmdline",
                        "/sbin/init splash");
    assert_odd_process(json_array_get_object_element(list, 1));

    one = qemu_process_qmp(scene.process, "query-haywire-processes",
                           "{'pid':42}");
    list = json_node_get_array(one);
    g_assert_cmpuint(json_array_get_length(list), ==, 1);
    assert_odd_process(json_array_get_object_element(list, 0));
    scene_assert_error(&scene, "query-haywire-processes", "{'pid':7}",
                       "There is no such process in the guest (pid 7)");
    scene_end(&scene);
}

static void test_sections(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *reply, *section;
    JsonArray *list;

    scene_start(&scene, qemu, "-m 256", scene_world);
    reply = scene_query(&scene, "query-haywire-sections", "{'pid':42}", &node);
    list = json_object_get_array_member(reply, "sections");
    g_assert_cmpuint(json_array_get_length(list), >=, 1);
    section = json_array_get_object_element(list, 0);
    scene_assert_number(section, "start", 0x400000);
    scene_assert_number(section, "end", 0x402000);
    scene_assert_string(section, "permissions", "r-xp");
    scene_assert_string(section, "path", "/bin/odd");
    scene_assert_error(&scene, "query-haywire-sections", "{'pid':7}",
                       "(pid 7)");
    scene_assert_error(&scene, "query-haywire-sections", "{'pid':1}",
                       "(pid 1)");
    scene_end(&scene);
}

static guint count_runs(Scene *scene, const char *arguments)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *reply =
        scene_query(scene, "query-haywire-ptes", arguments, &node);

    return json_array_get_length(json_object_get_array_member(reply, "runs"));
}

static void test_page_runs(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *reply, *run;

    scene_start(&scene, qemu, "-m 256", scene_world);
    g_assert_cmpuint(count_runs(&scene, "{'pid':42}"), ==, 2);
    g_assert_cmpuint(count_runs(&scene, "{'pid':42,'address':4198400}"), ==, 2);
    g_assert_cmpuint(
        count_runs(&scene, "{'pid':42,'address':4198400,'length':1}"), ==, 1);
    g_assert_cmpuint(count_runs(&scene, "{'pid':42,'length':4096}"), ==, 0);

    reply = scene_query(&scene, "query-haywire-ptes",
                        "{'pid':42,'address':4198400,'length':4096}", &node);
    run = json_array_get_object_element(
        json_object_get_array_member(reply, "runs"), 0);
    scene_assert_number(run, "address", 0x401000);
    scene_assert_number(run, "pages", 1);
    scene_assert_number(run, "pfn", 0x5001);
    scene_assert_error(&scene, "query-haywire-ptes", "{'pid':1}",
                       "No camera holds this process (pid 1)");
    scene_end(&scene);
}

/* Both ways a guest's heartbeat can stand still. */
static void test_heartbeat(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) go = NULL;

    scene_start(&scene, qemu, "-m 256", scene_world);
    /* Ten intervals and the least of a second are long over, but not for the
       guest: its clock stands. */
    g_usleep(2 * G_TIME_SPAN_SECOND);
    g_assert_true(scene_is(&scene, "live", NULL));
    go = qemu_process_qmp(scene.process, "cont", NULL);
    scene_await(&scene, "stale", "00000000feedface", -1);
    scene_await(&scene, "live", "00000000feedface", 0);
    scene_end(&scene);
}

/* A companion that was started later takes over once it beats. */
static void test_second_session(const char *qemu)
{
    g_autofree char *text = g_strconcat(
        scene_world,
        "place first=0x6000000\n"
        "session id=0xcafe heartbeat=1 interval=10ms started=50s time=100s\n" SCENE_SIZES
        "process pid=5 name=\"late\"\n",
        NULL);
    Scene scene;
    g_autoptr(JsonNode) rescan = NULL;

    scene_start(&scene, qemu, "-m 256", text);
    scene_await(&scene, "live", "00000000feedface", 0);
    rescan = qemu_process_qmp(scene.process, "haywire-rescan", NULL);
    scene_await(&scene, "live", "000000000000cafe", 1);
    scene_end(&scene);
}

static void plug_dimm(Scene *scene)
{
    g_autoptr(JsonNode) backend = qemu_process_qmp(
        scene->process, "object-add",
        "{'qom-type':'memory-backend-ram','id':'more','size':134217728}");
    g_autoptr(JsonNode) device = qemu_process_qmp(
        scene->process, "device_add", "{'driver':'pc-dimm','memdev':'more'}");
}

/* Beacons in memory that was not there when QEMU started. */
static void test_dimm(const char *qemu)
{
    static const char text[] =
        "place first=0x100400000\n"
        "session id=0xd1 heartbeat=7 interval=10ms\n" SCENE_SIZES
        "process pid=42 name=\"odd\"\n";
    Scene scene = { .beacons = haywire_beacons_make(text) };

    scene.process = qemu_process_start(qemu, "", "-m 256,slots=2,maxmem=1G");
    plug_dimm(&scene);
    scene_write_all(&scene);
    scene_await(&scene, "live", "00000000000000d1", 0);
    scene_end(&scene);
}

/*
 * Of a device such as virtio-mem, a quarter of a TiB here, all is looked at
 * that is there, plugged or not; and QEMU's end waits for nothing.
 */
static void test_virtio_mem(const char *qemu)
{
    static const char text[] =
        "place first=0x2000400000\n"
        "session id=0xd2 heartbeat=7 interval=10ms\n" SCENE_SIZES
        "process pid=42 name=\"odd\"\n";
    Scene scene = { .beacons = haywire_beacons_make(text) };
    gint64 began;

    scene.process = qemu_process_start(
        qemu, "",
        "-m 256,slots=1,maxmem=320G "
        "-object memory-backend-ram,id=more,size=256G,reserve=off "
        "-device virtio-mem-pci,memdev=more,memaddr=0x100000000");
    scene_write_all(&scene);
    scene_await(&scene, "live", "00000000000000d2", 0);
    began = g_get_monotonic_time();
    scene_end(&scene);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 10 * G_TIME_SPAN_SECOND);
}

/* Memory that comes leaves the session that is shown as it is. */
static void test_dimm_while_live(const char *qemu)
{
    gint64 until = g_get_monotonic_time() + 2 * G_TIME_SPAN_SECOND;
    Scene scene;

    scene_start(&scene, qemu, "-m 256,slots=2,maxmem=1G", scene_world);
    plug_dimm(&scene);
    /* Longer than the plugin takes to notice. */
    while (g_get_monotonic_time() < until) {
        g_autoptr(JsonNode) node = NULL;

        scene_beat(&scene, 0);
        scene_assert_string(scene_query(&scene, "query-haywire", NULL, &node),
                            "state", "live");
        g_usleep(10 * G_TIME_SPAN_MILLISECOND);
    }
    scene_end(&scene);
}

/* What a guest may write into a name must not reach a terminal. */
static void test_monitor(const char *qemu)
{
    Scene scene;
    g_autofree char *text = NULL;
    g_autofree char *sections = NULL;
    g_autofree char *runs = NULL;
    g_autofree char *stats = NULL;

    scene_start(&scene, qemu, "-m 256", scene_world);
    text = qemu_process_hmp(scene.process, "info haywire");
    g_assert_nonnull(strstr(text, "live"));
    g_assert_nonnull(strstr(text, "/sbin/init splash"));
    g_assert_nonnull(strstr(text, "odd (name) \\x0a"));
    sections = qemu_process_hmp(scene.process, "info haywire sections 42");
    g_assert_nonnull(strstr(sections, "/bin/odd"));
    runs = qemu_process_hmp(scene.process, "info haywire ptes 42");
    g_assert_nonnull(strstr(runs, "5000"));
    stats = qemu_process_hmp(scene.process, "info haywire stats");
    g_assert_nonnull(strstr(stats, "scans"));
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("session/overview", test_overview);
    qemus_add_test("session/processes", test_processes);
    qemus_add_test("session/sections", test_sections);
    qemus_add_test("session/page-runs", test_page_runs);
    qemus_add_test("session/heartbeat", test_heartbeat);
    qemus_add_test("session/second", test_second_session);
    qemus_add_test("session/monitor", test_monitor);
    qemus_add_test("session/dimm", test_dimm);
    qemus_add_test("session/virtio-mem", test_virtio_mem);
    qemus_add_test("session/dimm-while-live", test_dimm_while_live);
    return g_test_run();
}
