/*
 * How to ask the kernel what is resident. Private to the core.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_RESIDENCY_METHOD_H
#define HAYWIRE_RESIDENCY_METHOD_H

#include "haywire/memory.h"

/* A mapping to ask about: as the arguments of haywire_residency_next(). */
typedef struct HaywireMapping {
    const uint8_t *host;
    uint64_t length;
    int fd;
    uint64_t fd_offset;
} HaywireMapping;

/* Bytes into the mapping. */
typedef struct HaywireRun {
    uint64_t start;
    uint64_t length;
} HaywireRun;

/*
 * Fill @run (room for @room, at least 2) with resident runs between @from and @end, which
 * lie within the mapping, in order. *ret_next: how far was looked: all runs
 * before it are among those given. *ret_next > from unless from == end.
 * HAYWIRE_OK (also without runs), HAYWIRE_IO_ERROR with errno.
 */
typedef HaywireStatus (*HaywireRunFiller)(
    int pagemap, const HaywireMapping *mapping, uint64_t from, uint64_t end,
    HaywireRun *run, size_t room, size_t *ret_count, uint64_t *ret_next);

/* @pagemap: /proc/self/pagemap, open for reading. */
HaywireStatus haywire_fill_pagemap_scan(int pagemap,
                                        const HaywireMapping *mapping,
                                        uint64_t from, uint64_t end,
                                        HaywireRun *run, size_t room,
                                        size_t *ret_count, uint64_t *ret_next);
HaywireStatus haywire_fill_pagemap(int pagemap, const HaywireMapping *mapping,
                                   uint64_t from, uint64_t end, HaywireRun *run,
                                   size_t room, size_t *ret_count,
                                   uint64_t *ret_next);
HaywireStatus haywire_fill_seek_data(int pagemap, const HaywireMapping *mapping,
                                     uint64_t from, uint64_t end,
                                     HaywireRun *run, size_t room,
                                     size_t *ret_count, uint64_t *ret_next);

/* The kernel has PAGEMAP_SCAN. */
bool haywire_pagemap_scan_works(int pagemap);

#endif
