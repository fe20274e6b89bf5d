/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The field tables: every member there and back, presence, and what does not
 * fit.
 */
#include <glib.h>
#include <locale.h>
#include <string.h>

#include "fields.h"
#include "text.h"

/* The member of this name; NULL: none. */
static const HaywireField *find_field(const HaywireTable *table,
                                      const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->field[i].name, name) == 0) {
            return &table->field[i];
        }
    }
    return NULL;
}

static const HaywireTable *const tables[] = {
    &haywire_overview_table,      &haywire_category_table,
    &haywire_cost_table,          &haywire_process_table,
    &haywire_section_list_table,  &haywire_section_table,
    &haywire_page_run_list_table, &haywire_page_run_table,
    &haywire_camera_table,        &haywire_host_table,
    &haywire_guest_table,         &haywire_rejected_table,
    &haywire_place_table,
};

/* Lower case, digits and dashes, once in its table, with help. */
static void test_names(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        for (size_t j = 0; j < tables[i]->count; j++) {
            const HaywireField *field = &tables[i]->field[j];

            g_assert_true(g_regex_match_simple("^[a-z][a-z0-9-]*[a-z0-9]$",
                                               field->name, 0, 0));
            g_assert_true(find_field(tables[i], field->name) == field);
            g_assert_nonnull(field->help);
            g_assert_false(g_str_has_suffix(field->help, "."));
            g_assert_cmpuint(field->offset, <, tables[i]->size);
        }
    }
    g_assert_null(find_field(&haywire_process_table, "nonsense"));
}

static void check_string(const HaywireField *field, void *object)
{
    static const char *const tries[] = {
        "0123456789abcdef", "live",   "S",         "linux", "x86-64",
        "camera2",          "active", "companion", "pts/3"
    };
    char buffer[HAYWIRE_FIELD_BUFFER];

    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        if (haywire_field_set_string(field, object, tries[i])) {
            g_assert_cmpstr(haywire_field_string(field, object, buffer), ==,
                            tries[i]);
            return;
        }
    }
    g_error("%s takes no string", field->name);
}

static void check_number(const HaywireField *field, void *object)
{
    static const uint64_t tries[] = { UINT64_MAX, 4096, UINT32_MAX, 77, 1 };
    bool taken = false;

    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        if (haywire_field_set_number(field, object, tries[i])) {
            g_assert_cmphex(haywire_field_number(field, object), ==, tries[i]);
            taken = true;
        }
    }
    g_assert_true(taken);
}

/* What is put in is shown, and only that. */
static void test_round_trip(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        for (size_t j = 0; j < tables[i]->count; j++) {
            const HaywireField *field = &tables[i]->field[j];
            g_autofree void *object = g_malloc0(tables[i]->size);
            uint64_t number[HAYWIRE_FIELD_COUNT] = { 0 };

            if (field->presence == HAYWIRE_PRESENT_REPLY) {
                continue; /* nothing is put there */
            }
            if (tables[i] == &haywire_process_table) {
                ((HaywireProcess *)object)->number = number;
            }
            haywire_table_init(tables[i], object);
            if (haywire_field_is_string(field)) {
                check_string(field, object);
            } else {
                check_number(field, object);
            }
            /* for these another member must be there */
            if (field->presence != HAYWIRE_PRESENT_U32) {
                g_assert_true(haywire_field_present(field, object));
            }
        }
    }
}

static void refuse_number(const HaywireTable *table, const char *name,
                          uint64_t value)
{
    g_autofree uint8_t *object = g_malloc0(table->size);
    g_autofree uint8_t *before = g_malloc0(table->size);

    g_assert_false(
        haywire_field_set_number(find_field(table, name), object, value));
    g_assert_cmpmem(object, table->size, before, table->size);
}

static void refuse_string(const HaywireTable *table, const char *name,
                          const char *value)
{
    g_autofree uint8_t *object = g_malloc0(table->size);
    g_autofree uint8_t *before = g_malloc0(table->size);

    g_assert_false(
        haywire_field_set_string(find_field(table, name), object, value));
    g_assert_cmpmem(object, table->size, before, table->size);
}

