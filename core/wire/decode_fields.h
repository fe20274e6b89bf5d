/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading fields in the order in which they lie in a payload, with one check
 * at the end: after the first failure reads yield 0 and change nothing.
 * Private to the decoders. Inline: decoding is mostly this.
 */

#ifndef HAYWIRE_DECODE_FIELDS_H
#define HAYWIRE_DECODE_FIELDS_H

#include <string.h>

#include "haywire/decode.h"

/*
 * @base: start of the payload, to name offsets from the start of the page
 * @diagnosis: the caller's; NULL is fine
 */
typedef struct HaywireFields {
    HaywireCursor cursor;
    const uint8_t *base;
    HaywireStatus status;
    HaywireDiagnosis *diagnosis;
} HaywireFields;

/* Over the payload of @copy. */
void haywire_fields_init(HaywireFields *fields, const HaywirePage *copy,
                         const HaywirePageInfo *info,
                         HaywireDiagnosis *diagnosis);

/*
 * Unless something failed before: fail with @status about a field read
 * earlier, @back bytes before the cursor.
 */
void haywire_fields_fail(HaywireFields *fields, HaywireStatus status,
                         size_t back, const char *name, uint64_t value);

/* A read went past the end: the value is what was left. */
static inline void haywire_fields_check(HaywireFields *fields,
                                        HaywireStatus status, const char *name)
{
    if (status != HAYWIRE_OK) {
        haywire_fields_fail(fields, status, 0, name,
                            haywire_cursor_left(&fields->cursor));
    }
}

#define DEFINE_READ(type, width)                                          \
    static inline type haywire_fields_u##width(HaywireFields *fields,     \
                                               const char *name)          \
    {                                                                     \
        type value = 0;                                                   \
                                                                          \
        if (fields->status == HAYWIRE_OK) {                               \
            haywire_fields_check(                                         \
                fields, haywire_cursor_u##width(&fields->cursor, &value), \
                name);                                                    \
        }                                                                 \
        return value;                                                     \
    }

DEFINE_READ(uint16_t, 16)
DEFINE_READ(uint32_t, 32)
DEFINE_READ(uint64_t, 64)

#undef DEFINE_READ

static inline void haywire_fields_skip(HaywireFields *fields, size_t length)
{
    if (fields->status == HAYWIRE_OK) {
        haywire_fields_check(
            fields, haywire_cursor_skip(&fields->cursor, length), "zero");
    }
}

/* Copies; @out is untouched on failure. */
static inline void haywire_fields_copy(HaywireFields *fields, size_t length,
                                       void *out, const char *name)
{
    const uint8_t *bytes = NULL;

    if (fields->status == HAYWIRE_OK) {
        haywire_fields_check(
            fields, haywire_cursor_bytes(&fields->cursor, length, &bytes),
            name);
    }
    if (bytes) {
        memcpy(out, bytes, length);
    }
}

/* A cursor over the next @length bytes. */
static inline void haywire_fields_split(HaywireFields *fields, size_t length,
                                        HaywireCursor *ret_part,
                                        const char *name)
{
    if (fields->status == HAYWIRE_OK) {
        haywire_fields_check(
            fields, haywire_cursor_split(&fields->cursor, length, ret_part),
            name);
    }
}

/*
 * The page is of @kind and lies where that kind belongs: HAYWIRE_OK or
 * HAYWIRE_BAD_KIND.
 */
HaywireStatus
haywire_check_kind(const HaywirePageInfo *info, uint32_t kind,
                   HaywireCategory first, HaywireCategory last,
                   HaywireDiagnosis *diagnosis) HAYWIRE_MUST_CHECK;

/* Fill @diagnosis unless it is NULL; returns @status. */
HaywireStatus haywire_diagnose(HaywireDiagnosis *diagnosis,
                               HaywireStatus status, size_t offset,
                               const char *field, uint64_t value);

#endif
