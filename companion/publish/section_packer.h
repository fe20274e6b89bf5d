/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of a process into section sets on as many pages as it takes. */

#ifndef HAYWIRE_SECTION_PACKER_H
#define HAYWIRE_SECTION_PACKER_H

#include "publish/records.h"

/*
 * Put the page in work away and give an empty one. NULL: there is none; the
 * page in work is put away all the same.
 */
typedef HaywireWriter *HaywireNextPage(void *opaque);

/* Is shown each section that is read, also one that finds no place. */
typedef void HaywireSectionSink(void *opaque,
                                const HaywireGuestSection *section);

typedef struct HaywireSectionPacker {
    HaywireWriter *writer; /* the page in work; NULL: none is left */
    HaywireNextPage *next_page;
    HaywireSectionSink *each; /* NULL: none */
    void *opaque;             /* of both */
    uint64_t generation;      /* of the sets */
    uint8_t *set;             /* the open set */
    uint32_t set_count;
} HaywireSectionPacker;

/*
 * Append the sections that the collector holds of @process.
 *
 * @total: how many they are
 * @ret_truncated: how many paths were cut
 *
 * Returns how many found a place. Behind the first that finds none, the
 * collector's others are not read.
 */
uint32_t haywire_pack_sections(HaywireSectionPacker *packer,
                               HaywireCollector *collector,
                               const HaywireOpenProcess *process,
                               uint32_t total, uint32_t *ret_truncated);

/* A set of no sections: there are none, or @result says why none was read. */
bool haywire_pack_empty(HaywireSectionPacker *packer,
                        const HaywireOpenProcess *process,
                        HaywireCollect result);

#endif
