/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands print of a session that stands still: golden texts, and
 * JSON that is valid and has every member that its table names.
 */
#include <glib.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "cli.h"
#include "scene.h"

#define STALE                                                               \
    "haywire: stale: linux x86-64 6.1.0-test, host guest, 4 processes, no " \
    "heartbeat seen, last beat * UTC"

static char *scene;

static void check_text(const char *command, const char *out)
{
    g_autofree char *arguments = g_strdup_printf("--ram %s %s", scene, command);

    cli_check(arguments, 0, out, STALE);
}

static void test_ps(void)
{
    check_text(
        "ps",
        "       UID PID PPID STAT NI NLWP  VSZ  RSS     TIME COMMAND\n"
        "         0   1    0 S     0    1 4096 1024 00:00:03 /sbin/init --x\n"
        "         0   2    1 S     0    1 8192 1024 00:00:00 [kthreadd]\n"
        "4294967294 300    1 Z<l  -5    5 8192 1024 00:00:00 "
        "[a\\x1b[31m\\x0a (x)] <defunct>\n"
        "         0 301    1 S     -    1    -    -        - [new]\n");
}

static void test_sections(void)
{
    check_text("sections 300",
               "pid 300, roundrobin generation 1: 2 of 2 sections\n"
               "00400000-00401000 r-xp 00000000 08:01 77"
               "                                 /tmp/odd \\x0a name\n"
               "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0"
               "                  [vsyscall]\n");
}

#define UNKNOWN_BITS \
    "not known by this source: writable, executable, user, accessed, dirty\n"

static void test_ptes(void)
{
    check_text(
        "ptes 1",
        "pid 1, camera1 generation 3: 2 of 2 runs\n"
        "ADDRESS           PAGES         PFN  SIZE FLAGS\n"
        "00400000-00402000     2       0x123 4 KiB present,file\n"
        "7ffff000-80000000     1 swap 1:0x37     - swapped\n" UNKNOWN_BITS);
    check_text(
        "ptes 1 0x401000 4096",
        "pid 1, camera1 generation 3: 1 of 2 runs\n"
        "ADDRESS           PAGES   PFN  SIZE FLAGS\n"
        "00401000-00402000     1 0x124 4 KiB present,file\n" UNKNOWN_BITS);
}

static void test_translate(void)
{
    check_text("translate 1 0x401abc", "pid        1\n"
                                       "address    0x401abc\n"
                                       "gpa        0x124abc\n"
                                       "offset     0x124abc\n"
                                       "page size  4 KiB\n"
                                       "source     camera1\n"
                                       "generation 3\n");
}

static void test_cameras(void)
{
    check_text("cameras",
               "CAMERA STATUS TARGET PID PASS    AGE   TOOK SECTIONS RUNS   "
               "RSS     PSS  SWAP\n"
               "     1 active      1   1    3 1.0 ms 1.0 ms        1    2 1 "
               "MiB 512 KiB 4 KiB\n"
               "     2 idle        -   -    -      -      -        -    -     "
               "-       -     -\n");
}

static JsonObject *run_json(const char *command, JsonParser *parser)
{
    g_autofree char *arguments =
        g_strdup_printf("--ram %s --json %s", scene, command);
    GError *error = NULL;
    JsonObject *root;
    CliResult result;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_cmpstr(result.err, ==, "");
    json_parser_load_from_data(parser, result.out, -1, &error);
    g_assert_no_error(error);
    cli_result_clear(&result);
    root = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpint(json_object_get_int_member(root, "version"), ==, 1);
    g_assert_cmpstr(json_object_get_string_member(root, "state"), ==, "stale");
    g_assert_cmpstr(json_object_get_string_member(root, "session"), ==,
                    "0000000000001234");
    return root;
}

static void test_json_processes(void)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonArray *list =
        json_object_get_array_member(run_json("ps", parser), "processes");
    JsonObject *process;

    g_assert_cmpint(json_array_get_length(list), ==, 4);
    process = json_array_get_object_element(list, 2);
    g_assert_cmpint(json_object_get_int_member(process, "pid"), ==, 300);
    g_assert_cmpint(json_object_get_int_member(process, "uid"), ==, 4294967294);
    g_assert_cmpint(json_object_get_int_member(process, "nice"), ==, -5);
    g_assert_cmpstr(json_object_get_string_member(process, "state"), ==, "Z");
    g_assert_cmpstr(json_object_get_string_member(process, "name"), ==,
                    "a\\x1b[31m\\x0a (x)");
    g_assert_true(json_object_has_member(process, "rss"));
    process = json_array_get_object_element(list, 3);
    g_assert_false(json_object_has_member(process, "rss"));
    g_assert_false(json_object_has_member(process, "gid"));
}

/* An address that is no signed number. */
static void test_json_sections(void)
{
    g_autofree char *arguments =
        g_strdup_printf("--ram %s --json sections 300", scene);
    CliResult result;

    cli_run(arguments, &result);
    g_assert_nonnull(strstr(result.out, "\"start\": 18446744073699065856,"));
    cli_result_clear(&result);
}

