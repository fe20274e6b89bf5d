/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * scan: every session in memory, with counts.
 */
#include "commands.h"
#include "exit_status.h"
#include "text.h"
#include "text_format.h"
#include "text_table.h"

static const char *state_name(uint32_t value)
{
    return haywire_state_name(value);
}

#define FIELD(member, name_, type_, help_, ...)                      \
    {                                                                \
        .name = (name_), .type = HAYWIRE_TYPE_##type_,               \
        .offset = offsetof(HaywireScanRow, member), .help = (help_), \
        __VA_ARGS__                                                  \
    }

static const HaywireField fields[] = {
    FIELD(session, "session", HEX64, "number of the session, 16 hex digits"),
    FIELD(state, "state", ENUM,
          "live, stale, or searching when not judged in time",
          .name_of = state_name),
    FIELD(chosen, "chosen", BOOL, "whether the other commands show this one"),
    FIELD(os, "os", ENUM, "operating system of the guest",
          .name_of = haywire_os_name),
    FIELD(arch, "arch", ENUM, "processor architecture of the guest",
          .name_of = haywire_arch_name),
    FIELD(companion_pid, "companion-pid", U32, "pid of the companion"),
    FIELD(started, "started", U64,
          "guest wall clock at its start, ns since 1970",
          .unit = HAYWIRE_UNIT_WALL_TIME),
    FIELD(heartbeat, "heartbeat", U64, "beats since then"),
    FIELD(heartbeat_time, "heartbeat-time", U64,
          "guest wall clock of the newest beat, ns since 1970",
          .unit = HAYWIRE_UNIT_WALL_TIME),
    FIELD(pages, "pages", U64, "good pages of the session"),
};

const HaywireTable haywire_scan_table = {
    .name = "session",
    .size = sizeof(HaywireScanRow),
    .count = G_N_ELEMENTS(fields),
    .field = fields,
};

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
        { .title = "SESSION", .field = "session" },
        { .title = "STATE", .field = "state" },
        { .title = "SHOWN", .field = "chosen" },
        { .title = "OS", .field = "os" },
        { .title = "PID", .field = "companion-pid" },
        { .title = "PAGES", .field = "pages" },
        { .title = "STARTED", .field = "started" },
        { .title = "LAST BEAT", .field = "heartbeat-time" },
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
        return haywire_exit_fail(error, HAYWIRE_EXIT_CORRUPT,
                                 "No session, but %" G_GUINT64_FORMAT
                                 " corrupt beacon pages",
                                 report->rejected);
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
