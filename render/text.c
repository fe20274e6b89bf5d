/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for people, but for the tables of one process: see text.h and
 * text_memory.c.
 */

#include "text.h"

#include <string.h>

#include "text_format.h"
#include "text_table.h"

static void append_guest(GString *out, const HaywireOverview *overview)
{
    g_string_append_printf(out, "%s %s", haywire_os_name(overview->os),
                           haywire_arch_name(overview->arch));
    if (overview->kernel_release[0]) {
        g_string_append_printf(out, " %s", overview->kernel_release);
    }
    if (overview->host_name[0]) {
        g_string_append_printf(out, ", host %s", overview->host_name);
    }
    if (!overview->has_table) {
        g_string_append(out, ", no process known");
        return;
    }
    g_string_append_printf(out, ", %" G_GUINT64_FORMAT " processes",
                           overview->processes);
    if (overview->processes_missing) {
        g_string_append_printf(out, " (%" G_GUINT64_FORMAT " not shown)",
                               overview->processes_missing);
    }
}

static void append_staleness(GString *out, const HaywireOverview *overview)
{
    if (haywire_state_is_current(overview->state)) {
        return;
    }
    if (overview->source == HAYWIRE_PROVIDER_KERNEL) {
        g_string_append(out, overview->state == HAYWIRE_STATE_STALE
                                 ? ", nothing in it moves: stale or paused"
                                 : ", nothing in it has moved so far");
        return;
    }
    if (overview->closed) {
        g_string_append(out, ", the companion has ended");
    } else if (overview->state == HAYWIRE_STATE_STALE) {
        g_string_append(out, ", no heartbeat seen");
    } else {
        g_string_append(out, ", no second heartbeat seen so far");
    }
    if (overview->heartbeat_time) {
        g_string_append(out, ", last beat ");
        haywire_format_number(out, HAYWIRE_UNIT_WALL_TIME,
                              overview->heartbeat_time);
    }
}

void haywire_text_missing(GString *out, const HaywireOverview *overview)
{
    uint64_t pages = 0, mapped = 0;

    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        pages += overview->category[i].pages;
        mapped += overview->category[i].mapped;
    }
    if (overview->ram_missing) {
        g_string_append(out, "; shorter than the guest's RAM: ");
        haywire_format_number(out, HAYWIRE_UNIT_BYTES, overview->ram_missing);
        g_string_append(out, " missing");
    }
    if (mapped < pages &&
        (overview->ram_missing || overview->state == HAYWIRE_STATE_STALE)) {
        g_string_append_printf(out,
                               "; %" G_GUINT64_FORMAT " of the session's "
                               "%" G_GUINT64_FORMAT " pages missing",
                               pages - mapped, pages);
    }
}

void haywire_text_session_line(GString *out, const HaywireOverview *overview)
{
    if (!overview->has_guest) {
        g_string_append(out, "searching: no session found");
        if (overview->has_scan) {
            g_string_append_printf(out,
                                   " (%" G_GUINT64_FORMAT " pages scanned)",
                                   overview->scan_pages);
        }
        g_string_append_c(out, '\n');
        return;
    }
    g_string_append_printf(out, "%s: ",
                           overview->state == HAYWIRE_STATE_SEARCHING
                               ? "not judged yet"
                               : haywire_state_name(overview->state));
    append_guest(out, overview);
    if (overview->source == HAYWIRE_PROVIDER_KERNEL) {
        g_string_append(out, ", from its kernel");
    }
    append_staleness(out, overview);
    haywire_text_missing(out, overview);
    g_string_append_c(out, '\n');
}

static void append_categories(GString *out, const HaywireOverview *overview)
{
    static const HaywireColumn column[] = {
        { .field = "category" },
        { .field = "pages" },
        { .field = "mapped" },
    };
    HaywireCategoryRow row[HAYWIRE_CATEGORY_COUNT];

    haywire_category_rows(overview, row);
    haywire_table_print(out, &haywire_category_table, column,
                        G_N_ELEMENTS(column), row, HAYWIRE_CATEGORY_COUNT,
                        NULL);
}

/* A headline, then all members. */
static void append_object(GString *out, const char *headline,
                          const HaywireTable *table, const void *object)
{
    HaywirePairs *pairs = haywire_pairs_new();

    g_string_append(out, headline);
    haywire_pairs_add_members(pairs, table, object);
    haywire_pairs_print(pairs, out);
}

void haywire_text_overview(GString *out, const HaywireOverview *overview)
{
    append_object(out, "", &haywire_overview_table, overview);
    if (overview->has_session) {
        g_string_append_c(out, '\n');
        append_categories(out, overview);
    }
    if (overview->cost.refreshes) {
        g_string_append_c(out, '\n');
        haywire_text_cost(out, &overview->cost);
    }
}

void haywire_text_processes(GString *out, const HaywireProcess *process,
                            size_t count)
{
    haywire_text_listing(out, NULL, 0, process, count, NULL);
}

static const HaywireColumn usual[] = {
    { .field = "uid" },     { .field = "pid" },  { .field = "ppid" },
    { .field = "stat" },    { .field = "nice" }, { .field = "threads" },
    { .field = "vsize" },   { .field = "rss" },  { .field = "time" },
    { .field = "command" },
};

HaywireMembers haywire_text_usual_members(void)
{
    const HaywireTable *table = &haywire_process_table;
    HaywireMembers members = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
        members |= haywire_table_members(
            table, haywire_table_column(table, usual[i].field));
    }
    return members;
}

void haywire_text_listing(GString *out, const HaywireColumn *column,
                          size_t columns, const HaywireProcess *process,
                          size_t count, char *const *branch)
{
    haywire_table_print(out, &haywire_process_table, columns ? column : usual,
                        columns ? columns : G_N_ELEMENTS(usual), process, count,
                        branch);
}

