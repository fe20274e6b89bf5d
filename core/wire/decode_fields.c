/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading fields in order, with one check at the end.
 */

#include "decode_fields.h"

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
