/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan: every session in memory, with counts.
 */
#include "commands.h"
#include "exit_status.h"
#include "field_macros.h"
#include "text.h"
#include "text_format.h"
#include "text_table.h"

static const char *state_name(uint32_t value)
{
    return haywire_state_name(value);
}

static const HaywireField fields[] = {
    SPECIAL(HaywireScanRow, session, "session", HAYWIRE_TYPE_HEX64,
            "number of the session, 16 hex digits"),
    ENUM(HaywireScanRow, state, "state", state_name,
         "live, stale, or searching when not judged in time"),
    FIELD(HaywireScanRow, chosen, "chosen",
          "whether the other commands show this one", .heading = "SHOWN"),
    ENUM(HaywireScanRow, os, "os", haywire_os_name,
         "operating system of the guest"),
    ENUM(HaywireScanRow, arch, "arch", haywire_arch_name,
         "processor architecture of the guest"),
    FIELD(HaywireScanRow, companion_pid, "companion-pid",
          "pid of the companion", .heading = "PID"),
    FIELD(HaywireScanRow, started, "started",
          "guest wall clock at its start, ns since 1970", UNIT(WALL_TIME)),
    FIELD(HaywireScanRow, heartbeat, "heartbeat", "beats since then"),
    FIELD(HaywireScanRow, heartbeat_time, "heartbeat-time",
          "guest wall clock of the newest beat, ns since 1970", UNIT(WALL_TIME),
          .heading = "LAST BEAT"),
    FIELD(HaywireScanRow, pages, "pages", "good pages of the session"),
};

const HaywireTable haywire_scan_table =
    TABLE(HaywireScanRow, "session", fields);

static void emit_report(HaywireEmitter *emitter,
                        const HaywireScanReport *report)
{
    emitter->begin_object(emitter, "scan");
    emitter->number(emitter, "duration", report->duration);
    emitter->number(emitter, "pages", report->pages);
    if (report->counted) {
        emitter->number(emitter, "candidates", report->candidates);
        emitter->number(emitter, "rejected", report->rejected);
    }
    emitter->number(emitter, "total", report->sessions);
    emitter->begin_list(emitter, "sessions");
    for (guint i = 0; i < report->row->len; i++) {
        emitter->begin_object(emitter, NULL);
        haywire_reply_members(emitter, &haywire_scan_table,
                              &g_array_index(report->row, HaywireScanRow, i));
        emitter->end_object(emitter);
    }
    emitter->end_list(emitter);
    emitter->end_object(emitter);
}

static void print_report(GString *out, const HaywireScanReport *report)
{
    static const HaywireColumn column[] = {
        { .field = "session" },       { .field = "state" },
        { .field = "chosen" },        { .field = "os" },
        { .field = "companion-pid" }, { .field = "pages" },
        { .field = "started" },       { .field = "heartbeat-time" },
    };

    g_string_append_printf(out, "%" G_GUINT64_FORMAT " pages in ",
                           report->pages);
    haywire_format_duration(out, report->duration);
    if (report->counted) {
        g_string_append_printf(out,
                               ": %" G_GUINT64_FORMAT
                               " beacon pages, %" G_GUINT64_FORMAT " rejected",
                               report->candidates, report->rejected);
    }
    g_string_append_printf(out, ", %" G_GUINT64_FORMAT " session%s\n",
                           report->sessions, report->sessions == 1 ? "" : "s");
    if (report->row->len > 0) {
        haywire_table_print(out, &haywire_scan_table, column,
                            G_N_ELEMENTS(column), report->row->data,
                            report->row->len, NULL);
    }
}

static gboolean print(HaywireContext *context, const HaywireScanReport *report,
                      GError **error)
{
    HaywireOverview overview = { .state = HAYWIRE_STATE_SEARCHING };

    for (guint i = 0; i < report->row->len; i++) {
        const HaywireScanRow *row =
            &g_array_index(report->row, HaywireScanRow, i);

        if (row->chosen) {
            overview.state = row->state;
            overview.has_session = true;
            overview.session = row->session;
        }
    }
    if (context->output.json) {
        emit_report(haywire_output_begin(&context->output, &overview), report);
    } else {
        print_report(context->output.text, report);
    }
    return haywire_output_end(&context->output, error);
}

static gboolean check_found(const HaywireScanReport *report, GError **error)
{
    if (report->row->len > 0) {
        return TRUE;
    }
    if (report->counted && report->rejected > 0) {
        return haywire_exit_fail(
            error, HAYWIRE_EXIT_CORRUPT,
            "No session, but %" G_GUINT64_FORMAT " corrupt beacon page%s",
            report->rejected, report->rejected == 1 ? "" : "s");
    }
    return haywire_exit_fail_status(error, HAYWIRE_NO_SESSION, NULL, NULL);
}

gboolean haywire_run_scan(HaywireContext *context, GError **error)
{
    HaywireScanReport report = { 0 };
    gboolean done;

    if (!context->backend->ops->scan(context->backend, &report, error)) {
        return FALSE;
    }
    done = print(context, &report, error) && check_found(&report, error);
    g_array_unref(report.row);
    return done;
}
