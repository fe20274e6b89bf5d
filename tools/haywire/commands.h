/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The commands, one row each: what the usage shows is what is dispatched.
 */
#ifndef HAYWIRE_TOOL_COMMANDS_H
#define HAYWIRE_TOOL_COMMANDS_H

#include "backend.h"
#include "options.h"
#include "output.h"

typedef struct HaywireContext {
    const HaywireOptions *options;
    HaywireBackend *backend;
    HaywireOutput output;
} HaywireContext;

/* No command has more than these many kinds of objects in its JSON. */
#define HAYWIRE_COMMAND_TABLES 4

typedef struct HaywireCommand {
    const char *name;
    const char *arguments; /* as the usage shows them */
    int minimum;           /* number of arguments */
    int maximum;
    const char *help;
    gboolean (*run)(HaywireContext *context, GError **error);
    const HaywireTable *table[HAYWIRE_COMMAND_TABLES];
} HaywireCommand;

/* NULL when there is no such command. */
const HaywireCommand *haywire_command_find(const char *name);

/* Help on all commands, or with the JSON members of one. */
void haywire_command_usage(GString *out);
void haywire_command_help(GString *out, const HaywireCommand *command);

/* An element of `sessions` in the JSON of scan. */
extern const HaywireTable haywire_scan_table;

/* In files of their own. */
gboolean haywire_run_scan(HaywireContext *context, GError **error);
gboolean haywire_run_focus(HaywireContext *context, GError **error);
gboolean haywire_run_unfocus(HaywireContext *context, GError **error);
gboolean haywire_run_watch(HaywireContext *context, GError **error);

#endif
