/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the tool ends: failures become a GError whose code is the exit status.
 */
#ifndef HAYWIRE_TOOL_EXIT_STATUS_H
#define HAYWIRE_TOOL_EXIT_STATUS_H

#include <glib.h>

#include "haywire/status.h"

typedef enum HaywireExit {
    HAYWIRE_EXIT_OK = 0,
    HAYWIRE_EXIT_NOTHING = 1, /* nothing found */
    HAYWIRE_EXIT_USAGE = 2,
    HAYWIRE_EXIT_IO = 3,      /* file, socket or companion does not serve */
    HAYWIRE_EXIT_CORRUPT = 4, /* the guest's data is corrupt */
    HAYWIRE_EXIT_STALE = 5,   /* with --fresh: there is no live session */
    HAYWIRE_EXIT_SUSPECT = 6, /* of check: there is a verdict */
} HaywireExit;

/* Errors of this domain have a HaywireExit as their code. */
#define HAYWIRE_EXIT_ERROR (haywire_exit_error_quark())
GQuark haywire_exit_error_quark(void);

/* The exit status that stands for @status. */
HaywireExit haywire_exit_of_status(HaywireStatus status);

/* The exit status for an error of any domain. */
HaywireExit haywire_exit_of_error(const GError *error);

/*
 * Set @error from @status. What is said follows the file's @path and a colon;
 * @path may be NULL. @diagnosis may be NULL. Returns FALSE, always.
 */
gboolean haywire_exit_fail_status(GError **error, HaywireStatus status,
                                  const HaywireDiagnosis *diagnosis,
                                  const char *path);

/* The same of one thing: "(@what @number)" is put behind it. */
gboolean haywire_exit_fail_about(GError **error, HaywireStatus status,
                                 const char *what, guint32 number,
                                 const HaywireDiagnosis *diagnosis);

/* Set @error. Returns FALSE, always. */
gboolean haywire_exit_fail(GError **error, HaywireExit code, const char *format,
                           ...) G_GNUC_PRINTF(3, 4);

/* One clear line on stderr. */
void haywire_exit_complain(const char *message);

#endif
