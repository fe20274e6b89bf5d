/*
 * Bounds-checked reading of a verified copy. Does not move on failure.
 * All of it is inline: decoding is mostly this.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
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
 * HAYWIRE_OK or HAYWIRE_SHORT_PAYLOAD, as all below. *ret_bytes points into
 * the cursor's data.
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

static inline HAYWIRE_MUST_CHECK HaywireStatus
haywire_cursor_skip(HaywireCursor *cursor, size_t length)
{
    const uint8_t *ignored;

    return haywire_cursor_bytes(cursor, length, &ignored);
}

/* A cursor over the next @length bytes; this one moves behind them. */
static inline HAYWIRE_MUST_CHECK HaywireStatus haywire_cursor_split(
    HaywireCursor *cursor, size_t length, HaywireCursor *ret_part)
{
    const uint8_t *bytes;
    HaywireStatus status = haywire_cursor_bytes(cursor, length, &bytes);

    if (status == HAYWIRE_OK) {
        haywire_cursor_init(ret_part, bytes, length);
    }
    return status;
}

static inline HAYWIRE_MUST_CHECK HaywireStatus
haywire_cursor_u8(HaywireCursor *cursor, uint8_t *ret_value)
{
    const uint8_t *bytes;
    HaywireStatus status = haywire_cursor_bytes(cursor, 1, &bytes);

    if (status == HAYWIRE_OK) {
        *ret_value = *bytes;
    }
    return status;
}

#define HAYWIRE_CURSOR_READ(width)                                          \
    static inline HAYWIRE_MUST_CHECK HaywireStatus haywire_cursor_u##width( \
        HaywireCursor *cursor, uint##width##_t *ret_value)                  \
    {                                                                       \
        const uint8_t *bytes;                                               \
        HaywireLe##width le;                                                \
        HaywireStatus status =                                              \
            haywire_cursor_bytes(cursor, sizeof(le), &bytes);               \
                                                                            \
        if (status == HAYWIRE_OK) {                                         \
            memcpy(&le, bytes, sizeof(le));                                 \
            *ret_value = haywire_le##width##_get(le);                       \
        }                                                                   \
        return status;                                                      \
    }

HAYWIRE_CURSOR_READ(16)
HAYWIRE_CURSOR_READ(32)
HAYWIRE_CURSOR_READ(64)

#undef HAYWIRE_CURSOR_READ

#endif
