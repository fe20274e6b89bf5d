/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The commands that show one thing: see commands.h.
 */
#include "commands.h"

#include <string.h>

#include "exit_status.h"
#include "text.h"

static gboolean run_status(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    const HaywireOverview *overview;
    HaywireEmitter *emitter;
    GError *nothing = NULL;

    if (!haywire_backend_refresh_session(backend, &nothing) &&
        haywire_exit_of_error(nothing) == HAYWIRE_EXIT_IO) {
        g_propagate_error(error, nothing);
        return FALSE;
    }
    overview = backend->ops->overview(backend);
    emitter = haywire_output_begin(&context->output, overview);
    if (emitter) {
        haywire_reply_overview(emitter, "status", overview);
    } else {
        haywire_text_overview(context->output.text, overview);
    }
    if (!haywire_output_end(&context->output, error)) {
        g_clear_error(&nothing);
        return FALSE;
    }
    if (nothing) {
        g_propagate_error(error, nothing);
        return FALSE;
    }
    return TRUE;
}

/* A session whose process list is bad, or not there yet. */
static gboolean fail_without_processes(HaywireBackend *backend, GError **error)
{
    HaywireHostCounters host;
    HaywireGuestStats guest;

    if (!backend->ops->stats(backend, &host, &guest, error)) {
        return FALSE;
    }
    for (int i = HAYWIRE_BAD_MAGIC; i <= HAYWIRE_BAD_VALUE; i++) {
        if (host.rejected[i] && i != HAYWIRE_PAGE_BUSY) {
            return haywire_exit_fail(error, HAYWIRE_EXIT_CORRUPT,
                                     "No process list: pages of the session "
                                     "are corrupt (%s)",
                                     haywire_status_name(i));
        }
    }
    return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                             "The session has no process list");
}

/*
 * With one session in memory there is none to choose, and people need not wait
 * for a heartbeat to see its processes: whether it is live is said afterwards.
 * *ret_shown stays FALSE when it has to be done the other way.
 */
static gboolean show_processes_at_once(HaywireContext *context,
                                       gboolean *ret_shown, GError **error)
{
    HaywireBackend *backend = context->backend;
    const HaywireOverview *overview;
    HaywireProcessList list;

    if (context->output.json) {
        return TRUE;
    }
    if (!haywire_backend_look(backend, error)) {
        return FALSE;
    }
    overview = backend->ops->overview(backend);
    if (!overview->has_session || overview->sessions != 1) {
        return TRUE;
    }
    if (!backend->ops->processes(backend, &list, error)) {
        return FALSE;
    }
    if (list.count == 0) {
        return TRUE;
    }
    haywire_text_processes(context->output.text, list.process, list.count);
    if (!haywire_output_end(&context->output, error) ||
        !haywire_backend_refresh(backend, error)) {
        return FALSE;
    }
    haywire_output_warn(backend->ops->overview(backend));
    *ret_shown = TRUE;
    return TRUE;
}

static gboolean run_ps(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireProcessList list;
    HaywireEmitter *emitter;
    gboolean shown = FALSE;

    if (!show_processes_at_once(context, &shown, error)) {
        return FALSE;
    }
    if (shown) {
        return TRUE;
    }
    if (!haywire_backend_refresh_session(backend, error) ||
        !backend->ops->processes(backend, &list, error)) {
        return FALSE;
    }
    if (list.count == 0) {
        return fail_without_processes(backend, error);
    }
    emitter =
        haywire_output_begin(&context->output, backend->ops->overview(backend));
    if (emitter) {
        haywire_reply_processes(emitter, "processes", list.process, list.count);
    } else {
        haywire_text_processes(context->output.text, list.process, list.count);
    }
    return haywire_output_end(&context->output, error);
}

