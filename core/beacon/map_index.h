/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the master index says: docs/protocol.md, section 5.2. Private to this
 * room.
 */

#ifndef HAYWIRE_MAP_INDEX_H
#define HAYWIRE_MAP_INDEX_H

#include "haywire/layout.h"
#include "map.h"

/* The page of @slot is said to lie at @position, where the map has it not. */
typedef void HaywireIndexEntry(void *opaque, uint32_t slot,
                               HaywirePosition position);

typedef struct HaywireIndexWalk {
    const HaywireMap *map;
    const HaywireLayout *layout;
    HaywireIndexEntry *entry;
    void *opaque;
    uint64_t *rejected; /* by reason: entries and pages that are wrong */
    /* The index's first pages, by the discovery page: that is newer than what
       the index says of them, where it is not 0. */
    const uint64_t *named;
    uint32_t named_count;
    uint32_t left; /* entries that can still come: one for each slot */
    bool any_pfn;  /* some entry was not zero */
} HaywireIndexWalk;

/* One entry: the page of @slot is in frame @pfn. */
void haywire_index_entry(HaywireIndexWalk *walk, uint32_t slot, uint64_t pfn);

/* All entries of a verified index page. */
void haywire_index_page(HaywireIndexWalk *walk, const HaywirePage *copy,
                        const HaywirePageInfo *info);

#endif
