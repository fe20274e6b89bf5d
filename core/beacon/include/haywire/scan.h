/*
 * Scan: resident pages -> candidate beacon pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_SCAN_H
#define HAYWIRE_SCAN_H

#include "haywire/memory.h"

typedef struct HaywireScanStats {
    uint64_t resident_pages; /* looked at */
    uint64_t first_words;    /* whose first word was the magic */
    uint64_t candidates;     /* whose whole first line was */
} HaywireScanStats;

/* @page: host address of the candidate. Return false to end the scan. */
typedef bool (*HaywireCandidate)(void *opaque, HaywirePosition position,
                                 const uint8_t *page);

/*
 * Called about every 64 MiB of memory with how far the scan is (bytes of
 * positions done, of all). Return false to end the scan. May be NULL.
 */
typedef bool (*HaywireScanProgress)(void *opaque, uint64_t done,
                                    uint64_t total);

/*
 * Walk all resident pages in the order of positions. HAYWIRE_OK (also when a
 * callback ended it), HAYWIRE_IO_ERROR, HAYWIRE_SOURCE_TRUNCATED.
 */
HaywireStatus haywire_scan(HaywireMemory *source, HaywireCandidate candidate,
                           HaywireScanProgress progress, void *opaque,
                           HaywireScanStats *ret_stats) HAYWIRE_MUST_CHECK;

#endif