static void test_json_ptes(void)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *ptes =
        json_object_get_object_member(run_json("ptes 1", parser), "ptes");
    JsonArray *runs = json_object_get_array_member(ptes, "runs");
    JsonObject *run = json_array_get_object_element(runs, 0);

    g_assert_cmpint(json_object_get_int_member(run, "pfn"), ==, 0x123);
    g_assert_cmpint(json_object_get_int_member(run, "page-size"), ==, 4096);
    g_assert_false(json_object_has_member(run, "swap-offset"));
    run = json_array_get_object_element(runs, 1);
    g_assert_cmpint(json_object_get_int_member(run, "swap-offset"), ==, 55);
    g_assert_cmpint(json_object_get_int_member(run, "swap-type"), ==, 1);
    g_assert_false(json_object_has_member(run, "pfn"));
}

static void test_json_others(void)
{
    static const char *const commands[][2] = {
        { "status", "status" },   { "scan", "scan" },
        { "stats", "stats" },     { "sections 1", "sections" },
        { "cameras", "cameras" }, { "translate 1 0x400000", "translation" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autoptr(JsonParser) parser = json_parser_new();
        JsonObject *root = run_json(commands[i][0], parser);

        g_assert_true(json_object_has_member(root, commands[i][1]));
        g_assert_cmpint(json_object_get_size(root), ==, 4);
    }
}

static void test_status(void)
{
    g_autofree char *arguments = g_strdup_printf("--ram %s status", scene);
    CliResult result;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_true(g_pattern_match_simple(STALE "\n", result.err));
    g_assert_nonnull(strstr(result.out, "session             "
                                        "0000000000001234\n"));
    g_assert_nonnull(strstr(result.out, "\nroundrobin    40     40\n"));
    cli_result_clear(&result);
}

static guint64 peak_of(const char *path, const char *command, gsize *ret_length)
{
    g_autofree char *arguments = g_strdup_printf("--ram %s %s", path, command);
    CliResult result;
    guint64 peak;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    *ret_length = strlen(result.out);
    peak = result.peak_kib;
    cli_result_clear(&result);
    return peak;
}

/* JSON that is far longer than the memory that is used to write it. */
static void test_long_json(void)
{
    g_autofree char *bytes = g_strnfill(900, '\x01');
    g_auto(GStrv) parts = g_strsplit(bytes, "\x01", -1);
    g_autofree char *name = g_strjoinv("\\x01", parts);
    g_autoptr(GString) text = g_string_new(
        "session id=0x1234\ngeometry roundrobin=2000 pid=20 camera1=20 "
        "camera2=20\nprocess pid=1\nsections pid=1\n");
    g_autofree char *path = NULL;
    guint64 before;
    gsize length;

    for (guint i = 0; i < 3000; i++) {
        g_string_append_printf(text,
                               "section start=%u end=%u perms=\"r--p\" "
                               "path=\"%s\"\n",
                               i * 8192, i * 8192 + 4096, name);
    }
    path = cli_ram_new("long", text->str, SCENE_SIZE);
    before = peak_of(path, "status", &length);
    g_assert_cmpuint(peak_of(path, "--json sections 1", &length), <,
                     before + 4096);
    g_assert_cmpuint(length, >, 12u << 20);
}

/* A guest's bytes never reach the output unescaped, in any locale. */
/* @arguments, for the scene; @err is a pattern. */
static void check_scene(const char *arguments, int status, const char *err)
{
    g_autofree char *line = g_strdup_printf("--ram %s %s", scene, arguments);
    CliResult result;

    cli_run(line, &result);
    g_assert_cmpint(result.status, ==, status);
    g_strchomp(result.err);
    if (!g_pattern_match_simple(err, result.err)) {
        g_error("%s: \"%s\"", line, result.err);
    }
    cli_result_clear(&result);
}

/* A kept file says what it cannot tell, and what it can. */
static void test_kept(void)
{
    check_scene(
        "ptes 300", 1,
        "*haywire: No camera holds this process (pid 300): this session "
        "is not live, and keeps page tables only of what a camera was "
        "on (pid 1); ps and sections tell of the others");
    check_scene("translate 300 400000", 1, "*camera was on (pid 1); *");
}

/* Stale data is shown, and its status is one of its own. */
static void test_fresh(void)
{
    check_scene("--fresh ps", 5,
                "*haywire: There is no live session (--fresh)");
    check_scene("--fresh sections 300", 5, "*There is no live session *");
    check_scene("--fresh sections 7", 5, "*There is no live session *");
    check_scene("sections 7", 1, "*There is no such process *");
    check_scene("--fresh sections 1x", 2, "*");
    check_scene("--fresh scan", 2, "haywire: --fresh does not go with scan");
}

static void test_names(void)
{
    g_autofree char *path = cli_ram_new(
        "names", SCENE "process pid=400 name=\"init\" cmdline=\"two\"\n",
        SCENE_SIZE);
    g_autofree char *two = g_strdup_printf("--ram %s sections init", path);

    check_scene("translate init 400010", 0, "*");
    check_scene("sections nobody", 1,
                "*There is no such process in the guest (nobody)");
    cli_check(two, 2, "",
              "haywire: 2 processes are called init: 1 (/sbin/init --x), "
              "400 (two)");
}

static void test_stats_help(void)
{
    CliResult result;

    cli_run("stats --help", &result);
    g_assert_nonnull(strstr(result.out, "\n  focus-writes "));
    g_assert_nonnull(strstr(result.out, "\n  pid-round-time "));
    g_assert_nonnull(strstr(result.out, "\n  strings-truncated "));
    cli_result_clear(&result);
}

static void test_locale(void)
{
    g_autofree char *path =
        cli_ram_new("bytes",
                    "session id=0x1234\ntext host \"\\xc3\\x9b\"\n"
                    "geometry roundrobin=40 pid=20 camera1=20 camera2=20\n"
                    "process pid=1 name=\"\\xc3\\xa4\\xff\\x07\" "
                    "cmdline=\"\\xe2\\x80\\xae\\\\x41 \\x9b\"\n"
                    "process pid=2 name=\"\\xc3\\xa4\\xff\" cmdline=\"\"\n",
                    SCENE_SIZE);
    g_autofree char *arguments = g_strdup_printf("--ram %s ps", path);
    CliResult result;

    cli_run(arguments, &result);
    g_assert_nonnull(strstr(result.out, " \\xe2\\x80\\xae\\x5cx41 \\x9b\n"));
    g_assert_nonnull(strstr(result.out, " [\xc3\xa4\\xff]\n"));
    cli_result_clear(&result);

    g_setenv("LC_ALL", "C", TRUE);
    cli_run(arguments, &result);
    g_setenv("LC_ALL", "C.UTF-8", TRUE);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.err, "host \\xc3\\x9b,"));
    g_assert_nonnull(strstr(result.out, " [\\xc3\\xa4\\xff]\n"));
    cli_result_clear(&result);
}

