/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A failure with its exit status, for the tool and its module: see
 * exit_status.h.
 */
#include "exit_status.h"

GQuark haywire_exit_error_quark(void)
{
    return g_quark_from_static_string("haywire-exit-error");
}

gboolean haywire_exit_fail(GError **error, HaywireExit code, const char *format,
                           ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, HAYWIRE_EXIT_ERROR, code, text);
    return FALSE;
}
