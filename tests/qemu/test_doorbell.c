/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The doorbell in real QEMUs, rung by hand.  The plugin looks once a minute, so
 * what is seen sooner is seen because somebody rang.
 */
#include <string.h>

#include "haywire/beacon_protocol.h"
#include "qemus.h"
#include "scene.h"

#define LAZY    ",interval=60000"
#define SOON_US (30 * G_TIME_SPAN_SECOND)

#define STORM   20000
#define ANSWERS 64 /* that the socket holds */
#define PORT    0xf40
#define NONE    0xffffffffu

static const guint16 usual[] = HAYWIRE_DOORBELL_PORTS;

static gint64 counter(Scene *scene, const char *name)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *host = json_object_get_object_member(
        scene_query(scene, "query-haywire-stats", NULL, &node), "host");

    return json_object_get_int_member_with_default(host, name, 0);
}

/* Known by the look behind the port's making. */
static void await_port(Scene *scene, gint64 port)
{
    gint64 until = g_get_monotonic_time() + SOON_US;

    while (counter(scene, "doorbell-port") != port) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(G_TIME_SPAN_MILLISECOND);
    }
}

/*
 * A look that a ring brings about, soon. One that was under way does not count
 * the ring.
 */
static void ring(Scene *scene, guint32 pfn)
{
    gint64 rings = counter(scene, "rings");
    gint64 until = g_get_monotonic_time() + SOON_US;

    qemu_process_out32(scene->process, PORT, pfn);
    while (counter(scene, "rings") == rings) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(G_TIME_SPAN_MILLISECOND);
    }
}

static void open_scene(Scene *scene, const char *qemu, const char *options,
                       const char *arguments)
{
    scene->beacons = haywire_beacons_make(scene_world);
    scene->process = qemu_process_start(qemu, options, arguments);
}

/* Found by where it says, live by its beat, and nobody else looked. */
static void test_rung(const char *qemu)
{
    Scene scene;
    const HaywireBeacon *discovery;

    open_scene(&scene, qemu, LAZY, "-m 256");
    g_assert_cmphex(qemu_process_in32(scene.process, PORT), ==, 0x3142face);
    g_assert_cmphex(qemu_process_in32(scene.process, PORT + 4), ==, 0);
    await_port(&scene, PORT);
    g_assert_cmpint(counter(&scene, "rings"), ==, 0);
    scene_write_all(&scene);
    discovery =
        haywire_beacons_find(scene.beacons, 0, HAYWIRE_CATEGORY_MASTER, 0);
    ring(&scene, (guint32)(discovery->gpa.value / HAYWIRE_PAGE_SIZE));
    g_assert_true(scene_is(&scene, "searching", "00000000feedface"));
    scene_beat(&scene, 0);
    ring(&scene, 0);
    g_assert_true(scene_is(&scene, "live", "00000000feedface"));
    scene_end(&scene);
}

/* Rings are counted by looks, and there is one behind each. */
static void await_rings(Scene *scene, gint64 rings)
{
    gint64 until = g_get_monotonic_time() + SOON_US;

    while (counter(scene, "rings") < rings) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(G_TIME_SPAN_MILLISECOND);
    }
    g_assert_cmpint(counter(scene, "rings"), ==, rings);
}

/* Of any size, anywhere: only whole words at the start are rings. */
static void test_storm(const char *qemu)
{
    Scene scene;
    gint64 looks, start;

    open_scene(&scene, qemu, LAZY, "-m 256");
    for (guint at = 0; at < HAYWIRE_DOORBELL_SIZE; at++) {
        qemu_process_out(scene.process, PORT + at, 0xff);
        qemu_process_out16(scene.process, PORT + at, 0xffff);
        if (at > 0) {
            qemu_process_out32(scene.process, PORT + at, NONE);
        }
    }
    qemu_process_out32(scene.process, PORT, NONE);
    await_rings(&scene, 1);
    start = g_get_monotonic_time();
    looks = counter(&scene, "refreshes");
    for (guint32 i = 0; i < STORM; i++) {
        qemu_process_out32(scene.process, PORT, i * 0x9e3779b9u);
        if (i % ANSWERS == 0) {
            qemu_process_in32(scene.process, PORT);
        }
    }
    await_rings(&scene, STORM + 1);
    looks = counter(&scene, "refreshes") - looks;
    g_assert_cmpint(looks, <=, (g_get_monotonic_time() - start) / 10000 + 2);
    g_assert_false(scene_is(&scene, "live", NULL));
    scene_end(&scene);
}

