/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scan: all resident memory -> verified beacon pages.
 */

#ifndef HAYWIRE_SCAN_H
#define HAYWIRE_SCAN_H

#include "haywire/memory.h"
#include "haywire/page.h"

typedef struct HaywireScanStats {
    uint64_t resident_pages; /* looked at */
    uint64_t first_words;    /* whose first word was the magic */
    uint64_t candidates;     /* whose whole first line was */
} HaywireScanStats;

/*
 * A page that begins like a beacon. @status: HAYWIRE_OK, and @copy and @info
 * are verified; else what haywire_pages_read() says is wrong with it. Return
 * false to end the scan.
 */
typedef bool (*HaywireCandidate)(void *opaque, HaywirePosition position,
                                 HaywireStatus status, const HaywirePage *copy,
                                 const HaywirePageInfo *info);

/*
 * Called about every 64 MiB of memory with how far the scan is (bytes of
 * positions done, of all). Return false to end the scan. May be NULL.
 */
typedef bool (*HaywireScanProgress)(void *opaque, uint64_t done,
                                    uint64_t total);

/*
 * Walk all resident pages in the order of positions. HAYWIRE_OK (also when a
 * callback ended it), HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR,
 * HAYWIRE_SOURCE_TRUNCATED.
 */
HaywireStatus haywire_scan(HaywireMemory *memory, HaywireCandidate candidate,
                           HaywireScanProgress progress, void *opaque,
                           HaywireScanStats *ret_stats) HAYWIRE_MUST_CHECK;

#endif
