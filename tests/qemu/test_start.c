/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting and ending: options, refusals, machines, ways to exit.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        g_error("\"%s\" is not in: %s", part, text);
    }
}

static void assert_refused(const char *qemu, const char *options,
                           const char *arguments, const char *message)
{
    g_autofree char *messages = NULL;
    int status = qemu_process_refused(qemu, options, arguments, &messages);

    g_assert_cmpint(status, ==, 1);
    assert_contains(messages, message);
}

static void test_bad_options(const char *qemu)
{
    assert_refused(qemu, ",colour=red", "",
                   "haywire: unknown option 'colour'; the options are ram=ID, "
                   "interval=MS, memory=MIB, kernel=on|off, "
                   "doorbell=on|off|PORT and "
                   "unknown-qemu=on");
    assert_refused(qemu, ",unknown-qemu=maybe", "",
                   "haywire: option 'unknown-qemu' is 'on' or 'off', not "
                   "'maybe'");
    assert_refused(qemu, ",kernel=", "",
                   "haywire: option 'kernel' is 'on' or 'off', not ''");
    assert_refused(qemu, ",interval=soon", "",
                   "haywire: option 'interval' needs milliseconds from 10 to "
                   "60000, not 'soon'");
    assert_refused(qemu, ",interval=0", "", "not '0'");
    assert_refused(qemu, ",interval=60001", "", "not '60001'");
    assert_refused(qemu, ",memory=11", "",
                   "haywire: option 'memory' needs MiB from 12 to 4096, "
                   "not '11'");
    assert_refused(qemu, ",memory=16M", "", "not '16M'");
    assert_refused(qemu, ",doorbell=loud", "",
                   "haywire: option 'doorbell' is 'on', 'off' or a port, a "
                   "multiple of 8 from 0x100 to 0xfff8, not 'loud'");
    assert_refused(qemu, ",doorbell=0xf41", "", "not '0xf41'");
    assert_refused(qemu, ",doorbell=0xf8", "", "not '0xf8'");
    assert_refused(qemu, ",doorbell=10000", "", "not '10000'");
    assert_refused(qemu, ",doorbell=0x", "", "not '0x'");
    assert_refused(qemu, ",ram=", "",
                   "haywire: option 'ram' needs the name of a RAM block");
    assert_refused(qemu, ",ram=nowhere", "",
                   "haywire: no RAM block 'nowhere'; this machine has: ");
}

/* By another name, since QEMU itself takes equal names for one plugin. */
static void test_twice(const char *qemu)
{
    const char *plugin = g_getenv("HAYWIRE_PLUGIN");
    g_autofree char *folder = g_path_get_dirname(plugin);
    g_autofree char *file = g_path_get_basename(plugin);
    g_autofree char *again = g_strdup_printf("-plugin %s/./%s", folder, file);

    assert_refused(qemu, "", again, "haywire: the plugin is loaded already");
}

/* A second file has variables of its own. */
static void test_copy(const char *qemu)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("haywire-copy-XXXXXX", &error);
    g_autofree char *path = g_build_filename(folder, "haywire.so", NULL);
    g_autofree char *again = g_strdup_printf("-plugin %s", path);
    g_autofree char *code = NULL;
    gsize length;

    g_file_get_contents(g_getenv("HAYWIRE_PLUGIN"), &code, &length, &error);
    g_assert_no_error(error);
    g_file_set_contents(path, code, length, &error);
    g_assert_no_error(error);
    assert_refused(qemu, "", again, "haywire: the plugin is loaded already");
    g_unlink(path);
    g_rmdir(folder);
}

/* Starts, answers, quits. */
static void assert_works(const char *qemu, const char *options,
                         const char *arguments)
{
    g_autoptr(QemuProcess) process =
        qemu_process_start(qemu, options, arguments);
    g_autoptr(JsonNode) reply =
        qemu_process_qmp(process, "query-haywire", NULL);
    g_autoptr(JsonNode) nothing = NULL;
    JsonObject *status = json_node_get_object(reply);

    g_assert_cmpstr(json_object_get_string_member(status, "state"), ==,
                    "searching");
    nothing = qemu_process_qmp(process, "quit", NULL);
    g_assert_cmpint(qemu_process_wait(process), ==, 0);
    g_assert_cmpstr(qemu_process_messages(process), ==, "");
}

static void test_machines(const char *qemu)
{
    assert_works(qemu, "", "-machine q35 -m 256");
    assert_works(qemu, "", "-machine pc -m 256");
    assert_works(qemu, "", "-machine microvm -m 256");
    assert_works(qemu, "", "-machine q35 -m 4G");
    assert_works(qemu, "", "-machine none");
}

static void test_ram_option(const char *qemu)
{
    const char *file = "-object memory-backend-memfd,id=mem0,size=256M "
                       "-machine q35,memory-backend=mem0 -m 256";

    assert_works(qemu, ",ram=pc.ram", "-m 256");
    assert_works(qemu, ",interval=10,ram=mem0,memory=12", file);
    /* No news, and no warning, to a version that is known. */
    assert_works(qemu, ",unknown-qemu=on", "-m 256");
}

/* A DIMM that comes and stays is no reason to stop working. */
static void test_hotplug(const char *qemu)
{
    g_autoptr(QemuProcess) process =
        qemu_process_start(qemu, "", "-m 256,slots=2,maxmem=1G");
    g_autoptr(JsonNode) backend = qemu_process_qmp(
        process, "object-add",
        "{'qom-type':'memory-backend-ram','id':'more','size':134217728}");
    g_autoptr(JsonNode) device = qemu_process_qmp(
        process, "device_add", "{'driver':'pc-dimm','memdev':'more'}");
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(JsonNode) nothing = NULL;

    /* Longer than the plugin takes to notice. */
    g_usleep(1500 * G_TIME_SPAN_MILLISECOND);
    reply = qemu_process_qmp(process, "query-haywire", NULL);
    nothing = qemu_process_qmp(process, "quit", NULL);
    g_assert_cmpint(qemu_process_wait(process), ==, 0);
}

static void test_exit_by_signal(const char *qemu)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

    for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
        g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");

        qemu_process_signal(process, signals[i]);
        g_assert_cmpint(qemu_process_wait(process), ==, 0);
    }
}

/* This device calls exit() in the midst of an access by the guest. */
static void test_exit_by_guest(const char *qemu)
{
    g_autoptr(QemuProcess) process =
        qemu_process_start(qemu, "", "-device isa-debug-exit,iobase=0x501");

    qemu_process_out(process, 0x501, 2);
    g_assert_cmpint(qemu_process_wait(process), ==, 5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("start/bad-options", test_bad_options);
    qemus_add_test("start/twice", test_twice);
    qemus_add_test("start/copy", test_copy);
    qemus_add_test("start/machines", test_machines);
    qemus_add_test("start/ram-option", test_ram_option);
    qemus_add_test("start/hotplug", test_hotplug);
    qemus_add_test("exit/signal", test_exit_by_signal);
    qemus_add_test("exit/guest", test_exit_by_guest);
    return g_test_run();
}
