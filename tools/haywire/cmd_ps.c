/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ps: the processes, once.
 */
#include "commands.h"
#include "exit_status.h"
#include "text.h"

/* A session whose process list is bad, or not there yet. */
static gboolean fail_without_processes(HaywireBackend *backend, GError **error)
{
    g_autoptr(GString) text = g_string_new("The session has no process list");
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
    haywire_text_missing(text, backend->ops->overview(backend));
    return haywire_exit_fail(error, HAYWIRE_EXIT_NOTHING, "%s", text->str);
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
    if (!haywire_listing_take(context->listing, backend->ops->overview(backend),
                              &list, error)) {
        return FALSE;
    }
    haywire_listing_print(context->listing, context->output.text);
    if (!haywire_output_end(&context->output, error) ||
        !(context->options->wait || context->options->fresh
              ? haywire_backend_refresh(backend, error)
              : haywire_backend_look(backend, error))) {
        return FALSE;
    }
    haywire_output_warn(backend->ops->overview(backend));
    *ret_shown = TRUE;
    return TRUE;
}

gboolean haywire_run_ps(HaywireContext *context, GError **error)
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
    if (!haywire_listing_take(context->listing, backend->ops->overview(backend),
                              &list, error)) {
        return FALSE;
    }
    emitter =
        haywire_output_begin(&context->output, backend->ops->overview(backend));
    if (emitter) {
        haywire_listing_reply(context->listing, emitter);
    } else {
        haywire_listing_print(context->listing, context->output.text);
    }
    return haywire_output_end(&context->output, error);
}
