/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page runs of one process, by walking its page table. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_RUNS_H
#define HAYWIRE_KERNEL_RUNS_H

#include "haywire/builder.h"
#include "mappings.h"

/* Tell @builder what @table maps within @mappings. */
void haywire_runs_tell(HaywireKernelView *view, const HaywireTable *table,
                       const HaywireMappings *mappings,
                       HaywirePageRunList *list, HaywireBuilder *builder);

#endif