static gboolean run_sections(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireSectionList list;
    HaywireEmitter *emitter;
    guint32 pid;

    if (!haywire_option_pid(context->options->argument[0], &pid, error) ||
        !haywire_backend_refresh_session(backend, error) ||
        !backend->ops->sections(backend, pid, &list, error)) {
        return FALSE;
    }
    emitter =
        haywire_output_begin(&context->output, backend->ops->overview(backend));
    if (emitter) {
        haywire_reply_sections(emitter, "sections", &list);
    } else {
        haywire_text_sections(context->output.text, &list);
    }
    return haywire_output_end(&context->output, error);
}

static gboolean parse_range(const HaywireOptions *options,
                            HaywireGvaRange *ret_range, GError **error)
{
    *ret_range = (HaywireGvaRange){ 0 };
    if (options->arguments > 1 &&
        !haywire_option_address(options->argument[1], &ret_range->start,
                                error)) {
        return FALSE;
    }
    return options->arguments <= 2 ||
           haywire_option_number(options->argument[2], "LENGTH", 1, G_MAXUINT64,
                                 &ret_range->length, error);
}

static gboolean any_in_range(const HaywirePageRunList *list,
                             HaywireGvaRange range)
{
    HaywirePageRun part;

    for (size_t i = 0; i < list->count; i++) {
        if (haywire_page_run_clip(&list->run[i], range.start, range.length,
                                  &part)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean run_ptes(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywirePageRunList list;
    HaywireEmitter *emitter;
    HaywireGvaRange range;
    guint32 pid;

    if (!haywire_option_pid(context->options->argument[0], &pid, error) ||
        !parse_range(context->options, &range, error) ||
        !haywire_backend_refresh_session(backend, error) ||
        !backend->ops->page_runs(backend, pid, range, &list, error)) {
        return FALSE;
    }
    if (!any_in_range(&list, range)) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING,
                                 "pid %u: no page there is in memory or swap",
                                 pid);
    }
    emitter =
        haywire_output_begin(&context->output, backend->ops->overview(backend));
    if (emitter) {
        haywire_reply_page_runs(emitter, "ptes", &list, range);
    } else {
        haywire_text_page_runs(context->output.text, &list, range);
    }
    return haywire_output_end(&context->output, error);
}

static gboolean run_translate(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireEmitter *emitter;
    HaywirePlace place;
    HaywireGva address;
    guint32 pid;

    if (!haywire_option_pid(context->options->argument[0], &pid, error) ||
        !haywire_option_address(context->options->argument[1], &address,
                                error) ||
        !haywire_backend_refresh_session(backend, error) ||
        !backend->ops->translate(backend, pid, address, &place, error)) {
        return FALSE;
    }
    emitter =
        haywire_output_begin(&context->output, backend->ops->overview(backend));
    if (emitter) {
        haywire_reply_place(emitter, "translation", &place);
    } else {
        haywire_text_place(context->output.text, &place);
    }
    if (!place.has_offset) {
        haywire_exit_complain("It is not known where this address lies in "
                              "the RAM file");
    }
    return haywire_output_end(&context->output, error);
}

static gboolean run_cameras(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    HaywireEmitter *emitter;
    HaywireCamera camera[2];

    if (!haywire_backend_refresh_session(backend, error) ||
        !backend->ops->cameras(backend, camera, error)) {
        return FALSE;
    }
    emitter =
        haywire_output_begin(&context->output, backend->ops->overview(backend));
    if (emitter) {
        haywire_reply_cameras(emitter, "cameras", camera, G_N_ELEMENTS(camera));
    } else {
        haywire_text_cameras(context->output.text, camera,
                             G_N_ELEMENTS(camera));
    }
    return haywire_output_end(&context->output, error);
}

/* The counters are worth seeing most when there is no session. */
static gboolean run_stats(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;
    const HaywireOverview *overview;
    HaywireHostCounters host;
    HaywireGuestStats guest;
    HaywireEmitter *emitter;
    uint64_t rejected;

    if (!haywire_backend_seek_session(backend, &rejected, error) ||
        !backend->ops->stats(backend, &host, &guest, error)) {
        return FALSE;
    }
    overview = backend->ops->overview(backend);
    emitter = haywire_output_begin(&context->output, overview);
    if (emitter) {
        haywire_reply_stats(emitter, "stats", &host, &guest);
    } else {
        haywire_text_stats(context->output.text, &overview->cost, &host,
                           &guest);
    }
    return haywire_output_end(&context->output, error);
}

static const HaywireCommand commands[] = {
    { "status",
      "",
      0,
      0,
      "the session: guest, heartbeat, pages, cost",
      run_status,
      { &haywire_overview_table, &haywire_category_table,
        &haywire_cost_table } },
    { "scan",
      "",
      0,
      0,
      "scan all memory and list every session in it",
      haywire_run_scan,
      { &haywire_scan_table } },
    { "ps",
      "",
      0,
      0,
      "the processes of the guest",
      run_ps,
      { &haywire_process_table } },
    { "sections",
      "PID",
      1,
      1,
      "the memory sections of a process",
      run_sections,
      { &haywire_section_list_table, &haywire_section_table } },
    { "ptes",
      "PID [ADDRESS [LENGTH]]",
      1,
      3,
      "page-table entries of a process on a camera",
      run_ptes,
      { &haywire_page_run_list_table, &haywire_page_run_table } },
    { "translate",
      "PID ADDRESS",
      2,
      2,
      "where a virtual address lies: guest, RAM file",
      run_translate,
      { &haywire_place_table } },
    { "cameras",
      "",
      0,
      0,
      "both cameras and what they are on",
      run_cameras,
      { &haywire_camera_table } },
    { "focus",
      "PID [CAMERA]",
      1,
      2,
      "point camera 1 (or 2) at a process",
      haywire_run_focus,
      { &haywire_camera_table } },
    { "unfocus",
      "[CAMERA]",
      0,
      1,
      "point camera 1 (or 2) at nothing",
      haywire_run_unfocus,
      { &haywire_camera_table } },
    { "stats",
      "",
      0,
      0,
      "what Haywire costs; counters of host and guest",
      run_stats,
      { &haywire_host_table, &haywire_rejected_table } },
    { "watch",
      "[SECONDS [COUNT]]",
      0,
      2,
      "the processes, again and again; q ends it",
      haywire_run_watch,
      { &haywire_process_table } },
};

const HaywireCommand *haywire_command_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

void haywire_command_usage(GString *out)
{
    g_string_append(out,
                    "Usage: haywire --ram FILE | --qmp SOCKET [--json] "
                    "COMMAND [ARGUMENT...]\n"
                    "Shows what runs inside a QEMU guest.\n\n"
                    "  --ram FILE    read the guest's memory-backend-file, "
                    "live or kept\n"
                    "  --qmp SOCKET  ask the plugin in a running QEMU\n"
                    "  --json        print JSON\n"
                    "  --help        this help; after a command, help on it\n"
                    "  --version     print the version\n\n"
                    "Commands:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *form =
            g_strdup_printf("%s %s", commands[i].name, commands[i].arguments);

        g_string_append_printf(out, "  %-28s  %s\n", form, commands[i].help);
    }
    g_string_append(out, "\nExit status: 0 fine, 1 nothing found, 2 usage, "
                         "3 input/output,\n4 the guest's data is corrupt.\n");
}

void haywire_command_help(GString *out, const HaywireCommand *command)
{
    g_string_append_printf(out,
                           "Usage: haywire --ram FILE | --qmp SOCKET "
                           "[--json] %s%s%s\n",
                           command->name, command->maximum ? " " : "",
                           command->arguments);
    g_string_append_printf(out, "%c%s.\n", g_ascii_toupper(command->help[0]),
                           command->help + 1);
    for (int i = 0; i < HAYWIRE_COMMAND_TABLES && command->table[i]; i++) {
        g_string_append_printf(out, "\nJSON members (%s):\n",
                               command->table[i]->name);
        haywire_text_members(out, command->table[i]);
    }
}
