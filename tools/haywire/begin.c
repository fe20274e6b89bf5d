/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What most commands begin with: see commands.h.
 */
#include "commands.h"

#include "exit_status.h"
#include "words.h"

static gboolean find_named(HaywireContext *context, GError **error)
{
    g_autoptr(GString) why = g_string_new(NULL);
    HaywireProcessList list;
    HaywireStatus status;

    if (!context->backend->ops->processes(context->backend, &list, error)) {
        return FALSE;
    }
    status = haywire_word_process(context->name, list.process, list.count,
                                  &context->pid, why);
    return status == HAYWIRE_OK ||
           haywire_exit_fail(error,
                             status == HAYWIRE_LIMIT ? HAYWIRE_EXIT_USAGE
                                                     : HAYWIRE_EXIT_NOTHING,
                             "%s", why->str);
}

gboolean haywire_command_begin_plainly(HaywireContext *context, GError **error)
{
    return haywire_backend_refresh_session(context->backend, error) &&
           (!context->name || find_named(context, error));
}

gboolean haywire_command_begin(HaywireContext *context, GError **error)
{
    HaywireBackend *backend = context->backend;

    backend->ops->want(backend, context->pid);
    if (!haywire_command_begin_plainly(context, error)) {
        return FALSE;
    }
    if (!context->name) {
        return TRUE;
    }
    /* Only now is it known whose details are wanted. */
    return !backend->ops->want(backend, context->pid) ||
           haywire_backend_look(backend, error);
}
