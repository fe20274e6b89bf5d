/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory of one model: only grows, freed as a whole.
 */

#include "model_private.h"

#include <stdlib.h>
#include <string.h>

#include "haywire/text.h"

struct HaywireArenaChunk {
    HaywireArenaChunk *older;
    max_align_t data[];
};

/* Holds the longest text with every byte escaped. */
#define CHUNK_SIZE          ((size_t)65536)
#define ESCAPED_MAX(length) (4 * (length) + 1)

_Static_assert(ESCAPED_MAX((size_t)HAYWIRE_ARENA_TEXT_MAX) <= CHUNK_SIZE,
               "a text fits a chunk");

static HaywireArenaChunk *add_chunk(HaywireArena *arena, size_t size)
{
    HaywireArenaChunk *chunk;

    if (arena->total > arena->limit || size > arena->limit - arena->total) {
        arena->cut = true;
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

/* Room for @size bytes at arena->at. */
static bool make_room(HaywireArena *arena, size_t size)
{
    HaywireArenaChunk *chunk;

    /* Before the first chunk there is no place, not even for nothing. */
    if (arena->at && size <= arena->left) {
        return true;
    }
    chunk = add_chunk(arena, CHUNK_SIZE);
    if (!chunk) {
        return false;
    }
    arena->at = (uint8_t *)chunk->data;
    arena->left = CHUNK_SIZE;
    return true;
}

static void take(HaywireArena *arena, size_t size)
{
    size_t rounded = (size + 7) & ~(size_t)7;

    if (rounded > arena->left) {
        rounded = arena->left;
    }
    arena->at += rounded;
    arena->left -= rounded;
}

void *haywire_arena_alloc(HaywireArena *arena, size_t size)
{
    void *result;

    if (size > CHUNK_SIZE / 4) {
        /* A chunk of its own; the one in use stays in use. */
        HaywireArenaChunk *chunk = add_chunk(arena, size);

        return chunk ? chunk->data : NULL;
    }
    if (!make_room(arena, size)) {
        return NULL;
    }
    result = arena->at;
    take(arena, size);
    return result;
}

void *haywire_arena_copy(HaywireArena *arena, const void *data, size_t size)
{
    void *copy = haywire_arena_alloc(arena, size);

    if (copy && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

const char *haywire_arena_text(HaywireArena *arena, const uint8_t *bytes,
                               size_t length)
{
    char *text;

    if (length == 0) {
        return "";
    }
    if (length > HAYWIRE_ARENA_TEXT_MAX) {
        arena->cut = true;
        return NULL;
    }
    if (!make_room(arena, ESCAPED_MAX(length))) {
        return NULL;
    }
    text = (char *)arena->at;
    take(arena, haywire_text_escape(bytes, length, text) + 1);
    return text;
}

void haywire_arena_clear(HaywireArena *arena)
{
    while (arena->chunk) {
        HaywireArenaChunk *older = arena->chunk->older;

        free(arena->chunk);
        arena->chunk = older;
    }
}
