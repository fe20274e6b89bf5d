/*
 * Which parts of an address space have pages, by the kernel's PAGEMAP_SCAN.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_POPULATED_H
#define HAYWIRE_POPULATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "haywire/pagemap_scan.h"

/*
 * The first stretches of [start, end) whose pages are present or swapped out,
 * ascending, at most @room.
 *
 * @pagemap: /proc/PID/pagemap, open
 * @pages: stop when so many pages were found
 * @ret_next: up to where there are no others
 *
 * Returns how many, or -1 where the kernel cannot do it (errno).
 */
long haywire_populated_find(int pagemap, uint64_t start, uint64_t end,
                            uint64_t pages, HaywirePagemapRegion *ret_part,
                            size_t room, uint64_t *ret_next);

#endif
