/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes as a tree, drawn as ps --forest draws it.
 */
#ifndef HAYWIRE_TOOL_FOREST_H
#define HAYWIRE_TOOL_FOREST_H

#include <glib.h>

/*
 * Put children behind their parents: @process, an array of HaywireProcess, is
 * reordered, siblings keep their order. Returns for each process what stands
 * before its name; free with g_strfreev().
 *
 * A guest may claim parents that go round in a circle: every process is there
 * once all the same.
 */
char **haywire_forest_order(GArray *process);

#endif
