/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Inside of a model, and its making. Private to model*.c.
 */

#ifndef HAYWIRE_MODEL_PRIVATE_H
#define HAYWIRE_MODEL_PRIVATE_H

#include <stdatomic.h>

#include "haywire/model.h"
#include "haywire/vector.h"

/*
 * Memory of one model: only grows, freed as a whole. Allocation fails when
 * @limit bytes are taken (@cut is set) or memory is out (@no_memory is set).
 */
typedef struct HaywireArenaChunk HaywireArenaChunk;

typedef struct HaywireArena {
    HaywireArenaChunk *chunk; /* the newest; older ones behind it */
    uint8_t *at;
    size_t left;  /* bytes at @at */
    size_t total; /* bytes taken from the system */
    size_t limit;
    bool cut;
    bool no_memory;
} HaywireArena;

/* Longest text in one piece, before escaping. */
#define HAYWIRE_ARENA_TEXT_MAX 16000

/* 8-aligned, not zeroed; NULL on failure. */
void *haywire_arena_alloc(HaywireArena *arena, size_t size);
/* A copy of @count elements; NULL on failure. */
void *haywire_arena_copy(HaywireArena *arena, const void *data, size_t size);
/* @length up to HAYWIRE_ARENA_TEXT_MAX bytes, escaped; NULL on failure. */
const char *haywire_arena_text(HaywireArena *arena, const uint8_t *bytes,
                               size_t length);
void haywire_arena_clear(HaywireArena *arena);

/* What a camera's newest complete pass holds. */
typedef struct HaywirePass {
    bool valid;
    bool page_table_readable;
    uint64_t finished_ns;
    HaywireSectionList sections;
    HaywirePageRunList runs;
} HaywirePass;

/* What was decoded. Models of the same pages share it. */
typedef struct HaywireContent {
    atomic_uint references;
    HaywireArena arena; /* all that the model points to */
    size_t list_count;
    const HaywireSectionList *list; /* from ROUNDROBIN, sorted by pid */
    HaywirePass pass[2];
    uint64_t finished_ns[2]; /* when the cameras' passes ended */
} HaywireContent;

/* What a HaywireModel pointer points into. */
typedef struct HaywireModelData {
    HaywireModel model; /* first: what others see */
    atomic_uint references;
    HaywireContent *content;
} HaywireModelData;

/* Copies of one category, sorted by index. */
typedef struct HaywireCopyList {
    const HaywireCopy **copy;
    size_t count;
} HaywireCopyList;

/* Texts met so far, to be shared; plain free() frees it. */
typedef struct HaywireTexts HaywireTexts;

/* A model being made. After @no_memory nothing more is tried. */
typedef struct HaywireModelBuilder {
    const HaywireModelInput *input;
    HaywireShares shares;
    HaywireHostCounters *host;
    HaywireModel *model;
    HaywireContent *content;
    HaywireArena *arena;
    HaywireTexts *texts;
    HaywireProcess *process; /* the table, in the arena */
    size_t process_count;
    size_t process_room;
    HaywireCopyList copies[HAYWIRE_CATEGORY_COUNT];
    uint64_t limits; /* how often one was met */
    bool fresh;      /* what is wrong with the page at hand counts */
    bool table_fresh;
    bool no_memory;
} HaywireModelBuilder;

/*
 * The share for work, in sixteenths: what is needed at the same time. The list
 * of copies and the array of a table's newest records, which the size of the
 * table bounds, take the rest.
 */
enum {
    HAYWIRE_WORK_SETS = 9, /* section sets, and sorting them */
    HAYWIRE_WORK_PASS = 4, /* those of a camera, instead */
    HAYWIRE_WORK_RUNS = 4, /* page-run sets of a camera */
};

/* Let the arena grow by @bytes from where it is, within the whole's limit. */
void haywire_builder_budget(HaywireModelBuilder *builder, size_t bytes);
/* How many elements of @size bytes @part of the share for work holds. */
size_t haywire_builder_work(const HaywireModelBuilder *builder, size_t part,
                            size_t size);
/*
 * Room in the arena for @count elements of @size bytes, to be filled; NULL when
 * there is none, which is counted, or nothing to be stored.
 */
void *haywire_builder_array(HaywireModelBuilder *builder, size_t count,
                            size_t size);
/* What is rejected from now on is of @copy: counted the first time only. */
void haywire_builder_at(HaywireModelBuilder *builder, const HaywireCopy *copy);
/* Count a rejected page or record. */
void haywire_builder_reject(HaywireModelBuilder *builder, HaywireStatus status);
/* True for OK. A limit is counted, lack of memory noted. */
bool haywire_builder_check(HaywireModelBuilder *builder, HaywireStatus status);
/*
 * Guest text in the arena; "" with *ret_cut set when there is no room.
 */
