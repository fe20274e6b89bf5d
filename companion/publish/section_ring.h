/*
 * The sections of all processes in turn: docs/protocol.md, section 5.5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_SECTION_RING_H
#define HAYWIRE_SECTION_RING_H

#include "table/roster.h"
#include "publish/section_packer.h"
#include "engine/task.h"

typedef struct HaywireSectionRing {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywireRoster roster; /* a result's place: page_count where it begins */
    uint32_t ring_first;  /* index of the ring's first page */
    uint32_t ring_pages;
    uint32_t pages_left; /* of the ring, in this sweep */
    uint64_t page_count; /* pages written, ever */
    uint64_t bytes_left; /* of processes still to come in this sweep */
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

/* These changed: the next sweep reads them anew. */
void haywire_section_ring_hear(HaywireSectionRing *ring,
                               const HaywireHeard *heard);

/*
 * A sweep over those alone. False when that cannot be, or not now: it takes a
 * sweep over all.
 */
bool haywire_section_ring_update(HaywireSectionRing *ring);

#endif
