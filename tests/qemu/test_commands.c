/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every command where there is nothing to see: what it answers, and what it
 * says to wrong arguments.
 */
#include <string.h>

#include "qemu_process.h"
#include "qemus.h"

static const char no_session[] = "No companion's session was found";

static void assert_error(QemuProcess *process, const char *command,
                         const char *arguments, const char *expected)
{
    g_autofree char *error =
        qemu_process_qmp_error(process, command, arguments);

    g_assert_cmpstr(error, ==, expected);
}

static void test_arguments(const char *qemu)
{
    g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");
    static const char *const without[] = {
        "query-haywire",
        "query-haywire-cameras",
        "query-haywire-stats",
        "haywire-rescan",
    };
    static const char *const with_pid[] = {
        "query-haywire-sections",
        "query-haywire-ptes",
        "haywire-focus",
        "haywire-translate",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(without); i++) {
        assert_error(process, without[i], "{'pid':1}",
                     "Parameter 'pid' is unexpected");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(with_pid); i++) {
        assert_error(process, with_pid[i], NULL, "Parameter 'pid' is missing");
        assert_error(process, with_pid[i], "{'pid':-1,'address':0}",
                     "Parameter 'pid' expects uint32_t");
        assert_error(process, with_pid[i], "{'pid':4294967296,'address':0}",
                     "Parameter 'pid' expects uint32_t");
    }
    assert_error(process, "query-haywire-processes", "{'pid':'one'}",
                 "Parameter 'pid' expects uint64");
    assert_error(process, "query-haywire-sections", "{'pid':1,'camera':1}",
                 "Parameter 'camera' is unexpected");
    assert_error(process, "haywire-translate", "{'pid':1}",
                 "Parameter 'address' is missing");
    assert_error(process, "haywire-focus", "{'pid':1,'camera':'left'}",
                 "Parameter 'camera' expects uint64");
}

static void test_no_session(const char *qemu)
{
    g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");
    const char *expected = no_session;

    assert_error(process, "query-haywire-processes", NULL, expected);
    assert_error(process, "query-haywire-processes", "{'pid':1}", expected);
    assert_error(process, "query-haywire-sections", "{'pid':1}", expected);
    assert_error(process, "query-haywire-ptes", "{'pid':1}", expected);
    assert_error(process, "haywire-translate", "{'pid':1,'address':4096}",
                 expected);
    assert_error(process, "haywire-focus", "{'pid':1}", expected);
    assert_error(process, "haywire-unfocus", NULL, expected);
    assert_error(process, "haywire-focus", "{'pid':1,'camera':3}",
                 "camera 3 does not exist: there are 1 and 2");
    assert_error(process, "haywire-unfocus", "{'camera':0}",
                 "camera 0 does not exist: there are 1 and 2");
}

static void test_empty_replies(const char *qemu)
{
    g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");
    g_autoptr(JsonNode) status =
        qemu_process_qmp(process, "query-haywire", NULL);
    g_autoptr(JsonNode) cameras =
        qemu_process_qmp(process, "query-haywire-cameras", NULL);
    g_autoptr(JsonNode) stats =
        qemu_process_qmp(process, "query-haywire-stats", NULL);
    JsonObject *object = json_node_get_object(status);
    JsonArray *array = json_node_get_array(cameras);

    g_assert_cmpstr(json_object_get_string_member(object, "state"), ==,
                    "searching");
    g_assert_false(json_object_has_member(object, "session"));
    g_assert_cmpuint(json_array_get_length(array), ==, 2);
    for (guint i = 0; i < 2; i++) {
        JsonObject *camera = json_array_get_object_element(array, i);

        g_assert_cmpint(json_object_get_int_member(camera, "camera"), ==,
                        i + 1);
        g_assert_false(json_object_get_boolean_member(camera, "mapped"));
    }
    object = json_node_get_object(stats);
    g_assert_true(json_object_has_member(object, "host"));
    g_assert_false(json_object_has_member(object, "guest"));
}

static gint64 scans(QemuProcess *process)
{
    g_autoptr(JsonNode) stats =
        qemu_process_qmp(process, "query-haywire-stats", NULL);
    JsonObject *host =
        json_object_get_object_member(json_node_get_object(stats), "host");

    return json_object_get_int_member(host, "scans");
}

