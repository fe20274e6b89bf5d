/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Beacon pages in RAM, and the least that following them costs.
 */
#ifndef HAYWIRE_BENCH_PAGES_H
#define HAYWIRE_BENCH_PAGES_H

#include "haywire/beacon_protocol.h"
#include "ram.h"

typedef struct BenchPages BenchPages;

BenchPages *bench_pages_new(void);
void bench_pages_free(BenchPages *pages);

/* @live: borrowed. Forget all. How many there are. */
void bench_pages_add(BenchPages *pages, const HaywirePage *live);
void bench_pages_clear(BenchPages *pages);
guint bench_pages_count(const BenchPages *pages);

/* Add all pages in @ram that verify: those of a guest with one session. */
void bench_pages_find(BenchPages *pages, const BenchRam *ram);

/* Copy each page; with its checksum. */
void bench_pages_copy(const BenchPages *pages);
void bench_pages_verify(const BenchPages *pages);

/*
 * Look at both words of each page's lock; copy and checksum each page that has
 * changed since the last call.
 */
void bench_pages_follow(BenchPages *pages);

#endif
