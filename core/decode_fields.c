/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading fields in order, with one check at the end.
 */

#include "decode_fields.h"

#include <string.h>

HaywireStatus haywire_diagnose(HaywireDiagnosis *diagnosis,
                               HaywireStatus status, size_t offset,
                               const char *field, uint64_t value)
{
    if (diagnosis) {
        diagnosis->offset = offset;
        diagnosis->field = field;
        diagnosis->value = value;
    }
    return status;
}

void haywire_fields_init(HaywireFields *fields, const HaywirePage *copy,
                         const HaywirePageInfo *info,
                         HaywireDiagnosis *diagnosis)
{
    fields->base = copy->payload;
    fields->status = HAYWIRE_OK;
    fields->diagnosis = diagnosis;
    haywire_cursor_init(&fields->cursor, copy->payload, info->payload_length);
}

static size_t page_offset(const HaywireFields *fields)
{
    const uint8_t *at = fields->cursor.data + fields->cursor.position;

    return offsetof(HaywirePage, payload) + (size_t)(at - fields->base);
}

void haywire_fields_fail(HaywireFields *fields, HaywireStatus status,
                         size_t back, const char *name, uint64_t value)
{
    if (fields->status == HAYWIRE_OK) {
        fields->status = haywire_diagnose(
            fields->diagnosis, status, page_offset(fields) - back, name, value);
    }
}

/* A read went past the end: the value is what was left. */
static void check_read(HaywireFields *fields, HaywireStatus status,
                       const char *name)
{
    if (status != HAYWIRE_OK) {
        haywire_fields_fail(fields, status, 0, name,
                            haywire_cursor_left(&fields->cursor));
    }
}

#define DEFINE_READ(type, width)                                          \
    type haywire_fields_u##width(HaywireFields *fields, const char *name) \
    {                                                                     \
        type value = 0;                                                   \
                                                                          \
        if (fields->status == HAYWIRE_OK) {                               \
            check_read(fields,                                            \
                       haywire_cursor_u##width(&fields->cursor, &value),  \
                       name);                                             \
        }                                                                 \
        return value;                                                     \
    }

DEFINE_READ(uint8_t, 8)
DEFINE_READ(uint16_t, 16)
DEFINE_READ(uint32_t, 32)
DEFINE_READ(uint64_t, 64)

void haywire_fields_skip(HaywireFields *fields, size_t length)
{
    if (fields->status == HAYWIRE_OK) {
        check_read(fields, haywire_cursor_skip(&fields->cursor, length),
                   "zero");
    }
}

void haywire_fields_copy(HaywireFields *fields, size_t length, void *out,
                         const char *name)
{
    const uint8_t *bytes = NULL;

    if (fields->status == HAYWIRE_OK) {
        check_read(fields,
                   haywire_cursor_bytes(&fields->cursor, length, &bytes), name);
    }
    if (bytes) {
        memcpy(out, bytes, length);
    }
}

HaywireString haywire_fields_string(HaywireFields *fields, size_t length,
                                    size_t limit, const char *name)
{
    HaywireString string = { NULL, 0 };

    if (fields->status != HAYWIRE_OK) {
        return string;
    }
    if (length > limit || haywire_cursor_bytes(&fields->cursor, length,
                                               &string.data) != HAYWIRE_OK) {
        haywire_fields_fail(fields, HAYWIRE_BAD_STRING, 0, name, length);
        return string;
    }
    string.length = length;
    return string;
}

void haywire_fields_split(HaywireFields *fields, size_t length,
                          HaywireCursor *ret_part, const char *name)
{
    if (fields->status == HAYWIRE_OK) {
        check_read(fields,
                   haywire_cursor_split(&fields->cursor, length, ret_part),
                   name);
    }
}

HaywireStatus haywire_check_kind(const HaywirePageInfo *info, uint32_t kind,
                                 HaywireCategory first, HaywireCategory last,
                                 HaywireDiagnosis *diagnosis)
{
    if (info->kind != kind) {
        return haywire_diagnose(diagnosis, HAYWIRE_BAD_KIND,
                                offsetof(HaywirePageHeader, kind), "kind",
                                info->kind);
    }
    if (info->category < first || info->category > last) {
        return haywire_diagnose(diagnosis, HAYWIRE_BAD_KIND,
                                offsetof(HaywirePageHeader, category),
                                "category", info->category);
    }
    return HAYWIRE_OK;
}