static void test_refused(void)
{
    refuse_number(&haywire_process_table, "pid", UINT64_C(1) << 32);
    refuse_number(&haywire_process_table, "nice", UINT64_C(1) << 31);
    refuse_number(&haywire_process_table, "name-truncated", 2);
    refuse_number(&haywire_process_table, "name", 1);
    refuse_number(&haywire_page_run_table, "present", 2);
    refuse_number(&haywire_page_run_table, "page-size", 4097);
    refuse_number(&haywire_page_run_table, "page-size", 0);
    refuse_number(&haywire_page_run_table, "swap-type", 256);
    refuse_number(&haywire_process_table, "terminal", 1);
    refuse_number(&haywire_process_table, "source", 0);
    refuse_string(&haywire_process_table, "pid", "1");
    refuse_string(&haywire_process_table, "source", "nobody");
    refuse_string(&haywire_process_table, "state", "");
    refuse_string(&haywire_process_table, "state", "SS");
    refuse_string(&haywire_overview_table, "state", "dead");
    refuse_string(&haywire_overview_table, "session", "0123456789abcde");
    refuse_string(&haywire_overview_table, "session", "0123456789abcdef0");
    refuse_string(&haywire_overview_table, "session", "0123456789ABCDEF");
}

static void expect(const HaywireTable *table, const void *object,
                   const char *name, bool present)
{
    g_assert_true(haywire_field_present(find_field(table, name), object) ==
                  present);
}

static void test_presence(void)
{
    HaywirePageRun run = { .flags = HAYWIRE_RUN_PRESENT, .value = 7 };
    HaywireProcess process = { .pid = 1 };
    HaywireCamera camera = { .camera = 1 };

    expect(&haywire_page_run_table, &run, "pfn", false);
    run.flags |= HAYWIRE_RUN_PFN_KNOWN;
    expect(&haywire_page_run_table, &run, "pfn", true);
    expect(&haywire_page_run_table, &run, "swap-offset", false);
    expect(&haywire_page_run_table, &run, "page-size", false);
    expect(&haywire_page_run_table, &run, "guard", false);
    run.flags = HAYWIRE_RUN_SWAPPED | HAYWIRE_RUN_UFFD_WP;
    expect(&haywire_page_run_table, &run, "swap-offset", false);
    expect(&haywire_page_run_table, &run, "swap-type", false);
    expect(&haywire_page_run_table, &run, "uffd-wp", true);
    run.flags |= HAYWIRE_RUN_PFN_KNOWN;
    expect(&haywire_page_run_table, &run, "swap-offset", true);
    haywire_table_init(&haywire_process_table, &process);
    expect(&haywire_process_table, &process, "rss", false);
    expect(&haywire_process_table, &process, "exe", false);
    process.has_details = true;
    expect(&haywire_process_table, &process, "rss", true);
    expect(&haywire_process_table, &process, "gid", false);
    expect(&haywire_process_table, &process, "cmdline", true);
    expect(&haywire_process_table, &process, "source", true);
    expect(&haywire_process_table, &process, "open-files", false);
    expect(&haywire_process_table, &process, "cgroup", false);
    process.known = 1u << HAYWIRE_FIELD_OPEN_FILES;
    expect(&haywire_process_table, &process, "open-files", true);
    expect(&haywire_process_table, &process, "cgroup", false);
    expect(&haywire_process_table, &process, "priority", false);
    expect(&haywire_camera_table, &camera, "status", false);
    expect(&haywire_camera_table, &camera, "pass", false);
    camera.current_pid = 5;
    expect(&haywire_camera_table, &camera, "pass", true);
}

static const char *column_name(const char *name)
{
    const HaywireField *field =
        haywire_table_column(&haywire_process_table, name);

    return field ? field->name : NULL;
}

