/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: options, then a command and its arguments.
 */
#ifndef HAYWIRE_TOOL_OPTIONS_H
#define HAYWIRE_TOOL_OPTIONS_H

#include <glib.h>

#include "haywire/watch.h"

/* --ram may be given so often. */
#define HAYWIRE_RAM_FILES_MAX 16

/* -o may be given so often. */
#define HAYWIRE_COLUMN_LISTS_MAX 16

typedef struct HaywireOptions {
    const char *ram[HAYWIRE_RAM_FILES_MAX]; /* in the order given */
    int ram_files; /* exactly one of this and the next two is set */
    const char *qmp;
    const char *vm;
    const char *connect; /* libvirt's URI; goes with vm and attach */
    HaywireFrom from;    /* --from; with --ram only */
    gboolean from_given;
    gboolean json;
    gboolean fresh; /* what is not live has an exit status of its own */
    gboolean help;
    gboolean version;
    const char *columns[HAYWIRE_COLUMN_LISTS_MAX]; /* -o, as often as given */
    int column_lists;
    const char *sort; /* NULL when not given, as all strings here */
    gboolean forest;
    gboolean yes; /* of attach, as the next three */
    gboolean detach;
    gboolean preload;
    const char *plugin;
    gboolean no_hint; /* neither use nor note where pages lay */
    gboolean all;     /* of check: also what is nothing to complain of */
    gboolean wait;    /* until it is known whether the session is live */
    gboolean kernel;  /* of read, as the next two */
    gboolean physical;
    gboolean raw;
    gboolean info; /* of vmcore, as the next one */
    const char *format;
    const char *command;
    char **argument; /* of the command */
    int arguments;
} HaywireOptions;

/*
 * @ret_options borrows from @argv, which is reordered. Options may stand
 * anywhere; -- ends them. FALSE with @error (HAYWIRE_EXIT_USAGE).
 */
gboolean haywire_options_parse(int argc, char **argv,
                               HaywireOptions *ret_options, GError **error);

/* The kinds of arguments that commands have. */
typedef enum HaywireArgument {
    HAYWIRE_ARGUMENT_NONE,
    HAYWIRE_ARGUMENT_PID,
    HAYWIRE_ARGUMENT_ADDRESS,
    HAYWIRE_ARGUMENT_LENGTH,
    HAYWIRE_ARGUMENT_CAMERA,
    HAYWIRE_ARGUMENT_SECONDS,
    HAYWIRE_ARGUMENT_COUNT,
    HAYWIRE_ARGUMENT_FILE,
    HAYWIRE_ARGUMENT_KINDS
} HaywireArgument;

/* Their values; of arguments that were not given the default. */
typedef struct HaywireArguments {
    guint64 value[HAYWIRE_ARGUMENT_KINDS];
    const char *name; /* given for a PID, which is 0 then; NULL: none was */
    const char *file; /* NULL: none was */
} HaywireArguments;

/*
 * Read one argument: decimal, or hexadecimal after 0x; an address is
 * hexadecimal with and without it. FALSE with @error (HAYWIRE_EXIT_USAGE).
 */
gboolean haywire_argument_parse(HaywireArgument kind, const char *text,
                                guint64 *ret_value, GError **error);

/*
 * Read all: the first is of kind[0] and so on. As above; and a PID may be a
 * name instead.
 */
gboolean haywire_arguments_parse(const HaywireOptions *options,
                                 const HaywireArgument *kind,
                                 HaywireArguments *ret_arguments,
                                 GError **error);

#endif
