/*
 * What the companion needs from its operating system besides processes:
 * clocks, waiting, and memory for the beacon pages. One file for each system
 * implements it; the build picks the file.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_PLATFORM_H
#define HAYWIRE_PLATFORM_H

#include <stdbool.h>

#include "haywire/beacon_protocol.h"

#define HAYWIRE_NS_PER_MS     UINT64_C(1000000)
#define HAYWIRE_NS_PER_SECOND UINT64_C(1000000000)

/* Since boot, suspend included. */
uint64_t haywire_platform_monotonic_ns(void);
/* Since 1970-01-01 UTC. */
uint64_t haywire_platform_realtime_ns(void);
/* Processor time that this program has used. */
uint64_t haywire_platform_cpu_ns(void);

/* A random number that is not 0. */
uint64_t haywire_platform_random(void);

/* HaywireOs, HaywireArch (0: one that the protocol has no number for). */
uint32_t haywire_platform_os(void);
uint32_t haywire_platform_arch(void);
uint32_t haywire_platform_page_size(void);
uint32_t haywire_platform_pid(void);
/* All zero when the system has none. */
void haywire_platform_boot_id(uint8_t ret_id[HAYWIRE_BOOT_ID_SIZE]);

/*
 * From now on requests to end (SIGTERM, SIGINT, SIGHUP) are only noticed by
 * haywire_platform_wait().
 */
void haywire_platform_catch_end(void);

/*
 * Sleep up to @ns; 0 only looks. Returns true as soon as the program was
 * asked to end, and from then on always.
 */
bool haywire_platform_wait(uint64_t ns);

/*
 * @count zeroed pages for beacons: populated, kept out of fork, core dumps,
 * huge pages and page merging, and locked as far as allowed.
 *
 * @ret_unlocked: how many could not be locked
 *
 * Returns NULL without memory. Freed by haywire_platform_pages_free(), which
 * takes NULL.
 */
HaywirePage *haywire_platform_pages_new(size_t count, size_t *ret_unlocked);
void haywire_platform_pages_free(HaywirePage *pages, size_t count);

/*
 * The frame numbers of @count pages as they lie now; 0 where it is not known.
 * Returns false, and all zero, when the system hides them.
 */
bool haywire_platform_frame_numbers(const HaywirePage *pages, size_t count,
                                    uint64_t *ret_pfn);

#endif
