/*
 * Arrays that grow: see array.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdint.h>
#include <stdlib.h>

#include "engine/array.h"

void *haywire_array_double(void *array, size_t *allocated, size_t first,
                           size_t size)
{
    size_t room = first;
    void *grown;

    if (*allocated > SIZE_MAX / 2 / size) {
        return NULL;
    }
    if (*allocated > 0) {
        room = 2 * *allocated;
    }
    grown = realloc(array, room * size);
    if (grown) {
        *allocated = room;
    }
    return grown;
}
