/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the tool ends: see exit_status.h.
 */
#include "exit_status.h"

#include <stdio.h>
#include <string.h>

#include "locale_text.h"
#include "qmp_client.h"
#include "text.h"

/* Statuses up to and including the last take the exit status of their row. */
static const struct {
    HaywireStatus last;
    HaywireExit code;
} ranges[] = {
    { HAYWIRE_OK, HAYWIRE_EXIT_OK },
    { HAYWIRE_BAD_VALUE, HAYWIRE_EXIT_CORRUPT },
    { HAYWIRE_LOOKING, HAYWIRE_EXIT_NOTHING },
    { HAYWIRE_FOCUS_BAD_NONCE, HAYWIRE_EXIT_CORRUPT },
    { HAYWIRE_FOCUS_LOST_RACE, HAYWIRE_EXIT_IO },
    { HAYWIRE_FOCUS_UNCONFIRMED, HAYWIRE_EXIT_CORRUPT },
};

HaywireExit haywire_exit_of_status(HaywireStatus status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        if (status <= ranges[i].last) {
            return ranges[i].code;
        }
    }
    return HAYWIRE_EXIT_IO;
}

/*
 * A QMP error has no status, but the plugin's begin with the status's own
 * sentence.
 */
static HaywireExit exit_of_description(const char *description)
{
    for (int i = 1; i < HAYWIRE_STATUS_COUNT; i++) {
        if (g_str_has_prefix(description, haywire_status_text(i))) {
            return haywire_exit_of_status(i);
        }
    }
    return HAYWIRE_EXIT_IO;
}

/* Of the domain that the module for QMP registers, once it is loaded. */
static GQuark qmp_error_quark(void)
{
    return g_quark_try_string("HaywireQmpError");
}

HaywireExit haywire_exit_of_error(const GError *error)
{
    if (error->domain == HAYWIRE_EXIT_ERROR) {
        return (HaywireExit)error->code;
    }
    if (error->domain == qmp_error_quark() &&
        error->code == HAYWIRE_QMP_ERROR_COMMAND) {
        return exit_of_description(error->message);
    }
    return HAYWIRE_EXIT_IO;
}

gboolean haywire_exit_fail_status(GError **error, HaywireStatus status,
                                  const HaywireDiagnosis *diagnosis,
                                  const char *path)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (path) {
        g_string_append_printf(text, "%s: ", path);
    }
    haywire_text_status(text, status, diagnosis);
    g_set_error_literal(error, HAYWIRE_EXIT_ERROR,
                        haywire_exit_of_status(status), text->str);
    return FALSE;
}

gboolean haywire_exit_fail_about(GError **error, HaywireStatus status,
                                 const char *what, guint32 number,
                                 const HaywireDiagnosis *diagnosis)
{
    g_autoptr(GString) text = g_string_new(NULL);

    haywire_text_failure(text, status, what, number, diagnosis);
    g_set_error_literal(error, HAYWIRE_EXIT_ERROR,
                        haywire_exit_of_status(status), text->str);
    return FALSE;
}

/* File names and what a socket says may hold anything: one harmless line. */
void haywire_exit_complain(const char *message)
{
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    g_autoptr(GString) line = g_string_new(NULL);

    for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
        const gunichar letter = g_utf8_get_char(c);

        g_string_append_unichar(line, g_unichar_isprint(letter) ? letter : ' ');
    }
    haywire_locale_text(line);
    fprintf(stderr, "haywire: %s\n", line->str);
}
