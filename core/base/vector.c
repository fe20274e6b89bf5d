/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array that grows up to a limit.
 */

#include "haywire/vector.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

void haywire_vector_init(HaywireVector *vector, size_t size, size_t max)
{
    *vector = (HaywireVector){ .size = size, .max = max };
}

static HaywireStatus grow(HaywireVector *vector)
{
    size_t room = vector->room ? vector->room * 2 : FIRST_ROOM;
    void *data;

    if (room > vector->max) {
        room = vector->max;
    }
    data = room <= SIZE_MAX / vector->size
               ? realloc(vector->data, room * vector->size)
               : NULL;
    if (!data) {
        return HAYWIRE_NO_MEMORY;
    }
    vector->data = data;
    vector->room = room;
    return HAYWIRE_OK;
}

static HaywireStatus make_room(HaywireVector *vector)
{
    if (vector->count >= vector->max) {
        return HAYWIRE_LIMIT;
    }
    return vector->count == vector->room ? grow(vector) : HAYWIRE_OK;
}

static void *end_of(const HaywireVector *vector)
{
    return (uint8_t *)vector->data + vector->count * vector->size;
}

HaywireStatus haywire_vector_push(HaywireVector *vector, const void *element)
{
    HaywireStatus status = make_room(vector);

    if (status == HAYWIRE_OK) {
        memcpy(end_of(vector), element, vector->size);
        vector->count++;
    }
    return status;
}

void haywire_vector_clear(HaywireVector *vector)
{
    free(vector->data);
    vector->data = NULL;
    vector->count = 0;
    vector->room = 0;
}
