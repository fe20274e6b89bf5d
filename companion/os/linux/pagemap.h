/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of /proc/PID/pagemap to runs. Pure functions. */

#ifndef HAYWIRE_PAGEMAP_H
#define HAYWIRE_PAGEMAP_H

#include "haywire/pagemap_scan.h"
#include "os/os.h"

/*
 * What /proc/kpageflags says of a frame of the kernel's page size. Returns 0
 * where it cannot be asked.
 */
typedef uint64_t HaywireFrameFlags(void *opaque, uint64_t frame);

/* How many swap areas there are in use. */
typedef uint32_t HaywireSwapAreas(void *opaque);

/* What the kernel says of which pages are mapped by one large entry. */
typedef enum HaywireHugeSource {
    HAYWIRE_HUGE_UNTOLD, /* nothing: where it is not clear, it is not known */
    HAYWIRE_HUGE_NONE,   /* none is; pages of hugetlb are not counted */
    HAYWIRE_HUGE_LISTED, /* those of the list, and no others */
} HaywireHugeSource;

typedef struct HaywirePagemapDecoder {
    uint8_t page_shift; /* the kernel's page size: 12, 14, 16 */
    HaywireHugeSource huge;
    const HaywirePagemapRegion *region; /* the list, ascending */
    size_t region_count;
    HaywireFrameFlags *frame_flags;
    HaywireSwapAreas *swap_areas;
    void *opaque; /* of both */
} HaywirePagemapDecoder;

/*
 * Turn @count entries, the first of which is that of @gva, into runs. Without
 * a list large pages are recognised when all their entries are there.
 */
void haywire_pagemap_runs(const HaywirePagemapDecoder *decoder,
                          const uint64_t *entry, size_t count, uint64_t gva,
                          HaywireRunSink *sink, void *opaque);

/* Bytes that an entry of the second level maps, by the kernel's page size. */
static inline unsigned haywire_pagemap_huge_shift(unsigned page_shift)
{
    /* A table fills a page with entries of 8 bytes. */
    return 2 * page_shift - 3;
}

#endif
