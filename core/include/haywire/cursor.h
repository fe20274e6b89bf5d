/*
 * Bounds-checked reading of a verified copy. Does not move on failure.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_CURSOR_H
#define HAYWIRE_CURSOR_H

#include "haywire/status.h"

typedef struct HaywireCursor {
    const uint8_t *data;
    size_t position;
    size_t end; /* position <= end, always */
} HaywireCursor;

void haywire_cursor_init(HaywireCursor *cursor, const void *data,
                         size_t length);
size_t haywire_cursor_left(const HaywireCursor *cursor);

/* HAYWIRE_OK or HAYWIRE_SHORT_PAYLOAD. */
HaywireStatus haywire_cursor_u8(HaywireCursor *cursor,
                                uint8_t *ret_value) HAYWIRE_MUST_CHECK;
HaywireStatus haywire_cursor_u16(HaywireCursor *cursor,
                                 uint16_t *ret_value) HAYWIRE_MUST_CHECK;
HaywireStatus haywire_cursor_u32(HaywireCursor *cursor,
                                 uint32_t *ret_value) HAYWIRE_MUST_CHECK;
HaywireStatus haywire_cursor_u64(HaywireCursor *cursor,
                                 uint64_t *ret_value) HAYWIRE_MUST_CHECK;
HaywireStatus haywire_cursor_skip(HaywireCursor *cursor,
                                  size_t length) HAYWIRE_MUST_CHECK;
/* *ret_bytes points into the cursor's data. */
HaywireStatus
haywire_cursor_bytes(HaywireCursor *cursor, size_t length,
                     const uint8_t **ret_bytes) HAYWIRE_MUST_CHECK;
/* A cursor over the next @length bytes; this one moves behind them. */
HaywireStatus haywire_cursor_split(HaywireCursor *cursor, size_t length,
                                   HaywireCursor *ret_part) HAYWIRE_MUST_CHECK;

#endif
