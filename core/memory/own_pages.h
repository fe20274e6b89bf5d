/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of this process, as the kernel knows them. Private to the core.
 *
 * Memory may vanish under us: the host swaps it out, a balloon takes it, a file
 * is cut off, hardware breaks. So nothing is touched that the kernel has not
 * just called present, and copying is left to a system call, which fails where
 * an instruction would raise SIGBUS.
 */

#ifndef HAYWIRE_OWN_PAGES_H
#define HAYWIRE_OWN_PAGES_H

#include <sys/types.h>

#include "haywire/memory.h"
#include "haywire/pagemap_scan.h"

typedef struct HaywireOwnPages HaywireOwnPages;

/* What to do without, to test the ways of older kernels and of containers. */
enum {
    HAYWIRE_WITHOUT_MOVE_PAGES = 1,   /* since 2.6.18, but often forbidden */
    HAYWIRE_WITHOUT_PAGEMAP_SCAN = 2, /* since 6.7 */
    HAYWIRE_WITHOUT_VM_WRITEV = 4,    /* since 3.2, but often forbidden */
    HAYWIRE_WITHOUT_PAGEMAP = 8,      /* not for who changed user or rights */
};

/*
 * Opens what it needs for good, so that it goes on to work in a chroot and
 * after a change of user. @without: of the above, 0 for all that is there.
 *
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR (errno: there is no
 * /proc/self/pagemap, and the kernel allows no other way).
 */
HaywireStatus
haywire_own_pages_open(unsigned without,
                       HaywireOwnPages **ret_own) HAYWIRE_MUST_CHECK;
void haywire_own_pages_close(HaywireOwnPages *own);

/*
 * Set the status of each spot by the page at its host address:
 *
 * HAYWIRE_OK       in our page table: touching it neither allocates nor waits
 * HAYWIRE_SWAPPED  swapped out, or broken: the page table holds no page
 * HAYWIRE_HOLE     not in the page table
 * HAYWIRE_NOT_RESIDENT  one of these two: without pagemap nobody says which
 * HAYWIRE_IO_ERROR errno
 */
void haywire_own_pages_ask(HaywireOwnPages *own, HaywireSpot *spot,
                           size_t count);

/*
 * The same for those who look elsewhere for what is not there: HAYWIRE_OK or
 * HAYWIRE_NOT_RESIDENT. Spares a question for each such page.
 */
void haywire_own_pages_see(HaywireOwnPages *own, HaywireSpot *spot,
                           size_t count);

/*
 * Copy the spots whose status is HAYWIRE_OK; HAYWIRE_BROKEN_PAGE for those that
 * cannot be read. Costs least where their room lies end to end.
 */
void haywire_own_pages_copy(HaywireOwnPages *own, HaywireSpot *spot,
                            size_t count);

/*
 * The first run of pages in [@from, @end) that are in our page table, at most
 * HAYWIRE_WINDOW_MAX. Calls that each go on where the last run ended are
 * answered from one question for as much memory. An empty run says that nothing
 * is there up to its start, and that looking on takes a while. HAYWIRE_OK,
 * HAYWIRE_NOT_FOUND, HAYWIRE_IO_ERROR (errno).
 */
HaywireStatus haywire_own_pages_next(HaywireOwnPages *own, const uint8_t *from,
                                     const uint8_t *end,
                                     const uint8_t **ret_start,
                                     uint64_t *ret_length) HAYWIRE_MUST_CHECK;

/* Of the mappings asked about some may be others now. */
void haywire_own_pages_forget(HaywireOwnPages *own);

/* How it is told what is present, and why not better: for the memory's. */
void haywire_own_pages_name(const HaywireOwnPages *own, HaywireMemory *memory);

/*
 * Without any other way mincore(2) has to be believed, and of files it tells the
 * truth only to their owner and to root. False: not a page of @region may be
 * looked at.
 */
bool haywire_own_pages_may_ask(const HaywireOwnPages *own,
                               const HaywireRegion *region);

/* The host has swapped out anything at all. */
bool haywire_swap_is_used(void);

/* ---- Between own_pages.c and own_runs.c -------------------------------- */

#define HAYWIRE_OWN_RUNS_MAX 256
#define HAYWIRE_WALKED_MAX   4096

typedef struct HaywireOwnRun {
    uint64_t start; /* address in this process */
    uint64_t end;
} HaywireOwnRun;

struct HaywireOwnPages {
    int pagemap;       /* -1: not for us */
    int pagemap_errno; /* then: why */
    int mem;           /* /proc/self/mem; -1: not needed */
    pid_t pid;         /* our own: asking for it takes as long as a copy */
    bool has_scan;
    bool has_move_pages;
    /* The rest of the last answer, for a call that goes on at @next. */
    uint64_t next, end;
    uint64_t looked; /* how far the answer reaches */
    uint64_t ahead;  /* how much to ask about */
    size_t taken;
    size_t count;
    HaywireOwnRun run[HAYWIRE_OWN_RUNS_MAX];
    HaywirePagemapRegion walked[HAYWIRE_WALKED_MAX]; /* of the last walk */
};

/*
 * Which of @count pages, at these addresses between @from and @end, are in our
 * page table, by one walk over all of it that lies between them. False: the
 * kernel does not tell, or there is too much in between.
 */
bool haywire_own_pages_walk(HaywireOwnPages *own, uint64_t from, uint64_t end,
                            void *const *page, size_t count, bool *ret_present);

/*
 * Which pages, of those that mincore(2) calls resident, are in our page table,
 * by asking for each. False: the kernel does not tell.
 */
bool haywire_own_pages_confirm(const HaywireOwnPages *own, void **page,
                               size_t count, bool *ret_present);

/* The kernel has PAGEMAP_SCAN. */
bool haywire_pagemap_scan_works(int pagemap);

#endif