const char *haywire_builder_text(HaywireModelBuilder *builder,
                                 const uint8_t *bytes, size_t length,
                                 bool *ret_cut);
/* The same for a text that others may have, too. */
const char *haywire_builder_shared_text(HaywireModelBuilder *builder,
                                        HaywireString bytes, bool *ret_cut);
/* NULL without memory. */
HaywireTexts *haywire_texts_new(void);
/* @size bytes of @data in the arena; NULL when there is no room. */
const void *haywire_builder_copy(HaywireModelBuilder *builder, const void *data,
                                 size_t size);
/*
 * Move @vector's elements into the arena and empty it; NULL and *ret_count 0
 * when there are none or no room.
 */
void *haywire_builder_move(HaywireModelBuilder *builder, HaywireVector *vector,
                           size_t *ret_count);
/*
 * The next record. A malformed one is counted; it reads as type 0 (when the
 * rest of the page can be read) or as the end. False at the end.
 */
bool haywire_builder_record(HaywireModelBuilder *builder,
                            HaywireRecordReader *reader,
                            HaywireRecord *ret_record);
/* A reader of the page's records that stands at @position, where one stood. */
HaywireRecordReader haywire_records_at(const HaywireCopy *copy,
                                       size_t position);
/* Begin reading a page's records; false when it holds none. */
bool haywire_builder_records(HaywireModelBuilder *builder,
                             const HaywireCopy *copy, uint32_t kind,
                             HaywireRecordReader *ret_reader);

/* The process table: one of these makes it, in the builder. */
bool haywire_table_from_snapshot(HaywireModelBuilder *builder);
void haywire_table_from_cycles(HaywireModelBuilder *builder);
/* Room for @count processes, or for as many as there may be. */
bool haywire_table_begin(HaywireModelBuilder *builder, size_t count);
/* A new process at its end; NULL when there is no room, which is counted. */
HaywireProcess *haywire_table_add(HaywireModelBuilder *builder);
/*
 * Sort by pid; of equal pids the first stays, the others are counted when
 * @count_duplicates.
 */
void haywire_table_settle(HaywireModelBuilder *builder, bool count_duplicates);
/* For a process of which no more is known. */
extern const uint64_t haywire_no_fields[HAYWIRE_FIELD_COUNT];
/* A state letter fit for people. */
char haywire_table_state(uint8_t state);

/* A set of sections seen on a page. */
typedef struct HaywireSetSeen {
    uint64_t generation;
    const HaywireCopy *copy;
    uint32_t process; /* number in the table */
    uint32_t first;
    uint32_t total;
    uint16_t at;   /* the reader's position behind the set's head */
    uint8_t count; /* sections that do follow */
    bool readable;
    bool whole; /* as many follow as the set says */
} HaywireSetSeen;

/* An empty vector of sets, within @part of the share for work. */
void haywire_sets_init(const HaywireModelBuilder *builder, HaywireVector *sets,
                       size_t part);
/*
 * Count the sections that follow a set just read from @copy, and push it to
 * @sets. @reader ends up behind them; what comes next is still to be read.
 */
void haywire_sets_add(HaywireModelBuilder *builder, HaywireVector *sets,
                      size_t process, const HaywireCopy *copy,
                      const HaywireSetRecord *set, HaywireRecordReader *reader);
/* Sort @sets by process, newest generation first, then by ordinal. */
void haywire_sets_sort(HaywireVector *sets);
/*
 * A list out of @count sets of one process and generation, sorted: all of its
 * members but pid, start_time and source. False when memory or a limit cut it.
 */
bool haywire_sets_decode(HaywireModelBuilder *builder,
                         const HaywireSetSeen *set, size_t count,
                         HaywireSectionList *ret_list);

/* The builder's steps. */
void haywire_build_manifest(HaywireModelBuilder *builder);
void haywire_build_cameras(HaywireModelBuilder *builder);
/* Details of all processes, and @sets of their sections, not yet decoded. */
void haywire_build_details(HaywireModelBuilder *builder, HaywireVector *sets);
void haywire_build_sections(HaywireModelBuilder *builder, HaywireVector *sets);
/* How long ago the cameras' passes ended. */
void haywire_build_camera_ages(const HaywireModelInput *input,
                               HaywireModelData *data);
/* The last step: what it all has cost. */
void haywire_build_cost(const HaywireModelInput *input, HaywireModel *model);

/* The table's process of this pid, or NULL; @count sorted by pid. */
const HaywireProcess *haywire_process_find(const HaywireProcess *process,
                                           size_t count, uint32_t pid);

#endif
