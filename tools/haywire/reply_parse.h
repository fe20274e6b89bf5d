/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reverse of render/reply.h: replies that came over QMP, back into the
 * structures of the model, through the same field tables.
 *
 * Strings in the results are borrowed from the JSON, lists belong to the
 * arena. Members that are not known are passed over, so that a newer plugin
 * can be asked; what is known must fit, and no string may hold control
 * characters: else the functions return FALSE with @error set
 * (HAYWIRE_EXIT_IO).
 */
#ifndef HAYWIRE_TOOL_REPLY_PARSE_H
#define HAYWIRE_TOOL_REPLY_PARSE_H

#include <json-glib/json-glib.h>

#include "backend.h"

/* What lists are allocated from: freed as one. */
typedef GPtrArray HaywireArena;
HaywireArena *haywire_arena_new(void);

gboolean haywire_parse_overview(JsonNode *node, HaywireOverview *ret_overview,
                                GError **error);
gboolean haywire_parse_processes(JsonNode *node, HaywireArena *arena,
                                 HaywireProcessList *ret_list, GError **error);
gboolean haywire_parse_sections(JsonNode *node, HaywireArena *arena,
                                HaywireSectionList *ret_list, GError **error);
gboolean haywire_parse_page_runs(JsonNode *node, HaywireArena *arena,
                                 HaywirePageRunList *ret_list, GError **error);
/* Whether a reply with a list says that what was asked for goes on behind it. */
gboolean haywire_parse_more(JsonNode *node);

gboolean haywire_parse_cameras(JsonNode *node, HaywireCamera ret_camera[2],
                               GError **error);
gboolean haywire_parse_stats(JsonNode *node, HaywireHostCounters *ret_host,
                             HaywireGuestStats *ret_guest, GError **error);
gboolean haywire_parse_place(JsonNode *node, HaywirePlace *ret_place,
                             GError **error);

#endif