/* With no session it scans by itself, but not within seconds of the last. */
static void test_rescan(const char *qemu)
{
    g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");

    for (int i = 0; i < 20; i++) {
        gint64 before = scans(process);
        g_autoptr(JsonNode) reply =
            qemu_process_qmp(process, "haywire-rescan", NULL);

        g_assert_cmpuint(json_object_get_size(json_node_get_object(reply)), ==,
                         0);
        for (int wait = 0; scans(process) == before; wait++) {
            g_assert_cmpint(wait, <, 500);
            g_usleep(10 * G_TIME_SPAN_MILLISECOND);
        }
    }
}

static void assert_hmp(QemuProcess *process, const char *line,
                       const char *expected)
{
    g_autofree char *text = qemu_process_hmp(process, line);

    g_assert_cmpstr(text, ==, expected);
}

static void test_monitor_usage(const char *qemu)
{
    g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");
    g_autofree char *help = qemu_process_hmp(process, "info haywire help");

    g_assert_true(g_str_has_prefix(help, "usage: info haywire [WHAT "));
    g_assert_nonnull(
        strstr(help, "\n  focus PID [CAMERA]               point camera 1"));
    assert_hmp(process, "info haywire dance", help);
    assert_hmp(process, "info haywire sections",
               "usage: info haywire sections PID [ADDRESS [LENGTH]]\n");
    assert_hmp(process, "info haywire sections 1x",
               "usage: info haywire sections PID [ADDRESS [LENGTH]]\n");
    assert_hmp(process, "info haywire ptes 1 2 3 4",
               "usage: info haywire ptes PID [ADDRESS [LENGTH]]\n");
    assert_hmp(process, "info haywire ptes 1 zz",
               "usage: info haywire ptes PID [ADDRESS [LENGTH]]\n");
    assert_hmp(process, "info haywire translate 1",
               "usage: info haywire translate PID ADDRESS\n");
    assert_hmp(process, "info haywire focus",
               "usage: info haywire focus PID [CAMERA]\n");
    assert_hmp(process, "info haywire focus -1",
               "usage: info haywire focus PID [CAMERA]\n");
    assert_hmp(process, "info haywire processes one",
               "usage: info haywire processes [FIRST]\n");
}

static void test_monitor_empty(const char *qemu)
{
    g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");
    g_autofree char *error = g_strdup_printf("Error: %s\n", no_session);
    g_autofree char *session = qemu_process_hmp(process, "info haywire");
    g_autofree char *help = qemu_process_hmp(process, "help info");

    g_assert_nonnull(strstr(session, "searching"));
    g_assert_nonnull(strstr(help, "info haywire [help|WHAT "));
    g_assert_nonnull(strstr(help, "info version "));
    assert_hmp(process, "info haywire processes", error);
    assert_hmp(process, "info haywire sections 1", error);
    assert_hmp(process, "info haywire ptes 1", error);
    assert_hmp(process, "info haywire ptes init 7ffff000", error);
    assert_hmp(process, "info haywire translate 0x1 0x1000", error);
    assert_hmp(process, "info haywire focus 1", error);
    assert_hmp(process, "info haywire unfocus", error);
    assert_hmp(process, "info haywire focus 1 3",
               "Error: camera 3 does not exist: there are 1 and 2\n");
    assert_hmp(process, "info haywire rescan", "A full scan is under way.\n");
}

/* The table of info commands is a copy now: the others must still work. */
static void test_monitor_others(const char *qemu)
{
    g_autoptr(QemuProcess) process = qemu_process_start(qemu, "", "");
    g_autofree char *version = qemu_process_hmp(process, "info version");
    g_autofree char *status = qemu_process_hmp(process, "info status");
    g_autofree char *jit = qemu_process_hmp(process, "info jit");

    g_assert_true(g_ascii_isdigit(version[0]));
    g_assert_nonnull(strstr(status, "VM status: paused"));
    g_assert_nonnull(strstr(jit, "TB"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("commands/arguments", test_arguments);
    qemus_add_test("commands/no-session", test_no_session);
    qemus_add_test("commands/empty-replies", test_empty_replies);
    qemus_add_test("commands/rescan", test_rescan);
    qemus_add_test("monitor/usage", test_monitor_usage);
    qemus_add_test("monitor/empty", test_monitor_empty);
    qemus_add_test("monitor/others", test_monitor_others);
    return g_test_run();
}
