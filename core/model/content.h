/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of a model. Private to the room.
 */

#ifndef HAYWIRE_CONTENT_H
#define HAYWIRE_CONTENT_H

#include <stdatomic.h>

#include "haywire/builder.h"
#include "haywire/model.h"
#include "haywire/text.h"

/*
 * Memory of one model: only grows, freed as a whole. Allocation fails when
 * @limit bytes are in use, or more than @most would have to be taken from the
 * system, or memory is out (@no_memory is set).
 */
typedef struct HaywireArenaChunk HaywireArenaChunk;

typedef struct HaywireArena {
    HaywireArenaChunk *chunk; /* the newest; older ones behind it */
    uint8_t *at;
    size_t left;  /* bytes at @at */
    size_t total; /* bytes taken from the system */
    size_t most;
    size_t limit;
    bool no_memory;
} HaywireArena;

/* Take that much at once: few large pieces cost the system less than many. */
void haywire_arena_reserve(HaywireArena *arena, size_t size);
/* 8-aligned, not zeroed; NULL on failure. */
void *haywire_arena_alloc(HaywireArena *arena, size_t size);
/* Up to HAYWIRE_BUILDER_TEXT_MAX bytes, escaped; NULL on failure. */
const char *haywire_arena_text(HaywireArena *arena, HaywireString bytes);
/* Bytes in use; what was taken beyond them is not. */
size_t haywire_arena_used(const HaywireArena *arena);
void haywire_arena_clear(HaywireArena *arena);

/*
 * Sections of processes, not from cameras. They are most of what is told, and
 * change less often than the rest: contents share them.
 */
typedef struct HaywireLists {
    atomic_uint references;
    HaywireArena arena; /* all that they point to */
    uint64_t digest;    /* of what they were made of; 0: not to be shared */
    uint64_t limits;    /* how often one was met */
    size_t room;
    size_t count;
    HaywireSectionList *list; /* sorted by pid, then start time */
} HaywireLists;

/* What was told. Models of the same pages share it. */
typedef struct HaywireContent {
    atomic_uint references;
    HaywireArena arena;  /* all that the model points to, but for the lists */
    HaywireModel told;   /* of the overview, what content yields */
    HaywireLists *lists; /* NULL: none */
    HaywireCameraPass pass[2];
    uint64_t limits; /* how often one was met */
} HaywireContent;

/* An empty one, with one reference; NULL without memory. */
HaywireContent *haywire_content_new(void);
void haywire_content_unref(HaywireContent *content); /* NULL is fine */
const HaywireContent *haywire_content_of(const HaywireModel *model);
/* A model of @content, whose reference is taken if it succeeds. */
HaywireStatus
haywire_content_model(HaywireContent *content, const HaywireMoment *moment,
                      HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

/*
 * Room for @count elements of @size bytes, to be filled; NULL when there is
 * none, which is counted, or nothing to be stored.
 */
void *haywire_builder_array(HaywireBuilder *builder, size_t count, size_t size);

/* The table's process of this pid, or NULL; @count sorted by pid. */
const HaywireProcess *haywire_process_find(const HaywireProcess *process,
                                           size_t count, uint32_t pid);

#endif
