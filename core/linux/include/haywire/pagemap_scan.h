/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PAGEMAP_SCAN of /proc/PID/pagemap: Linux 6.7,
 * Documentation/admin-guide/mm/pagemap.rst. Declared here under names of our
 * own, for Debian 12's headers lack it.
 */

#ifndef HAYWIRE_PAGEMAP_SCAN_H
#define HAYWIRE_PAGEMAP_SCAN_H

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define HAYWIRE_PAGEMAP_PRESENT (UINT64_C(1) << 3)
#define HAYWIRE_PAGEMAP_SWAPPED (UINT64_C(1) << 4)
/* Mapped by one large entry: a transparent huge page, or one of hugetlb. */
#define HAYWIRE_PAGEMAP_HUGE (UINT64_C(1) << 6)

/* The kernel's struct page_region: a stretch of pages of equal categories. */
typedef struct HaywirePagemapRegion {
    uint64_t start; /* address in the process, bytes */
    uint64_t end;   /* exclusive */
    uint64_t categories;
} HaywirePagemapRegion;

/* Its struct pm_scan_arg. */
typedef struct HaywirePagemapScan {
    uint64_t size; /* of this; haywire_pagemap_scan() sets it */
    uint64_t flags;
    uint64_t start;    /* address in the process, bytes */
    uint64_t end;      /* exclusive */
    uint64_t walk_end; /* out: up to where all was looked at */
    uint64_t vec;      /* address of an array of HaywirePagemapRegion */
    uint64_t vec_len;  /* its elements */
    uint64_t max_pages;
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
} HaywirePagemapScan;

_Static_assert(sizeof(HaywirePagemapRegion) == 24, "struct page_region");
_Static_assert(sizeof(HaywirePagemapScan) == 96, "struct pm_scan_arg");

/*
 * @pagemap: /proc/PID/pagemap, open. Any thread.
 *
 * Returns how many regions were found, or -1 (errno: ENOTTY where the kernel
 * is too old).
 */
static inline long haywire_pagemap_scan(int pagemap, HaywirePagemapScan *scan)
{
    long count;

    scan->size = sizeof(*scan);
    do {
        count = ioctl(pagemap, _IOWR('f', 16, HaywirePagemapScan), scan);
    } while (count < 0 && errno == EINTR);
    return count;
}

#endif
