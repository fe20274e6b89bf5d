/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading fields in the order in which they lie in a payload, with one check
 * at the end: after the first failure reads yield 0 and change nothing.
 * Private to the decoders.
 */

#ifndef HAYWIRE_DECODE_FIELDS_H
#define HAYWIRE_DECODE_FIELDS_H

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

uint8_t haywire_fields_u8(HaywireFields *fields, const char *name);
uint16_t haywire_fields_u16(HaywireFields *fields, const char *name);
uint32_t haywire_fields_u32(HaywireFields *fields, const char *name);
uint64_t haywire_fields_u64(HaywireFields *fields, const char *name);
void haywire_fields_skip(HaywireFields *fields, size_t length);
/* Copies; @out is untouched on failure. */
void haywire_fields_copy(HaywireFields *fields, size_t length, void *out,
                         const char *name);
/* HAYWIRE_BAD_STRING when @length is above @limit or what is left. */
HaywireString haywire_fields_string(HaywireFields *fields, size_t length,
                                    size_t limit, const char *name);

/* A cursor over the next @length bytes. */
void haywire_fields_split(HaywireFields *fields, size_t length,
                          HaywireCursor *ret_part, const char *name);

/*
 * Unless something failed before: fail with @status about a field read
 * earlier, @back bytes before the cursor.
 */
void haywire_fields_fail(HaywireFields *fields, HaywireStatus status,
                         size_t back, const char *name, uint64_t value);

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
