/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacon pages written into a guest that runs nothing: what the plugin makes
 * of them.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"
#include "scene.h"

/* Small, so that writing all of it takes no time. */
#define GEOMETRY \
    "geometry master=10 roundrobin=20 pid=20 camera1=20 camera2=20\n"

#define NONCE 0x5eed1234u

static const char world[] =
    "place first=0x4000000\n"
    "session id=0xfeedface heartbeat=7 interval=10ms started=5s\n" GEOMETRY
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

static void assert_error(Scene *scene, const char *command,
                         const char *arguments, const char *expected)
{
    g_autofree char *error =
        qemu_process_qmp_error(scene->process, command, arguments);

    if (!strstr(error, expected)) {
        g_error("\"%s\" is not in: %s", expected, error);
    }
}

static void assert_string(JsonObject *object, const char *member,
                          const char *expected)
{
    g_assert_cmpstr(json_object_get_string_member(object, member), ==,
                    expected);
}

static void assert_number(JsonObject *object, const char *member,
                          gint64 expected)
{
    g_assert_cmpint(json_object_get_int_member(object, member), ==, expected);
}

static void test_overview(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *status;
    JsonArray *categories;

    scene_start(&scene, qemu, "-m 256", world);
    status = scene_query(&scene, "query-haywire", NULL, &node);
    assert_string(status, "session", "00000000feedface");
    assert_string(status, "os", "linux");
    assert_number(status, "processes", 2);
    categories = json_object_get_array_member(status, "categories");
    g_assert_cmpuint(json_array_get_length(categories), ==, 5);
    for (guint i = 0; i < 5; i++) {
        JsonObject *row = json_array_get_object_element(categories, i);

        assert_number(row, "mapped", json_object_get_int_member(row, "pages"));
    }
    scene_end(&scene);
}

static void assert_odd_process(JsonObject *process)
{
    assert_number(process, "pid", 42);
    assert_number(process, "ppid", 1);
    assert_number(process, "uid", 4294967294);
    assert_number(process, "gid", 100);
    assert_number(process, "threads", 3);
    assert_number(process, "nice", -5);
    assert_number(process, "rss", 8192);
    assert_number(process, "vsize", 1 << 20);
    assert_string(process, "state", "R");
    assert_string(process, "name", "odd (name) \\x0a");
}

static void test_processes(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) all = NULL;
    g_autoptr(JsonNode) one = NULL;
    JsonArray *list;

    scene_start(&scene, qemu, "-m 256", world);
    all = qemu_process_qmp(scene.process, "query-haywire-processes", NULL);
    list = json_node_get_array(all);
    g_assert_cmpuint(json_array_get_length(list), ==, 2);
    assert_string(json_array_get_object_element(list, 0), "cmdline",
                  "/sbin/init splash");
    assert_odd_process(json_array_get_object_element(list, 1));

    one = qemu_process_qmp(scene.process, "query-haywire-processes",
                           "{'pid':42}");
    list = json_node_get_array(one);
    g_assert_cmpuint(json_array_get_length(list), ==, 1);
    assert_odd_process(json_array_get_object_element(list, 0));
    assert_error(&scene, "query-haywire-processes", "{'pid':7}",
                 "There is no such process in the guest (pid 7)");
    scene_end(&scene);
}

static void test_sections(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *reply, *section;
    JsonArray *list;

    scene_start(&scene, qemu, "-m 256", world);
    reply = scene_query(&scene, "query-haywire-sections", "{'pid':42}", &node);
    list = json_object_get_array_member(reply, "sections");
    g_assert_cmpuint(json_array_get_length(list), >=, 1);
    section = json_array_get_object_element(list, 0);
    assert_number(section, "start", 0x400000);
    assert_number(section, "end", 0x402000);
    assert_string(section, "permissions", "r-xp");
    assert_string(section, "path", "/bin/odd");
    assert_error(&scene, "query-haywire-sections", "{'pid':7}", "(pid 7)");
    assert_error(&scene, "query-haywire-sections", "{'pid':1}", "(pid 1)");
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

    scene_start(&scene, qemu, "-m 256", world);
    g_assert_cmpuint(count_runs(&scene, "{'pid':42}"), ==, 2);
    g_assert_cmpuint(count_runs(&scene, "{'pid':42,'address':4198400}"), ==, 2);
    g_assert_cmpuint(
        count_runs(&scene, "{'pid':42,'address':4198400,'length':1}"), ==, 1);
    g_assert_cmpuint(count_runs(&scene, "{'pid':42,'length':4096}"), ==, 0);

    reply = scene_query(&scene, "query-haywire-ptes",
                        "{'pid':42,'address':4198400,'length':4096}", &node);
    run = json_array_get_object_element(
        json_object_get_array_member(reply, "runs"), 0);
    assert_number(run, "address", 0x401000);
    assert_number(run, "pages", 1);
    assert_number(run, "pfn", 0x5001);
    assert_error(&scene, "query-haywire-ptes", "{'pid':1}",
                 "No camera holds this process (pid 1)");
    scene_end(&scene);
}