static void assert_port(const char *qemu, const char *options,
                        const char *arguments, guint16 port)
{
    Scene scene;

    open_scene(&scene, qemu, options, arguments);
    for (gsize i = 0; i < G_N_ELEMENTS(usual); i++) {
        guint32 word = qemu_process_in32(scene.process, usual[i]);

        g_assert_cmpint(word == HAYWIRE_MAGIC, ==, usual[i] == port);
    }
    if (port) {
        g_assert_cmphex(qemu_process_in32(scene.process, port), ==,
                        HAYWIRE_MAGIC);
    }
    await_port(&scene, port);
    scene_end(&scene);
}

/* A device is there: the next one; and in a machine of another kind. */
static void test_places(const char *qemu)
{
    assert_port(qemu, ",doorbell=off", "-m 64", 0);
    assert_port(qemu, ",doorbell=2f8", "-m 64", 0x2f8);
    assert_port(qemu, ",doorbell=0xFFF8", "-m 64 -M pc", 0xfff8);
    assert_port(qemu, "",
                "-m 64 -chardev null,id=c "
                "-device isa-debugcon,iobase=0xf47,chardev=c",
                0xf80);
    assert_port(qemu, "", "-m 64 -M microvm", PORT);
    assert_port(qemu, "", "-M none", PORT);
}

/* Said, and no more: QEMU starts, and looks at its interval. */
static void assert_said(const char *qemu, const char *options,
                        const char *arguments, const char *expected)
{
    g_autoptr(QemuProcess) process =
        qemu_process_start(qemu, options, arguments);

    json_node_unref(qemu_process_qmp(process, "quit", NULL));
    g_assert_cmpint(qemu_process_wait(process), ==, 0);
    g_assert_cmpstr(qemu_process_messages(process), ==, expected);
}

static void test_taken(const char *qemu)
{
    g_autoptr(GString) devices = g_string_new("-m 64");

    for (gsize i = 0; i < G_N_ELEMENTS(usual); i++) {
        g_string_append_printf(devices,
                               " -chardev null,id=c%x "
                               "-device isa-debugcon,iobase=0x%x,chardev=c%x",
                               usual[i], usual[i], usual[i]);
    }
    assert_said(qemu, "", devices->str,
                "haywire: no doorbell: other devices are at 0xf40 0xf80 0xe40 "
                "0xe80; the guest is looked at every interval (doorbell=PORT "
                "names another port)\n");
    assert_said(qemu, ",doorbell=3f8", "-m 64 -serial null",
                "haywire: no doorbell: other devices are at 0x3f8; the guest "
                "is looked at every interval (doorbell=PORT names another "
                "port)\n");
}

/* Without a doorbell a reset, with it a reset: it stays where it was. */
static void test_reset(const char *qemu)
{
    Scene scene;

    open_scene(&scene, qemu, LAZY, "-m 64");
    json_node_unref(qemu_process_qmp(scene.process, "system_reset", NULL));
    ring(&scene, 0);
    g_assert_cmphex(qemu_process_in32(scene.process, PORT), ==, HAYWIRE_MAGIC);
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("doorbell/rung", test_rung);
    qemus_add_test("doorbell/storm", test_storm);
    qemus_add_test("doorbell/places", test_places);
    qemus_add_test("doorbell/taken", test_taken);
    qemus_add_test("doorbell/reset", test_reset);
    return g_test_run();
}
