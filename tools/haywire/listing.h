/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How ps lists processes: which of them, in which order, with which columns.
 * The habits are those of ps(1).
 */
#ifndef HAYWIRE_TOOL_LISTING_H
#define HAYWIRE_TOOL_LISTING_H

#include "backend.h"
#include "options.h"

typedef struct HaywireListing HaywireListing;

/*
 * From the options -o, --sort and --forest, and pids as arguments. Borrows
 * from @options. NULL with @error (HAYWIRE_EXIT_USAGE).
 */
HaywireListing *haywire_listing_new(const HaywireOptions *options,
                                    GError **error);
void haywire_listing_free(HaywireListing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireListing, haywire_listing_free)

/*
 * Choose and order the processes of @list, whose strings are borrowed; @overview
 * tells whether these are all. FALSE
 * with @error (HAYWIRE_EXIT_NOTHING) when pids were given and none exists.
 */
gboolean haywire_listing_take(HaywireListing *listing,
                              const HaywireOverview *overview,
                              const HaywireProcessList *list, GError **error);

/* What was taken, as text or as JSON: with -o, only the members chosen. */
void haywire_listing_print(const HaywireListing *listing, GString *out);
void haywire_listing_reply(const HaywireListing *listing,
                           HaywireEmitter *emitter);

#endif