/* @flaw: what else is to be known of the total, or NULL. */
static void missing_cell(GString *out, uint32_t total, uint32_t missing,
                         const char *flaw)
{
    g_string_append_printf(out, "%u", total);
    if (missing) {
        g_string_append_printf(out, " (%u missing%s%s)", missing,
                               flaw ? ", " : "", flaw ? flaw : "");
    } else if (flaw) {
        g_string_append_printf(out, " (%s)", flaw);
    }
}

static void sections_cell(GString *out, const void *row)
{
    const HaywireCamera *camera = row;

    if (!camera->current_pid) {
        g_string_append_c(out, '-');
        return;
    }
    missing_cell(out, camera->sections, camera->sections_missing,
                 camera->sections_readable ? NULL : "not readable");
}

static const char *page_table_flaw(const HaywireCamera *camera)
{
    if (!camera->page_table_readable) {
        return "not readable";
    }
    return camera->page_table_complete ? NULL : "partly read";
}

static void page_runs_cell(GString *out, const void *row)
{
    const HaywireCamera *camera = row;

    if (!camera->current_pid) {
        g_string_append_c(out, '-');
        return;
    }
    missing_cell(out, camera->page_runs, camera->page_runs_missing,
                 page_table_flaw(camera));
}

void haywire_text_cameras(GString *out, const HaywireCamera *camera,
                          size_t count)
{
    static const HaywireColumn column[] = {
        { .field = "camera" },
        { .field = "status" },
        { .title = "TARGET", .field = "target-pid" },
        { .title = "PID", .field = "current-pid" },
        { .field = "pass" },
        { .field = "age" },
        { .title = "TOOK", .field = "pass-duration" },
        { .title = "SECTIONS", .cell = sections_cell, .right = true },
        { .title = "RUNS", .cell = page_runs_cell, .right = true },
        { .field = "rss" },
        { .field = "pss" },
        { .field = "swap" },
    };

    haywire_table_print(out, &haywire_camera_table, column,
                        G_N_ELEMENTS(column), camera, count, NULL);
}

static void append_rejected(GString *out, const HaywireHostCounters *host)
{
    HaywirePairs *pairs = haywire_pairs_new();
    g_autoptr(GString) value = g_string_new(NULL);
    bool any = false;

    for (int i = 0; i < HAYWIRE_STATUS_COUNT; i++) {
        if (host->rejected[i]) {
            g_string_printf(value, "%" G_GUINT64_FORMAT, host->rejected[i]);
            haywire_pairs_add(pairs, haywire_status_name(i), value->str);
            any = true;
        }
    }
    g_string_append(out, any ? "\nrejected\n" : "\nrejected: nothing\n");
    haywire_pairs_print(pairs, out);
}

void haywire_text_stats(GString *out, const HaywireCost *cost,
                        const HaywireHostCounters *host,
                        const HaywireGuestStats *guest)
{
    haywire_text_cost(out, cost);
    append_object(out, cost->refreshes ? "\nhost\n" : "host\n",
                  &haywire_host_table, host);
    if (guest->valid) {
        append_object(out, "\nguest\n", &haywire_guest_table, guest);
    } else {
        g_string_append(out, "\nguest: not published\n");
    }
    append_rejected(out, host);
}

void haywire_text_place(GString *out, const HaywirePlace *place)
{
    append_object(out, "", &haywire_place_table, place);
}

void haywire_text_status(GString *out, HaywireStatus status,
                         const HaywireDiagnosis *diagnosis)
{
    g_string_append(out, haywire_status_text(status));
    if (diagnosis && diagnosis->field) {
        g_string_append_printf(out,
                               " (%s at byte %" G_GSIZE_FORMAT
                               " of the page is 0x%" G_GINT64_MODIFIER "x)",
                               diagnosis->field, diagnosis->offset,
                               diagnosis->value);
    }
}

void haywire_text_failure(GString *out, HaywireStatus status, const char *what,
                          uint32_t number, const HaywireDiagnosis *diagnosis)
{
    haywire_text_status(out, status, diagnosis);
    if (status != HAYWIRE_NO_SESSION) {
        g_string_append_printf(out, " (%s %u)", what, number);
    }
}

/* Columns of the help on members: where it begins, and of a terminal. */
#define HELP_COLUMN 25
#define HELP_WIDTH  80

/* Word by word; a line that would be full goes on below its beginning. */
static void append_wrapped(GString *out, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    size_t column = HELP_COLUMN;

    for (char **word = words; *word; word++) {
        if (word != words && column + 1 + strlen(*word) >= HELP_WIDTH) {
            g_string_append_printf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (word != words) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, *word);
        column += strlen(*word);
    }
    g_string_append_c(out, '\n');
}

static void append_member(GString *out, const HaywireField *field)
{
    g_autoptr(GString) text = g_string_new(field->help);

    if (field->type == HAYWIRE_TYPE_COLUMN) {
        g_string_append(text, "; only a column");
    }
    if (field->aliases && field->aliases[0]) {
        g_auto(GStrv) alias = g_strsplit(field->aliases, " ", -1);
        g_autofree char *list = g_strjoinv(", ", alias);

        g_string_append_printf(text, "; also %s", list);
    }
    g_string_append_printf(out, "  %-*s", HELP_COLUMN - 2, field->name);
    append_wrapped(out, text->str);
}

void haywire_text_members(GString *out, const HaywireTable *table)
{
    for (size_t i = 0; i < table->count + table->extra; i++) {
        append_member(out, &table->field[i]);
    }
}
