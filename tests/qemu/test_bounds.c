/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What answers may cost QEMU, however much a guest publishes; and that nothing
 * is lost by it: what does not fit can be asked for.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "large.h"
#include "qemus.h"
#include "scene.h"

#define MIB (1u << 20)

/* docs/security.md: 20 MiB; QEMU's heap is not asked for each byte. */
#define REPLY_MAX (24 * (guint64)MIB)

/* Of /proc/PID/status, bytes. */
static guint64 memory(const Scene *scene, const char *name)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%s/status", qemu_process_id(scene->process));
    g_autofree char *text = NULL;
    const char *line;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, name);
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen(name), NULL, 10) * 1024;
}

/* From now on the highest is counted anew. */
static void forget_peak(const Scene *scene)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%s/clear_refs", qemu_process_id(scene->process));
    FILE *file = fopen(path, "w");

    g_assert_nonnull(file);
    fputs("5", file);
    g_assert_cmpint(fclose(file), ==, 0);
}

/* All these, one after the other. */
static void test_memory(Scene *scene)
{
    static const struct {
        const char *command;
        const char *arguments; /* NULL: a line of the monitor */
    } asked[] = {
        { "query-haywire-processes", "{}" },
        { "query-haywire-sections", "{'pid':7}" },
        { "query-haywire-sections", "{'pid':8}" },
        { "query-haywire-ptes", "{'pid':9}" },
        { "info haywire", NULL },
        { "info haywire sections 7", NULL },
        { "info haywire sections paths", NULL },
        { "info haywire ptes runs", NULL },
    };
    guint64 before = memory(scene, "\nVmRSS:");
    guint64 peak = 0;

    forget_peak(scene);
    for (gsize i = 0; i < G_N_ELEMENTS(asked); i++) {
        if (asked[i].arguments) {
            json_node_unref(qemu_process_qmp(scene->process, asked[i].command,
                                             asked[i].arguments));
        } else {
            g_free(qemu_process_hmp(scene->process, asked[i].command));
        }
        peak = memory(scene, "\nVmHWM:");
        g_test_message("%s: %.1f MiB so far", asked[i].command,
                       ((double)peak - (double)before) / MIB);
    }
    g_assert_cmpuint(peak, <=, before + REPLY_MAX);
}

static JsonObject *element(JsonArray *array, guint index)
{
    return json_array_get_object_element(array, index);
}

/* Page by page: each exactly once, in order. */
static void test_all_processes(Scene *scene)
{
    gint64 last = 0;
    guint pages = 0, found = 0;
    gboolean more = TRUE;

    for (; more; pages++) {
        g_autofree char *arguments =
            g_strdup_printf("{'after':%" G_GINT64_FORMAT "}", last);
        g_autoptr(JsonNode) reply = qemu_process_qmp(
            scene->process, "query-haywire-processes", arguments);
        JsonArray *list = json_node_get_array(reply);
        guint count = json_array_get_length(list);

        g_assert_cmpuint(count, >, 0);
        for (guint i = 0; i < count; i++, found++) {
            gint64 pid = json_object_get_int_member(element(list, i), "pid");

            g_assert_cmpint(pid, >, last);
            last = pid;
            more = json_object_has_member(element(list, i), "more");
            g_assert_true(!more || i + 1 == count);
        }
    }
    g_assert_cmpuint(found, ==, LARGE_PROCESSES + 23);
    g_assert_cmpuint(pages, >, 1);
}

/* The same of a list in an object, whose rows start at @start. */
static void check_all_rows(Scene *scene, const char *command, guint pid,
                           const char *rows, const char *start, guint expected)
{
    guint64 next = 0;
    guint pages = 0, found = 0;
    gboolean more = TRUE;

    for (; more; pages++) {
        g_autofree char *arguments = g_strdup_printf(
            "{'pid':%u,'address':%" G_GUINT64_FORMAT "}", pid, next);
        g_autoptr(JsonNode) node = NULL;
        JsonObject *reply = scene_query(scene, command, arguments, &node);
        JsonArray *list = json_object_get_array_member(reply, rows);

        for (guint i = 0; i < json_array_get_length(list); i++, found++) {
            guint64 address =
                (guint64)json_object_get_int_member(element(list, i), start);

            g_assert_cmpuint(address, ==, LARGE_START + found * LARGE_STEP);
            next = address + 4096;
        }
        more = json_object_get_boolean_member(reply, "more");
        scene_assert_number(reply, "total", expected);
        scene_assert_string(reply, "session", "00000000feedface");
    }
    g_assert_cmpuint(found, ==, expected);
    g_assert_cmpuint(pages, >, 1);
}

