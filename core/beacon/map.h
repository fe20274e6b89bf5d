/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Map: which page of guest memory is which of a session, and what is known of
 * each. Private to this room.
 */

#ifndef HAYWIRE_MAP_H
#define HAYWIRE_MAP_H

#include "haywire/beacon_fill.h"
#include "haywire/sessions.h"

/* A page that a session has: all that is kept of it, but for a copy. */
typedef struct HaywireSlot {
    HaywirePosition position; /* HAYWIRE_POSITION_NONE: not known */
    uint64_t monotonic_ns;    /* of the page when it was last read; older pages
                                 are not it */
    uint64_t pfn;             /* then: which frame it says it is */
    uint32_t lock;            /* then */
    uint32_t copy;            /* the follower's: see follower.c */
} HaywireSlot;

typedef struct HaywireMap {
    uint64_t session;
    uint64_t latest_ns; /* no page's time can be later */
    HaywirePart index;  /* where in MASTER the index lies */
    uint32_t pages[HAYWIRE_CATEGORY_COUNT];
    uint32_t first[HAYWIRE_CATEGORY_COUNT]; /* slots: as in the index */
    uint32_t mapped[HAYWIRE_CATEGORY_COUNT];
    uint32_t total;
    uint32_t missing; /* slots that have no page */
    HaywireSlot slot[];
} HaywireMap;

/* For the session's geometry. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_map_new(const HaywireSession *session,
                              HaywireMap **ret_map) HAYWIRE_MUST_CHECK;

bool haywire_slot_is_mapped(const HaywireSlot *slot);

/* The session's clock, as its discovery page has it. */
void haywire_map_set_clock(HaywireMap *map, uint64_t monotonic_ns);

/*
 * Which slot a verified page is of. HAYWIRE_OK, _BAD_SESSION, _BAD_INDEX
 * (outside of the geometry), _BAD_TIME (ahead of the session's clock).
 */
HaywireStatus haywire_map_find(const HaywireMap *map,
                               const HaywirePageInfo *info,
                               uint32_t *ret_slot) HAYWIRE_MUST_CHECK;

/* Is it of this one? Also HAYWIRE_BAD_CATEGORY. */
HaywireStatus haywire_map_check(const HaywireMap *map, uint32_t slot,
                                const HaywirePageInfo *info) HAYWIRE_MUST_CHECK;

/*
 * The page of this slot was read at @position. Two pages may claim one slot:
 * the newer wins and the clash is counted in *clashes. A page older than what
 * was read of the slot is a copy left behind, and claims nothing. A page that
 * moved leaves one behind with the same times until it is written again: on a
 * tie the index (@by_index), which knows where the page is now, has the last
 * word. True: the slot has this page now.
 */
bool haywire_map_claim(HaywireMap *map, uint32_t slot, HaywirePosition position,
                       const HaywirePageInfo *info, bool by_index,
                       uint64_t *clashes);

/* The slot's page is no longer there. */
void haywire_map_forget(HaywireMap *map, uint32_t slot);

/*
 * Work out where guest addresses lie in a memory that does not know it itself,
 * from where the session's pages lie and from the RAM ranges of its manifest
 * (@copy: those pages), and tell the memory. It never guesses. HAYWIRE_OK (also
 * when it is not known), HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_map_tell_layout(const HaywireMap *map,
                                      HaywireMemory *memory,
                                      const HaywireCopy *const *copy,
                                      size_t copies) HAYWIRE_MUST_CHECK;

#endif
