/*
 * What the parts of the map share. Private to the core.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_MAP_INTERNAL_H
#define HAYWIRE_MAP_INTERNAL_H

#include "haywire/map.h"

typedef struct HaywireMapSlot {
    HaywirePosition position; /* HAYWIRE_POSITION_NONE: not mapped */
    uint64_t monotonic_ns;    /* of the slot's page when it was last read; older
                                 pages are not it */
} HaywireMapSlot;

struct HaywireMap {
    uint64_t session;
    HaywirePart index;     /* where in MASTER the index lies */
    uint32_t index_frames; /* the first pages of it, by the discovery page */
    uint64_t index_pfn[HAYWIRE_INDEX_FRAMES_MAX];
    uint64_t clashes;
    uint64_t rejected[HAYWIRE_STATUS_COUNT]; /* of the index, by reason */
    uint32_t pages[HAYWIRE_CATEGORY_COUNT];
    uint32_t mapped[HAYWIRE_CATEGORY_COUNT];
    HaywireMapSlot *array[HAYWIRE_CATEGORY_COUNT]; /* into slot[] */
    uint32_t total;
    HaywireMapSlot slot[]; /* numbered as in the master index */
};

static inline bool haywire_map_slot_is_used(const HaywireMapSlot *slot)
{
    return slot->position.value != UINT64_MAX;
}

/* The page at @position, as @info says, becomes the one of its slot. */
void haywire_map_claim(HaywireMap *map, HaywireMapSlot *slot,
                       HaywirePosition position, const HaywirePageInfo *info);

/*
 * Copy the resident page at @live; it must be the one of this slot. As
 * haywire_map_read().
 */
HaywireStatus haywire_map_snapshot(const HaywireMap *map, const uint8_t *live,
                                   HaywireCategory category, uint32_t index,
                                   HaywirePage *ret_copy,
                                   HaywirePageInfo *ret_info);

#endif