static void test_all_rows(Scene *scene)
{
    check_all_rows(scene, "query-haywire-sections", LARGE_PID, "sections",
                   "start", LARGE_SECTIONS);
    check_all_rows(scene, "query-haywire-sections", LARGE_PATHS_PID, "sections",
                   "start", LARGE_PATHS);
    check_all_rows(scene, "query-haywire-ptes", LARGE_RUNS_PID, "runs",
                   "address", LARGE_RUNS);
}

/* What is asked for: a limit, a window, some processes, some members. */
static void test_choice(Scene *scene)
{
    g_autofree char *window =
        g_strdup_printf("{'pid':7,'address':%" G_GUINT64_FORMAT
                        ",'length':%" G_GUINT64_FORMAT "}",
                        LARGE_START + 4095, LARGE_STEP);
    g_autoptr(JsonNode) some = qemu_process_qmp(
        scene->process, "query-haywire-processes",
        "{'pids':[119,7,3],'members':['cpu-time','NAME','time'],"
        "'limit':2}");
    g_autoptr(JsonNode) first = qemu_process_qmp(
        scene->process, "query-haywire-processes", "{'limit':1,'after':100}");
    g_autoptr(JsonNode) node = NULL;
    g_autoptr(JsonNode) cut = NULL;
    JsonArray *list = json_node_get_array(some);
    JsonObject *reply;

    g_assert_cmpuint(json_array_get_length(list), ==, 2);
    scene_assert_string(element(list, 0), "name", "fat");
    scene_assert_number(element(list, 1), "pid", 119);
    g_assert_cmpuint(json_object_get_size(element(list, 1)), ==, 4);
    list = json_node_get_array(first);
    g_assert_cmpuint(json_array_get_length(list), ==, 1);
    scene_assert_number(element(list, 0), "pid", 101);
    g_assert_true(json_object_get_boolean_member(element(list, 0), "more"));

    reply = scene_query(scene, "query-haywire-sections", window, &node);
    list = json_object_get_array_member(reply, "sections");
    g_assert_cmpuint(json_array_get_length(list), ==, 2);
    g_assert_false(json_object_get_boolean_member(reply, "more"));
    reply =
        scene_query(scene, "query-haywire-ptes", "{'pid':9,'limit':3}", &cut);
    list = json_object_get_array_member(reply, "runs");
    g_assert_cmpuint(json_array_get_length(list), ==, 3);
    g_assert_true(json_object_get_boolean_member(reply, "more"));
}

static void test_wrong(Scene *scene)
{
    scene_assert_error(scene, "query-haywire-processes", "{'members':['pod']}",
                       "Unknown member \"pod\"; known are pid, ppid, ");
    scene_assert_error(scene, "query-haywire-processes", "{'members':'pid'}",
                       "'members'");
    scene_assert_error(scene, "query-haywire-processes", "{'pids':[3]}",
                       "no such process in the guest (pid 3)");
    scene_assert_error(scene, "query-haywire-ptes", "{'pid':7,'limit':0}",
                       "Parameter 'limit' expects a number above 0");
    scene_assert_error(scene, "query-haywire-cameras", "{'limit':1}",
                       "Parameter 'limit' is unexpected");
}