/* By the member's name and by those that ps has; one means one column. */
static void test_columns(void)
{
    const HaywireTable *table = &haywire_process_table;

    g_assert_cmpstr(column_name("pid"), ==, "pid");
    g_assert_cmpstr(column_name("RSS"), ==, "rss");
    g_assert_cmpstr(column_name("rsz"), ==, "rss");
    g_assert_cmpstr(column_name("Min_Flt"), ==, "minor-faults");
    g_assert_cmpstr(column_name("args"), ==, "command");
    g_assert_null(column_name(""));
    g_assert_null(column_name("pi"));
    g_assert_null(column_name("pidd"));
    g_assert_null(column_name("rssize rsz"));
    for (size_t i = 0; i < table->count + table->extra; i++) {
        const HaywireField *field = &table->field[i];
        g_auto(GStrv) alias =
            g_strsplit(field->aliases ? field->aliases : "", " ", -1);

        g_assert_true(
            haywire_table_column(table, field->name) ==
            (field->presence == HAYWIRE_PRESENT_REPLY ? NULL : field));
        for (char **name = alias; *name && **name; name++) {
            g_assert_true(haywire_table_column(table, *name) == field);
        }
        g_assert_true((field->type == HAYWIRE_TYPE_COLUMN) ==
                      (i >= table->count));
        g_assert_null(i < table->count ? field->parts : NULL);
    }
}

/* Columns that are no members are made of members. */
static void test_column_parts(void)
{
    const HaywireTable *table = &haywire_process_table;

    for (size_t i = table->count; i < table->count + table->extra; i++) {
        g_auto(GStrv) part = g_strsplit(table->field[i].parts, " ", -1);

        g_assert_nonnull(part[0]);
        for (char **name = part; *name; name++) {
            g_assert_nonnull(find_field(table, *name));
        }
    }
}

/* Terminals by their names, there and back; others by their numbers. */
static void test_terminals(void)
{
    static const struct {
        uint32_t major;
        uint32_t minor;
        const char *name;
    } cases[] = {
        { 0, 0, "?" },
        { 4, 1, "tty1" },
        { 4, 64, "ttyS0" },
        { 5, 0, "tty" },
        { 5, 1, "console" },
        { 136, 0, "pts/0" },
        { 136, 300, "pts/300" },
        { 204, 64, "ttyAMA0" },
        { 204, 63, "204:63" },
        { 229, 0, "hvc0" },
        { 5, 2, "5:2" },
        { 0, 7, "0:7" },
        { UINT32_MAX, UINT32_MAX, "4294967295:4294967295" },
    };
    static const char *const refused[] = {
        "",      "pts/", "pts/00", "pts/ 1", "pts/-1", "pts/1048576",
        "tty64", "5:0",  "1:2:3",  "x",      "0:0",    "4294967296:1",
    };
    const HaywireField *field = find_field(&haywire_process_table, "terminal");
    uint64_t number[HAYWIRE_FIELD_COUNT] = { 0 };
    HaywireProcess process = { .number = number };
    char buffer[HAYWIRE_FIELD_BUFFER];

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint64_t device = (uint64_t)cases[i].major << 32 | cases[i].minor;

        number[HAYWIRE_FIELD_TERMINAL] = device;
        g_assert_cmpstr(haywire_field_string(field, &process, buffer), ==,
                        cases[i].name);
        number[HAYWIRE_FIELD_TERMINAL] = 1;
        g_assert_true(haywire_field_set_string(field, &process, cases[i].name));
        g_assert_cmphex(number[HAYWIRE_FIELD_TERMINAL], ==, device);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_assert_false(haywire_field_set_string(field, &process, refused[i]));
    }
}

static void check_command(const HaywireProcess *process, const char *command)
{
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_processes(text, process, 1);
    g_test_message("%s", text->str);
    g_assert_true(g_str_has_suffix(text->str, command));
}

static void test_command(void)
{
    HaywireProcess process = {
        .name = "name", .state = 'S', .exe = "", .cmdline = ""
    };

    check_command(&process, " [name]\n");
    process.state = 'Z';
    check_command(&process, " [name] <defunct>\n");
    process.cmdline = "prog -x";
    check_command(&process, " [name] <defunct>\n");
    process.has_details = true;
    check_command(&process, " prog -x\n");
    process.cmdline_truncated = true;
    check_command(&process, " prog -x ...\n");
}

