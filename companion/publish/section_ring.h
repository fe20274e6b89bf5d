/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections of all processes in turn: docs/protocol.md, section 5.5. */

#ifndef HAYWIRE_SECTION_RING_H
#define HAYWIRE_SECTION_RING_H

#include "publish/section_packer.h"
#include "table/table.h"

typedef struct HaywireSectionRing {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywireTable *table;
    uint32_t ring_first; /* index of the ring's first page */
    uint32_t ring_pages;
    uint64_t since_ns;    /* for haywire_table_look() */
    bool collecting;      /* a sweep is under way: */
    HaywireTurn turn;     /* whose turn it is */
    uint32_t pages_left;  /* of the ring */
    uint64_t bytes_left;  /* of processes still to come */
    uint64_t dropped;     /* sections */
    uint64_t page_count;  /* pages written, ever */
    uint64_t sweep;       /* generation of what is written; 0: none yet */
    uint32_t resume_pid;  /* found no room: the next sweep starts with it */
    HaywireWriter writer; /* the page in work */
    HaywireSectionPacker packer;
} HaywireSectionRing;

void haywire_section_ring_init(HaywireSectionRing *ring,
                               HaywirePublisher *publisher,
                               HaywireTable *table);

/* A step of a look, or one process. */
HaywireStep haywire_section_ring_step(void *opaque);

/*
 * The table was updated: a sweep over those alone that the system told of.
 * False when that cannot be, or not now: it takes a sweep over all.
 */
bool haywire_section_ring_update(HaywireSectionRing *ring);

#endif
