/*
 * Which parts of an address space have pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "os/linux/populated.h"

long haywire_populated_find(int pagemap, uint64_t start, uint64_t end,
                            uint64_t pages, HaywirePagemapRegion *ret_part,
                            size_t room, uint64_t *ret_next)
{
    HaywirePagemapScan scan = {
        .start = start,
        .end = end,
        .vec = (uintptr_t)ret_part,
        .vec_len = room,
        .max_pages = pages,
        .category_anyof_mask =
            HAYWIRE_PAGEMAP_PRESENT | HAYWIRE_PAGEMAP_SWAPPED,
        .return_mask = HAYWIRE_PAGEMAP_PRESENT | HAYWIRE_PAGEMAP_SWAPPED,
    };
    long count = haywire_pagemap_scan(pagemap, &scan);

    if (count >= 0) {
        *ret_next = scan.walk_end;
    }
    return count;
}