/* The monitor says how to go on. */
static void test_monitor(Scene *scene)
{
    g_autofree char *sections =
        qemu_process_hmp(scene->process, "info haywire sections fat");
    g_autofree char *all = qemu_process_hmp(scene->process, "info haywire");
    const char *more = strstr(sections, "... more: info haywire sections 7 ");
    g_autofree char *line = NULL;
    g_autofree char *rest = NULL;

    g_assert_nonnull(more);
    line = g_strndup(more + strlen("... more: "),
                     strcspn(more, "\n") - strlen("... more: "));
    rest = qemu_process_hmp(scene->process, line);
    g_assert_null(strstr(rest, "10000000-10001000"));
    g_assert_nonnull(strstr(rest, " of 60000 sections\n"));
    g_assert_nonnull(strstr(all, "\n... more: info haywire processes 0x"));
}

/* The host tool asks for all parts; @lines of text, a headline included. */
static void check_tool(const char *socket, const char *command, guint lines)
{
    g_autofree char *line = g_strdup_printf(
        "%s --qmp %s %s", g_getenv("HAYWIRE_TOOL"), socket, command);
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_autoptr(GError) error = NULL;
    guint found = 0;
    int status;

    g_assert_true(g_spawn_command_line_sync(line, &out, &err, &status, &error));
    g_assert_no_error(error);
    if (status != 0) {
        g_error("%s: %s", line, err);
    }
    for (const char *at = out; (at = strchr(at, '\n')); at++) {
        found++;
    }
    g_assert_cmpuint(found, ==, lines);
}

static void test_tool(const char *socket)
{
    check_tool(socket, "ps", LARGE_PROCESSES + 23 + 1);
    check_tool(socket, "sections fat", LARGE_SECTIONS + 1);
    check_tool(socket, "ptes 9", LARGE_RUNS + 3);
    check_tool(socket, "ptes 9 10010000 0x20000", 2 + 3);
}

static void test_large(const char *qemu)
{
    g_autofree char *text = large_text(LARGE_ALL);
    g_autofree char *folder = g_dir_make_tmp("haywire-bounds-XXXXXX", NULL);
    g_autofree char *socket = g_build_filename(folder, "qmp", NULL);
    g_autofree char *arguments =
        g_strdup_printf("-m 256 -qmp unix:%s,server=on,wait=off", socket);
    Scene scene;

    scene_start_with(&scene, qemu, LARGE_OPTIONS, arguments, text);
    test_tool(socket);
    test_memory(&scene);
    test_all_processes(&scene);
    test_all_rows(&scene);
    test_choice(&scene);
    test_wrong(&scene);
    test_monitor(&scene);
    scene_end(&scene);
    g_unlink(socket);
    g_rmdir(folder);
}

/* Processor time of the main thread so far, ns. */
static guint64 main_loop_ns(const Scene *scene)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%s/schedstat", qemu_process_id(scene->process));
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_ascii_strtoull(text, NULL, 10);
}

/* What the quickest of some rounds of all these cost the main loop, ns. */
static guint64 ordinary_cost(Scene *scene)
{
    guint64 least = G_MAXUINT64;

    for (int i = 0; i < 20; i++) {
        guint64 before = main_loop_ns(scene);
        g_autofree char *all = qemu_process_hmp(scene->process, "info haywire");
        g_autoptr(JsonNode) list =
            qemu_process_qmp(scene->process, "query-haywire-processes", NULL);
        g_autoptr(JsonNode) sections = qemu_process_qmp(
            scene->process, "query-haywire-sections", "{'pid':100}");

        least = MIN(least, main_loop_ns(scene) - before);
    }
    return least;
}

/* Whoever has 60,000 sections makes nobody else's answers dearer. */
static void test_fat(const char *qemu)
{
    g_autofree char *text = large_text(LARGE_FAT);
    g_autofree char *plain = large_text(LARGE_PLAIN);
    guint64 with, without;
    Scene scene;

    scene_start_with(&scene, qemu, LARGE_OPTIONS, "-m 256", text);
    with = ordinary_cost(&scene);
    scene_end(&scene);
    scene_start_with(&scene, qemu, LARGE_OPTIONS, "-m 256", plain);
    without = ordinary_cost(&scene);
    scene_end(&scene);
    g_test_message("%.2f ms with them, %.2f ms without", with / 1e6,
                   without / 1e6);
    g_assert_cmpuint(with, <, without * 3 / 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("bounds/large", test_large);
    qemus_add_test("bounds/fat", test_fat);
    return g_test_run();
}
