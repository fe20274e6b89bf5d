/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of a verified copy, one after the other: see fill.h.
 */

#include "fill.h"

bool haywire_fill_records(HaywireFill *fill, const HaywireCopy *copy,
                          uint32_t kind, HaywireRecordReader *ret_reader)
{
    if (copy->info.kind == HAYWIRE_KIND_EMPTY) {
        return false;
    }
    haywire_fill_at(fill, copy);
    if (copy->info.kind != kind ||
        haywire_record_reader_init(ret_reader, copy->page, &copy->info) !=
            HAYWIRE_OK) {
        haywire_builder_reject(fill->builder, HAYWIRE_BAD_KIND);
        return false;
    }
    return true;
}

/* Is what comes behind a malformed record lost too? */
static bool ends_page(HaywireStatus status)
{
    return status == HAYWIRE_NOT_FOUND || status == HAYWIRE_BAD_RECORD ||
           status == HAYWIRE_SHORT_PAYLOAD;
}

bool haywire_fill_record(HaywireFill *fill, HaywireRecordReader *reader,
                         HaywireRecord *ret_record)
{
    HaywireStatus status = haywire_record_next(reader, ret_record, NULL);

    if (status != HAYWIRE_OK && status != HAYWIRE_NOT_FOUND) {
        haywire_builder_reject(fill->builder, status);
        ret_record->type = 0;
    }
    return !ends_page(status);
}

bool haywire_next_record(HaywireRecordReader *reader, HaywireRecordType type,
                         HaywireRecord *ret_record)
{
    HaywireStatus status;

    do {
        status = haywire_record_next(reader, ret_record, NULL);
        if (status == HAYWIRE_OK && ret_record->type == type) {
            return true;
        }
    } while (!ends_page(status));
    return false;
}
