/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's memory as this room reads it: by guest physical address, in copies
 * of whole pages, and never more of it than a budget allows. Through page
 * tables: table.h. Private to the room.
 *
 * All work is bounded by that budget: each step of each walk reads something,
 * and each read takes one from it. So no loop that a guest ties, and no tree
 * that it blows up, takes longer.
 */

#ifndef HAYWIRE_KERNEL_GUEST_H
#define HAYWIRE_KERNEL_GUEST_H

#include <stdbool.h>

#include "haywire/memory.h"

/* What is copied at a time; pages of the guest may be larger. */
#define HAYWIRE_GUEST_PAGE UINT64_C(4096)

/* Copies of pages; a later one takes the place of one with the same hash. */
#define HAYWIRE_GUEST_SLOTS 1024

typedef struct HaywireGuestSlot {
    uint64_t frame;
    uint64_t moment; /* of the look that it is of; 0: none */
} HaywireGuestSlot;

/* Where pages of an address space lie, as found in this look. */
#define HAYWIRE_GUEST_FOUND 512

typedef struct HaywireGuestFound {
    uint64_t root;
    uint64_t page; /* gva */
    uint64_t gpa;
    uint64_t moment;
} HaywireGuestFound;

typedef struct HaywireGuest {
    HaywireMemory *memory;
    HaywireLayout layout; /* where guest addresses lie */
    uint64_t moment;      /* number of the look */
    uint64_t budget;      /* reads that are left */
    uint64_t fetches;     /* of these, pages that are not copied yet */
    HaywireGuestFound found[HAYWIRE_GUEST_FOUND];
    HaywireGuestSlot slot[HAYWIRE_GUEST_SLOTS];
    uint8_t page[HAYWIRE_GUEST_SLOTS][HAYWIRE_GUEST_PAGE];
} HaywireGuest;

/* Begin a look: no copy is older. Nothing can be read before more is allowed. */
void haywire_guest_begin(HaywireGuest *guest);

/* So many more reads, of so many more pages. */
void haywire_guest_allow(HaywireGuest *guest, uint64_t reads, uint64_t pages);

/*
 * All or nothing. HAYWIRE_OK, HAYWIRE_LIMIT: the budget is used up; else why
 * not (memory.h).
 */
HaywireStatus haywire_guest_read(HaywireGuest *guest, HaywireGpa gpa, void *to,
                                 size_t length) HAYWIRE_MUST_CHECK;

#endif
