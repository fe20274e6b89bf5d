/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where guest physical addresses lie in a memory source.
 */

#ifndef HAYWIRE_LAYOUT_H
#define HAYWIRE_LAYOUT_H

#include "haywire/address.h"
#include "haywire/status.h"

#define HAYWIRE_LAYOUT_RANGES_MAX 32

typedef struct HaywireLayoutRange {
    HaywireGpa gpa;
    HaywirePosition position;
    uint64_t length; /* bytes */
} HaywireLayoutRange;

/* Sorted by gpa; ranges overlap neither in gpas nor in positions. */
typedef struct HaywireLayout {
    size_t count; /* 0: nothing known */
    HaywireLayoutRange range[HAYWIRE_LAYOUT_RANGES_MAX];
} HaywireLayout;

/* HAYWIRE_OK or HAYWIRE_NO_LAYOUT. */
HaywireStatus
haywire_layout_position(const HaywireLayout *layout, HaywireGpa gpa,
                        HaywirePosition *ret_position) HAYWIRE_MUST_CHECK;
HaywireStatus haywire_layout_gpa(const HaywireLayout *layout,
                                 HaywirePosition position,
                                 HaywireGpa *ret_gpa) HAYWIRE_MUST_CHECK;

/*
 * @length bytes more, behind all others, where position and gpa are one number.
 * Should there be more ranges than there is room for, the last one spans the
 * gaps behind it: who reads there is told by the memory that nothing is.
 */
void haywire_layout_append(HaywireLayout *layout, HaywirePosition start,
                           uint64_t length);

/* One beacon page: found at a position, saying which frame it is. */
typedef struct HaywireSighting {
    HaywirePosition position;
    uint64_t pfn;
} HaywireSighting;

/* Bytes of @ram, in whole pages, that @layout has no place for. */
uint64_t haywire_layout_missing(const HaywireLayout *layout,
                                const HaywireRamRange *ram, size_t count);

/*
 * Work out the layout of a RAM file of @size bytes (one RAM block, whose
 * pieces appear in the guest in the order of the file) from what beacons say.
 * Single pages that moved since they were stamped are outvoted. Of a file that
 * is shorter than all of @ram: of what it has.
 *
 * HAYWIRE_OK, or HAYWIRE_NO_LAYOUT when the evidence is missing or in
 * contradiction: it never guesses.
 */
HaywireStatus
haywire_layout_deduce(uint64_t size, const HaywireSighting *sightings,
                      size_t sighting_count, const HaywireRamRange *ram,
                      size_t ram_count,
                      HaywireLayout *ret_layout) HAYWIRE_MUST_CHECK;

#endif