static void test_second_session(void)
{
    g_autofree char *path = cli_ram_new(
        "two",
        "place first=0x900000\n" SCENE "place first=0x100000\n"
        "session id=0x77 heartbeat=9 time=20s wall-time=1900000000s\n"
        "process pid=5 name=\"other\"\n",
        SCENE_SIZE);
    g_autofree char *scan = g_strdup_printf("--ram %s scan", path);
    g_autofree char *status = g_strdup_printf("--ram %s --json status", path);
    CliResult result;

    cli_run(scan, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.out, ", 2 sessions\n"));
    g_assert_nonnull(strstr(result.out, "\n0000000000001234 stale no "));
    g_assert_nonnull(strstr(result.out, "\n0000000000000077 stale yes "));
    cli_result_clear(&result);
    cli_run(status, &result);
    g_assert_nonnull(strstr(result.out, "\"sessions\": 2"));
    g_assert_nonnull(strstr(result.out, "\"0000000000000077\""));
    cli_result_clear(&result);
}

static void test_watch_plain(void)
{
    g_autofree char *text = g_strdup_printf("--ram %s watch 1 2", scene);
    g_autofree char *json = g_strdup_printf("--ram %s --json watch 1 2", scene);
    g_auto(GStrv) line = NULL;
    CliResult result;

    cli_run(text, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_true(g_str_has_prefix(result.out, "stale: linux"));
    line = g_strsplit(result.out, "\n\nstale: linux", -1);
    g_assert_cmpint(g_strv_length(line), ==, 2);
    cli_result_clear(&result);
    g_strfreev(line);

    cli_run(json, &result);
    line = g_strsplit(result.out, "\n", -1);
    g_assert_cmpint(g_strv_length(line), ==, 3);
    for (int i = 0; i < 2; i++) {
        g_autoptr(JsonNode) node = json_from_string(line[i], NULL);

        g_assert_nonnull(node);
    }
    cli_result_clear(&result);
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    scene = cli_ram_new("scene", SCENE, SCENE_SIZE);
    g_test_add_func("/cli/output/ps", test_ps);
    g_test_add_func("/cli/output/sections", test_sections);
    g_test_add_func("/cli/output/ptes", test_ptes);
    g_test_add_func("/cli/output/translate", test_translate);
    g_test_add_func("/cli/output/cameras", test_cameras);
    g_test_add_func("/cli/output/status", test_status);
    g_test_add_func("/cli/output/json-processes", test_json_processes);
    g_test_add_func("/cli/output/json-sections", test_json_sections);
    g_test_add_func("/cli/output/json-ptes", test_json_ptes);
    g_test_add_func("/cli/output/json-others", test_json_others);
    g_test_add_func("/cli/output/locale", test_locale);
    g_test_add_func("/cli/output/kept", test_kept);
    g_test_add_func("/cli/output/fresh", test_fresh);
    g_test_add_func("/cli/output/names", test_names);
    g_test_add_func("/cli/output/stats-help", test_stats_help);
    g_test_add_func("/cli/output/long-json", test_long_json);
    g_test_add_func("/cli/output/second-session", test_second_session);
    g_test_add_func("/cli/output/watch-plain", test_watch_plain);
    failed = g_test_run();
    g_free(scene);
    cli_end();
    return failed;
}
