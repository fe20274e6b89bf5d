/*
 * Arrays that grow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_ARRAY_H
#define HAYWIRE_ARRAY_H

#include <stddef.h>

/*
 * Make room for twice as many elements, for @first when there is room for none.
 *
 * @array: from malloc() and the like, or NULL; replaced by what is returned
 * @allocated: its room, in elements; follows
 * @size: of an element, bytes
 *
 * NULL when there is no memory, or cannot be so much: @array and *allocated
 * stay as they are.
 */
void *haywire_array_double(void *array, size_t *allocated, size_t first,
                           size_t size);

#endif