/* Both ways a guest's heartbeat can stand still. */
static void test_heartbeat(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) go = NULL;

    scene_start(&scene, qemu, "-m 256", world);
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
        world,
        "place first=0x6000000\n"
        "session id=0xcafe heartbeat=1 interval=10ms started=50s\n" GEOMETRY
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
        "session id=0xd1 heartbeat=7 interval=10ms\n" GEOMETRY
        "process pid=42 name=\"odd\"\n";
    Scene scene = { .beacons = haywire_beacons_make(text) };

    scene.process = qemu_process_start(qemu, "", "-m 256,slots=2,maxmem=1G");
    plug_dimm(&scene);
    scene_write_all(&scene);
    scene_await(&scene, "live", "00000000000000d1", 0);
    scene_end(&scene);
}

/* Memory that comes leaves the session that is shown as it is. */
static void test_dimm_while_live(const char *qemu)
{
    gint64 until = g_get_monotonic_time() + 2 * G_TIME_SPAN_SECOND;
    Scene scene;

    scene_start(&scene, qemu, "-m 256,slots=2,maxmem=1G", world);
    plug_dimm(&scene);
    /* Longer than the plugin takes to notice. */
    while (g_get_monotonic_time() < until) {
        g_autoptr(JsonNode) node = NULL;

        scene_beat(&scene, 0);
        assert_string(scene_query(&scene, "query-haywire", NULL, &node),
                      "state", "live");
        g_usleep(10 * G_TIME_SPAN_MILLISECOND);
    }
    scene_end(&scene);
}

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

static void test_focus(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) first = NULL;
    g_autoptr(JsonNode) second = NULL;
    g_autoptr(JsonNode) third = NULL;
    g_autofree char *text = NULL;
    JsonObject *camera;

    scene_start(&scene, qemu, "-m 256", world);
    camera = scene_query(&scene, "haywire-focus", "{'pid':1}", &first);
    assert_number(camera, "camera", 1);
    assert_number(camera, "target-pid", 1);
    g_assert_cmphex(control_word(&scene, 1), ==,
                    HAYWIRE_CONTROL_WORD(NONCE, 1));
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(NONCE, 0));

    camera =
        scene_query(&scene, "haywire-focus", "{'pid':42,'camera':2}", &second);
    assert_number(camera, "camera", 2);
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(NONCE, 42));

    camera = scene_query(&scene, "haywire-unfocus", "{'camera':2}", &third);
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(NONCE, 0));

    text = qemu_process_hmp(scene.process, "info haywire focus 42 2");
    g_assert_cmphex(control_word(&scene, 2), ==,
                    HAYWIRE_CONTROL_WORD(NONCE, 42));
    while (count_focus_writes(&scene) < 4) {
        g_usleep(10 * G_TIME_SPAN_MILLISECOND);
    }
    scene_end(&scene);
}

/* Failures leave the page, and the pages around it, as they were. */
static void assert_focus_fails(Scene *scene, const char *arguments,
                               const char *expected)
{
    guint64 gpa = control_page(scene, 1)->gpa.value - HAYWIRE_PAGE_SIZE;
    guint8 before[3 * HAYWIRE_PAGE_SIZE];
    guint8 after[3 * HAYWIRE_PAGE_SIZE];

    qemu_process_memread(scene->process, gpa, before, sizeof(before));
    assert_error(scene, "haywire-focus", arguments, expected);
    qemu_process_memread(scene->process, gpa, after, sizeof(after));
    g_assert_cmpmem(before, sizeof(before), after, sizeof(after));
}