/*
 * Any string of the core's making comes out, in a locale that knows its
 * letters and in one that does not; libsmartcols can hang on the latter.
 */
static void test_strings(void)
{
    static const char *const locales[] = { "C", "C.UTF-8" };
    static const char *const names[] = {
        "",
        "a\\x0a",
        "\\x5cx41",
        "\xc3\xa4",
        "x\xe4\xb8\xad"
        "y",
        "\xcc\x88",
        "\xf0\x9f\x98\x80",
        "a b  c",
        "\\",
        "%s%n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(locales); i++) {
        g_assert_nonnull(setlocale(LC_ALL, locales[i]));
        for (size_t j = 0; j < G_N_ELEMENTS(names); j++) {
            HaywireProcess process = { .name = names[j], .state = 'S' };
            g_autoptr(GString) text = g_string_new(NULL);
            g_autofree char *end = g_strdup_printf(" [%s]\n", names[j]);

            haywire_text_processes(text, &process, 1);
            if (i == 1 || g_str_is_ascii(names[j])) {
                g_assert_true(g_str_has_suffix(text->str, end));
            } else {
                g_assert_true(g_str_is_ascii(text->str));
            }
        }
    }
    setlocale(LC_ALL, "C");
}

static void test_session_line(void)
{
    HaywireOverview overview = { .os = HAYWIRE_OS_LINUX };
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_table_init(&haywire_overview_table, &overview);
    haywire_text_session_line(text, &overview);
    g_assert_cmpstr(text->str, ==, "searching: no session found\n");
    overview.has_guest = true;
    overview.has_session = true;
    overview.has_table = true;
    overview.processes = 3;
    overview.processes_missing = 1;
    overview.state = HAYWIRE_STATE_LIVE;
    overview.arch = HAYWIRE_ARCH_AARCH64;
    g_string_truncate(text, 0);
    haywire_text_session_line(text, &overview);
    g_assert_cmpstr(text->str, ==,
                    "live: linux arm64, 3 processes (1 not shown)\n");
    overview.state = HAYWIRE_STATE_PAUSED;
    g_string_truncate(text, 0);
    haywire_text_session_line(text, &overview);
    g_assert_cmpstr(text->str, ==,
                    "paused: linux arm64, 3 processes (1 not shown)\n");
    overview.state = HAYWIRE_STATE_STALE;
    overview.closed = true;
    g_string_truncate(text, 0);
    haywire_text_session_line(text, &overview);
    g_assert_cmpstr(text->str, ==,
                    "stale: linux arm64, 3 processes (1 not shown), the "
                    "companion has ended\n");
}

/* How the line of @camera ends, from its sections on. */
static void check_camera(const HaywireCamera *camera, const char *end)
{
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_cameras(text, camera, 1);
    g_test_message("%s", text->str);
    g_assert_true(g_str_has_suffix(text->str, end));
}

static void test_cameras(void)
{
    HaywireCamera camera = { .camera = 1,
                             .mapped = true,
                             .current_pid = 4,
                             .sections = 3,
                             .page_runs = 9,
                             .sections_readable = true,
                             .page_table_readable = true,
                             .page_table_complete = true };

    check_camera(&camera, " 3    9   -   -    -\n");
    camera.page_runs_missing = 2;
    check_camera(&camera, " 3 9 (2 missing)   -   -    -\n");
    camera.page_table_complete = false;
    check_camera(&camera, " 3 9 (2 missing, partly read)   -   -    -\n");
    camera.page_runs_missing = 0;
    check_camera(&camera, " 3 9 (partly read)   -   -    -\n");
    camera.page_table_readable = false;
    camera.sections_readable = false;
    check_camera(&camera, " 3 (not readable) 9 (not readable)   -   -    -\n");
    camera.current_pid = 0;
    check_camera(&camera, " -    -   -   -    -\n");
}

