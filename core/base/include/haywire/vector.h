/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array that grows up to a limit. Private to the core.
 */

#ifndef HAYWIRE_VECTOR_H
#define HAYWIRE_VECTOR_H

#include "haywire/status.h"

typedef struct HaywireVector {
    void *data;
    size_t count;
    size_t room;
    size_t max;  /* elements */
    size_t size; /* of an element, bytes */
} HaywireVector;

void haywire_vector_init(HaywireVector *vector, size_t size, size_t max);
/* Copies @element. HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_LIMIT. */
HaywireStatus haywire_vector_push(HaywireVector *vector,
                                  const void *element) HAYWIRE_MUST_CHECK;
/* The vector is empty after that. */
void haywire_vector_clear(HaywireVector *vector);

#endif