static void test_focus_no_process(const char *qemu)
{
    Scene scene;

    scene_start(&scene, qemu, "-m 256", world);
    assert_focus_fails(&scene, "{'pid':7}",
                       "There is no such process in the guest (pid 7)");
    assert_focus_fails(&scene, "{'pid':0}",
                       "There is no such process in the guest (pid 0)");
    assert_focus_fails(&scene, "{'pid':1,'camera':3}",
                       "There is no camera 3, only 1 and 2");
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

    scene_start_with(&scene, qemu, ",interval=1500", "-m 256", world);
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

/*
 * Guest RAM on both sides of the PCI hole, in one file: the offset that is
 * answered is where the byte lies.
 */
static void assert_translates(Scene *scene, guint64 gva, guint64 gpa,
                              const char *ram_file)
{
    g_autofree char *content =
        g_strdup_printf("content of %" G_GINT64_MODIFIER "x", gpa);
    g_autofree char *arguments =
        g_strdup_printf("{'pid':42,'address':%" G_GUINT64_FORMAT "}", gva);
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(GMappedFile) file = NULL;
    JsonObject *place;

    qemu_process_memwrite(scene->process, gpa, content, strlen(content));
    place = scene_query(scene, "haywire-translate", arguments, &node);
    assert_number(place, "gpa", gpa);
    assert_string(place, "ram-block", "mem0");
    file = g_mapped_file_new(ram_file, FALSE, NULL);
    g_assert_nonnull(file);
    g_assert_cmpmem(g_mapped_file_get_contents(file) +
                        json_object_get_int_member(place, "offset"),
                    strlen(content), content, strlen(content));
}

static void translate_on(const char *qemu, const char *machine)
{
    static const char text[] =
        "place first=0x4000000\n"
        "session id=0xfeedface heartbeat=7 interval=10ms\n" GEOMETRY
        "process pid=42 name=\"odd\"\n"
        "camera 1 pid=42 pass=3 nonce=1\n"
        "sections pid=42 camera=1\n"
        "section start=0x400000 end=0x404000 perms=\"r-xp\"\n"
        "run camera=1 gva=0x400000 pfn=0x5000 pages=1\n"
        "run camera=1 gva=0x401000 pfn=0x100010 pages=1\n"
        "run camera=1 gva=0x402000 swap=9 pages=1\n"
        "run camera=1 gva=0x403000 pfn=0xffffff pages=1\n";
    g_autofree char *ram_file = NULL;
    g_autofree char *arguments = NULL;
    Scene scene;
    int fd = g_file_open_tmp("haywire-ram-XXXXXX", &ram_file, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    arguments = g_strdup_printf(
        "-m 4G -object memory-backend-file,id=mem0,size=4G,share=on,mem-path=%s"
        " -machine %s,memory-backend=mem0",
        ram_file, machine);
    scene_start(&scene, qemu, arguments, text);
    assert_translates(&scene, 0x400123, 0x5000123, ram_file);
    assert_translates(&scene, 0x401ff0 - 0xff0, 0x100010000, ram_file);
    assert_error(&scene, "haywire-translate", "{'pid':42,'address':4202496}",
                 "The address has no page in the guest's memory (pid 42)");
    assert_error(&scene, "haywire-translate", "{'pid':42,'address':0}",
                 "The address has no page in the guest's memory (pid 42)");
    assert_error(&scene, "haywire-translate", "{'pid':42,'address':4206592}",
                 "(pid 42)");
    scene_end(&scene);
    g_unlink(ram_file);
}

static void test_translate(const char *qemu)
{
    translate_on(qemu, "q35");
    translate_on(qemu, "pc");
    translate_on(qemu, "microvm");
}

/* Without a file there is no offset to name. */
static void test_translate_no_file(const char *qemu)
{
    Scene scene;
    g_autoptr(JsonNode) node = NULL;
    JsonObject *place;

    scene_start(&scene, qemu, "-m 256", world);
    place = scene_query(&scene, "haywire-translate",
                        "{'pid':42,'address':4198401}", &node);
    assert_number(place, "gpa", 0x5001001);
    assert_string(place, "ram-block", "pc.ram");
    g_assert_false(json_object_has_member(place, "offset"));
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

    scene_start(&scene, qemu, "-m 256", world);
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
    qemus_add_test("session/dimm-while-live", test_dimm_while_live);
    qemus_add_test("focus/word", test_focus);
    qemus_add_test("focus/no-process", test_focus_no_process);
    qemus_add_test("focus/overwritten", test_focus_overwritten);
    qemus_add_test("translate/pci-hole", test_translate);
    qemus_add_test("translate/no-file", test_translate_no_file);
    return g_test_run();
}