static void test_cost(void)
{
    HaywireCost cost = {
        .time = 25000000000,
        .cpu_time = 41300000,
        .scans = 2,
        .scan_time = 8300000,
        .pages_scanned = 203696,
        .pages_read = 2407,
        .bytes_decoded = 1536,
        .companion_time = 5000000000,
        .companion_cpu_time = 200000000,
    };
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_cost(text, &cost);
    g_assert_cmpstr(text->str, ==, "");
    cost.refreshes = 100;
    haywire_text_cost(text, &cost);
    g_assert_cmpstr(text->str, ==,
                    "cost\n"
                    "reader's processor time 41.3 ms in 25.0 s (0.17 %)\n"
                    "looks                   100\n"
                    "full scans              2, 8.3 ms for 203696 pages\n"
                    "pages read              2407, 1.5 KiB decoded\n");
    cost.companion_known = true;
    cost.time = 1000;
    g_string_truncate(text, 0);
    haywire_text_cost(text, &cost);
    g_assert_true(g_str_has_prefix(
        text->str, "cost\n"
                   "reader's processor time    41.3 ms\n"
                   "companion's processor time 200.0 ms in 5.0 s (4.00 %)\n"));
}

static void test_status_text(void)
{
    const HaywireDiagnosis diagnosis = { 128, "checksum", 0xbad };
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_status(text, HAYWIRE_BAD_CHECKSUM, &diagnosis);
    g_assert_cmpstr(text->str, ==,
                    "The page's checksum does not match (checksum at byte 128 "
                    "of the page is 0xbad)");
}

/* Pages that have no place say so, and those whose place is hidden. */
static void test_page_runs_text(void)
{
    const HaywirePageRun run[] = {
        { .gva = { 0x1000 }, .pages = 4, .flags = HAYWIRE_RUN_GUARD },
        { .gva = { 0x5000 }, .pages = 1, .flags = HAYWIRE_RUN_UFFD_WP },
        { .gva = { 0x6000 }, .pages = 1, .flags = HAYWIRE_RUN_SPECIAL },
        { .gva = { 0x7000 }, .pages = 1, .flags = HAYWIRE_RUN_SWAPPED },
        { .gva = { 0x8000 },
          .pages = 1,
          .flags = HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_UFFD_WP,
          .page_shift = 16 },
    };
    const HaywirePageRunList list = { .pid = 4,
                                      .source = HAYWIRE_ORIGIN_CAMERA1,
                                      .generation = 2,
                                      .total = 5,
                                      .complete = true,
                                      .count = 5,
                                      .run = run };
    g_autoptr(GString) out = g_string_new(NULL);

    haywire_text_page_runs(out, &list, (HaywireGvaRange){ 0 });
    g_assert_cmpstr(out->str, ==,
                    "pid 4, camera1 generation 2: 5 of 5 runs\n"
                    "ADDRESS           PAGES    PFN   SIZE FLAGS\n"
                    "00001000-00005000     4      -      - guard\n"
                    "00005000-00006000     1      -      - uffd-wp\n"
                    "00006000-00007000     1      -      - special\n"
                    "00007000-00008000     1 hidden      - swapped\n"
                    "00008000-00009000     1 hidden 64 KiB present,uffd-wp\n"
                    "not known by this source: writable, executable, user, "
                    "accessed, dirty\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/render/names", test_names);
    g_test_add_func("/render/round-trip", test_round_trip);
    g_test_add_func("/render/refused", test_refused);
    g_test_add_func("/render/presence", test_presence);
    g_test_add_func("/render/columns", test_columns);
    g_test_add_func("/render/column-parts", test_column_parts);
    g_test_add_func("/render/terminals", test_terminals);
    g_test_add_func("/render/command", test_command);
    g_test_add_func("/render/strings", test_strings);
    g_test_add_func("/render/session-line", test_session_line);
    g_test_add_func("/render/cameras", test_cameras);
    g_test_add_func("/render/cost", test_cost);
    g_test_add_func("/render/status-text", test_status_text);
    g_test_add_func("/render/page-runs", test_page_runs_text);
    return g_test_run();
}
