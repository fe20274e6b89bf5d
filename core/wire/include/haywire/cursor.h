/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds-checked reading of a verified copy. Does not move on failure.
 */

#ifndef HAYWIRE_CURSOR_H
#define HAYWIRE_CURSOR_H

#include <string.h>

#include "haywire/bytes.h"
#include "haywire/status.h"

typedef struct HaywireCursor {
    const uint8_t *data;
    size_t position;
    size_t end; /* position <= end, always */
} HaywireCursor;

static inline void haywire_cursor_init(HaywireCursor *cursor, const void *data,
                                       size_t length)
{
    cursor->data = data;
    cursor->position = 0;
    cursor->end = length;
}

static inline size_t haywire_cursor_left(const HaywireCursor *cursor)
{
    return cursor->end - cursor->position;
}

/*
 * HAYWIRE_OK or HAYWIRE_SHORT_PAYLOAD. *ret_bytes points into the cursor's
 * data.
 */
static inline HAYWIRE_MUST_CHECK HaywireStatus haywire_cursor_bytes(
    HaywireCursor *cursor, size_t length, const uint8_t **ret_bytes)
{
    if (length > haywire_cursor_left(cursor)) {
        return HAYWIRE_SHORT_PAYLOAD;
    }
    *ret_bytes = cursor->data + cursor->position;
    cursor->position += length;
    return HAYWIRE_OK;
}

/* The same for a number. */
static inline HAYWIRE_MUST_CHECK HaywireStatus
haywire_cursor_u64(HaywireCursor *cursor, uint64_t *ret_value)
{
    const uint8_t *bytes;
    HaywireLe64 le;
    HaywireStatus status = haywire_cursor_bytes(cursor, sizeof(le), &bytes);

    if (status == HAYWIRE_OK) {
        memcpy(&le, bytes, sizeof(le));
        *ret_value = haywire_le64_get(le);
    }
    return status;
}

#endif
