/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest made from text: its pages in a RAM file, mapped as QEMU maps it.
 */
#ifndef HAYWIRE_BENCH_GUEST_PAGES_H
#define HAYWIRE_BENCH_GUEST_PAGES_H

#include "beacon_builder.h"
#include "pages.h"

typedef struct BenchGuest {
    HaywireBeacons *beacons;
    BenchRam ram;
    BenchPages *all;
    BenchPages *changed; /* by the newest refresh */
    guint64 refreshes;
} BenchGuest;

void bench_guest_open(BenchGuest *guest, const char *text, guint64 size);
void bench_guest_close(BenchGuest *guest);

/* The page of the session's @index of this category. */
HaywirePage *bench_guest_page(const BenchGuest *guest, HaywireCategory category,
                              guint32 index);

/* Pages that are not in use yet get as much to verify as a page holds. */
void bench_guest_fill(const BenchGuest *guest);

/*
 * What a companion publishes from one look of a reader to the next: a heartbeat
 * and a snapshot each time, all records every other time, as it does by
 * default. @elapsed_ns passes.
 */
void bench_guest_refresh(BenchGuest *guest, guint64 elapsed_ns);

/*
 * All out of the processor's caches: in use there is other work between two
 * looks.
 */
void bench_evict_caches(void);

#endif
