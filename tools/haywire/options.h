/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command line: options, then a command and its arguments.
 */
#ifndef HAYWIRE_TOOL_OPTIONS_H
#define HAYWIRE_TOOL_OPTIONS_H

#include <glib.h>

#include "haywire/address.h"

typedef struct HaywireOptions {
    const char *ram; /* exactly one of the two is set */
    const char *qmp;
    gboolean json;
    gboolean help;
    gboolean version;
    const char *command; /* NULL when there is none */
    char **argument;     /* of the command */
    int arguments;
} HaywireOptions;

/*
 * @ret_options borrows from @argv, which is reordered. Options may stand
 * anywhere; -- ends them. FALSE with @error (HAYWIRE_EXIT_USAGE).
 */
gboolean haywire_options_parse(int argc, char **argv,
                               HaywireOptions *ret_options, GError **error);

/*
 * Arguments of commands; decimal, or hexadecimal after 0x. FALSE with @error
 * (HAYWIRE_EXIT_USAGE) that names @what.
 */
gboolean haywire_option_number(const char *text, const char *what,
                               guint64 minimum, guint64 maximum,
                               guint64 *ret_number, GError **error);
gboolean haywire_option_pid(const char *text, guint32 *ret_pid, GError **error);
gboolean haywire_option_camera(const char *text, guint32 *ret_camera,
                               GError **error);
gboolean haywire_option_address(const char *text, HaywireGva *ret_address,
                                GError **error);

#endif
