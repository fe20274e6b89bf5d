/*
 * The sections of all processes in turn: docs/protocol.md, section 5.5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_SECTION_RING_H
#define HAYWIRE_SECTION_RING_H

#include "section_packer.h"
#include "task.h"

typedef struct HaywireSectionRing {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywirePidList list;
    size_t first;        /* where in the list this sweep began */
    size_t seen;         /* how many of the list were looked at */
    uint32_t ring_first; /* index of the ring's first page */
    uint32_t ring_pages;
    uint32_t next_page;  /* within the ring */
    uint32_t pages_left; /* of the ring, in this sweep */
    uint64_t sweep;      /* generation of what is written */
    uint64_t dropped;    /* sections, in this sweep */
    uint32_t resume_pid; /* the next sweep starts with it; 0 none */
    bool collecting;
    HaywireWriter writer; /* the page in work */
    HaywireSectionPacker packer;
} HaywireSectionRing;

void haywire_section_ring_init(HaywireSectionRing *ring,
                               HaywirePublisher *publisher,
                               HaywireCollector *collector);
void haywire_section_ring_destroy(HaywireSectionRing *ring);

/* One process. */
HaywireStep haywire_section_ring_step(void *opaque);

#endif
