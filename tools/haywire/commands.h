/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, one row each: what the usage shows is what is dispatched.
 */
#ifndef HAYWIRE_TOOL_COMMANDS_H
#define HAYWIRE_TOOL_COMMANDS_H

#include "backend.h"
#include "listing.h"
#include "options.h"
#include "output.h"

/* What a command is run with: the arguments are those that it takes. */
typedef struct HaywireContext {
    const HaywireOptions *options;
    guint32 pid;
    const char *name; /* of the process, where it was given for its pid */
    guint64 address;  /* gva */
    guint64 length;   /* bytes; 0: to the end */
    guint32 camera;   /* 1 or 2 */
    guint64 seconds;
    guint64 count;           /* 0: no end */
    const char *file;        /* to be written; NULL: none was given */
    HaywireListing *listing; /* of ps */
    HaywireBackend *backend;
    HaywireOutput output;
} HaywireContext;

/* No command has more arguments, or kinds of objects in its JSON. */
#define HAYWIRE_COMMAND_ARGUMENTS 3
#define HAYWIRE_COMMAND_TABLES    4

typedef struct HaywireCommand {
    const char *name;
    const char *arguments; /* as the usage shows them, each behind a blank */
    int needed;            /* so many of them must be given */
    HaywireArgument argument[HAYWIRE_COMMAND_ARGUMENTS];
    const char *help;
    gboolean (*run)(HaywireContext *context, GError **error);
    const HaywireTable *table[HAYWIRE_COMMAND_TABLES];
    gboolean attaches; /* takes a machine of libvirt, and no backend */
    gboolean lists;    /* takes what listing.h has instead of @argument */
    gboolean of_ram;   /* takes --ram alone */
    /* What was typed, beyond what @argument says; NULL: nothing to check. */
    gboolean (*check)(const HaywireContext *context, GError **error);
    HaywireFrom from;     /* who is asked unless --from says so */
    const char *options;  /* of its own, as the usage shows them; or NULL */
    const char *describe; /* and what they are */
} HaywireCommand;

/* NULL when there is no such command. */
const HaywireCommand *haywire_command_find(const char *name);

/*
 * Read the arguments of @command into @context, before anything is opened. The
 * caller frees the listing. FALSE with @error (HAYWIRE_EXIT_USAGE).
 */
gboolean haywire_command_parse(const HaywireCommand *command,
                               HaywireContext *context, GError **error);

/* Help on all commands, or with the JSON members of one. */
void haywire_command_usage(GString *out);
void haywire_command_help(GString *out, const HaywireCommand *command);

/* An element of `sessions` in the JSON of scan. */
extern const HaywireTable haywire_scan_table;

/* An element of `processes` in the JSON of check. */
extern const HaywireTable haywire_check_table;
/* In the JSON of read, and an element of `missing` in it; of core, of vmcore. */
extern const HaywireTable haywire_memory_table;
extern const HaywireTable haywire_missing_table;
extern const HaywireTable haywire_core_table;
extern const HaywireTable haywire_vmcore_table;
extern const HaywireTable haywire_note_table;

/*
 * Take a picture as haywire_backend_refresh_session() does, and find the pid
 * of the process that was named.
 */
gboolean haywire_command_begin(HaywireContext *context, GError **error);

/* The same, where sections and page runs of the process are not needed. */
gboolean haywire_command_begin_plainly(HaywireContext *context, GError **error);

/* In files of their own. */
gboolean haywire_run_ps(HaywireContext *context, GError **error);
gboolean haywire_run_check(HaywireContext *context, GError **error);
gboolean haywire_run_scan(HaywireContext *context, GError **error);
gboolean haywire_run_focus(HaywireContext *context, GError **error);
gboolean haywire_run_unfocus(HaywireContext *context, GError **error);
gboolean haywire_run_attach(HaywireContext *context, GError **error);
gboolean haywire_run_watch(HaywireContext *context, GError **error);
gboolean haywire_run_read(HaywireContext *context, GError **error);
gboolean haywire_read_check(const HaywireContext *context, GError **error);
gboolean haywire_run_core(HaywireContext *context, GError **error);
gboolean haywire_run_vmcore(HaywireContext *context, GError **error);
gboolean haywire_vmcore_check(const HaywireContext *context, GError **error);

#endif
