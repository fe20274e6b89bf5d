/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of one model: only grows, freed as a whole.
 */

#include <stdlib.h>

#include "content.h"
#include "haywire/builder.h"

struct HaywireArenaChunk {
    HaywireArenaChunk *older;
    max_align_t data[];
};

/* Holds the longest text with every byte escaped. */
#define CHUNK_SIZE          ((size_t)65536)
#define ESCAPED_MAX(length) (4 * (length) + 1)

_Static_assert(ESCAPED_MAX((size_t)HAYWIRE_BUILDER_TEXT_MAX) <= CHUNK_SIZE,
               "a text fits a chunk");

static HaywireArenaChunk *add_chunk(HaywireArena *arena, size_t size)
{
    HaywireArenaChunk *chunk;

    if (arena->total > arena->most || size > arena->most - arena->total) {
        return NULL;
    }
    chunk = malloc(sizeof(*chunk) + size);
    if (!chunk) {
        arena->no_memory = true;
        return NULL;
    }
    arena->total += size;
    chunk->older = arena->chunk;
    arena->chunk = chunk;
    return chunk;
}

/* Go on in a new chunk. */
static bool begin_chunk(HaywireArena *arena, size_t size)
{
    HaywireArenaChunk *chunk = add_chunk(arena, size);

    if (!chunk) {
        return false;
    }
    arena->at = (uint8_t *)chunk->data;
    arena->left = size;
    return true;
}

void haywire_arena_reserve(HaywireArena *arena, size_t size)
{
    size_t whole = (size + CHUNK_SIZE - 1) / CHUNK_SIZE * CHUNK_SIZE;

    if (whole > CHUNK_SIZE && whole <= arena->most) {
        (void)begin_chunk(arena, whole);
    }
}

static void take(HaywireArena *arena, size_t size)
{
    size_t rounded = (size + 7) & ~(size_t)7;

    rounded = rounded < arena->left ? rounded : arena->left;
    arena->at += rounded;
    arena->left -= rounded;
}

/* Is this still below the limit? */
static bool may_take(const HaywireArena *arena, size_t size)
{
    size_t used = haywire_arena_used(arena);

    return used <= arena->limit && size <= arena->limit - used;
}

/* Room for @size bytes at arena->at. */
static bool make_room(HaywireArena *arena, size_t size)
{
    return may_take(arena, size) && ((arena->at && size <= arena->left) ||
                                     begin_chunk(arena, CHUNK_SIZE));
}

void *haywire_arena_alloc(HaywireArena *arena, size_t size)
{
    void *result;

    if (size > arena->left && size > CHUNK_SIZE / 4) {
        /* A chunk of its own; the one in use stays in use. */
        HaywireArenaChunk *chunk =
            may_take(arena, size) ? add_chunk(arena, size) : NULL;

        return chunk ? chunk->data : NULL;
    }
    if (!make_room(arena, size)) {
        return NULL;
    }
    result = arena->at;
    take(arena, size);
    return result;
}

const char *haywire_arena_text(HaywireArena *arena, HaywireString bytes)
{
    char *text;

    if (bytes.length == 0) {
        return "";
    }
    if (bytes.length > HAYWIRE_BUILDER_TEXT_MAX ||
        !make_room(arena, ESCAPED_MAX(bytes.length))) {
        return NULL;
    }
    text = (char *)arena->at;
    take(arena, haywire_text_escape(bytes.data, bytes.length, text) + 1);
    return text;
}

size_t haywire_arena_used(const HaywireArena *arena)
{
    return arena->total - arena->left;
}

void haywire_arena_clear(HaywireArena *arena)
{
    while (arena->chunk) {
        HaywireArenaChunk *older = arena->chunk->older;

        free(arena->chunk);
        arena->chunk = older;
    }
}
