/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From copies to a builder, category by category. Private to fill*.c.
 */

#ifndef HAYWIRE_FILL_H
#define HAYWIRE_FILL_H

#include "haywire/beacon_fill.h"
#include "haywire/builder.h"
#include "haywire/vector.h"

/* Copies of one category, sorted by index. */
typedef struct HaywireCopyList {
    const HaywireCopy **copy;
    size_t count;
} HaywireCopyList;

typedef struct HaywireFill {
    const HaywireBeaconInput *input;
    HaywireBuilder *builder;
    HaywireCopyList copies[HAYWIRE_CATEGORY_COUNT];
} HaywireFill;

/* What is refused from now on is of @copy: counted the first time only. */
static inline void haywire_fill_at(HaywireFill *fill, const HaywireCopy *copy)
{
    fill->builder->fresh = !copy->counted;
}

/* How many elements of @size bytes half of the share for work holds. */
static inline size_t haywire_fill_room(const HaywireFill *fill, size_t size)
{
    return fill->builder->shares.work / 2 / size;
}

/* Begin reading a page's records; false when it holds none. */
bool haywire_fill_records(HaywireFill *fill, const HaywireCopy *copy,
                          uint32_t kind, HaywireRecordReader *ret_reader);
/*
 * The next record. A malformed one is counted; it reads as type 0 (when the
 * rest of the page can be read) or as the end. False at the end.
 */
bool haywire_fill_record(HaywireFill *fill, HaywireRecordReader *reader,
                         HaywireRecord *ret_record);

/* The next good record of this type, with nothing counted; false at the end. */
bool haywire_next_record(HaywireRecordReader *reader, HaywireRecordType type,
                         HaywireRecord *ret_record);

/* fill_manifest.c, fill_camera.c */
void haywire_fill_manifest(HaywireFill *fill);
void haywire_fill_cameras(HaywireFill *fill);

/* fill_sections.c: a set of sections seen on a page. */
typedef struct HaywireSetSeen {
    uint64_t generation;
    const HaywireCopy *copy;
    uint64_t start_time;
    uint32_t pid;
    uint32_t first;
    uint32_t total;
    uint16_t at;   /* the reader's position behind the set's head */
    uint8_t count; /* sections that do follow */
    bool readable;
    bool blocked;
    bool whole; /* as many follow as the set says */
} HaywireSetSeen;

/* An empty vector of sets; sorting them takes as much again. */
void haywire_sets_init(const HaywireFill *fill, HaywireVector *sets);
/*
 * Count the sections that follow a set just read from @copy, and push it to
 * @sets. @reader ends up behind them; what comes next is still to be read.
 */
void haywire_sets_add(HaywireFill *fill, HaywireVector *sets,
                      const HaywireCopy *copy, const HaywireSetRecord *set,
                      HaywireRecordReader *reader);
/*
 * Lists of the processes' sections, the best of each; @sets is cleared.
 * @digest: of all that the sets come from; 0 when nothing says so
 */
void haywire_fill_sections(HaywireFill *fill, HaywireVector *sets,
                           uint64_t digest);
/*
 * A camera's list, out of sets of one process and generation: all its members
 * but who it is of. @sets is cleared.
 */
void haywire_fill_camera_sections(HaywireFill *fill, HaywireVector *sets,
                                  HaywireSectionList *ret_list);

#endif
